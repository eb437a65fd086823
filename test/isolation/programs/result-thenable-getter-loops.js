// expect: CLOUDLET_DEADLINE
exports.main = () => ({
  get then() {
    for (;;);
  },
})
