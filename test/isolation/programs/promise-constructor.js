// expect: completed CLOUDLET_FUNCTION_THREW
Object.defineProperty(Promise.prototype, 'constructor', {
  get() {
    throw new Error('species')
  },
})
exports.main = async () => 1
