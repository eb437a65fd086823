// expect: completed CLOUDLET_FUNCTION_THREW
// A function that patches what paths are taken apart with misleads its own file system, and nobody else's.
const fs = require('fs')
exports.main = async () => {
  fs.existsSync('/var/user/index.js')
  const { split, startsWith } = String.prototype
  const { get, has } = Map.prototype
  const { test } = RegExp.prototype
  const reached = []
  const attempt = () => {
    for (const path of [
      '/etc/passwd',
      '/var/user/etc/passwd',
      '/var/user/../../etc/passwd',
      '/proc/self/environ',
      'a',
    ]) {
      try {
        const got = String(fs.readFileSync(path))
        if (/root:|HOME=/.test(got)) reached.push(path)
      } catch {}
    }
  }
  String.prototype.split = () => ['..', '..', '..', 'etc', 'passwd']
  attempt()
  String.prototype.split = () => ['var', 'user', '../../../../etc/passwd']
  attempt()
  String.prototype.split = () => ['var', 'user', '..\0', '/etc/passwd']
  attempt()
  String.prototype.split = split
  String.prototype.startsWith = () => true
  Map.prototype.has = () => false
  RegExp.prototype.test = () => true
  attempt()
  Map.prototype.get = () => undefined
  attempt()
  Object.assign(String.prototype, { startsWith })
  Object.assign(Map.prototype, { get, has })
  RegExp.prototype.test = test
  if (reached.length > 0) return new Promise(() => {})
}
