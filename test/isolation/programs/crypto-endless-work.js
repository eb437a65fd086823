// expect: CLOUDLET_DEADLINE
// timeoutMs: 1500
// Work without end for the threads of Node's pool, asked for all at once and never waited for.
const crypto = require('crypto')
exports.main = async () => {
  const nothing = () => {}
  for (let count = 0; count < 240; count++) {
    crypto.pbkdf2('p', 's', 5_000_000, 64, 'sha512', nothing)
    crypto.scrypt('p', 's', 64, { N: 2 ** 17, maxmem: 2 ** 28 }, nothing)
    crypto.generateKeyPair('rsa', { modulusLength: 4096 }, nothing)
    crypto.generatePrime(1024, { safe: true }, nothing)
  }
  crypto.pbkdf2Sync('p', 's', 5_000_000, 64, 'sha512')
  for (;;) crypto.generateKeyPairSync('rsa', { modulusLength: 4096 })
}
