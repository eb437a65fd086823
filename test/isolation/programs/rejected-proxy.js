// expect: completed CLOUDLET_DEADLINE CLOUDLET_FUNCTION_THREW
// isolated-vm reads a rejection nobody handled.
exports.main = async () => {
  Promise.reject(
    new Proxy(new Error('x'), {
      get() {
        throw new Error('trap')
      },
      getPrototypeOf() {
        throw new Error('trap')
      },
    }),
  )
  return 1
}
