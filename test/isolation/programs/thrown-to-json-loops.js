// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  throw Object.assign(new Error('x'), {
    detail: {
      toJSON() {
        for (;;);
      },
    },
  })
}
