// expect: completed CLOUDLET_MEMORY_LIMIT
// Files without content and with the longest of names, folders in folders, links with the longest of targets.
const fs = require('fs')
exports.main = async () => {
  const longest = 'é'.repeat(127)
  const ended = []
  const untilFull = act => {
    for (let count = 0; count < 1e5; count++) {
      try {
        act(count)
      } catch (error) {
        if (!/^(ENOSPC|ENAMETOOLONG)$/.test(error.code)) throw error
        ended.push(error.code)
        return
      }
    }
    throw new Error('no end')
  }
  const base = fs.mkdtempSync('/tmp/names-')
  let folder = base
  untilFull(() => {
    folder += '/d'
    fs.mkdirSync(folder)
  })
  untilFull(count => fs.writeFileSync(`${base}/${longest.slice(8)}${count}`, ''))
  fs.rmSync(base, { recursive: true })
  fs.mkdirSync(base)
  untilFull(count => fs.symlinkSync('x/'.repeat(2000), `${base}/${count}`))
  fs.rmSync(base, { recursive: true })
  return ended
}
