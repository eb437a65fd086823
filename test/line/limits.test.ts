import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost, type FunctionHostOptions } from '../../src/index.ts'

let host: FunctionHost
function makeHost(options: FunctionHostOptions = {}): void {
  host = new FunctionHost(options)
}
beforeEach(() => makeHost())
afterEach(() => host.close())

async function deploy(name: string, source: string, config: object = {}): Promise<void> {
  await host.deploy(name, { files: { 'index.js': source }, config })
}

const GOOD = 'exports.main = async () => "fine"'
const SLEEP = 'exports.main = e => new Promise(resolve => setTimeout(resolve, e.ms, "slept"))'

describe('deadline', () => {
  test.each([
    ['a synchronous loop', 'exports.main = async () => { for (;;); }'],
    ['a loop while loading', 'for (;;);'],
    ['a loop after an await', 'exports.main = async () => { await null; for (;;); }'],
    ['a loop in a timer', 'exports.main = () => new Promise(() => setTimeout(() => { for (;;); }, 1))'],
    ['a loop of microtasks', 'exports.main = async () => { for (;;) await null }'],
    ['a promise that never settles', 'exports.main = () => new Promise(() => {})'],
    [
      'a loop after a host call',
      "const db = require('wx-server-sdk'); exports.main = async () => { await db.callFunction({ name: 'good' }).catch(() => {}); for (;;); }",
    ],
    ['a regular expression that backtracks', 'exports.main = () => /^(a+)+$/.test("a".repeat(40) + "b")'],
  ])('%s ends at the limit; the host and a neighbour answer meanwhile and after', async (_, source) => {
    await deploy('good', GOOD)
    await deploy('bad', source, { timeout: 0.4 })
    const bad = host.invoke('bad').catch((error: unknown) => error)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect((await host.invoke('good')).result).toBe('fine')
    expect(await bad).toMatchObject({
      code: 'CLOUDLET_DEADLINE',
      limitMs: 400,
      message: expect.stringContaining('timed out after 0.4 seconds'),
    })
    expect((await host.invoke('good')).result).toBe('fine')
    expect(host.stats().instances.recycledCount).toEqual({ deadline: 1 })
    expect(host.health.status).toBe('ok')
  })

  test('says where the time went: CPU, and waiting by op', async () => {
    await deploy('inner', SLEEP)
    await deploy(
      'outer',
      "const cloud = require('wx-server-sdk'); cloud.init(); exports.main = () => cloud.callFunction({ name: 'inner', data: { ms: 5000 } })",
      { timeout: 1 },
    )
    const error = await host.invoke('outer').catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'CLOUDLET_DEADLINE',
      waitedMs: { 'functions.invoke': expect.any(Number) },
    })
    const { waitedMs, cpuMs } = error as { waitedMs: Record<string, number>; cpuMs: number }
    expect(waitedMs['functions.invoke']).toBeGreaterThan(500)
    expect(cpuMs).toBeLessThan(500)
  })

  test('a call within the limit is not touched by it', async () => {
    await deploy('f', SLEEP, { timeout: 2 })
    expect((await host.invoke('f', { ms: 300 })).result).toBe('slept')
  })

  test('work left behind ends at the deadline too, and its instance with it', async () => {
    await deploy(
      'f',
      `exports.main = (event, context, callback) => {
        (function again() { setTimeout(again, 10) })()
        context.callbackWaitsForEmptyEventLoop = false
        callback(null, 1)
      }`,
      { timeout: 0.3 },
    )
    expect((await host.invoke('f')).result).toBe(1)
    await expect.poll(() => host.stats().instances.recycledCount).toEqual({ lingered: 1 })
  })
})

