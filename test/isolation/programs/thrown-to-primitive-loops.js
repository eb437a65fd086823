// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  throw {
    [Symbol.toPrimitive]() {
      for (;;);
    },
  }
}
