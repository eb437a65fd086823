// expect: CLOUDLET_DEADLINE
exports.main = async () => ({
  toJSON() {
    for (;;);
  },
})
