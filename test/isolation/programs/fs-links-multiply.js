// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// timeoutMs: 1500
// Two links to the folder they are in: below it are two to the fortieth folders.
const fs = require('fs')
exports.main = async () => {
  fs.mkdirSync('/tmp/many', { recursive: true })
  for (const name of ['a', 'b'])
    if (!fs.existsSync(`/tmp/many/${name}`)) fs.symlinkSync('.', `/tmp/many/${name}`)
  return fs.readdirSync('/tmp/many', { recursive: true }).length
}
