// expect: completed
// Descriptors are numbers of this file system's own: none of the process's can be used, or closed.
const fs = require('fs')
exports.main = async () => {
  const used = []
  const attempt = (name, act) => {
    try {
      act()
      used.push(name)
    } catch (error) {
      if (!/^(EBADF|EINVAL|ERR_OUT_OF_RANGE|ERR_INVALID_ARG_TYPE)$/.test(error.code)) throw error
    }
  }
  const bytes = Buffer.alloc(16)
  // The first three are a function's own: nothing comes in, and what is written is in the log.
  for (let fd = 3; fd < 300; fd++) {
    attempt(`read ${fd}`, () => fs.readSync(fd, bytes, 0, 16, null))
    attempt(`pread ${fd}`, () => fs.readSync(fd, bytes, 0, 16, 0))
    attempt(`write ${fd}`, () => fs.writeSync(fd, 'x'))
    attempt(`stat ${fd}`, () => fs.fstatSync(fd))
    attempt(`truncate ${fd}`, () => fs.ftruncateSync(fd, 0))
    attempt(`close ${fd}`, () => fs.closeSync(fd))
    attempt(`readFile ${fd}`, () => fs.readFileSync(fd, 'utf8'))
  }
  for (const fd of [-1, 2 ** 31 - 1, -(2 ** 31), 1.5, Number.NaN, 2 ** 40, '3', {}, null, 3n]) {
    attempt(String(fd), () => fs.fstatSync(fd))
    attempt(String(fd), () => fs.closeSync(fd))
  }
  if (used.length > 0) throw new Error(`used ${used.join(', ')}`)
}
