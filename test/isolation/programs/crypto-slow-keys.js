// expect: completed
// Keys that hold whoever opens or uses them, by the numbers that stand in them.
const crypto = require('crypto')
exports.main = async () => {
  const { privateKey } = crypto.generateKeyPairSync('ed25519')
  const der = privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
  const at = der.indexOf(Buffer.from('02020800', 'hex'))
  const slow = Buffer.concat([der.subarray(0, at), Buffer.from('02047fffffff', 'hex'), der.subarray(at + 4)])
  for (let index = 0; index < at; index++) {
    if (slow[index] === 0x30) slow[index + (slow[index + 1] === 0x81 ? 2 : 1)] += 2
  }
  const pem = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${slow.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`
  const long = Buffer.alloc(2048, 0xff).toString('base64url')
  const wide = {
    kty: 'RSA',
    n: Buffer.alloc(256, 0xff).toString('base64url'),
    e: Buffer.alloc(255, 0xff).toString('base64url'),
  }
  const tries = [
    () => crypto.createPrivateKey({ key: slow, format: 'der', type: 'pkcs8', passphrase: 'x' }),
    () => crypto.sign(null, Buffer.from('a'), { key: pem, passphrase: 'x' }),
    () => crypto.createPublicKey({ key: { kty: 'RSA', n: long, e: 'AQAB' }, format: 'jwk' }),
    () => crypto.publicEncrypt(crypto.createPublicKey({ key: wide, format: 'jwk' }), Buffer.from('a')),
    () => crypto.createDiffieHellman(Buffer.alloc(4096, 0xff)),
    () => crypto.createDiffieHellman(8192),
    () => crypto.checkPrimeSync(Buffer.alloc(4096, 0xff)),
    () => crypto.scryptSync('p', 's', 64, { N: 2 ** 20, maxmem: 2 ** 31 }),
    () => crypto.pbkdf2Sync('p', 's', 2 ** 31 - 1, 64, 'sha512'),
    () => crypto.pbkdf2Sync('p', 's', 1, 2 ** 31 - 1, 'sha512'),
    () => crypto.createHash('shake256', { outputLength: 2 ** 32 - 1 }),
    () => crypto.createPrivateKey(new URL('file:///etc/ssl/private/key.pem')),
  ]
  for (const attempt of tries) {
    const startMs = Date.now()
    try {
      attempt()
      throw new SyntaxError(`it was done: ${attempt}`)
    } catch (error) {
      if (error instanceof SyntaxError) throw error
      if (Date.now() - startMs > 4000) throw new Error(`it took ${Date.now() - startMs} ms: ${attempt}`)
    }
  }
}
