// expect: completed
// Private keys with long numbers in them, of which OpenSSL computes the public one as soon as it reads them.
const crypto = require('crypto')
const tlv = (tag, ...parts) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 255]), body])
}
const number = size => tlv(2, Buffer.alloc(size, 0x7f))
const key = (oid, ...numbers) =>
  tlv(
    0x30,
    Buffer.from('020100', 'hex'),
    tlv(0x30, Buffer.from(oid, 'hex'), tlv(0x30, ...numbers)),
    tlv(4, number(8000)),
  )
exports.main = async () => {
  const keys = [
    key('06072a8648ce380401', number(8000), number(32), number(8000)),
    key('06092a864886f70d010301', number(1250), number(1250)),
    key('06072a8648ce3e0201', number(1250), number(1250), number(1250)),
  ]
  for (const der of keys) {
    const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
    for (const input of [pem, { key: der, format: 'der', type: 'pkcs8' }]) {
      for (const use of [crypto.createPrivateKey, crypto.createPublicKey]) {
        const startMs = Date.now()
        let refused
        try {
          use(input)
        } catch (error) {
          refused = error
        }
        if (refused === undefined) throw new Error('it was taken')
        if (Date.now() - startMs > 1000) throw new Error(`it took ${Date.now() - startMs} ms`)
      }
    }
  }
}
