import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

function makeFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-deploy-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const RETURN_1 = 'exports.main = () => 1'

describe('sources', () => {
  test('a folder with several files, JSON, __dirname and a package', async () => {
    const folder = makeFolder({
      'index.js': `const { add } = require('./lib/add')
        const config = require('./data.json')
        const pack = require('pack')
        exports.main = () => ({ sum: add(1, 2), config, pack, dir: __dirname, file: __filename, index: require('./lib') })`,
      'lib/add.js': 'exports.add = (a, b) => a + b',
      'lib/index.js': "module.exports = 'lib index'",
      'data.json': '{ "answer": 42 }',
      'node_modules/pack/package.json': '{ "name": "pack", "main": "./src/main" }',
      'node_modules/pack/src/main.js': "module.exports = 'pack ' + require('deep')",
      'node_modules/pack/node_modules/deep/index.js': "module.exports = 'deep'",
    })
    await host.deploy('f', folder)
    expect((await host.invoke('f')).result).toEqual({
      sum: 3,
      config: { answer: 42 },
      pack: 'pack deep',
      dir: '/var/user',
      file: '/var/user/index.js',
      index: 'lib index',
    })
  })

  test('package.json exports with conditions, and a scoped package', async () => {
    await host.deploy('f', {
      files: {
        'index.js': "exports.main = () => [require('@s/p'), require('@s/p/sub')]",
        'node_modules/@s/p/package.json':
          '{ "exports": { ".": { "import": "./esm.mjs", "require": "./cjs.js" }, "./sub": "./lib/sub.js" } }',
        'node_modules/@s/p/cjs.js': "module.exports = 'cjs'",
        'node_modules/@s/p/lib/sub.js': "module.exports = 'sub'",
      },
    })
    expect((await host.invoke('f')).result).toEqual(['cjs', 'sub'])
  })

  test('a computed require of an own file and inside a package', async () => {
    await host.deploy('f', {
      files: {
        'index.js': "exports.main = e => [require('./lang/' + e.lang), require('p')(e.lang)]",
        'lang/zh.js': "module.exports = '你好'",
        'node_modules/p/index.js': "module.exports = lang => require('./locale/' + lang + '.js')",
        'node_modules/p/locale/zh.js': "module.exports = 'zh'",
      },
    })
    expect((await host.invoke('f', { lang: 'zh' })).result).toEqual(['你好', 'zh'])
  })

  test('cycles, caching, require.resolve and require.cache as in Node', async () => {
    await host.deploy('f', {
      files: {
        'index.js': `const a = require('./a'); exports.main = () => ({
          a: a.name, b: a.b.name, seen: a.b.seenOfA, same: require('./a') === a,
          resolved: require.resolve('./a'), cached: Object.keys(require.cache).length, main: require.main === module })`,
        'a.js': "exports.name = 'a'; exports.b = require('./b')",
        'b.js': "exports.name = 'b'; exports.seenOfA = require('./a').name",
      },
    })
    expect((await host.invoke('f')).result).toEqual({
      a: 'a',
      b: 'b',
      seen: 'a',
      same: true,
      resolved: '/var/user/a.js',
      cached: 3,
      main: true,
    })
  })

  test('sloppy-mode sources, a shebang and a byte order mark', async () => {
    await host.deploy('f', {
      files: {
        'index.js':
          '\uFEFF#!/usr/bin/env node\nundeclared = 010\nexports.main = function () { with ({ x: undeclared }) { return x } }',
      },
    })
    expect((await host.invoke('f')).result).toBe(8)
  })

  test('a link that leaves the folder does not exist', async () => {
    const outside = makeFolder({ 'secret.json': '{ "secret": true }' })
    const folder = makeFolder({ 'index.js': "exports.main = () => require('./secret.json')" })
    symlinkSync(join(outside, 'secret.json'), join(folder, 'secret.json'))
    await host.deploy('f', folder)
    await expect(host.invoke('f')).rejects.toMatchObject({
      code: 'CLOUDLET_FUNCTION_THREW',
      message: expect.stringContaining("Cannot find module './secret.json'"),
    })
  })

  test('a new version takes over; the same name keeps one entry; remove ends it', async () => {
    const first = await host.deploy('f', { files: { 'index.js': RETURN_1 } })
    expect((await host.invoke('f')).result).toBe(1)
    const second = await host.deploy('f', { files: { 'index.js': 'exports.main = () => 2' } })
    expect((await host.invoke('f')).result).toBe(2)
    expect(second.version).not.toBe(first.version)
    expect(host.list().map(({ name }) => name)).toEqual(['f'])
    expect(await host.remove('f')).toBe(true)
    expect(await host.remove('f')).toBe(false)
    await expect(host.invoke('f')).rejects.toMatchObject({ code: 'CLOUDLET_FUNCTION_NOT_FOUND' })
  })

  test('a version replaced while it is flooded leaves no instance behind', async () => {
    const config = { concurrency: 4 }
    for (let version = 0; version < 20; version++) {
      const source = `exports.main = () => { for (let i = 0; i < ${version % 3}e6; i++); return ${version} }`
      await host.deploy('f', { files: { 'index.js': source }, config })
      const callers = Array.from({ length: 32 }, async () => {
        for (let calls = 0; calls < 6; calls++) await host.invoke('f')
      })
      await new Promise(resolve => setTimeout(resolve, 10 + version))
      await host.deploy('f', { files: { 'index.js': `${source} //` }, config })
      await Promise.all(callers)
    }
    await host.remove('f')
    await expect.poll(() => host.stats().instances).toMatchObject({ idleCount: 0, busyCount: 0 })
  })

  test('deployDirectory deploys what it can and says what it can not', async () => {
    const folder = makeFolder({
      'one/index.js': RETURN_1,
      'two/index.js': 'exports.main = () => 2',
      'broken/index.js': 'exports.main = (',
      'empty/readme.md': 'nothing here',
      '.git/index.js': 'no',
      'node_modules/x/index.js': 'no',
    })
    const { deployed, failed } = await host.deployDirectory(folder)
    expect(deployed.map(({ name }) => name)).toEqual(['one', 'two'])
    expect(failed.map(({ name, error }) => [name, error.code])).toEqual([
      ['broken', 'CLOUDLET_DEPLOY'],
      ['empty', 'CLOUDLET_DEPLOY'],
    ])
    await expect(host.deployDirectory(join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
    })
  })
})

