import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost, type InvokeResult } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { DEFAULTS } from '../../src/options.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

async function run(source: string, event: object = {}, config: object = {}): Promise<InvokeResult> {
  await host.deploy('f', { files: { 'index.js': source }, config })
  return host.invoke('f', { ...event })
}

/** wxcloud-spec §1.3. */
describe('completions', () => {
  test.each([
    ['a value', 'exports.main = () => ({ a: 1 })', { a: 1 }],
    ['a promise', 'exports.main = async () => 2', 2],
    ['a thenable', 'exports.main = () => ({ then(resolve) { resolve(3) } })', 3],
    [
      'a function with then',
      'exports.main = () => Object.assign(() => {}, { then(resolve) { resolve(4) } })',
      4,
    ],
    ['nothing', 'exports.main = () => {}', null],
    ['nothing, asynchronously', 'exports.main = async () => {}', null],
    ['callback', 'exports.main = (e, c, callback) => { callback(null, 5) }', 5],
    ['a late callback', 'exports.main = (e, c, callback) => { setTimeout(() => callback(null, 6), 5) }', 6],
    [
      'callback after awaiting',
      'exports.main = (e, c, callback) => { Promise.resolve().then(() => callback(null, 7)) }',
      7,
    ],
    ['three arguments and no callback', 'exports.main = (e, c, callback) => {}', null],
    ['context.done', 'exports.main = (e, c) => { setTimeout(() => c.done(null, 8), 5) }', 8],
    ['context.succeed', 'exports.main = (e, c) => { c.succeed(9); return 10 }', 9],
    [
      'the first of several',
      'exports.main = (e, c, cb) => { cb(null, 11); c.succeed(12); cb(null, 13) }',
      12,
    ],
    [
      'a returned value before a callback',
      'exports.main = (e, c, cb) => { setTimeout(() => cb(null, 2), 5); return 14 }',
      14,
    ],
    [
      'callback beats the value returned beside it',
      'exports.main = (e, c, cb) => { cb(null, 15); return 16 }',
      15,
    ],
    ['module.exports = { main }', 'module.exports = { main: () => 17 }', 17],
    ['main reads its module state', 'let n = 17; exports.main = () => ++n', 18],
  ])('%s', async (_, source, result) => {
    expect((await run(source)).result).toEqual(result)
  })

  test('callback waits for the loop to empty, unless callbackWaitsForEmptyEventLoop is false', async () => {
    const source = (waits: boolean): string =>
      `exports.main = (e, c, callback) => { c.callbackWaitsForEmptyEventLoop = ${waits}
        let log = []
        setTimeout(() => { log.push('timer') }, 30)
        callback(null, log) }`
    expect((await run(source(true))).result).toEqual(['timer'])
    expect((await run(source(false))).result).toEqual([])
  })

  test('an answer by promise does not wait for timers; what is left is dropped', async () => {
    await host.deploy('f', {
      files: {
        'index.js': `let seen = 0
          exports.main = async ({ waitMs }) => {
            if (waitMs) await new Promise(resolve => setTimeout(resolve, waitMs))
            else setTimeout(() => { seen++ }, 30)
            return seen
          }`,
      },
    })
    const first = await host.invoke('f')
    expect(first.durationMs).toBeLessThan(1000)
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(await host.invoke('f', { waitMs: 20 })).toMatchObject({ result: 0, coldStart: false })
  })

  test('a race against a timer that is left set costs no instance', async () => {
    await host.deploy('f', {
      files: {
        'index.js':
          'exports.main = () => Promise.race([1, new Promise(resolve => setTimeout(resolve, 5000))])',
      },
      config: { concurrency: 1 },
    })
    for (let calls = 0; calls < 10; calls++) await host.invoke('f')
    expect(host.stats().instances.createdCount).toBe(1)
    expect(host.stats().total.durations.maxMs).toBeLessThan(4000)
  })

  test('an instance whose host calls are under way is not lent out until they are answered', async () => {
    await host.deploy('slow', {
      files: { 'index.js': 'exports.main = () => new Promise(r => setTimeout(r, 60))' },
    })
    await host.deploy('f', {
      files: {
        'index.js': `const cloud = require('wx-server-sdk')
          cloud.init()
          let busy = 0
          exports.main = async () => {
            const before = busy++
            cloud.callFunction({ name: 'slow' }).then(() => { busy-- })
            return { before, openid: cloud.getWXContext().OPENID }
          }`,
      },
    })
    const results = []
    for (const openid of ['a', 'b', 'c'])
      results.push((await host.invoke('f', {}, { caller: { openid } })).result)
    expect(results).toEqual(['a', 'b', 'c'].map(openid => ({ before: 0, openid })))
  })

  test.each([
    ['fulfils', 'exports.main = async (e, c, callback) => { callback(null, 7) }', 7],
    ['never settles', 'exports.main = (e, c, callback) => new Promise(() => { callback(null, 8) })', 8],
    [
      'rejects later',
      'exports.main = async (e, c, callback) => { callback(null, 9); throw new Error("late") }',
      9,
    ],
  ])('callback is the first completion when the promise beside it %s', async (_, source, result) => {
    expect((await run(source)).result).toBe(result)
  })

  test('callback(error) of an async handler fails it', async () => {
    await expect(
      run('exports.main = async (e, c, callback) => { callback(new Error("bad")) }'),
    ).rejects.toMatchObject({
      code: 'CLOUDLET_FUNCTION_THREW',
      message: 'bad',
    })
  })
})

