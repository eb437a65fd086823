// expect: completed
// What the loader uses is taken from under it, before the part that isn't in the snapshot is evaluated.
const patched = []
for (const owner of [
  String.prototype,
  Array.prototype,
  RegExp.prototype,
  Object,
  JSON,
  Reflect,
  Promise.prototype,
  Map.prototype,
]) {
  for (const name of Object.getOwnPropertyNames(owner)) {
    if (name === 'constructor' || typeof Object.getOwnPropertyDescriptor(owner, name).value !== 'function')
      continue
    patched.push([owner, name])
  }
}
exports.main = async () => {
  const define = Object.defineProperty
  for (const [owner, name] of patched) {
    const own = owner[name]
    try {
      define(owner, name, {
        value: function (...args) {
          globalThis.seen = [this, args]
          return Reflect === owner ? own(...args) : own.apply(this, args)
        },
        configurable: true,
        writable: true,
      })
    } catch {}
  }
  const failed = await import('./none.mjs').catch(error => error)
  const { stack } = failed
  const climbed = [globalThis.seen, failed, require, module].map(value =>
    value?.constructor?.constructor?.('return this')?.(),
  )
  if (climbed.some(value => value !== undefined && value !== globalThis)) throw new Error(`out: ${stack}`)
  return Object.keys(process).length
}
