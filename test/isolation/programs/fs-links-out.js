// expect: completed
// Links are followed inside: none leads to the machine's files, and none that turns in circles holds anybody up.
const fs = require('fs')
exports.main = async () => {
  const targets = [
    '/etc/passwd',
    '../../etc/passwd',
    '../etc/passwd',
    '/proc/self/root',
    '/',
    '..',
    '../..',
    '/var/user/../../etc',
  ]
  const reached = []
  targets.forEach((target, index) => {
    const link = `/tmp/link${index}-${Math.random()}`
    fs.symlinkSync(target, link)
    for (const path of [
      link,
      `${link}/passwd`,
      `${link}/etc/passwd`,
      `${link}/../etc/passwd`,
      `${link}/self/environ`,
    ]) {
      for (const read of [
        fs.readFileSync,
        fs.readlinkSync,
        fs.realpathSync,
        fs.realpathSync.native,
        fs.readdirSync,
      ]) {
        try {
          const got = String(read(path))
          if (/root:|HOME=|usr|bin/.test(got)) reached.push(`${path}: ${got.slice(0, 40)}`)
        } catch (error) {
          if (!/^(ENOENT|ENOTDIR|EISDIR|EINVAL|ELOOP)$/.test(error.code)) throw error
        }
      }
      for (const write of [
        () => fs.writeFileSync(path, 'x'),
        () => fs.cpSync(path, '/tmp/copy', { recursive: true }),
      ]) {
        try {
          write()
        } catch (error) {
          if (!/^(E|ERR_FS)/.test(error.code)) throw error
        }
      }
    }
  })
  fs.rmSync('/tmp/circle', { recursive: true, force: true })
  fs.mkdirSync('/tmp/circle')
  fs.symlinkSync('a', '/tmp/circle/b')
  fs.symlinkSync('b', '/tmp/circle/a')
  fs.symlinkSync('c/c/c/c/c/c/c/c/c/c', '/tmp/circle/c')
  for (const name of ['a', 'b', 'c', 'a/x', 'c/c/c']) {
    try {
      fs.statSync(`/tmp/circle/${name}`)
      reached.push(name)
    } catch (error) {
      if (error.code !== 'ELOOP') throw error
    }
  }
  if (reached.length > 0) throw new Error(`reached ${reached.join(', ')}`)
}
