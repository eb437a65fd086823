// expect: completed
// isolated-vm itself reads a rejection nobody handled: on the guest's thread, which the deadline ends, after the answer.
exports.main = async () => {
  Promise.reject(
    Object.defineProperty(new Error('x'), 'stack', {
      get() {
        for (;;);
      },
    }),
  )
  return 1
}
