// expect: completed CLOUDLET_FUNCTION_THREW CLOUDLET_MEMORY_LIMIT
// Every method of every built-in replaced by one that lies or throws, before and while crypto and zlib are used.
const prototypes = [
  Array,
  ArrayBuffer,
  DataView,
  Error,
  Function,
  Map,
  Number,
  Object,
  Promise,
  RegExp,
  Set,
  String,
  Symbol,
  Uint8Array,
  WeakMap,
]
exports.main = async () => {
  const crypto = require('crypto')
  const zlib = require('zlib')
  const lies = [
    () => undefined,
    () => {
      throw new Error('lied')
    },
    () => 2 ** 53,
    () => [],
    function itself() {
      return this
    },
  ]
  const uses = [
    () => crypto.createHash('sha256').update('x').digest('hex'),
    () => crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)).update('x'),
    () => crypto.randomBytes(5000),
    () => crypto.generateKeyPairSync('ed25519'),
    () => crypto.pbkdf2Sync('p', 's', 10, 20, 'sha1'),
    () => zlib.gzipSync('x'),
    () => zlib.inflateSync(Buffer.from('789c4b04000062', 'hex')),
    () => crypto.subtle.digest('SHA-256', new Uint8Array(3)),
  ]
  const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames } = Object
  const { apply } = Reflect
  for (const { prototype } of prototypes) {
    for (const name of getOwnPropertyNames(prototype)) {
      const before = getOwnPropertyDescriptor(prototype, name)
      if (!before.configurable || name === 'constructor') continue
      for (let lie = 0; lie < lies.length; lie++) {
        for (let use = 0; use < uses.length; use++) {
          if (lie > 0 && use !== lie) continue
          defineProperty(prototype, name, { value: lies[lie], configurable: true, writable: true })
          try {
            const made = apply(uses[use], undefined, [])
            made?.catch?.(() => {})
          } catch {}
          defineProperty(prototype, name, before)
        }
      }
    }
  }
}
