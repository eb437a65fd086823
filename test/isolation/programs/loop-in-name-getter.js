// expect: CLOUDLET_DEADLINE
class Endless extends Error {
  get name() {
    for (;;);
  }
}
exports.main = async () => {
  throw new Endless('x')
}
