exports.main = async () => {
  throw {
    get message() {
      for (;;);
    },
  }
}
