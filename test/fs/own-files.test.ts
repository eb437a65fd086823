import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { FunctionHost } from '../../src/index.ts'

/** Runs the text it is given as a function's body, with `fs` and `path`. */
const EVALUATE = `const fs = require('fs'), path = require('path')
const AsyncFunction = (async () => {}).constructor
const pack = () => require('pack')
exports.main = async ({ body }) => {
  try { return { value: await new AsyncFunction('fs', 'path', 'require', 'pack', body)(fs, path, require, pack) } }
  catch (error) { return { error: { ...error, message: error.message } } }
}`

let host: FunctionHost
let folder: string

beforeAll(async () => {
  host = new FunctionHost()
  folder = mkdtempSync(join(tmpdir(), 'own-'))
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content)
  mkdirSync(join(folder, 'lib/deep'), { recursive: true })
  mkdirSync(join(folder, 'node_modules/pack/data'), { recursive: true })
  write('index.js', EVALUATE)
  write('a.txt', 'hello é')
  write('key.pem', '-----BEGIN-----')
  write(
    'bytes.bin',
    Uint8Array.from({ length: 1_500_000 }, (_, index) => index % 253),
  )
  write('empty', '')
  write('lib/deep/page.html', '<p>')
  write('node_modules/pack/package.json', '{"name":"pack","main":"index.js"}')
  write(
    'node_modules/pack/index.js',
    'exports.read = () => require("fs").readFileSync(__dirname + "/data/x", "utf8")',
  )
  write('node_modules/pack/data/x', 'data of a package')
  symlinkSync('a.txt', join(folder, 'link.txt'))
  symlinkSync('/etc/hostname', join(folder, 'outside'))
  symlinkSync('/etc', join(folder, 'outside-folder'))
  symlinkSync('../..', join(folder, 'above'))
  symlinkSync('turning', join(folder, 'turning'))
  await host.deploy('own', folder)
})
afterAll(async () => {
  await host.close()
  rmSync(folder, { recursive: true })
})

async function evaluate(body: string, name = 'own'): Promise<unknown> {
  const { result } = await host.invoke(name, { body })
  const { value, error } = result as { value?: unknown; error?: unknown }
  return error ?? value
}

describe('a function reads its own files', () => {
  test.each([
    ['as text', `return fs.readFileSync('a.txt', 'utf8')`, 'hello é'],
    ['by an absolute path', `return fs.readFileSync('/var/user/a.txt', 'utf8')`, 'hello é'],
    [
      'through __dirname',
      `return fs.readFileSync(path.join('/var/user', 'key.pem'), 'latin1')`,
      '-----BEGIN-----',
    ],
    ['by a file URL', `return fs.readFileSync(new URL('file:///var/user/a.txt'), 'utf8')`, 'hello é'],
    ['by bytes', `return fs.readFileSync(Buffer.from('lib/deep/page.html'), 'utf8')`, '<p>'],
    ['that are links to others', `return fs.readFileSync('link.txt', 'utf8')`, 'hello é'],
    ['of packages', `return pack().read()`, 'data of a package'],
    ['that are empty', `return fs.readFileSync('empty').length`, 0],
    ['by callback', `return new Promise(r => fs.readFile('a.txt', 'utf8', (e, t) => r(t)))`, 'hello é'],
    ['by promise', `return fs.promises.readFile('a.txt', 'utf8')`, 'hello é'],
    ['with fs/promises', `return require('node:fs/promises').readFile('a.txt', 'utf8')`, 'hello é'],
  ])('%s', async (_how, body, expected) => {
    expect(await evaluate(body)).toBe(expected)
  })

  test('larger than one reading, whole, in parts and as a stream', async () => {
    const told =
      await evaluate(`const crypto = bytes => { let h = 0; for (const b of bytes) h = (h * 31 + b) | 0; return h }
      const whole = fs.readFileSync('bytes.bin')
      const parts = []
      for await (const part of fs.createReadStream('bytes.bin', { start: 524_280, end: 1_048_599 })) parts.push(part)
      const fd = fs.openSync('bytes.bin'); const end = Buffer.alloc(10)
      const count = fs.readSync(fd, end, 0, 10, 1_499_995); fs.closeSync(fd)
      return [whole.length, crypto(whole), crypto(Buffer.concat(parts)) === crypto(whole.subarray(524_280, 1_048_600)), count,
        (await fs.promises.readFile('bytes.bin')).equals(whole)]`)
    let hash = 0
    for (let index = 0; index < 1_500_000; index++) hash = (Math.imul(hash, 31) + (index % 253)) | 0
    expect(told).toEqual([1_500_000, hash, true, 5, true])
  })

  test('and lists them', async () => {
    const names = ['a.txt', 'bytes.bin', 'empty', 'index.js', 'key.pem', 'lib', 'link.txt', 'node_modules']
    expect(await evaluate(`return fs.readdirSync('.')`)).toEqual(names)
    const deep = await evaluate(
      `return fs.readdirSync('lib', { recursive: true, withFileTypes: true }).map(e => [e.name, e.parentPath, e.isFile()])`,
    )
    expect(deep).toEqual([
      ['deep', 'lib', false],
      ['page.html', 'lib/deep', true],
    ])
  })

  test('and stats them', async () => {
    const body = `const s = fs.statSync('a.txt'); return [s.size, s.isFile(), s.mode.toString(8), s.mtime instanceof Date, s.uid]`
    expect(await evaluate(body)).toEqual([8, true, '100644', true, 0])
  })
})

