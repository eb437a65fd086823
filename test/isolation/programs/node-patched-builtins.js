// expect: completed
// Built-ins replaced by thieves before Node's library is evaluated, and while it is used: what falls into their hands is
// the isolate's own, never the one callback to the host nor the memory it answers through.
exports.main = async () => {
  const taken = new Set()
  const { apply, ownKeys } = Reflect
  const isObject = value => (typeof value === 'object' && value !== null) || typeof value === 'function'
  const take = (self, args) => {
    if (isObject(self)) taken.add(self)
    for (let index = 0; index < args.length; index++) if (isObject(args[index])) taken.add(args[index])
  }
  const patch = (target, name) => {
    const found = Object.getOwnPropertyDescriptor(target, name)
    if (typeof found?.value !== 'function' || !found.configurable || name === 'constructor') return
    const original = found.value
    const thief = {
      [name](...args) {
        if (taken.size < 20_000) take(this, args)
        return new.target === undefined
          ? apply(original, this, args)
          : Reflect.construct(original, args, new.target)
      },
    }[name]
    Object.defineProperty(target, name, { ...found, value: thief })
  }
  const targets = [
    Function.prototype,
    Array.prototype,
    Promise.prototype,
    String.prototype,
    RegExp.prototype,
    ArrayBuffer.prototype,
    Object.getPrototypeOf(Uint8Array.prototype),
    JSON,
    Reflect,
    Atomics,
  ]
  const add = Set.prototype.add
  for (const target of targets)
    for (const name of ownKeys(target)) if (typeof name === 'string') patch(target, name)
  Set.prototype.add = add

  const { createHash } = require('crypto')
  const digest = createHash('sha256').update('a').digest('hex')
  const text = require('zlib').gunzipSync(require('zlib').gzipSync('text')).toString()
  require('fs').writeFileSync('/tmp/a', 'b')
  const file = require('fs').readFileSync('/tmp/a', 'utf8')
  const { href } = new URL('http://español.com/x')
  for (const name of ['events', 'stream', 'http', 'https', 'net', 'tls', 'dns', 'util', 'assert', 'os', 'vm'])
    require(name)
  await new Promise(resolve => setTimeout(resolve, 1))

  for (const value of taken) {
    if (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer)
      throw new Error('shared memory')
    if (typeof value === 'function' && /^(?:Callback|Reference|ExternalCopy|Isolate)$/.test(value.name)) {
      throw new Error(`an object of isolated-vm: ${value.name}`)
    }
  }
  if (digest.length !== 64 || text !== 'text' || file !== 'b' || !href.startsWith('http://xn--'))
    throw new Error('broken')
  return taken.size
}
