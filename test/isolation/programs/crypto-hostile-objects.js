// expect: completed CLOUDLET_MEMORY_LIMIT
// Arguments that are not what they look like: with getters, proxies, detached and shared memory, endless lengths.
const crypto = require('crypto')
const zlib = require('zlib')
exports.main = async () => {
  const detached = new Uint8Array(8)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  const growing = new Uint8Array(new ArrayBuffer(4, { maxByteLength: 2 ** 20 }))
  const lying = Object.defineProperty(new Uint8Array(4), 'length', {
    get() {
      growing.buffer.resize(2 ** 20)
      return 2 ** 40
    },
  })
  Object.defineProperty(lying, 'byteLength', { value: 2 ** 40 })
  Object.defineProperty(lying, 'buffer', { value: new ArrayBuffer(2) })
  const odd = [
    detached,
    growing,
    lying,
    new Proxy(new Uint8Array(4), {}),
    new SharedArrayBuffer(8),
    new Uint8Array(new SharedArrayBuffer(8)),
    new DataView(new ArrayBuffer(3)),
    { length: -1 },
    { byteLength: Infinity },
    [],
    Symbol('x'),
    2n ** 70n,
    -0,
    NaN,
    '\u0000',
    '\ud800'.repeat(1000),
    'x'.repeat(2 ** 20),
    Object.create(null),
    () => {},
    {
      toString() {
        for (;;) throw new Error('no')
      },
    },
  ]
  const uses = [
    x => crypto.createHash('sha1').update(x).digest(),
    x => crypto.createHash(x),
    x => crypto.createHmac('sha1', x),
    x => crypto.hash('sha1', x),
    x => crypto.createCipheriv(x, x, x),
    x => crypto.createCipheriv('aes-128-gcm', Buffer.alloc(16), x),
    x =>
      crypto
        .createDecipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12))
        .setAuthTag(x)
        .setAAD(x)
        .update(x),
    x => crypto.createPublicKey(x),
    x => crypto.createPrivateKey({ key: x, format: 'der', type: 'pkcs8', passphrase: x }),
    x => crypto.createPublicKey({ key: x, format: 'jwk' }),
    x => crypto.createSecretKey(x),
    x => crypto.sign(x, x, x),
    x => crypto.verify('sha1', x, x, x),
    x => crypto.publicEncrypt(x, x),
    x => crypto.generateKeyPairSync(x, x),
    x => crypto.generateKeyPairSync('ec', { namedCurve: x }),
    x => crypto.pbkdf2Sync(x, x, x, x, x),
    x => crypto.scryptSync(x, x, 8, { N: x }),
    x => crypto.hkdfSync('sha1', x, x, x, 8),
    x => crypto.randomBytes(x),
    x => crypto.randomFillSync(x),
    x => crypto.randomInt(x),
    x => crypto.timingSafeEqual(x, x),
    x => crypto.createECDH('prime256v1').setPrivateKey(x),
    x => crypto.ECDH.convertKey(x, 'prime256v1'),
    x => crypto.createDiffieHellman(x, x),
    x => crypto.checkPrimeSync(x),
    x => new crypto.X509Certificate(x),
    x => crypto.Certificate.verifySpkac(x),
    x => crypto.getCipherInfo(x, { keyLength: x }),
    x => crypto.subtle.digest(x, x),
    x => crypto.subtle.importKey('raw', x, x, true, x),
    x => globalThis.crypto.getRandomValues(x),
    x => zlib.inflateSync(x),
    x => zlib.gzipSync(x, { level: x, chunkSize: x, dictionary: x }),
    x => zlib.brotliCompressSync(x, { params: { 1: x } }),
    x => zlib.createGzip(x),
    x => zlib.crc32(x, x),
    x => zlib.inflateSync(Buffer.alloc(9), { maxOutputLength: x }),
  ]
  for (const value of odd) {
    for (const use of uses) {
      try {
        const made = use(value)
        await made?.catch?.(() => {})
      } catch {}
    }
  }
  if (crypto.createHash('md5').update('a').digest('hex') !== '0cc175b9c0f1b6a831c399e269772661')
    throw new Error('it hashes wrongly')
  if (zlib.gunzipSync(zlib.gzipSync('a')).toString() !== 'a') throw new Error('it compresses wrongly')
}
