// expect: CLOUDLET_DEADLINE
exports.main = () => ({
  then() {
    for (;;);
  },
})
