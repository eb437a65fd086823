// Each case is done by a function and by Node itself, on equal folders, and must tell the same.

exports.run = async (fs, root, tell) => {
  const P = name => `${root}/${name}`
  const p = fs.promises
  const cb = act =>
    new Promise((resolve, reject) => act((error, ...results) => (error ? reject(error) : resolve(results))))
  const t = (name, act) => tell(name, act)
  fs.mkdirSync(P('e/f/g'), { recursive: true })
  await t('readFile dir', () => cb(c => fs.readFile(P('e'), c)))
  await t('readFile none', () => cb(c => fs.readFile(P('none'), c)))
  await t('p readFile dir', () => p.readFile(P('e')))
  await t('p readFile none', () => p.readFile(P('none')))
  await t('writeFile dir', () => cb(c => fs.writeFile(P('e'), 'x', c)))
  await t('writeFile', () => cb(c => fs.writeFile(P('w1'), 'x'.repeat(1000), c)))
  await t('readFile', async () => (await cb(c => fs.readFile(P('w1'), 'utf8', c)))[0].length)
  await t('big', async () => {
    await p.writeFile(P('big'), Buffer.alloc(3 << 20, 7))
    const b = await p.readFile(P('big'))
    const c = (await cb(c => fs.readFile(P('big'), c)))[0]
    return [b.length, c.length, b[2999999], c[3000000]]
  })
  await t('stream', async () => {
    let n = 0
    for await (const c of fs.createReadStream(P('big'), { start: 5, end: 1000000 })) n += c.length
    return n
  })
  await t('wstream', async () => {
    const s = fs.createWriteStream(P('ws'))
    await new Promise((res, rej) => {
      s.on('error', rej)
      s.on('finish', res)
      for (let i = 0; i < 100; i++) s.write(`line ${i}\n`)
      s.end('last')
    })
    return fs.readFileSync(P('ws'), 'utf8').length
  })
  await t('pipeline', async () => {
    await require('node:stream/promises').pipeline(
      fs.createReadStream(P('big')),
      fs.createWriteStream(P('big2')),
    )
    return fs.statSync(P('big2')).size
  })
  await t('stream none', async () => {
    for await (const _c of fs.createReadStream(P('none')));
  })
  await t('handle', async () => {
    const h = await p.open(P('h'), 'w+')
    await h.write('hello')
    await h.appendFile(' more')
    const { bytesRead, buffer } = await h.read(Buffer.alloc(20), 0, 20, 0)
    const s = await h.stat()
    await h.truncate(3)
    await h.close()
    return [bytesRead, buffer.toString('latin1', 0, bytesRead), s.size, fs.readFileSync(P('h'), 'utf8')]
  })
  await t('handle closed', async () => {
    const h = await p.open(P('h'))
    await h.close()
    await h.read(Buffer.alloc(1))
  })
  await t('opendir', async () => {
    const r = []
    for await (const e of await p.opendir(P('e'))) r.push(e.name)
    return r
  })
  await t('p mkdir', () => p.mkdir(P('pm/a/b'), { recursive: true }))
  await t('p readdir', () => p.readdir(P('pm'), { recursive: true }))
  await t('p readdir ft', async () =>
    (await p.readdir(P('pm'), { recursive: true, withFileTypes: true })).map(e => e.parentPath + e.name),
  )
  await t('p rm', () => p.rm(P('pm'), { recursive: true }))
  await t('p rm none', () => p.rm(P('pm')))
  await t('rm cb', () => cb(c => fs.rm(P('e'), { recursive: true, force: true }, c)))
  await t('p cp', async () => {
    await p.mkdir(P('c1/x'), { recursive: true })
    await p.writeFile(P('c1/x/f'), '1')
    await p.symlink('x', P('c1/l'))
    await p.cp(P('c1'), P('c2'), { recursive: true })
    return [await p.readdir(P('c2'), { recursive: true }), await p.readlink(P('c2/l'))]
  })
  await t('p cp excl', () => p.cp(P('c1'), P('c2'), { recursive: true, errorOnExist: true, force: false }))
  await t('p access', () => p.access(P('none'), fs.constants.W_OK))
  await t('p rename', () => p.rename(P('none'), P('x')))
  await t('p mkdtemp', async () => (await p.mkdtemp(P('x-'))).length)
  await t('p lstat', async () => (await p.lstat(P('c1/l'))).isSymbolicLink())
  await t('p stat big', async () => typeof (await p.stat(P('c1/l'), { bigint: true })).mtimeNs)
  await t('p realpath', () => p.realpath(P('c1/l')))
  await t('realpath cb', () => cb(c => fs.realpath(P('c1/l/f'), c)))
  await t('exists', () => new Promise(r => fs.exists(P('c1'), r)))
  await t('readv', async () => {
    const h = await p.open(P('h'))
    const r = await h.readv([Buffer.alloc(2), Buffer.alloc(2)])
    await h.close()
    return r.bytesRead
  })
  await t('lines', async () => {
    const h = await p.open(P('ws'))
    let n = 0
    for await (const _l of h.readLines()) n++
    return n
  })
  await t('read cb', () =>
    cb(c => {
      const fd = fs.openSync(P('h'), 'r')
      fs.read(fd, Buffer.alloc(5), 0, 5, 0, (e, n) => {
        fs.closeSync(fd)
        c(e, n)
      })
    }),
  )
  await t('glob', async () => {
    const r = []
    for await (const f of p.glob('**/f', { cwd: P('c1') })) r.push(f)
    return r
  })
  await t('append', async () => {
    await p.appendFile(P('ap2'), '1')
    await cb(c => fs.appendFile(P('ap2'), '2', c))
    fs.appendFileSync(P('ap2'), '3')
    return p.readFile(P('ap2'), 'utf8')
  })
  await t('truncate cb', () => cb(c => fs.truncate(P('ap2'), 1, c)))
  await t('utimes p', async () => {
    await p.utimes(P('ap2'), 1, 2)
    return (await p.stat(P('ap2'))).mtime
  })
}
