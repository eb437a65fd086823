/** What a function can do within one invocation, at each limit and one over it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost, type InvokeResult } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { DEFAULTS } from '../../src/options.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

const SDK = "const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database()\n"
const LOG_NOTE = 'log limit reached'

async function run(source: string, event: object = {}, config: object = {}): Promise<InvokeResult> {
  await host.deploy('f', { files: { 'index.js': source }, config })
  return host.invoke('f', { ...event })
}

describe('log lines', () => {
  const source = 'exports.main = ({ count }) => { for (let i = 0; i < count; i++) console.log("line " + i) }'

  test('at the limit all are there', async () => {
    const { logs } = await run(source, { count: DEFAULTS.maxLogLines })
    expect(logs).toHaveLength(DEFAULTS.maxLogLines)
    expect(logs.filter(({ message }) => message.includes(LOG_NOTE))).toEqual([])
  })

  test('one over, a last line says that the rest is dropped', async () => {
    const { logs } = await run(source, { count: DEFAULTS.maxLogLines + 1 })
    expect(logs).toHaveLength(DEFAULTS.maxLogLines + 1)
    expect(logs.filter(({ message }) => message.includes(LOG_NOTE))).toEqual([logs.at(-1)])
  })

  test('each invocation has its own allowance', async () => {
    await run(source, { count: DEFAULTS.maxLogLines + 1 })
    const { logs, coldStart } = await host.invoke('f', { count: DEFAULTS.maxLogLines })
    expect(coldStart).toBe(false)
    expect(logs.map(({ message }) => message)).toEqual(
      Array.from({ length: DEFAULTS.maxLogLines }, (_, i) => `line ${i}`),
    )
  })
})

describe('log characters', () => {
  const source = `exports.main = ({ lengths }) => { for (const length of lengths) console.log('x'.repeat(length)) }`
  const half = DEFAULTS.maxLogChars / 2

  test.each([
    ['in one line', [DEFAULTS.maxLogChars]],
    ['in several', [half, half - 1, 1]],
  ])('at the limit all are there: %s', async (_, lengths) => {
    const { logs } = await run(source, { lengths })
    expect(logs.map(({ message }) => message.length)).toEqual(lengths)
  })

  test.each([
    ['in one line', [DEFAULTS.maxLogChars + 1], [DEFAULTS.maxLogChars]],
    ['in several', [half, half, 1], [half, half, 0]],
    ['after one line too many', [half, half + 1, 5, 5], [half, half]],
  ])('one over, what fits is there and a word on the rest: %s', async (_, lengths, kept) => {
    const { logs } = await run(source, { lengths })
    const xs = logs.map(({ message }) => message.lastIndexOf('x') + 1)
    expect(logs.at(-1)?.message).toContain(LOG_NOTE)
    expect(logs.map(({ message }) => message.slice(0, message.indexOf('…') >>> 0).length)).toEqual(kept)
    expect(xs.slice(0, -1)).toEqual(kept.slice(0, -1))
  })
})

describe('host calls', () => {
  test('arguments at the limit of a value reach the other function, one character more does not leave this one', async () => {
    await host.deploy('length', { files: { 'index.js': 'exports.main = ({ text }) => text.length' } })
    const source = `${SDK}exports.main = async ({ length }) => {
      const data = { text: 'x'.repeat(length) }
      return cloud.callFunction({ name: 'length', data }).then(({ result }) => result, error => error.errMsg)
    }`
    const around = JSON.stringify({ name: 'length', data: { text: '' } }).length
    const most = LIMITS.valueChars - around
    expect((await run(source, { length: most })).result).toBe(most)
    const { result } = await host.invoke('f', { length: most + 1 })
    expect(result).toContain(`${LIMITS.valueChars + 1} characters long; the limit is ${LIMITS.valueChars}`)
  })

  test('waiting together: characters and bytes at the limit go out, one byte more is refused', async () => {
    // Each call counts its arguments' text and its content.
    const source = `${SDK}exports.main = async ({ sizes }) => {
      const uploads = sizes.map((size, i) => cloud.uploadFile({ cloudPath: 'f' + i, fileContent: Buffer.alloc(size) }))
      const settled = await Promise.allSettled(uploads)
      return settled.map(({ status, reason }) => (status === 'fulfilled' ? 'ok' : reason.errMsg))
    }`
    const textChars = JSON.stringify({ cloudPath: 'f0' }).length
    const sizes = Array(3).fill(LIMITS.fileBytes) as number[]
    const rest = LIMITS.hostCallSizeInFlight - 3 * (LIMITS.fileBytes + textChars) - textChars
    expect(rest).toBeLessThan(LIMITS.fileBytes)
    const config = { memorySize: 1024 }
    expect((await run(source, { sizes: [...sizes, rest] }, config)).result).toEqual(Array(4).fill('ok'))
    const over = await host.invoke('f', { sizes: [...sizes, rest + 1] })
    expect(over.result).toEqual([
      ...Array(3).fill('ok'),
      expect.stringContaining(`More than ${LIMITS.hostCallSizeInFlight} bytes`),
    ])
  })

  test('what was answered no longer counts', async () => {
    const source = `${SDK}exports.main = async ({ rounds }) => {
      for (let round = 0; round < rounds; round++)
        await cloud.uploadFile({ cloudPath: 'f', fileContent: Buffer.alloc(${LIMITS.fileBytes}) })
      return 'done'
    }`
    const rounds = Math.ceil(LIMITS.hostCallSizeInFlight / LIMITS.fileBytes) + 1
    expect((await run(source, { rounds }, { memorySize: 512 })).result).toBe('done')
  })
})

describe('results', () => {
  test('of a called function: at the limit it arrives, one over the call fails', async () => {
    await host.deploy('inner', { files: { 'index.js': 'exports.main = ({ length }) => "x".repeat(length)' } })
    const source = `${SDK}exports.main = ({ length }) =>
      cloud.callFunction({ name: 'inner', data: { length } }).then(({ result }) => result.length, error => error.errMsg)`
    const quotes = 2
    const most = LIMITS.valueChars - quotes
    expect((await run(source, { length: most })).result).toBe(most)
    expect((await host.invoke('f', { length: most + 1 })).result).toContain('body size is too long')
  })
})

describe('timers', () => {
  const MOST = 10_000
  const source = `exports.main = async ({ count, order }) => {
    let firedCount = 0
    const set = i => setTimeout(() => firedCount++, order === 'ascending' ? i / 100 : (count - i) / 100 + 1)
    try {
      for (let i = 0; i < count; i++) set(i)
    } catch (error) {
      return error.name + ': ' + error.message
    }
    while (firedCount < count) await new Promise(resolve => setTimeout(resolve, 20))
    return firedCount
  }`

  // The function waits by a timer of its own.
  test.each(['ascending', 'descending'])('at the limit all fire, set in %s order', async order => {
    expect((await run(source, { count: MOST - 1, order })).result).toBe(MOST - 1)
  })

  test('one over is a RangeError of the function’s', async () => {
    expect((await run(source, { count: MOST + 1, order: 'ascending' })).result).toBe(
      `RangeError: More than ${MOST} timers are set. Clear some before setting more.`,
    )
  })

  test('those cleared or fired no longer count', async () => {
    const clearing = `exports.main = async ({ count }) => {
      for (let i = 0; i < count; i++) clearTimeout(setTimeout(() => {}, i % 7 + 1))
      for (let i = 0; i < count; i++) clearInterval(setInterval(() => {}, 1))
      await new Promise(resolve => setTimeout(resolve, 1))
      return 'fine'
    }`
    expect((await run(clearing, { count: MOST * 2 })).result).toBe('fine')
  })

  test('an interval within its own callback counts once', async () => {
    const again = `exports.main = () => new Promise(resolve => {
      let n = 0
      const timers = Array.from({ length: ${MOST} }, () => setInterval(() => {
        if (++n === ${MOST} * 2) { timers.forEach(clearInterval); resolve(n) }
      }, 1))
    })`
    expect((await run(again)).result).toBe(MOST * 2)
  })
})

describe('calls of functions by functions', () => {
  const source = `${SDK}exports.main = async ({ depth }) => {
    if (depth === 1) return 1
    const { result } = await cloud.callFunction({ name: 'f', data: { depth: depth - 1 } })
    return result + 1
  }`

  test('as deep as the limit, and not one deeper', async () => {
    // The first is called by the host: depth counts functions calling functions.
    expect((await run(source, { depth: LIMITS.callDepth })).result).toBe(LIMITS.callDepth)
    await expect(host.invoke('f', { depth: LIMITS.callDepth + 1 })).rejects.toMatchObject({
      code: 'CLOUDLET_FUNCTION_THREW',
      message: expect.stringContaining(`the limit is ${LIMITS.callDepth}`),
    })
    expect(host.stats().functions['f']?.errorCount).toEqual({ CLOUDLET_FUNCTION_THREW: LIMITS.callDepth })
  })

  test('the same from a client', async () => {
    await run(source, { depth: 1 })
    const { url } = await host.listen({ port: 0 })
    const { createCloud } = await import('../../src/client/node.ts')
    await using cloud = createCloud({ url, openid: 'o-1' })
    const call = (depth: number) => cloud.callFunction({ name: 'f', data: { depth } })
    expect((await call(LIMITS.callDepth)).result).toBe(LIMITS.callDepth)
    await expect(call(LIMITS.callDepth + 1)).rejects.toMatchObject({
      errMsg: expect.stringContaining(`the limit is ${LIMITS.callDepth}`),
    })
  })
})

describe('what of a thrown error crosses', () => {
  async function fail(body: string, event: object): Promise<unknown> {
    await host.deploy('f', { files: { 'index.js': `exports.main = ({ length }) => { ${body} }` } })
    const error: unknown = await host.invoke('f', { ...event }).catch((caught: unknown) => caught)
    return Reflect.get(Object(error), 'guest')
  }
  const cut = (length: number): unknown =>
    expect.stringMatching(new RegExp(`^x+… \\(cut, ${length} characters\\)$`))

  test.each([
    ['name', LIMITS.failureNameChars, 'const e = new Error("m"); e.name = "x".repeat(length); throw e'],
    ['message', LIMITS.failureMessageChars, 'const e = new Error(); e.message = "x".repeat(length); throw e'],
    ['stack', LIMITS.failureStackChars, 'const e = new Error("m"); e.stack = "x".repeat(length); throw e'],
  ])('its %s: whole at the limit, cut one over it', async (field, limit, body) => {
    expect(await fail(body, { length: limit })).toMatchObject({ [field]: 'x'.repeat(limit) })
    const over = await fail(body, { length: limit + 1 })
    expect(over).toMatchObject({ [field]: cut(limit + 1) })
    expect(Reflect.get(Object(over), field)).toHaveLength(limit)
  })

  test('its fields: as many as fit', async () => {
    const around = JSON.stringify({ a: '' }).length - 2
    const most = LIMITS.failureFieldsChars - around
    const body = 'const e = new Error("m"); e.a = "x".repeat(length); e.b = 1; throw e'
    expect(await fail(body, { length: most })).toMatchObject({ fields: { a: 'x'.repeat(most) } })
    expect(Reflect.get(Object(await fail(body, { length: most + 1 })), 'fields')).toEqual({ b: 1 })
  })
})

describe('what the host sets', () => {
  const CALLS = `const cloud = require('wx-server-sdk'); cloud.init()
    exports.main = async ({ count, size = 1 }) => {
      let refused
      for (let i = 0; i < count; i++) {
        await cloud.getTempFileURL({ fileList: ['x'.repeat(size)] }).catch(error => { if (error.message.includes('maxHost')) refused = error.message })
      }
      return refused ?? 'none'
    }`

  async function runOn(options: object, source: string, event: object): Promise<InvokeResult> {
    await using other = new FunctionHost(options)
    await other.deploy('f', { files: { 'index.js': source } })
    return await other.invoke('f', { ...event })
  }

  test('maxHostCalls: at the limit and one over', async () => {
    expect((await runOn({ maxHostCalls: 3 }, CALLS, { count: 3 })).result).toBe('none')
    expect((await runOn({ maxHostCalls: 3 }, CALLS, { count: 4 })).result).toContain('maxHostCalls')
  })

  test('maxHostCallMb: within and beyond', async () => {
    const size = 400_000
    expect((await runOn({ maxHostCallMb: 1 }, CALLS, { count: 2, size })).result).toBe('none')
    expect((await runOn({ maxHostCallMb: 1 }, CALLS, { count: 3, size })).result).toContain('maxHostCallMb')
  })

  test('maxLogLines and maxLogChars', async () => {
    const source = 'exports.main = ({ count }) => { for (let i = 0; i < count; i++) console.log("12345") }'
    expect((await runOn({ maxLogLines: 2 }, source, { count: 2 })).logs).toHaveLength(2)
    expect((await runOn({ maxLogLines: 2 }, source, { count: 3 })).logs.at(-1)?.message).toContain('2 lines')
    expect((await runOn({ maxLogChars: 10 }, source, { count: 2 })).logs).toHaveLength(2)
    expect((await runOn({ maxLogChars: 10 }, source, { count: 3 })).logs.at(-1)?.message).toContain(LOG_NOTE)
  })

  test('maxTimers: at the limit and one over', async () => {
    const source =
      'exports.main = async ({ count }) => { for (let i = 0; i < count; i++) setTimeout(() => {}, 1); return count }'
    expect((await runOn({ maxTimers: 5 }, source, { count: 5 })).result).toBe(5)
    await expect(runOn({ maxTimers: 5 }, source, { count: 6 })).rejects.toMatchObject({
      message: expect.stringContaining('More than 5 timers'),
    })
  })
})
