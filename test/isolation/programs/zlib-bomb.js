// expect: completed CLOUDLET_MEMORY_LIMIT
// Forty kilobytes that become forty megabytes, each taken to the last byte and kept.
const zlib = require('zlib')
exports.main = async () => {
  const zeros = Buffer.alloc(1024 * 1024)
  const deflate = zlib.createDeflate()
  const parts = []
  deflate.on('data', part => parts.push(part))
  for (let count = 0; count < 40; count++) {
    if (!deflate.write(zeros)) await new Promise(resolve => deflate.once('drain', resolve))
  }
  deflate.end()
  await new Promise(resolve => deflate.on('end', resolve))
  const bomb = Buffer.concat(parts)
  const kept = []
  for (let count = 0; count < 10; count++) {
    try {
      kept.push(zlib.inflateSync(bomb))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
}