/** wxcloud-spec §1.10. */
describe('failures', () => {
  test.each([
    ['a synchronous throw', 'exports.main = () => { throw new TypeError("x") }', 'TypeError', 'x'],
    ['a rejection', 'exports.main = async () => { throw new RangeError("x") }', 'RangeError', 'x'],
    ['callback(error)', 'exports.main = (e, c, cb) => cb(new Error("x"))', 'Error', 'x'],
    ['context.fail', 'exports.main = (e, c) => c.fail(new Error("x"))', 'Error', 'x'],
    ['context.done(error)', 'exports.main = (e, c) => c.done(new Error("x"))', 'Error', 'x'],
    [
      'a throwing then getter',
      'exports.main = () => ({ get then() { throw new Error("x") } })',
      'Error',
      'x',
    ],
    [
      'an uncaught exception in a timer',
      'exports.main = async () => { setTimeout(() => { throw new Error("x") }, 1); await new Promise(() => {}) }',
      'Error',
      'x',
    ],
    [
      'an uncaught exception in a microtask',
      'exports.main = async () => { queueMicrotask(() => { throw new Error("x") }); await new Promise(() => {}) }',
      'Error',
      'x',
    ],
    [
      'a string',
      'exports.main = async () => { throw "text" }',
      'Error',
      'text(callback err is not instance of Error)',
    ],
    [
      'an object',
      'exports.main = async () => { throw { a: 1 } }',
      'Error',
      '[object Object](callback err is not instance of Error)',
    ],
    [
      'undefined',
      'exports.main = async () => { throw undefined }',
      'Error',
      'undefined(callback err is not instance of Error)',
    ],
  ])('%s', async (_, source, name, message) => {
    await expect(run(source)).rejects.toMatchObject({
      code: 'CLOUDLET_FUNCTION_THREW',
      functionName: 'f',
      guest: { name, message },
      requestId: expect.any(String),
    })
  })

  test('stack: the own files with line and column, through async calls; no host or runtime frame', async () => {
    await host.deploy('f', {
      files: {
        'index.js':
          "const { fail } = require('./lib/fail')\n\nexports.main = async () => {\n  await fail()\n}\n",
        'lib/fail.js': 'exports.fail = async function fail() {\n  await null\n  throw new Error("deep")\n}\n',
      },
    })
    const error = await host.invoke('f').catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      guest: {
        stack:
          'Error: deep\n    at fail (/var/user/lib/fail.js:3:9)\n    at async exports.main (/var/user/index.js:4:3)',
      },
    })
  })

  test('own enumerable fields cross; functions, cycles and getters that throw are left out', async () => {
    const source = `exports.main = async () => {
      const e = Object.assign(new Error('x'), { errCode: -502005, errMsg: 'm', fn() {}, list: [1] })
      e.self = e
      Object.defineProperty(e, 'bad', { enumerable: true, get() { throw 1 } })
      throw e
    }`
    await expect(run(source)).rejects.toMatchObject({
      guest: { fields: { errCode: -502005, errMsg: 'm', list: [1] } },
    })
  })

  test('the instance goes on after a throw', async () => {
    await host.deploy('f', {
      files: {
        'index.js': 'let n = 0; exports.main = e => { n++; if (e.fail) throw new Error("x"); return n }',
      },
    })
    await expect(host.invoke('f', { fail: true })).rejects.toMatchObject({ code: 'CLOUDLET_FUNCTION_THREW' })
    expect(await host.invoke('f')).toMatchObject({ result: 2, coldStart: false })
  })

  test('an unhandled rejection is logged and fails nothing', async () => {
    const { result, logs } = await run(
      'exports.main = async () => { Promise.reject(new Error("lost")); return 1 }',
    )
    expect(result).toBe(1)
    // The turn that lost it ends after the answer.
    await expect
      .poll(() => logs)
      .toMatchObject([{ level: 'error', message: 'Unhandled promise rejection: Error: lost' }])
  })
})

