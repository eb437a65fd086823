// expect: completed CLOUDLET_FUNCTION_THREW
// A setter on an index sees what careless code stores in a fresh array, and could put something else beside it.
const cloud = require('wx-server-sdk')
cloud.init()
for (const index of [0, 1, 2]) {
  Object.defineProperty(Array.prototype, index, {
    configurable: true,
    get() {
      return undefined
    },
    set() {
      this.length = 0
      Object.defineProperty(this, 0, { value: Array(300).fill('x'.repeat(1e6)) })
    },
  })
}
exports.main = async () => {
  await cloud.uploadFile({ cloudPath: 'a', fileContent: new Uint8Array(8) }).catch(() => {})
  return 'answered'
}
