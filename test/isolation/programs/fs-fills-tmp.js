// expect: completed CLOUDLET_MEMORY_LIMIT
// /tmp is in the instance's memory: it fills up, or the instance ends; nobody else has less.
const fs = require('fs')
exports.main = async () => {
  const piece = Buffer.alloc(2 ** 20, 1)
  for (let file = 0; ; file++) {
    try {
      for (let count = 0; count < 10; count++) fs.appendFileSync(`/tmp/${file}`, piece)
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error
      break
    }
  }
  const names = fs.readdirSync('/tmp')
  for (const name of names) fs.unlinkSync(`/tmp/${name}`)
  // Files that have no name any more and are open, and files that are all hole but for one byte.
  for (let count = 0; count < 5000; count++) {
    try {
      const fd = fs.openSync('/tmp/hidden', 'w')
      fs.unlinkSync('/tmp/hidden')
      for (let at = 0; at < 100; at++) fs.writeSync(fd, 'x', at * 2 ** 30)
    } catch (error) {
      if (error.code !== 'ENOSPC' && error.code !== 'EMFILE') throw error
      return
    }
  }
  throw new Error('no end')
}
