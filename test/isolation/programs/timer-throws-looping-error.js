// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  setTimeout(() => {
    throw {
      get message() {
        return 'x'
      },
      toString() {
        for (;;);
      },
    }
  }, 1)
  await new Promise(() => {})
}
