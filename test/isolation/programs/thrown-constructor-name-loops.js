// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_DEADLINE
exports.main = async () => {
  const error = new Error('x')
  Object.defineProperty(error, 'constructor', {
    value: {
      get name() {
        for (;;);
      },
    },
  })
  throw error
}
