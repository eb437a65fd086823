// expect: completed
// More bombs than may be open, none of which is ever read, and an answer that leaves them behind.
const zlib = require('zlib')
exports.main = async () => {
  const bomb = zlib.deflateSync(Buffer.alloc(4 * 1024 * 1024))
  const failures = new Set()
  for (let count = 0; count < 500; count++) {
    const inflate = zlib.createInflate()
    inflate.on('error', error => failures.add(error.code))
    inflate.write(bomb)
  }
  await new Promise(resolve => setTimeout(resolve, 300))
  if ([...failures].some(code => code !== 'CLOUDLET_OVERLOADED')) throw new Error([...failures].join())
}
