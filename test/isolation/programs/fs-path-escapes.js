// expect: completed
// However a path is written, it leads to the function's own files, its /tmp, or nowhere.
const fs = require('fs')
const { pathToFileURL } = require('url')
exports.main = async () => {
  const names = [
    '/etc/passwd',
    '/proc/self/environ',
    '/proc/self/cwd',
    '/proc/self/root/etc/passwd',
    '/dev/fd/0',
    '/dev/null',
  ]
  const ups = ['..', '../..', '../../..', '../../../..', '../../../../../../../../..', './../..', '.././../.']
  const starts = [
    '',
    '/var/user/',
    '/tmp/',
    '/tmp/../',
    '/var/user/../../',
    '//',
    '/./',
    '/../',
    '/tmp//..//..//',
  ]
  const found = []
  const attempt = path => {
    try {
      found.push(`${path}: ${fs.readFileSync(path).length}`)
    } catch (error) {
      if (!/^(ENOENT|ENOTDIR|EISDIR|ENAMETOOLONG|ERR_)/.test(error.code)) throw error
    }
  }
  for (const name of names) {
    for (const start of starts) {
      attempt(start + name)
      attempt(Buffer.from(start + name))
      for (const up of ups) attempt(start + up + name)
    }
    attempt(pathToFileURL(name))
    attempt(new URL(`file://${name}`))
    attempt(new URL(`file:///var/user/..${name}`))
    for (const url of [`file://localhost${name}`, `file:///%2e%2e${name}`, `file:///var/user%2f..${name}`]) {
      try {
        attempt(new URL(url))
      } catch (error) {
        if (!/^ERR_INVALID/.test(error.code)) throw error
      }
    }
    attempt(`${name}\0`)
    attempt(`/tmp/x\0/../..${name}`)
    attempt(Buffer.from(`/var/user/index.js\0${name}`))
    attempt(Buffer.concat([Buffer.from([0xff, 0xc0, 0xaf]), Buffer.from(name)]))
    attempt(`/var/user/index.js/..${name}`)
    attempt(`/tmp/${'x/../'.repeat(500)}../..${name}`)
    attempt(`\u2024\u2024/\u2024\u2024${name}`)
    attempt(`..\\..${name}`)
    attempt(`~${name}`)
    attempt({ toString: () => name, length: 3, href: `file://${name}`, protocol: 'file:', pathname: name })
  }
  for (const folder of ['/', '/var', '/proc', '/..', '/tmp/..', '/var/..', '/var/user/..', '../..', '//']) {
    try {
      for (const name of fs.readdirSync(folder))
        if (!/^(tmp|var|user)$/.test(name)) found.push(`${folder}: ${name}`)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  if (found.length > 0) throw new Error(`reached ${found.join(', ')}`)
}
