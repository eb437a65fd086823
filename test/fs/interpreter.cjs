// Runs a list of file system operations below a folder and tells what each gave: the same file in a function and in
// Node itself. Where it is used, `fs` is that of the platform.
'use strict'

/** Errors by their code, and the message without the folder. */
function tellError(error, root, op) {
  // Node's rm and cp are partly std::filesystem, whose errors have no code, or not the path that was wrong.
  if (op.do === 'rm' && error.syscall === 'rm') return 'rm failed'
  if (op.do === 'cp' && error.syscall !== undefined) return error.code
  return `${error.code} ${error.syscall} ${error.message}`.replaceAll(root, '')
}

function leadsNowhere(fs, path) {
  return !fs.existsSync(path) && fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function holdsLinkToNowhere(fs, folder) {
  if (!fs.existsSync(folder) || !fs.statSync(folder).isDirectory()) return false
  return fs.readdirSync(folder, { recursive: true }).some(name => leadsNowhere(fs, `${folder}/${name}`))
}

function perform(fs, root, op, open) {
  const at = name => `${root}/${name}`
  const descriptor = index => open[index % Math.max(1, open.length)] ?? 9999
  switch (op.do) {
    case 'write':
      return fs.writeFileSync(at(op.path), 'x'.repeat(op.size), { flag: op.flag })
    case 'read':
      return hashOf(fs.readFileSync(at(op.path)))
    case 'open': {
      const fd = fs.openSync(at(op.path), op.flag, op.mode)
      open.push(fd)
      return 'open'
    }
    case 'close': {
      const fd = descriptor(op.index)
      fs.closeSync(fd)
      open.splice(open.indexOf(fd), 1)
      return 'closed'
    }
    case 'fdWrite':
      return fs.writeSync(descriptor(op.index), Buffer.alloc(op.size, op.size % 251), 0, op.size, op.position)
    case 'fdRead': {
      const bytes = Buffer.alloc(op.size)
      const count = fs.readSync(descriptor(op.index), bytes, 0, op.size, op.position)
      return `${count} ${hashOf(bytes)}`
    }
    case 'fdTruncate':
      return fs.ftruncateSync(descriptor(op.index), op.size)
    case 'fdStat':
      return tellStats(fs.fstatSync(descriptor(op.index)))
    case 'truncate':
      return fs.truncateSync(at(op.path), op.size)
    case 'mkdir':
      return `${fs.mkdirSync(at(op.path), { recursive: op.recursive })}`.replaceAll(root, '')
    case 'rmdir':
      return fs.rmdirSync(at(op.path))
    case 'unlink':
      return fs.unlinkSync(at(op.path))
    case 'rename':
      return fs.renameSync(at(op.path), at(op.to))
    case 'link':
      return fs.linkSync(at(op.path), at(op.to))
    case 'symlink':
      return fs.symlinkSync(op.absolute ? at(op.path) : op.path, at(op.to))
    case 'readlink':
      return fs.readlinkSync(at(op.path)).replaceAll(root, '')
    case 'copy':
      return fs.copyFileSync(at(op.path), at(op.to), op.exclusive ? 1 : 0)
    case 'cp':
      // Node itself aborts at some of these.
      if (leadsNowhere(fs, at(op.path)) || holdsLinkToNowhere(fs, at(op.to))) return 'a link to nowhere'
      return fs.cpSync(at(op.path), at(op.to), { recursive: op.recursive, force: op.force })
    case 'rm':
      return fs.rmSync(at(op.path), { recursive: op.recursive, force: op.force })
    case 'list':
      return fs.readdirSync(at(op.path)).join()
    case 'stat':
      return tellStats(fs.statSync(at(op.path)))
    case 'lstat':
      return tellStats(fs.lstatSync(at(op.path)))
    case 'exists':
      return fs.existsSync(at(op.path))
    case 'realpath':
      return fs.realpathSync(at(op.path)).replaceAll(root, '')
    case 'native':
      return fs.realpathSync.native(at(op.path)).replaceAll(root, '')
    case 'utimes':
      return fs.utimesSync(at(op.path), 100, 200)
    case 'access':
      return fs.accessSync(at(op.path), op.mode)
    default:
      throw new Error(`No operation ${op.do}`)
  }
}

function tellStats(stats) {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'link'
  // A folder's size is the file system's own affair.
  return [kind, kind === 'directory' ? '' : stats.size, stats.nlink, (stats.mode & 0o777).toString(8)].join()
}

function hashOf(bytes) {
  let hash = 0
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0
  return `${bytes.length}:${hash}`
}

/** Every file below a folder, with what it holds. */
function tellAll(fs, root) {
  const told = []
  const visit = folder => {
    for (const name of fs.readdirSync(folder)) {
      const path = `${folder}/${name}`
      const stats = fs.lstatSync(path)
      const more = stats.isFile()
        ? hashOf(fs.readFileSync(path))
        : stats.isDirectory()
          ? ''
          : fs.readlinkSync(path)
      told.push(`${path} ${tellStats(stats)} ${more}`.replaceAll(root, ''))
      if (stats.isDirectory()) visit(path)
    }
  }
  visit(root)
  return told
}

exports.run = (fs, root, operations) => {
  const open = []
  const told = operations.map(op => {
    try {
      return `${perform(fs, root, op, open)}`
    } catch (error) {
      return tellError(error, root, op)
    }
  })
  for (const fd of open) fs.closeSync(fd)
  return [...told, ...tellAll(fs, root)]
}
