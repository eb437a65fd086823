// expect: CLOUDLET_DEADLINE
exports.main = async () => ({
  get endless() {
    for (;;);
  },
})
