// expect: CLOUDLET_DEADLINE
// isolated-vm itself reads several properties of a rejection nobody handled, and each looping getter needs an end of its own.
exports.main = async () => {
  class Endless extends Error {
    get name() {
      for (;;);
    }
    get message() {
      for (;;);
    }
    get stack() {
      for (;;);
    }
  }
  Promise.reject(new Endless())
  await new Promise(() => {})
}
