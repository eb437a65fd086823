/** The deadline over everything an invocation can get into, beside test/line/limits.test.ts; each leaves a neighbour answering. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeadlineError, FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(async () => {
  host = new FunctionHost()
  await deploy('neighbour', 'exports.main = async ({ n }) => n * 2')
})
afterEach(() => host.close())

const SDK = "const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database()\n"

async function deploy(name: string, source: string, config: object = {}): Promise<void> {
  await host.deploy(name, { files: { 'index.js': source }, config })
}

/** Invokes it while a neighbour answers again and again, and returns how it ended. */
async function runBeside(name: string): Promise<unknown> {
  let isOver = false
  const ended = host
    .invoke(name)
    .catch((error: unknown) => error)
    .finally(() => {
      isOver = true
    })
  for (let n = 0; !isOver; n++) {
    expect((await host.invoke('neighbour', { n })).result).toBe(n * 2)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  return ended
}

describe('ends at the limit', () => {
  test.each([
    ['a loop in its first turn', 'exports.main = () => { for (;;); }'],
    ['a loop after an await', 'exports.main = async () => { await 1; for (;;); }'],
    [
      'a loop in a microtask after a host call',
      `${SDK}exports.main = async () => {
        await db.createCollection('c')
        queueMicrotask(() => { for (;;); })
        await new Promise(() => {})
      }`,
    ],
    [
      'a loop in what follows a host call',
      `${SDK}exports.main = () => db.createCollection('c').then(() => { for (;;); })`,
    ],
    [
      'a loop in what follows a refused host call',
      `${SDK}exports.main = () => db.collection('none').count().catch(() => { for (;;); })`,
    ],
    [
      'a loop after a called function answered',
      `${SDK}exports.main = async () => { await cloud.callFunction({ name: 'neighbour', data: { n: 1 } }); for (;;); }`,
    ],
    ['a loop in a timer', 'exports.main = () => new Promise(() => setTimeout(() => { for (;;); }, 1))'],
    ['a loop in an interval', 'exports.main = () => new Promise(() => setInterval(() => { for (;;); }, 1))'],
    ['a loop in setImmediate', 'exports.main = () => new Promise(() => setImmediate(() => { for (;;); }))'],
    ['a loop in nextTick', 'exports.main = () => new Promise(() => process.nextTick(() => { for (;;); }))'],
    ['a promise that never settles', 'exports.main = () => new Promise(() => {})'],
    ['a thenable that never settles', 'exports.main = () => ({ then() {} })'],
    ['a thenable that loops', 'exports.main = () => ({ then() { for (;;); } })'],
    ['awaits without end', 'exports.main = async () => { for (;;) await null }'],
    [
      'host calls without end',
      `${SDK}exports.main = async () => { for (;;) await db.collection('none').count().catch(() => {}) }`,
    ],
    [
      'timers without end',
      'exports.main = async () => { for (;;) await new Promise(resolve => setTimeout(resolve, 1)) }',
    ],
    [
      'an interval that holds back a callback',
      'exports.main = (event, context, callback) => { setInterval(() => {}, 5); callback(null, 1) }',
    ],
    [
      'an interval and no answer',
      'exports.main = (event, context, callback) => { setInterval(() => {}, 5) }',
    ],
    ['a getter of the result that loops', 'exports.main = () => ({ get a() { for (;;); } })'],
    ['a toJSON that loops', 'exports.main = async () => ({ toJSON() { for (;;); } })'],
    [
      'a Proxy as result whose trap loops',
      'exports.main = async () => new Proxy({}, { ownKeys() { for (;;); } })',
    ],
    ['a thrown value whose toString loops', 'exports.main = () => { throw { toString() { for (;;); } } }'],
    ['a finally that loops', 'exports.main = async () => { try { return 1 } finally { for (;;); } }'],
    [
      'an async generator without end',
      'exports.main = async () => { for await (const _ of (async function* () { for (;;) yield 1 })()); }',
    ],
    ['a loop while loading', 'for (;;); exports.main = () => 1'],
    ['a loop while loading, after main is exported', 'exports.main = () => 1; for (;;);'],
    ['a loop in the getter of main', 'Object.defineProperty(exports, "main", { get() { for (;;); } })'],
  ])('%s', async (_, source) => {
    await deploy('bad', source, { timeout: 0.3 })
    const error = await runBeside('bad')
    expect(error).toBeInstanceOf(DeadlineError)
    expect(error).toMatchObject({ limitMs: 300, requestId: expect.any(String) })
    expect(host.stats().instances.recycledCount).toEqual({ deadline: 1 })
    expect(host.health.status).toBe('ok')
    // Its end was its instance's, not the function's.
    await deploy('bad', 'exports.main = () => "well"', { timeout: 0.3 })
    expect((await host.invoke('bad')).result).toBe('well')
  })

  test('a loop in a warm instance, which answered before', async () => {
    await deploy('bad', 'exports.main = async ({ n }) => { if (n) return n; for (;;); }', { timeout: 0.3 })
    expect((await host.invoke('bad', { n: 1 })).result).toBe(1)
    expect(await runBeside('bad')).toBeInstanceOf(DeadlineError)
    expect(await host.invoke('bad', { n: 2 })).toMatchObject({ result: 2, coldStart: true })
  })

  test('a called function at its own limit; its caller hears of it and goes on', async () => {
    await deploy('inner', 'exports.main = () => { for (;;); }', { timeout: 0.2 })
    await deploy(
      'outer',
      `${SDK}exports.main = () => cloud.callFunction({ name: 'inner' }).catch(error => error.errMsg)`,
    )
    expect((await host.invoke('outer')).result).toContain('timed out after 0.2 seconds')
    expect(host.stats().instances.recycledCount).toEqual({ deadline: 1 })
  })

  test('a called function with its caller, when that has less time', async () => {
    await deploy('inner', 'exports.main = () => { for (;;); }')
    await deploy('outer', `${SDK}exports.main = () => cloud.callFunction({ name: 'inner' })`, {
      timeout: 0.3,
    })
    expect(await runBeside('outer')).toBeInstanceOf(DeadlineError)
    await expect.poll(() => host.stats().runningCount).toBe(0)
    expect(host.stats().functions['inner']?.errorCount).toEqual({ CLOUDLET_CANCELLED: 1 })
  })

  test('many at once, more than there are cores; the neighbour answers', async () => {
    await deploy('bad', 'exports.main = async () => { await null; for (;;); }', {
      timeout: 0.4,
      concurrency: 12,
    })
    const others = Array.from({ length: 11 }, () => host.invoke('bad').catch((error: unknown) => error))
    // Those that get no core within their own limit never run.
    const ended = { code: expect.stringMatching(/^CLOUDLET_(DEADLINE|OVERLOADED)$/) }
    expect(await runBeside('bad')).toMatchObject(ended)
    for (const error of await Promise.all(others)) expect(error).toMatchObject(ended)
    expect(host.stats().runningCount).toBe(0)
  })
})

describe('the CPU limit', () => {
  const WORK = `const work = ms => { const endMs = Date.now() + ms; while (Date.now() < endMs); }
    const pause = ms => new Promise(resolve => setTimeout(resolve, ms))\n`

  test.each([
    ['in one turn', 'exports.main = () => { for (;;); }'],
    ['across awaits', 'exports.main = async () => { for (;;) { work(20); await null } }'],
    ['across timers', 'exports.main = async () => { for (;;) { work(20); await pause(1) } }'],
    [
      'across host calls',
      `${SDK}exports.main = async () => { for (;;) { work(20); await db.collection('none').count().catch(() => {}) } }`,
    ],
  ])('ends what uses more, %s, long before its deadline', async (_, source) => {
    await deploy('bad', WORK + source, { timeout: 20, cpuMs: 200 })
    const error = await runBeside('bad')
    expect(error).toMatchObject({ code: 'CLOUDLET_DEADLINE', limitMs: 200 })
    expect(host.stats().total.durations.maxMs).toBeLessThan(15_000)
    expect(host.stats().instances.recycledCount).toEqual({ cpu: 1 })
  })

  test('does not count waiting, nor what invocations before used', async () => {
    await deploy(
      'good',
      `${WORK}exports.main = async ({ ms }) => { work(60); await pause(ms); return 'well' }`,
      // What an isolate is said to have used counts what its thread waits for a core, on a busy machine many times 60 ms.
      { timeout: 20, cpuMs: 1500 },
    )
    expect((await host.invoke('good', { ms: 1600 })).result).toBe('well')
    for (let calls = 0; calls < 26; calls++)
      expect((await host.invoke('good', { ms: 1 })).result).toBe('well')
    expect(host.stats().instances).toMatchObject({ createdCount: 1, recycledCount: {} })
  })
})

describe('says where the time went', () => {
  const LIMIT_MS = 500

  async function expire(source: string): Promise<DeadlineError> {
    await deploy('bad', source, { timeout: LIMIT_MS / 1000 })
    const error = await host.invoke('bad').catch((caught: unknown) => caught)
    if (!(error instanceof DeadlineError))
      throw new Error('It did not end at its deadline.', { cause: error })
    return error
  }

  test('a loop: CPU, and no waiting', async () => {
    const { cpuMs, waitedMs, message } = await expire('exports.main = async () => { for (;;); }')
    expect(waitedMs).toEqual({})
    expect(cpuMs).toBeGreaterThan(LIMIT_MS / 10)
    expect(message).toContain(`(${Math.round(cpuMs)} ms of CPU)`)
  })

  test('a promise that never settles: neither', async () => {
    const { cpuMs, waitedMs } = await expire('exports.main = () => new Promise(() => {})')
    expect(waitedMs).toEqual({})
    expect(cpuMs).toBeLessThan(LIMIT_MS / 2)
  })

  test('a called function that never answers: waiting for functions.invoke, and hardly any CPU', async () => {
    await deploy('silent', 'exports.main = () => new Promise(() => {})')
    const { cpuMs, waitedMs, message } = await expire(
      `${SDK}exports.main = () => cloud.callFunction({ name: 'silent' })`,
    )
    const waited = waitedMs['functions.invoke'] ?? 0
    expect(Object.keys(waitedMs)).toEqual(['functions.invoke'])
    expect(waited).toBeGreaterThan(LIMIT_MS / 2)
    expect(cpuMs).toBeLessThan(LIMIT_MS / 2)
    expect(message).toContain(`${Math.round(waited)} ms waiting for functions.invoke`)
  })

  test('the database, again and again: waiting for its ops by name', async () => {
    await host.database.createCollection('c')
    const { cpuMs, waitedMs, message } = await expire(
      `${SDK}exports.main = async () => { for (;;) { await db.collection('c').count(); await db.collection('c').get() } }`,
    )
    expect(Object.keys(waitedMs).sort()).toEqual(['database.count', 'database.query'])
    const sum = Object.values(waitedMs).reduce((total, ms) => total + ms, 0)
    expect(sum).toBeGreaterThan(LIMIT_MS / 10)
    expect(sum + cpuMs).toBeLessThan(LIMIT_MS * 2)
    expect(message).toMatch(/ms of CPU, \d+ ms waiting for database\.\w+, \d+ ms waiting for database\.\w+\)/)
  })

  test('a function, then a loop: both', async () => {
    await deploy('slow', 'exports.main = () => new Promise(resolve => setTimeout(resolve, 150))')
    const { cpuMs, waitedMs } = await expire(
      `${SDK}exports.main = async () => { await cloud.callFunction({ name: 'slow' }); for (;;); }`,
    )
    expect(waitedMs['functions.invoke']).toBeGreaterThan(100)
    expect(waitedMs['functions.invoke']).toBeLessThan(LIMIT_MS)
    expect(cpuMs).toBeGreaterThan(LIMIT_MS / 20)
  })

  test('calls waited for together are one wait: never more than there was time', async () => {
    await deploy('silent', 'exports.main = () => new Promise(() => {})')
    const { waitedMs } = await expire(
      `${SDK}exports.main = () => Promise.all([1, 2, 3].map(() => cloud.callFunction({ name: 'silent' })))`,
    )
    expect(waitedMs['functions.invoke']).toBeGreaterThan(LIMIT_MS / 2)
    expect(waitedMs['functions.invoke']).toBeLessThan(LIMIT_MS * 2)
  })
})
