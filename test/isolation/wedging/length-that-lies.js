// expect: CLOUDLET_DEADLINE
// Guards and built-ins each read the length, and a getter may tell them different things.
exports.main = async () => {
  let reads = 0
  const items = {
    get length() {
      return reads++ === 0 ? 1 : 2 ** 53 - 1
    },
  }
  Array.prototype.forEach.call(items, Math.abs)
}
