// expect: completed
// Sizes, positions, names and lists beyond all bounds are refused, or take no room.
const fs = require('fs')
exports.main = async () => {
  const long = 'x'.repeat(2 ** 24)
  const fd = fs.openSync('/tmp/a', 'w+')
  const acts = [
    () => fs.statSync(long),
    () => fs.statSync(`/tmp/${'../tmp/'.repeat(2 ** 20)}`),
    () => fs.writeFileSync(`/tmp/${long}`, ''),
    () => fs.symlinkSync(long, '/tmp/l'),
    () => fs.mkdirSync('/tmp/' + 'a/'.repeat(2 ** 20), { recursive: true }),
    () => fs.mkdtempSync(long),
    () => fs.truncateSync('/tmp/a', Number.MAX_SAFE_INTEGER),
    () => fs.ftruncateSync(fd, 2 ** 52),
    () => fs.writeSync(fd, 'x', 2 ** 52),
    () => fs.writeSync(fd, Buffer.from('x'), 0, 1, Number.MAX_SAFE_INTEGER),
    () => fs.readSync(fd, Buffer.alloc(1), 0, 1, 2n ** 62n),
    () => fs.readSync(fd, Buffer.alloc(1), 0, 2 ** 31, 0),
    () => fs.readvSync(fd, Array(1e6).fill(new Uint8Array(0))),
    () => fs.writevSync(fd, Array(1e6).fill(new Uint8Array(0))),
    () => fs.readdirSync('/tmp', { encoding: long }),
    () => fs.opendirSync('/tmp', { bufferSize: 2 ** 32 - 1 }).readSync(),
    () => fs.utimesSync('/tmp/a', 1e300, -1e300),
    () => fs.chownSync('/tmp/a', 2 ** 32 - 1, 2 ** 32 - 1),
    () => fs.copyFileSync('/var/user/index.js', long),
    () => fs.cpSync('/tmp', '/tmp/in/itself', { recursive: true }),
    () => fs.createReadStream('/var/user/index.js', { start: 2 ** 52, highWaterMark: 2 ** 30 }).destroy(),
  ]
  for (const act of acts) {
    try {
      act()
    } catch (error) {
      if (!/^(E[A-Z]+|ERR_\w+)$/.test(error.code)) throw error
    }
  }
  fs.closeSync(fd)
}