describe('nobody writes them', () => {
  const refused: readonly (readonly [call: string, code: string])[] = [
    [`fs.writeFileSync('a.txt', 'x')`, 'EROFS'],
    [`fs.writeFileSync('new.txt', 'x')`, 'EROFS'],
    [`fs.appendFileSync('/var/user/a.txt', 'x')`, 'EROFS'],
    [`fs.openSync('a.txt', 'r+')`, 'EROFS'],
    [`fs.truncateSync('a.txt')`, 'EROFS'],
    [`fs.unlinkSync('a.txt')`, 'EROFS'],
    [`fs.rmSync('lib', { recursive: true })`, 'EROFS'],
    [`fs.mkdirSync('new')`, 'EROFS'],
    [`fs.mkdirSync('lib')`, 'EEXIST'],
    [`fs.rmdirSync('lib')`, 'EROFS'],
    [`fs.renameSync('a.txt', 'b.txt')`, 'EROFS'],
    [`fs.renameSync('a.txt', '/tmp/b.txt')`, 'EXDEV'],
    [`fs.linkSync('a.txt', '/tmp/b.txt')`, 'EXDEV'],
    [`fs.symlinkSync('a.txt', 'b.txt')`, 'EROFS'],
    [`fs.chmodSync('a.txt', 0o777)`, 'EROFS'],
    [`fs.utimesSync('a.txt', 1, 1)`, 'EROFS'],
    [`fs.accessSync('a.txt', fs.constants.W_OK)`, 'EROFS'],
    [`fs.copyFileSync('a.txt', 'b.txt')`, 'EROFS'],
    [`fs.mkdtempSync('x-')`, 'EROFS'],
    [`fs.writeFileSync('/x', '')`, 'EROFS'],
    [`fs.writeFileSync('/var/x', '')`, 'EROFS'],
  ]
  test.each(refused)('%s is %s', async (call, code) => {
    expect(await evaluate(call)).toMatchObject({ code })
  })

  test('nor closes a write stream on them', async () => {
    const body = `const s = fs.createWriteStream('x.log'); return new Promise(r => s.on('error', e => r([e.code, e.syscall, e.message])))`
    expect(await evaluate(body)).toEqual(['EROFS', 'open', "EROFS: read-only file system, open 'x.log'"])
  })

  test('and copies of them can be written', async () => {
    const body = `fs.copyFileSync('a.txt', '/tmp/a.txt'); fs.appendFileSync('/tmp/a.txt', '!'); fs.cpSync('lib', '/tmp/lib', { recursive: true })
      return [fs.readFileSync('/tmp/a.txt', 'utf8'), fs.readFileSync('/tmp/lib/deep/page.html', 'utf8')]`
    expect(await evaluate(body)).toEqual(['hello é!', '<p>'])
  })
})