test('unhandled rejections of a function that is called often are logged each time', async () => {
  await run('exports.main = async () => { Promise.reject(new Error("lost")); return 1 }')
  for (let calls = 0; calls < 10; calls++) {
    const { logs } = await host.invoke('f')
    await expect.poll(() => logs.length).toBe(1)
  }
})

/** wxcloud-spec §1.9. */
describe('results', () => {
  test.each([
    ['undefined', null],
    ['NaN', null],
    ['new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['({ toJSON: () => "own" })', 'own'],
    ['[undefined, () => 1, Symbol()]', [null, null, null]],
    ['({ u: undefined, f() {} })', {}],
    ['Buffer.from("hi")', { type: 'Buffer', data: [104, 105] }],
    ['new Uint8Array([1, 2])', { 0: 1, 1: 2 }],
    ['new Map([[1, 2]])', {}],
    ['new Error("x")', {}],
    ['"\\u2028 \\ud83d\\ude00"', '\u2028 \u{1f600}'],
    ['({ ["__proto__"]: 1, constructor: 2 })', JSON.parse('{ "__proto__": 1, "constructor": 2 }')],
  ])('%s', async (expression, result) => {
    expect((await run(`exports.main = async () => (${expression})`)).result).toEqual(result)
  })

  test.each([
    ['a cycle', 'const a = {}; a.a = a; return a', /stringify response to json failed: .*circular/],
    ['BigInt', 'return { n: 1n }', /stringify response to json failed: .*BigInt/],
    [
      'a throwing toJSON',
      'return { toJSON() { throw new Error("mine") } }',
      /stringify response to json failed: mine/,
    ],
  ])('%s is refused', async (_, body, message) => {
    await expect(run(`exports.main = async () => { ${body} }`)).rejects.toMatchObject({
      code: 'CLOUDLET_VALUE',
      path: 'result',
      message: expect.stringMatching(message),
    })
    expect((await run('exports.main = () => "goes on"')).result).toBe('goes on')
  })

  test('a result at the limit crosses, one over is refused', async () => {
    await host.deploy('f', { files: { 'index.js': 'exports.main = e => "x".repeat(e.length)' } })
    const quotes = 2
    const { result } = await host.invoke('f', { length: LIMITS.valueChars - quotes })
    expect(result).toHaveLength(LIMITS.valueChars - quotes)
    await expect(host.invoke('f', { length: LIMITS.valueChars - quotes + 1 })).rejects.toMatchObject({
      code: 'CLOUDLET_VALUE',
      message: expect.stringContaining('body size is too long'),
    })
  })
})

describe('events', () => {
  test('an event at the limit crosses, one over is refused before anything runs', async () => {
    await host.deploy('f', { files: { 'index.js': 'exports.main = e => e.text.length' } })
    const frame = JSON.stringify({ text: '' }).length
    const text = 'x'.repeat(LIMITS.valueChars - frame)
    expect((await host.invoke('f', { text })).result).toBe(text.length)
    const before = host.stats().instances.createdCount
    await expect(host.invoke('f', { text: `${text}x` })).rejects.toMatchObject({
      code: 'CLOUDLET_VALUE',
      path: 'event',
    })
    expect(host.stats().instances.createdCount).toBe(before)
  })

  test.each([[{ n: 1n }], [circular()]])('an event that is no JSON is refused', async event => {
    await host.deploy('f', { files: { 'index.js': 'exports.main = () => 1' } })
    await expect(host.invoke('f', event)).rejects.toMatchObject({ code: 'CLOUDLET_VALUE', path: 'event' })
  })

  test('keys that start with $ and odd keys survive', async () => {
    const event = JSON.parse('{ "$url": "user", "constructor": { "__proto__": 1 }, "": 2 }') as object
    expect((await run('exports.main = e => e', event)).result).toEqual(event)
  })
})

function circular(): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}

