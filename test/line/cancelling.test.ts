/** A caller that gives up ends what runs for it, all of it, beside test/line/limits.test.ts. */
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Cloud, createCloud } from '../../src/client/node.ts'
import { FunctionHost, type FunctionHostOptions, type InvocationReport } from '../../src/index.ts'
import { RawPeer } from '../transport/raw-peer.ts'

let host: FunctionHost
let reports: InvocationReport[]
let controller: AbortController

function makeHost(options: FunctionHostOptions = {}): void {
  reports = []
  host = new FunctionHost({ ...options, onInvocation: report => reports.push(report) })
}
beforeEach(() => {
  controller = new AbortController()
  makeHost()
})
afterEach(() => host.close())

const SDK = "const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database()\n"
const SILENT = 'exports.main = () => new Promise(() => {})'
const SLEEP = 'exports.main = ({ ms }) => new Promise(resolve => setTimeout(resolve, ms, "slept"))'
const CANCELLED = { code: 'CLOUDLET_CANCELLED' }

async function deploy(name: string, source: string, config: object = {}): Promise<void> {
  await host.deploy(name, { files: { 'index.js': source }, config })
}

/** Invokes with the signal; a rejection is the outcome. */
function start(name: string, event: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  return host.invoke(name, event, { signal: controller.signal }).catch((error: unknown) => error)
}

async function untilRunning(count: number): Promise<void> {
  await expect.poll(() => host.stats().runningCount).toBe(count)
}

/** Error codes by function, as the host reported them. */
function codes(): string[] {
  return reports.map(({ functionName, error }) => `${functionName} ${error?.code ?? 'completed'}`).sort()
}