describe('bad sources', () => {
  test('no index.js: says what was found and what to do', async () => {
    await expect(host.deploy('f', { files: { 'main.js': '' } })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      functionName: 'f',
      file: 'index.js',
      message: expect.stringMatching(/no index\.js.*main\.js.*exports\.main/s),
    })
  })

  test.each([
    ['index.js', 'exports.main = () => {\n  const a = 1;\n  const a = 2\n}', 3, 9],
    ['lib/deep.js', '\n\nfunction f( {', 3, 14],
    ['lib/module.cjs', '\nimport x from "x"', 2, 1],
  ])('a syntax error in %s is named by file, line and column', async (file, text, line, column) => {
    const index = file === 'index.js' ? {} : { 'index.js': `require('./${file}')` }
    await expect(host.deploy('f', { files: { ...index, [file]: text } })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file,
      line,
      column,
      message: expect.stringContaining(`${file}:${line}:${column}: SyntaxError`),
    })
    expect(host.list()).toEqual([])
  })

  test.each([
    ['ends its wrapper', '}],[(globalThis.stolen=1,"/x.js"),function(exports){'],
    ['ends its wrapper and calls', '}); globalThis.stolen = 1; (function () {'],
    ['opens a comment for the next file', 'exports.main = () => 1 /*'],
  ])('a file that %s is no module', async (_, source) => {
    await expect(
      host.deploy('f', { files: { 'index.js': source, 'z.js': '*/ globalThis.stolen = 1' } }),
    ).rejects.toMatchObject({ code: 'CLOUDLET_DEPLOY', file: 'index.js' })
  })

  test('a file nobody requires may be broken; requiring it says why', async () => {
    await host.deploy('f', {
      files: {
        'index.js': "exports.main = e => e.load ? require('./' + 'broken') : 'fine'",
        'broken.js': 'this is no JavaScript',
      },
    })
    expect((await host.invoke('f')).result).toBe('fine')
    await expect(host.invoke('f', { load: true })).rejects.toMatchObject({
      code: 'CLOUDLET_FUNCTION_THREW',
      guest: { name: 'SyntaxError', message: expect.stringContaining('/var/user/broken.js:1:') },
    })
  })

  test.each([
    ['exports.main = 5', /exports\.main is a number/],
    ['module.exports = {}', /exports\.main is missing/],
    ['throw new TypeError("at load")', /TypeError: at load \(index\.js:1:7\)/],
    ["\nrequire('nowhere')", /Cannot find module 'nowhere'.*npm install nowhere/s],
    [
      "new (require('inspector').Session)()",
      /The feature inspector\.Session is unavailable.*Use console\.log/,
    ],
  ])('%s does not load: DEPLOY at the first call, and again at the next', async (source, message) => {
    await host.deploy('f', { files: { 'index.js': source } })
    const wanted = { code: 'CLOUDLET_DEPLOY', functionName: 'f', message: expect.stringMatching(message) }
    await expect(host.invoke('f')).rejects.toMatchObject(wanted)
    await expect(host.invoke('f')).rejects.toMatchObject(wanted)
  })

  test.each(['', '1abc', 'a/b', '../a', 'a b', 'x'.repeat(LIMITS.functionNameChars + 1)])(
    'name %j',
    async name => {
      await expect(host.deploy(name, { files: { 'index.js': RETURN_1 } })).rejects.toMatchObject({
        code: 'CLOUDLET_INVALID_OPTION',
        option: 'name',
      })
    },
  )

  test('the longest name is fine', async () => {
    const name = 'x'.repeat(LIMITS.functionNameChars)
    await host.deploy(name, { files: { 'index.js': RETURN_1 } })
    expect((await host.invoke(name)).result).toBe(1)
  })

  test.each(['../up.js', '/etc/x.js', 'a/../../b.js', ''])('file name %j', async name => {
    await expect(host.deploy('f', { files: { 'index.js': RETURN_1, [name]: '' } })).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
    })
  })

  test('a folder that does not exist', async () => {
    await expect(host.deploy('f', '/nowhere/at/all')).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
    })
  })

  test('an unknown function: near matches are named, best first', async () => {
    for (const name of ['getUser', 'getUsers', 'login'])
      await host.deploy(name, { files: { 'index.js': RETURN_1 } })
    await expect(host.invoke('getuser')).rejects.toMatchObject({
      code: 'CLOUDLET_FUNCTION_NOT_FOUND',
      nearMatches: ['getUser', 'getUsers'],
      message: expect.stringContaining('Did you mean "getUser" or "getUsers"?'),
    })
    await expect(host.invoke('zzzzzz')).rejects.toMatchObject({ nearMatches: [] })
  })
})

