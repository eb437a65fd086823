// class: failures with code in them
// timeoutMs: 700
// Nobody waits for it, and both things that are told of it never end.
const endless = {
  get() {
    for (;;);
  },
}
exports.main = async () => {
  Promise.reject(Object.defineProperties(new Error('x'), { message: endless, stack: endless }))
  return 1
}
