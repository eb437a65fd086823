// expect: completed CLOUDLET_FUNCTION_THREW
// What isolated-vm aborts on when it copies it: as a rejection it must not.
exports.main = async () => {
  Promise.reject(new Float16Array(4))
  Promise.reject(Symbol('x'))
  Promise.reject(Object.assign(new Error('x'), { stack: new Float16Array(4), name: Symbol('x') }))
  return 1
}