describe('there is nothing else', () => {
  test.each([
    ...['/etc/passwd', '/proc/self/environ', '/dev/null', '/home', '/root', '../../etc/passwd', 'outside'],
    ...[
      'outside-folder/passwd',
      'outside-folder',
      'above/user',
      'above',
      'turning',
      '/var/user/../../etc/hostname',
    ],
    ...['lib/../../../proc/1/maps', '/tmp/../proc', '/var/user/outside/../../../etc'],
  ])('%s does not exist', async path => {
    const told = await evaluate(`return [fs.existsSync(${JSON.stringify(path)}),
      await fs.promises.readFile(${JSON.stringify(path)}).catch(e => e.code)]`)
    expect(told).toEqual([false, 'ENOENT'])
  })

  test('the root has two folders', async () => {
    expect(
      await evaluate(
        `return [fs.readdirSync('/'), fs.readdirSync('/var'), fs.realpathSync('/tmp/../var/./user')]`,
      ),
    ).toEqual([['tmp', 'var'], ['user'], '/var/user'])
  })
})

describe('a deployed version does not change', () => {
  async function deployFolder(): Promise<string> {
    const changing = mkdtempSync(join(tmpdir(), 'changing-'))
    onTestFinished(() => rmSync(changing, { recursive: true }))
    writeFileSync(join(changing, 'index.js'), EVALUATE)
    writeFileSync(join(changing, 'a.txt'), 'one')
    await host.deploy('changing', changing)
    return changing
  }

  test('a file that changed after it was looked at is refused, until the function is deployed again', async () => {
    const changing = await deployFolder()
    const read = () => evaluate(`return fs.readFileSync('a.txt', 'utf8')`, 'changing')
    expect(await read()).toBe('one')
    writeFileSync(join(changing, 'a.txt'), 'another')
    expect(await read()).toMatchObject({
      code: 'EIO',
      message: expect.stringContaining('changed after the function was deployed; deploy the function again'),
    })
    await host.deploy('changing', changing)
    expect(await read()).toBe('another')
  })

  test('also when only its time changed, or it went away', async () => {
    const changing = await deployFolder()
    const read = () => evaluate(`return fs.readFileSync('a.txt', 'utf8')`, 'changing')
    expect(await read()).toBe('one')
    utimesSync(join(changing, 'a.txt'), 1, 1)
    expect(await read()).toMatchObject({ code: 'EIO' })
    rmSync(join(changing, 'a.txt'))
    expect(await read()).toMatchObject({ code: 'EIO' })
  })
})

describe('files given with the deployment', () => {
  test('are text or bytes', async () => {
    const bytes = Uint8Array.of(0, 255, 128, 10)
    await host.deploy('given', { files: { 'index.js': EVALUATE, 'data/logo.png': bytes, 'a.txt': 'é' } })
    bytes.fill(1)
    const body = `return [fs.readFileSync('data/logo.png').toString('hex'), fs.readFileSync('a.txt').toString('hex'), fs.readdirSync('.'),
      fs.statSync('data/logo.png').size, fs.existsSync('data/none')]`
    expect(await evaluate(body, 'given')).toEqual([
      '00ff800a',
      'c3a9',
      ['a.txt', 'data', 'index.js'],
      4,
      false,
    ])
  })

  test('must be one of them', async () => {
    const files = { 'index.js': EVALUATE, a: 5 as unknown as string }
    await expect(host.deploy('wrong', { files })).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      message: 'The content of "a" must be a string or bytes.',
    })
  })
})

test('a client has no files to read', async () => {
  const door = await host.listen({ port: 0, authenticate: async () => ({ openid: 'someone' }) })
  await using cloud = createCloud({ url: door.url, token: 'any' })
  await expect(cloud.call('files.look', { path: '/' })).rejects.toMatchObject({
    code: 'CLOUDLET_CAPABILITY_DENIED',
  })
})