describe('memory', () => {
  test.each([
    ['objects', 'const a = []; for (;;) a.push({ x: 1, y: [1, 2, 3] })'],
    [
      'objects, a little at a time',
      'const a = []; for (;;) { for (let i = 0; i < 500; i++) a.push({ i }); await null }',
    ],
    ['strings', 'const a = []; let i = 0; for (;;) a.push("s" + i++ + "t".repeat(1000))'],
    ['a map', 'const m = new Map(); let i = 0; for (;;) m.set(i++, { i })'],
  ])('%s: MEMORY_LIMIT, and the host goes on', async (_, body) => {
    await deploy('good', GOOD)
    await deploy('bad', `exports.main = async () => { ${body} }`, { memorySize: 16, timeout: 20 })
    await expect(host.invoke('bad')).rejects.toMatchObject({
      code: 'CLOUDLET_MEMORY_LIMIT',
      limitBytes: 16 * 1024 * 1024,
    })
    expect((await host.invoke('good')).result).toBe('fine')
    expect(host.stats().instances.recycledCount).toEqual({ memory: 1 })
  })

  test('array buffers beyond the cap are a RangeError of the guest, not an end', async () => {
    await deploy(
      'f',
      'exports.main = () => { const a = []; try { for (;;) a.push(new Uint8Array(1e6).fill(1)) } catch (e) { return e.name } }',
      { memorySize: 16 },
    )
    expect((await host.invoke('f')).result).toBe('RangeError')
  })

  test('a function within its cap is not touched by it', async () => {
    await deploy('f', 'exports.main = () => { const a = new Array(1e6).fill(1.5); return a.length }', {
      memorySize: 32,
    })
    expect((await host.invoke('f')).result).toBe(1e6)
  })

  test('an idle heap is measured and counted', async () => {
    await deploy(
      'f',
      'const kept = "x".repeat(100).split("").map(() => new Array(5000).fill(1.5)); exports.main = () => kept.length',
    )
    await host.invoke('f')
    await expect.poll(async () => (await host.invoke('f')).heapUsedBytes).toBeGreaterThan(3e6)
    expect(host.stats().instances.memoryBytes).toBeGreaterThan(4e6)
  })
})

describe('admission', () => {
  test('one invocation at a time per instance, instances up to the concurrency, a bounded queue, OVERLOADED', async () => {
    await host.close()
    makeHost({ maxQueued: 3 })
    await deploy('f', SLEEP, { concurrency: 2 })
    const calls = Array.from({ length: 6 }, () =>
      host.invoke('f', { ms: 150 }).then(
        ({ result }) => result,
        error => error.code,
      ),
    )
    expect(host.stats()).toMatchObject({ runningCount: 2, queuedCount: 3 })
    const results = await Promise.all(calls)
    expect(results.filter(result => result === 'slept')).toHaveLength(5)
    expect(results.filter(result => result === 'CLOUDLET_OVERLOADED')).toHaveLength(1)
    expect(host.stats()).toMatchObject({ runningCount: 0, queuedCount: 0, instances: { createdCount: 2 } })
  })

  test('maxConcurrency bounds the host; nested calls run in their caller’s place', async () => {
    await host.close()
    makeHost({ maxConcurrency: 2 })
    await deploy('inner', SLEEP)
    await deploy(
      'outer',
      "const cloud = require('wx-server-sdk'); cloud.init(); exports.main = async () => (await cloud.callFunction({ name: 'inner', data: { ms: 50 } })).result",
    )
    const results = await Promise.all(
      Array.from({ length: 6 }, async () => (await host.invoke('outer')).result),
    )
    expect(results).toEqual(Array(6).fill('slept'))
  })

  test('a wait longer than the function’s own limit is shed', async () => {
    await deploy('f', SLEEP, { concurrency: 1, timeout: 0.9 })
    const first = host.invoke('f', { ms: 600 })
    const second = host.invoke('f', { ms: 600 })
    const third = host.invoke('f', { ms: 1 })
    const [a, b, c] = await Promise.allSettled([first, second, third])
    expect(a.status).toBe('fulfilled')
    expect(b.status).toBe('fulfilled')
    expect(c).toMatchObject({ status: 'rejected', reason: { code: 'CLOUDLET_OVERLOADED', retryable: true } })
  })

  test('functions that call each other in a circle are stopped', async () => {
    await deploy(
      'loop',
      "const cloud = require('wx-server-sdk'); cloud.init(); exports.main = async () => { try { return (await cloud.callFunction({ name: 'loop' })).result } catch (e) { return e.errMsg } }",
    )
    expect((await host.invoke('loop')).result).toContain('in a circle')
  })
})

