// Each case is done by a function and by Node itself, on equal folders, and must tell the same.

exports.run = async (fs, root, tell) => {
  const P = name => `${root}/${name}`
  const d = root
  const t = (name, act) => tell(name, act)
  await t('mkdirp abs', () => fs.mkdirSync(P('e/../e/f//g'), { recursive: true }))
  await t('mkdirp abs2', () => fs.mkdirSync(P('a/b/c'), { recursive: true }))
  await t('mkdirp abs3', () => fs.mkdirSync(P('./a/./x/../b2/c/'), { recursive: true }))
  fs.writeFileSync(P('file'), 'hello')
  await t('mkdirp file/x', () => fs.mkdirSync(P('file/x'), { recursive: true }))
  await t('mkdirp file/x/y', () => fs.mkdirSync(P('file/x/y'), { recursive: true }))
  await t('mkdirp file', () => fs.mkdirSync(P('file'), { recursive: true }))
  await t('mkdirp exists', () => fs.mkdirSync(P('a'), { recursive: true }))
  await t('mkdir exists', () => fs.mkdirSync(P('a')))
  await t('read dir', () => fs.readFileSync(P('a')))
  await t('read dir utf8', () => fs.readFileSync(P('a'), 'utf8'))
  await t('read no utf8', () => fs.readFileSync(P('nope'), 'utf8'))
  await t('write dir utf8', () => fs.writeFileSync(P('a'), 'x'))
  await t('write fd bad', () => fs.writeSync(999, 'x'))
  await t('write fd bad utf8', () => fs.writeFileSync(999, 'x'))
  await t('read fd bad utf8', () => fs.readFileSync(999, 'utf8'))
  await t('close', () => fs.closeSync(999))
  await t('copy dir', () => fs.copyFileSync(P('a'), P('z')))
  await t('copy to dir', () => fs.copyFileSync(P('file'), P('a')))
  await t('copy ficlone force', () => fs.copyFileSync(P('file'), P('ff'), 4))
  await t('copy none', () => fs.copyFileSync(P('none'), P('ff')))
  await t('copy excl', () => {
    fs.copyFileSync(P('file'), P('ff'), 1)
    return fs.readFileSync(P('ff'), 'utf8')
  })
  await t('copy excl2', () => fs.copyFileSync(P('file'), P('ff'), 1))
  await t('copy self', () => {
    fs.copyFileSync(P('file'), P('file'))
    return fs.readFileSync(P('file'), 'latin1')
  })
  await t('copy dir to self', () => fs.copyFileSync(P('a'), P('a')))
  await t('copy dir to self excl', () => fs.copyFileSync(P('a'), P('a'), 1))
  await t('rmSync dir', () => fs.rmSync(P('a')))
  await t('rmSync none', () => fs.rmSync(P('none')))
  await t('rmSync none force', () => fs.rmSync(P('none'), { force: true }))
  await t('rename', () => fs.renameSync(P('none'), P('ff')))
  await t('rename self sub', () => fs.renameSync(P('a'), P('a/q')))
  await t('rename dir onto nonempty', () => fs.renameSync(P('e'), P('a')))
  await t('rename dir onto file', () => fs.renameSync(P('e'), P('file')))
  await t('rename file onto dir', () => fs.renameSync(P('file'), P('e')))
  await t('rename sub to parent', () => fs.renameSync(P('e/f'), P('e')))
  await t('lstat slash', () => fs.lstatSync(P('file/')))
  await t('readlink', () => fs.readlinkSync(P('file')))
  await t('opendir', () => fs.opendirSync(P('file')))
  await t('opendir none', () => fs.opendirSync(P('nope')))
  await t('mkdtemp', () => fs.mkdtempSync(P('nope/x')))
  await t('mkdtemp ok', () => fs.mkdtempSync(P('x-')).length)
  await t('open excl', () => fs.openSync(P('file'), 'wx'))
  await t('trunc', () => fs.truncateSync(P('nope'), 1))
  await t('trunc dir', () => fs.truncateSync(P('a'), 1))
  await t('ftrunc', () => {
    const fd = fs.openSync(P('file'), 'r')
    fs.ftruncateSync(fd, 1)
  })
  await t('fw', () => {
    const fd = fs.openSync(P('file'), 'r')
    fs.writeSync(fd, 'x')
  })
  await t('fr', () => {
    const fd = fs.openSync(P('file'), 'a')
    fs.readSync(fd, Buffer.alloc(2))
  })
  await t('statfs', () => fs.statfsSync(P('nope')))
  await t('realpath native', () => fs.realpathSync.native(P('nope')))
  await t('realpath native2', () => fs.realpathSync.native(P('a/../e//f')))
  await t('realpath', () => fs.realpathSync(P('nope')))
  fs.symlinkSync('../e', P('a/l'))
  await t('recursive', () => fs.readdirSync(P('a'), { recursive: true }))
  await t('recursiveft', () =>
    fs
      .readdirSync(P('.'), { recursive: true, withFileTypes: true })
      .filter(e => !e.name.startsWith('x-'))
      .map(e => `${e.parentPath}|${e.name}${e.isDirectory()}${e.isFile()}${e.isSymbolicLink()}`),
  )
  await t('cp same', () => fs.cpSync(P('file'), P('file')))
  await t('cp dir nonrec', () => fs.cpSync(P('e'), P('e2')))
  await t('cp dir->file', () => fs.cpSync(P('e'), P('file'), { recursive: true }))
  await t('cp file->dir', () => fs.cpSync(P('file'), P('e')))
  await t('cp sub', () => fs.cpSync(P('e'), P('e/f/g/h'), { recursive: true }))
  await t('cp none', () => fs.cpSync(P('none'), P('e9')))
  await t('cp none dereference', () => fs.cpSync(P('none'), P('e9'), { dereference: true }))
  await t('cp exist', () => {
    fs.writeFileSync(P('g'), '1')
    fs.cpSync(P('file'), P('g'), { errorOnExist: true, force: false })
  })
  await t('cp exist dir', () => {
    fs.cpSync(P('a/b'), P('e7'), { recursive: true })
    fs.cpSync(P('a/b'), P('e7'), { recursive: true, errorOnExist: true, force: false })
  })
  await t('cp deep', () => {
    fs.cpSync(P('a'), P('newdir/deep'), { recursive: true })
    return fs.readdirSync(P('newdir'), { recursive: true }).concat(fs.readlinkSync(P('newdir/deep/l')))
  })
  await t('cp below a link to nowhere', () => {
    fs.symlinkSync('nowhere', P('ln'))
    try {
      fs.cpSync(P('a'), P('ln/deep'), { recursive: true })
    } catch (error) {
      return error.code
    }
  })
  await t('cp verbatim', () => {
    fs.cpSync(P('a'), P('nv'), { recursive: true, verbatimSymlinks: true })
    return fs.readlinkSync(P('nv/l'))
  })
  await t('cp deref', () => {
    fs.cpSync(P('a'), P('nd'), { recursive: true, dereference: true })
    return fs.readdirSync(P('nd'), { recursive: true })
  })
  await t('cp filter', () => {
    fs.cpSync(P('a'), P('nf'), { recursive: true, filter: s => !s.endsWith('b2') })
    return fs.readdirSync(P('nf'), { recursive: true })
  })
  await t('utimes', () => {
    fs.utimesSync(P('file'), 1.5, 1e9 + 0.123456789)
    const s = fs.statSync(P('file'), { bigint: true })
    return [`${s.atimeNs}`, `${s.mtimeNs}`, `${s.blocks}`, `${s.blksize}`]
  })
  await t('badname', () => fs.writeFileSync(P('x'.repeat(256)), ''))
  await t('badname2', () => fs.writeFileSync(P('é'.repeat(128)), ''))
  await t('okname', () => {
    fs.writeFileSync(P('é'.repeat(127)), '1')
    const r = fs.readdirSync(d).filter(x => x.startsWith('é')).length
    fs.unlinkSync(P('é'.repeat(127)))
    return r
  })
  await t('bufname', () => {
    fs.writeFileSync(Buffer.from(P('buf-\xff\xfe'), 'latin1'), '1')
    const r = fs
      .readdirSync(d, 'buffer')
      .filter(x => x.toString('latin1').startsWith('buf-'))
      .map(x => x.toString('hex'))
    const q = fs.readdirSync(d).filter(x => x.startsWith('buf-'))
    fs.unlinkSync(Buffer.from(P('buf-\xff\xfe'), 'latin1'))
    return [r, q]
  })
  await t('deeppath', () => {
    try {
      fs.statSync(P('a/'.repeat(3000)))
    } catch (error) {
      return error.code
    }
  })
  await t('nul', () => fs.statSync(P('a\0b')))
  await t('nulbuf', () => fs.statSync(Buffer.from('/tmp/a\0b')))
  await t('empty', () => fs.statSync(''))
  await t('loop', () => {
    fs.symlinkSync('loop', P('loop'))
    fs.statSync(P('loop'))
  })
  await t('loop open', () => fs.openSync(P('loop'), 'w'))
  await t('loop exists', () => fs.existsSync(P('loop')))
  await t('loop lstat', () => fs.lstatSync(P('loop')).isSymbolicLink())
  await t('loop rm', () => fs.unlinkSync(P('loop')))
  await t('rmdir dot', () => fs.rmdirSync(P('e/.')))
  await t('rmdir dotdot', () => fs.rmdirSync(P('e/f/..')))
  await t('unlink dot', () => fs.unlinkSync(P('e/.')))
  await t('unlink dir', () => fs.unlinkSync(P('e')))
  await t('unlink slash', () => fs.unlinkSync(P('file/')))
  await t('rmdir file', () => fs.rmdirSync(P('file')))
  await t('rmdir nonempty', () => fs.rmdirSync(P('e')))
  await t('mkdir slash', () => {
    fs.mkdirSync(P('ms/'))
    fs.rmdirSync(P('ms/'))
  })
  await t('open creat slash', () => fs.openSync(P('mq/'), 'w'))
  await t('open creat dot', () => fs.openSync(P('e/.'), 'w'))
  await t('open dir r', () => {
    const fd = fs.openSync(P('e'), 'r')
    const s = fs.fstatSync(fd).isDirectory()
    fs.closeSync(fd)
    return s
  })
  await t('open dir r+', () => fs.openSync(P('e'), 'r+'))
  await t('open dir w', () => fs.openSync(P('e'), 'w'))
  await t('open dir creat', () => fs.openSync(P('e'), fs.constants.O_RDONLY | fs.constants.O_CREAT))
  await t('open nofollow', () => fs.openSync(P('a/l'), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW))
  await t('open directory', () => fs.openSync(P('file'), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY))
  await t('link', () => {
    fs.linkSync(P('file'), P('hard'))
    return [fs.statSync(P('hard')).nlink, fs.statSync(P('hard')).ino === fs.statSync(P('file')).ino]
  })
  await t('link exists', () => fs.linkSync(P('file'), P('hard')))
  await t('link dir', () => fs.linkSync(P('e'), P('hard2')))
  await t('rename hard', () => {
    fs.renameSync(P('hard'), P('file'))
    return fs.existsSync(P('hard'))
  })
  await t('symlink exists', () => fs.symlinkSync('q', P('file')))
  await t('symlink empty', () => fs.symlinkSync('', P('zz')))
  await t('dangling', () => {
    fs.symlinkSync('target-of-dangling', P('dang'))
    fs.writeFileSync(P('dang'), 'via')
    return [
      fs.readFileSync(P('target-of-dangling'), 'utf8'),
      fs.realpathSync(P('dang')) === fs.realpathSync(P('target-of-dangling')),
    ]
  })
  await t('dangling excl', () => {
    fs.unlinkSync(P('target-of-dangling'))
    fs.openSync(P('dang'), 'wx')
  })
  await t('lstat', () => {
    const s = fs.lstatSync(P('a/l'))
    return [s.size, s.mode.toString(8), s.isSymbolicLink(), s.nlink]
  })
  await t('stat', () => {
    const s = fs.statSync(P('file'))
    return [s.size, s.mode.toString(8), s.isFile(), s.nlink, s.blocks, s.blksize, s.uid, s.gid, s.rdev]
  })
  await t('stat dir', () => {
    const s = fs.statSync(P('a'))
    return [s.mode.toString(8), s.isDirectory(), s.nlink]
  })
  await t('chmod', () => {
    fs.chmodSync(P('file'), 0o600)
    return fs.statSync(P('file')).mode.toString(8)
  })
  await t('access x', () => fs.accessSync(P('file'), fs.constants.X_OK))
  await t('access none', () => fs.accessSync(P('none')))
  await t('lutimes', () => {
    fs.lutimesSync(P('a/l'), 5, 6)
    return fs.lstatSync(P('a/l')).mtimeMs
  })
  await t('utimes none', () => fs.utimesSync(P('none'), 5, 6))
  await t('futimes bad', () => fs.futimesSync(77, 5, 6))
  await t('fsync bad', () => fs.fsyncSync(77))
  await t('fstat bad', () => fs.fstatSync(77))
  await t('fchmod bad', () => fs.fchmodSync(77, 0o777))
  await t('chown', () => {
    fs.chownSync(P('file'), 12, 13)
    const s = fs.statSync(P('file'))
    return [s.uid, s.gid]
  })
  await t('append/pos', () => {
    const fd = fs.openSync(P('ap'), 'a+')
    fs.writeSync(fd, 'abc')
    fs.writeSync(fd, 'def', 0)
    const b = Buffer.alloc(10)
    const n = fs.readSync(fd, b, 0, 10, 0)
    fs.closeSync(fd)
    return b.toString('latin1', 0, n)
  })
  await t('positions', () => {
    const fd = fs.openSync(P('po'), 'w+')
    fs.writeSync(fd, '0123456789')
    fs.writeSync(fd, 'XY', 3)
    fs.writeSync(fd, 'end')
    const b = Buffer.alloc(20)
    const n = fs.readSync(fd, b, 0, 20, 0)
    const m = fs.readSync(fd, b, 0, 20)
    fs.writeSync(fd, 'far', 30)
    fs.closeSync(fd)
    return [n, m, fs.readFileSync(P('po'), 'latin1')]
  })
  await t('readv', () => {
    const fd = fs.openSync(P('po'), 'r')
    const a = Buffer.alloc(4),
      b = Buffer.alloc(5)
    const n = fs.readvSync(fd, [a, b])
    const n2 = fs.readvSync(fd, [a, b], 28)
    fs.closeSync(fd)
    return [n, n2, a.toString('hex'), b.toString('hex')]
  })
  await t('writev', () => {
    const fd = fs.openSync(P('wv'), 'w')
    const n = fs.writevSync(fd, [Buffer.from('ab'), Buffer.from('cd')])
    const n2 = fs.writevSync(fd, [Buffer.from('ef')], 1)
    fs.closeSync(fd)
    return [n, n2, fs.readFileSync(P('wv'), 'utf8')]
  })
  await t('trunc grow', () => {
    fs.truncateSync(P('wv'), 10)
    const x = fs.readFileSync(P('wv'), 'hex')
    fs.truncateSync(P('wv'), 2)
    return [x, fs.readFileSync(P('wv'), 'utf8'), fs.statSync(P('wv')).size]
  })
  await t('unlinked open', () => {
    const fd = fs.openSync(P('uo'), 'w+')
    fs.writeSync(fd, 'keep')
    fs.unlinkSync(P('uo'))
    const b = Buffer.alloc(4)
    fs.readSync(fd, b, 0, 4, 0)
    const s = fs.fstatSync(fd)
    fs.closeSync(fd)
    return [b.toString(), s.nlink, s.size]
  })
  await t('read bigint pos', () => {
    const fd = fs.openSync(P('po'), 'r')
    const b = Buffer.alloc(3)
    fs.readSync(fd, b, 0, 3, 3n)
    fs.closeSync(fd)
    return b.toString()
  })
  await t('trunc huge', () => fs.truncateSync(P('po'), 2 ** 50))
  await t('statsync nothrow', () => fs.statSync(P('file/x'), { throwIfNoEntry: false }) === undefined)
  await t('rm recursive', () => {
    fs.rmSync(P('a'), { recursive: true })
    return fs.existsSync(P('a'))
  })
  await t('rm file', () => {
    fs.rmSync(P('file'))
    return fs.existsSync(P('file'))
  })
  await t('list', () => fs.readdirSync(d).filter(x => !x.startsWith('x-')))
}
