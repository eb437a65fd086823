// class: failures with code in them
// timeoutMs: 700
exports.main = async () => {
  throw {
    get message() {
      for (;;);
    },
  }
}
