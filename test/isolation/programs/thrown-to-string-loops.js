// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  throw {
    toString() {
      for (;;);
    },
  }
}
