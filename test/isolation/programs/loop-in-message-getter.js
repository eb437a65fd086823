// expect: CLOUDLET_DEADLINE
// The error is read inside the isolate, under the deadline, never by the host.
exports.main = async () => {
  const error = new Error('x')
  Object.defineProperty(error, 'message', {
    get() {
      for (;;);
    },
  })
  throw error
}
