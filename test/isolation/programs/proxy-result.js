// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_VALUE
exports.main = async () =>
  new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('trap')
      },
      get() {
        throw new Error('trap')
      },
    },
  )
