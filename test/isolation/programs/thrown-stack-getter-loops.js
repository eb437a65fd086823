// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  throw Object.defineProperty(new Error('x'), 'stack', {
    get() {
      for (;;);
    },
  })
}