describe('config.json', () => {
  test('timeout in seconds, memorySize, envVariables; comments are accepted with a warning', async () => {
    const info = await host.deploy('f', {
      files: {
        'index.js':
          'exports.main = (event, context) => [process.env.TZ, context.time_limit_in_ms, context.memory_limit_in_mb]',
        'config.json':
          '{ // note\n "timeout": 3, "memorySize": 64, "envVariables": { "TZ": "UTC" }, "strange": 1, }',
      },
    })
    expect(info).toMatchObject({ timeoutMs: 3000, memoryMb: 64 })
    expect(info.warnings).toEqual(
      ['comments', 'strange', 'envVariables.TZ'].map(text => expect.stringContaining(text)),
    )
    expect((await host.invoke('f')).result).toEqual(['UTC', 3000, 64])
  })

  test.each([
    ['{ "timeout": "3" }', /"timeout" is "3"/],
    ['{ "timeout": 901 }', /900/],
    ['{ "memorySize": 7 }', /8/],
    ['{ "envVariables": { "A B": "x" } }', /A B/],
    ['[]', /one JSON object/],
    ['{', /not valid JSON/],
  ])('%s is refused', async (config, message) => {
    await expect(
      host.deploy('f', { files: { 'index.js': RETURN_1, 'config.json': config } }),
    ).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file: 'config.json',
      message: expect.stringMatching(message),
    })
  })

  test('variables of the function can not shadow identity', async () => {
    await host.deploy('f', {
      files: { 'index.js': 'exports.main = () => process.env.WX_OPENID' },
      config: { envVariables: { WX_OPENID: 'forged' } },
    })
    expect((await host.invoke('f', {}, { caller: { openid: 'real' } })).result).toBe('real')
  })
})

test.each([
  [{ memoryMb: 7 }, 'memoryMb'],
  [{ timeoutMs: 0 }, 'timeoutMs'],
  [{ timeoutMs: 1.5 }, 'timeoutMs'],
  [{ maxQueued: -1 }, 'maxQueued'],
  [{ memory: 8 }, 'memory'],
  [{ envId: 'a b' }, 'envId'],
  [{ onInvocation: 5 }, 'onInvocation'],
])('invalid options %j', (options, option) => {
  expect(() => new FunctionHost(options as object)).toThrow(
    expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION', option }),
  )
})