describe('an aborted signal', () => {
  test.each([
    ['a loop', 'exports.main = () => { for (;;); }'],
    ['awaits without end', 'exports.main = async () => { for (;;) await null }'],
    ['a promise that never settles', SILENT],
    ['a timer', 'exports.main = () => new Promise(resolve => setTimeout(resolve, 60_000))'],
    ['a loop while loading', 'for (;;);'],
    [
      'host calls without end',
      `${SDK}exports.main = async () => { for (;;) await db.collection('none').count().catch(() => {}) }`,
    ],
  ])('ends %s, and its instance with it', async (_, source) => {
    await deploy('f', source)
    const running = start('f')
    await expect.poll(() => host.stats().instances.busyCount).toBe(1)
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    await untilRunning(0)
    expect(host.stats().instances).toMatchObject({ busyCount: 0, recycledCount: { cancelled: 1 } })
    expect(codes()).toEqual(['f CLOUDLET_CANCELLED'])
    await deploy('f', 'exports.main = () => 1')
    expect((await host.invoke('f')).result).toBe(1)
  })

  test('ends the functions that function called, and those they called', async () => {
    await deploy('last', 'exports.main = () => { for (;;); }')
    await deploy('middle', `${SDK}exports.main = () => cloud.callFunction({ name: 'last' })`)
    await deploy(
      'first',
      `${SDK}exports.main = () => cloud.callFunction({ name: 'middle' }).catch(() => 'caught')`,
    )
    const running = start('first')
    await untilRunning(3)
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    await untilRunning(0)
    expect(codes()).toEqual(['first', 'last', 'middle'].map(name => `${name} CLOUDLET_CANCELLED`))
    expect(host.stats().instances).toMatchObject({ busyCount: 0, idleCount: 0 })
  })

  test('ends called functions that wait for a place: they leave the queue', async () => {
    await deploy('inner', SLEEP, { concurrency: 1 })
    await deploy(
      'outer',
      `${SDK}exports.main = () => Promise.all([1, 2, 3].map(() => cloud.callFunction({ name: 'inner', data: { ms: 60000 } })))`,
    )
    const running = start('outer')
    await expect.poll(() => host.stats()).toMatchObject({ runningCount: 2, queuedCount: 2 })
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    await untilRunning(0)
    expect(host.stats().queuedCount).toBe(0)
    expect((await host.invoke('inner', { ms: 1 })).result).toBe('slept')
  })

  test('leaves the queue at once, and makes room in it', async () => {
    await host.close()
    makeHost({ maxQueued: 1 })
    await deploy('f', SLEEP, { concurrency: 1 })
    const running = host.invoke('f', { ms: 300 })
    const waiting = start('f', { ms: 60_000 })
    expect(host.stats()).toMatchObject({ runningCount: 1, queuedCount: 1 })
    await expect(host.invoke('f', { ms: 1 })).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    controller.abort()
    expect(await waiting).toMatchObject(CANCELLED)
    expect(host.stats().queuedCount).toBe(0)
    const next = host.invoke('f', { ms: 1 })
    expect(host.stats().queuedCount).toBe(1)
    expect((await running).result).toBe('slept')
    expect((await next).result).toBe('slept')
    // The one that was cancelled in the queue never ran.
    expect(host.stats().instances.createdCount).toBe(1)
  })

  test('before the call: nothing runs', async () => {
    await deploy('f', 'exports.main = () => 1')
    controller.abort()
    expect(await start('f')).toMatchObject(CANCELLED)
    expect(host.stats().instances.createdCount).toBe(0)
  })

  test('while the first instance is being made', async () => {
    await deploy('f', SILENT)
    const running = start('f')
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    await untilRunning(0)
    expect(host.stats().instances.busyCount).toBe(0)
  })

  test('after the answer changes nothing: not the instance, and not the work under way', async () => {
    await host.database.createCollection('marks')
    await deploy('slow', SLEEP)
    await deploy(
      'f',
      `${SDK}exports.main = async ({ id }) => {
        cloud.callFunction({ name: 'slow', data: { ms: 40 } }).then(() => db.collection('marks').add({ data: { _id: id } }))
        return 'answered'
      }`,
    )
    expect(await start('f', { id: 'a' })).toMatchObject({ result: 'answered' })
    controller.abort()
    await untilRunning(0)
    expect((await host.database.collection('marks').doc('a').get()).data).toMatchObject({ _id: 'a' })
    expect(await host.invoke('f', { id: 'b' })).toMatchObject({ coldStart: false })
  })

  test('lets nothing be written afterwards', async () => {
    await host.database.createCollection('marks')
    await host.database.collection('marks').add({ data: { _id: 'n', n: 0 } })
    await deploy(
      'f',
      `${SDK}exports.main = async () => { for (;;) await db.collection('marks').doc('n').update({ data: { n: db.command.inc(1) } }) }`,
    )
    await deploy('other', 'exports.main = () => 1')
    const read = async (): Promise<number> =>
      Number((await host.database.collection('marks').doc('n').get()).data?.['n'])
    const running = start('f')
    await expect.poll(read).toBeGreaterThan(5)
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    await untilRunning(0)
    // What the database had been given before is done before this read.
    const written = await read()
    for (let calls = 0; calls < 50; calls++) await host.invoke('other')
    expect(await read()).toBe(written)
  })

  test('that never aborts keeps nothing of the calls it was given to', async () => {
    await deploy('f', SLEEP, { concurrency: 2 })
    await Promise.all(Array.from({ length: 20 }, () => start('f', { ms: 1 })))
    await deploy('bad', 'exports.main = () => { throw new Error("x") }')
    await start('bad')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('ends one of many and touches no other', async () => {
    await deploy('f', SLEEP)
    const others = Array.from({ length: 10 }, () => host.invoke('f', { ms: 500 }))
    const running = start('f', { ms: 60_000 })
    await expect.poll(() => host.stats().instances.busyCount).toBe(11)
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    for (const { result } of await Promise.all(others)) expect(result).toBe('slept')
    await expect.poll(() => host.stats().instances.recycledCount).toEqual({ cancelled: 1 })
  })
})

describe('one of several that crossed together and is cancelled', () => {
  const SOURCE = `${SDK}exports.main = async ({ n, mood }) => {
    if (mood === 'call') await db.collection('notes').count()
    if (mood === 'sleep') await new Promise(resolve => setTimeout(resolve, 60_000))
    if (mood === 'silence') await new Promise(() => {})
    return n
  }`

  /** The call in the middle is cancelled so many microtasks after all were made: before they cross, or while they do. */
  async function runWave(mood: string, hops: number): Promise<unknown[]> {
    controller = new AbortController()
    const calls = Array.from({ length: 20 }, async (_, n) => {
      if (n === 10) return start('f', { n, mood })
      return (await host.invoke('f', { n })).result
    })
    for (let hop = 0; hop < hops; hop++) await null
    controller.abort()
    return Promise.all(calls)
  }

  test.each(['call', 'sleep', 'silence'])('takes no other along: %s', async mood => {
    await host.database.createCollection('notes')
    await deploy('f', SOURCE, { concurrency: 1, timeout: 5 })
    for (let hops = 0; hops < 16; hops++) {
      for (let wave = 0; wave < 20; wave++) {
        await Promise.all(Array.from({ length: 64 }, () => host.invoke('f', {})))
      }
      const results = await runWave(mood, hops)
      for (const [n, result] of results.entries()) if (n !== 10) expect(result).toBe(n)
      expect(results[10]).toMatchObject(CANCELLED)
      await untilRunning(0)
    }
  })
})

describe('a client', () => {
  let cloud: Cloud
  beforeEach(async () => {
    const { url } = await host.listen({ port: 0 })
    cloud = createCloud({ url, openid: 'o-1' })
  })
  afterEach(() => cloud.close())

  const call = (name: string, data: object = {}): Promise<unknown> =>
    cloud
      .call('functions.invoke', { name, data: { ...data } }, { signal: controller.signal })
      .catch((error: unknown) => error)

  test('that cancels a call ends the function, and what it called', async () => {
    await deploy('inner', 'exports.main = () => { for (;;); }')
    await deploy('outer', `${SDK}exports.main = () => cloud.callFunction({ name: 'inner' })`)
    const running = call('outer')
    await untilRunning(2)
    controller.abort()
    expect(await running).toMatchObject(CANCELLED)
    await untilRunning(0)
    expect(codes()).toEqual(['inner CLOUDLET_CANCELLED', 'outer CLOUDLET_CANCELLED'])
    // The session goes on.
    await deploy('f', 'exports.main = () => 7')
    expect(await cloud.callFunction({ name: 'f' })).toMatchObject({ result: 7 })
  })

  test('that cancels a call in the queue leaves it', async () => {
    await deploy('f', SLEEP, { concurrency: 1 })
    const running = host.invoke('f', { ms: 300 })
    const waiting = call('f', { ms: 60_000 })
    await expect.poll(() => host.stats().queuedCount).toBe(1)
    controller.abort()
    expect(await waiting).toMatchObject(CANCELLED)
    await expect.poll(() => host.stats().queuedCount).toBe(0)
    expect((await running).result).toBe('slept')
  })

  test.each(['terminate', 'goodbye'] as const)(
    'that goes away by %s ends what runs for it, and nothing else',
    async way => {
      await deploy('f', SILENT)
      await deploy('g', SLEEP)
      const { url } = await host.listen({ port: 0 })
      const peer = await RawPeer.welcomed(url)
      for (const id of [1, 2]) peer.send({ type: 'call', id, op: 'functions.invoke', args: { name: 'f' } })
      await untilRunning(2)
      const other = host.invoke('g', { ms: 300 })
      if (way === 'terminate') peer.terminate()
      else peer.send({ type: 'goodbye', reason: 'done' })
      await untilRunning(1)
      expect((await other).result).toBe('slept')
      expect(codes()).toEqual(['f CLOUDLET_CANCELLED', 'f CLOUDLET_CANCELLED', 'g completed'])
    },
  )
})
