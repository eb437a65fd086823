// expect: completed
// Setters on Object.prototype see what careless code assigns; the runtime's messages are not for them.
const seen = []
for (const key of ['type', 'id', 'op', 'args', 'event', 'result', 'send', 'resolve', 'reject']) {
  Object.defineProperty(Object.prototype, key, {
    configurable: true,
    get() {
      return undefined
    },
    set(value) {
      seen.push([key, typeof value])
    },
  })
}
exports.main = async () => seen.filter(([, type]) => type === 'function').length
