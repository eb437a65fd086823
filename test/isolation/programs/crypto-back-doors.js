// expect: completed
// From all that crypto and zlib hand out, up through prototypes and constructors, to what only the host has.
const crypto = require('crypto')
const zlib = require('zlib')
exports.main = async () => {
  const seen = new Set()
  const queue = [
    crypto,
    zlib,
    globalThis.crypto,
    crypto.createHash('md5'),
    crypto.createHmac('md5', 'k'),
    crypto.createSign('sha1'),
    crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)),
    crypto.createECDH('prime256v1'),
    crypto.createSecretKey('a', 'utf8'),
    crypto.generateKeyPairSync('ed25519').privateKey,
    zlib.createGzip(),
    await globalThis.crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']),
  ]
  for (const attempt of [
    () => crypto.createHash('nope'),
    () => crypto.createPrivateKey('junk'),
    () => zlib.inflateSync('junk'),
    () => crypto.pbkdf2Sync('p', 's', 2 ** 31 - 1, 9, 'md5'),
  ]) {
    try {
      attempt()
    } catch (error) {
      if (/node:|node_modules|\/src\/|\/dist\/|file:/.test(String(error.stack)))
        throw new Error(`a path of the host's: ${error.stack}`)
      queue.push(error)
    }
  }
  while (queue.length > 0 && seen.size < 20_000) {
    const value = queue.pop()
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
      continue
    seen.add(value)
    if (typeof value === 'function') {
      let made
      try {
        made = value.constructor('return this.process')()
      } catch {}
      // Of a class or an async function it is something else.
      if (made?.versions !== undefined && made !== process) throw new Error('another process object')
      let files
      try {
        files = made.binding('fs')
      } catch {}
      if (made?.mainModule !== undefined || made?.dlopen !== undefined || files?.open !== undefined)
        throw new Error('the host’s process')
    }
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
      queue.push(descriptor.value, descriptor.get, descriptor.set)
    }
    queue.push(Object.getPrototypeOf(value))
  }
}
