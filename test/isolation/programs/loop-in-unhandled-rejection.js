// expect: CLOUDLET_DEADLINE
// isolated-vm itself reads a rejection nobody handled: on the guest's thread, which the deadline ends.
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