describe('context and process', () => {
  test('context has the platform fields (wxcloud-spec §1.4)', async () => {
    await host.deploy('f', {
      files: { 'index.js': 'exports.main = (e, context) => ({ ...context, raw: context.getContext() })' },
      config: { timeout: 5, memorySize: 64 },
    })
    const { result, requestId } = await host.invoke('f', {}, { caller: { openid: 'o', appid: 'wx1' } })
    expect(result).toMatchObject({
      callbackWaitsForEmptyEventLoop: true,
      function_name: 'f',
      function_version: '$LATEST',
      time_limit_in_ms: 5000,
      memory_limit_in_mb: 64,
      request_id: requestId,
      namespace: 'local',
      environ: expect.stringMatching(/WX_APPID=wx1;.*WX_OPENID=o/),
    })
  })

  test('timers: order, arguments, clearing, intervals, setImmediate, unref', async () => {
    const { result } = await run(`exports.main = async () => {
      const seen = []
      setTimeout((a, b) => seen.push('t10' + a + b), 10, 1, 2)
      setTimeout(() => seen.push('t1'), 1)
      setImmediate(() => seen.push('immediate'))
      clearTimeout(setTimeout(() => seen.push('never'), 5))
      const id = +setTimeout(() => seen.push('never'), 5); clearTimeout(id)
      let n = 0
      await new Promise(resolve => { const i = setInterval(() => { if (++n === 3) { clearInterval(i); resolve() } }, 5) })
      const u = setTimeout(() => {}, 1e6).unref()
      process.nextTick(() => seen.push('tick'))
      await new Promise(resolve => setTimeout(resolve, 5))
      return { seen, n, ref: u.hasRef() }
    }`)
    expect(result).toEqual({ seen: ['t1', 'immediate', 't1012', 'tick'], n: 3, ref: false })
  })

  test('an interval of the module does not keep invocations waiting', async () => {
    const first = await run(
      'let n = 0; setInterval(() => n++, 1); exports.main = (e, c, cb) => cb(null, "done")',
    )
    expect(first.result).toBe('done')
    expect(first.durationMs).toBeLessThan(1000)
    expect((await host.invoke('f')).coldStart).toBe(false)
  })

  test('console lines are formatted as in Node, with level and time, in order', async () => {
    const { logs } = await run(`exports.main = () => {
      console.log('a', 1, { b: [2, { c: 3 }] }); console.info('%s is %d', 'x', 5); console.warn('w')
      console.error(new Error('shown').message); console.debug(undefined, null, -0); console.log('100%')
    }`)
    expect(logs.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'a 1 { b: [ 2, { c: 3 } ] }'],
      ['info', 'x is 5'],
      ['warn', 'w'],
      ['error', 'shown'],
      ['debug', 'undefined null -0'],
      ['info', '100%'],
    ])
    for (const { timeMs } of logs) expect(Math.abs(Date.now() - timeMs)).toBeLessThan(10_000)
  })

  test('log lines at the limit are all there; over it the rest is dropped with a word', async () => {
    await host.deploy('f', {
      files: { 'index.js': 'exports.main = e => { for (let i = 0; i < e.n; i++) console.log(i) }' },
    })
    const at = await host.invoke('f', { n: DEFAULTS.maxLogLines })
    expect(at.logs).toHaveLength(DEFAULTS.maxLogLines)
    expect(at.logs.at(-1)?.message).toBe(String(DEFAULTS.maxLogLines - 1))
    const over = await host.invoke('f', { n: DEFAULTS.maxLogLines + 50 })
    expect(over.logs).toHaveLength(DEFAULTS.maxLogLines + 1)
    expect(over.logs.at(-1)?.message).toContain('log limit reached')
  })

  test('process.env is one object for the life of an instance; what the host set for one call is gone in the next', async () => {
    await host.deploy('f', {
      files: {
        'index.js': `const { env } = process
          env.OWN = 'kept'
          exports.main = () => ({ openid: env.WX_OPENID, own: env.OWN, same: env === process.env })`,
      },
    })
    for (const openid of ['alice', 'bob']) {
      expect((await host.invoke('f', {}, { caller: { openid } })).result).toEqual({
        openid,
        own: 'kept',
        same: true,
      })
    }
    expect((await host.invoke('f')).result).toEqual({ own: 'kept', same: true })
  })

  test('no host object is in reach', async () => {
    const { result } = await run(`exports.main = () => {
      const names = Object.getOwnPropertyNames(globalThis)
      const F = (() => {}).constructor.constructor
      return { hidden: names.filter(n => n.includes('cloudlet')), bindings: ['fs', 'natives', 'spawn_sync'].filter(name => { try { return F('return process')().binding(name) } catch {} }), require: typeof globalThis.require, cwd: process.cwd() }
    }`)
    expect(result).toEqual({ hidden: [], bindings: [], require: 'undefined', cwd: '/var/user' })
  })
})