describe('cancelling', () => {
  test('an aborted signal ends what runs, and what waits', async () => {
    await deploy('f', SLEEP, { concurrency: 1 })
    const controller = new AbortController()
    const running = host.invoke('f', { ms: 60_000 }, { signal: controller.signal })
    const waiting = host.invoke('f', { ms: 1 }, { signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    await expect(running).rejects.toMatchObject({ code: 'CLOUDLET_CANCELLED' })
    await expect(waiting).rejects.toMatchObject({ code: 'CLOUDLET_CANCELLED' })
    await expect(host.invoke('f', {}, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CLOUDLET_CANCELLED',
    })
    expect((await host.invoke('f', { ms: 1 })).result).toBe('slept')
  })

  test('cancelling the outer call ends the inner one', async () => {
    await deploy('inner', SLEEP)
    await deploy(
      'outer',
      "const cloud = require('wx-server-sdk'); cloud.init(); exports.main = () => cloud.callFunction({ name: 'inner', data: { ms: 60000 } })",
    )
    const controller = new AbortController()
    const outer = host.invoke('outer', {}, { signal: controller.signal }).catch((error: unknown) => error)
    await expect.poll(() => host.stats().runningCount).toBe(2)
    controller.abort()
    expect(await outer).toMatchObject({ code: 'CLOUDLET_CANCELLED' })
    await expect.poll(() => host.stats().runningCount).toBe(0)
  })
})

describe('instances', () => {
  test('the first call is cold, the next warm, on the same module state', async () => {
    await deploy('f', 'let n = 0; exports.main = () => ++n')
    expect(await host.invoke('f')).toMatchObject({ result: 1, coldStart: true })
    expect(await host.invoke('f')).toMatchObject({ result: 2, coldStart: false })
  })

  test('beyond maxInstances the one idle longest is evicted, and comes back cold', async () => {
    await host.close()
    makeHost({ maxInstances: 2 })
    for (const name of ['a', 'b', 'c']) await deploy(name, GOOD)
    // An instance can be evicted when its turn has ended, which is a moment after its answer.
    for (const name of ['a', 'b', 'a', 'c']) {
      await host.invoke(name)
      await expect.poll(() => host.stats().instances.runningCount).toBe(0)
    }
    expect(host.stats().instances).toMatchObject({ idleCount: 2, evictedCount: 1 })
    expect((await host.invoke('a')).coldStart).toBe(false)
    expect((await host.invoke('b')).coldStart).toBe(true)
  })

  test('one is begun as soon as a function without any is called, unless the host is full', async () => {
    await host.close()
    makeHost({ maxConcurrency: 1 })
    await deploy('a', SLEEP)
    await deploy('b', GOOD)
    const created = (): number => host.stats().instances.createdCount
    await expect(host.invoke('b', { huge: 1n })).rejects.toMatchObject({ code: 'CLOUDLET_VALUE' })
    await expect.poll(created).toBe(1)
    expect((await host.invoke('b')).coldStart).toBe(true)
    const busy = host.invoke('b')
    const waiting = host.invoke('a', { ms: 1 })
    expect(host.stats().queuedCount).toBe(1)
    await busy
    expect((await waiting).coldStart).toBe(true)
    const busyAgain = host.invoke('a', { ms: 100 })
    await host.deploy('c', { files: { 'index.js': GOOD } })
    const late = host.invoke('c')
    await expect.poll(() => host.stats().instances.busyCount).toBe(1)
    expect(created()).toBe(2)
    await Promise.all([busyAgain, late])
    expect(created()).toBe(3)
  })

  test('a budget that busy instances use up: OVERLOADED, by name', async () => {
    await host.close()
    makeHost({ maxInstances: 1 })
    await deploy('a', SLEEP)
    await deploy('b', GOOD)
    const busy = host.invoke('a', { ms: 200 })
    await expect.poll(() => host.stats().instances.busyCount).toBe(1)
    await expect(host.invoke('b')).rejects.toMatchObject({
      code: 'CLOUDLET_OVERLOADED',
      message: expect.stringContaining('maxInstances'),
    })
    expect((await busy).result).toBe('slept')
    expect((await host.invoke('b')).result).toBe('fine')
  })

  test('a memory budget evicts by measured size', async () => {
    await host.close()
    makeHost({ memoryBudgetMb: 16 })
    for (let i = 0; i < 20; i++) {
      await deploy(`f${i}`, GOOD)
      await host.invoke(`f${i}`)
    }
    const { instances } = host.stats()
    expect(instances.evictedCount).toBeGreaterThan(0)
    expect(instances.memoryBytes).toBeLessThanOrEqual(16 * 1024 * 1024)
  })

  test('invocations under way end on the old version when a new one is deployed', async () => {
    await deploy('f', `exports.main = e => new Promise(resolve => setTimeout(resolve, 100, 'old'))`)
    const old = host.invoke('f')
    await deploy('f', `exports.main = () => 'new'`)
    expect((await host.invoke('f')).result).toBe('new')
    expect((await old).result).toBe('old')
    await expect.poll(() => host.stats().instances.recycledCount).toEqual({ replaced: 1 })
  })
})

describe('closing', () => {
  test('lets what runs end, refuses what is new, and is idempotent', async () => {
    await deploy('f', SLEEP)
    const running = host.invoke('f', { ms: 100 })
    const closing = host.close()
    await expect(host.invoke('f')).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
    await expect(host.deploy('g', { files: { 'index.js': GOOD } })).rejects.toMatchObject({
      code: 'CLOUDLET_HOST_CLOSED',
    })
    expect((await running).result).toBe('slept')
    await closing
    await host.close()
    expect(host.health).toMatchObject({ status: 'closed', isHealthy: false })
  })
})
