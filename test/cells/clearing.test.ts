import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { Clearing } from '../../src/cells/clearing.ts'
import { until, WatchedHost } from './watched-host.ts'

const COUNT = 'let count = 0; exports.main = () => ++count'
/** V8 maps memory for each, and unmaps it one by one: more than a second for as many as there is room for. */
const HOARD =
  'exports.main = () => { const kept = []; for (;;) kept.push(new ArrayBuffer(0, { maxByteLength: 65_536 })) }'

let watched: WatchedHost
afterEach(() => watched?.host.close())

test('while a cell gives the memory of an isolate back, others are made elsewhere, and nobody there is kept waiting', {
  timeout: 60_000,
}, async () => {
  // What stands in a cell is what this is about.
  watched = new WatchedHost({ spareIsolates: 0, cells: { count: 2 } })
  for (const name of ['one', 'two']) {
    await watched.deploy(name, COUNT)
    await watched.warmUp(name)
  }
  const others = ['a', 'b', 'c']
  for (const name of others) await watched.deploy(name, COUNT)
  await watched.deploy('hoard', HOARD, { timeout: 3, memorySize: 128 })
  const countIn = (pid: number): number | undefined =>
    watched.cells('shared').find(cell => cell.pid === pid)?.isolateCount
  // Both functions may be in the cell that was ready first.
  const before = watched.cells('shared')
  const end = watched.ask('hoard')
  const { pid, isolateCount } = await until(() =>
    before.find(cell => countIn(cell.pid) === cell.isolateCount + 1),
  )
  expect((await end).code).toMatch(/DEADLINE|MEMORY_LIMIT/)
  // At once: it goes on for a second or so.
  const counts = await Promise.all(others.map(name => watched.invoke(name)))
  expect(counts).toEqual(others.map(() => expect.objectContaining({ result: 1 })))
  expect(countIn(pid)).toBe(isolateCount)
  for (const name of ['one', 'two']) expect(await watched.invoke(name)).toMatchObject({ result: 41 })
  expect(watched.warnings).toEqual([])
  // It has fewer than the other, and is taken again.
  await expect
    .poll(
      async () => {
        await watched.deploy('later', COUNT)
        await watched.invoke('later')
        return countIn(pid)
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBe(isolateCount + 1)
})

test('it is over when its thread has stood still for a while', async () => {
  let isRunning = true
  const clearing = new Clearing(() => isRunning)
  const isUnderWayAfter = async (ms: number): Promise<boolean> => {
    await sleep(ms)
    return clearing.isUnderWay
  }
  expect(clearing.isUnderWay).toBe(false)
  clearing.begin()
  expect(clearing.isUnderWay).toBe(true)
  expect(await isUnderWayAfter(60)).toBe(true)
  isRunning = false
  // It may only have waited for a lock.
  expect(clearing.isUnderWay).toBe(true)
  isRunning = true
  expect(await isUnderWayAfter(60)).toBe(true)
  isRunning = false
  expect(clearing.isUnderWay).toBe(true)
  expect(await isUnderWayAfter(60)).toBe(false)
  // That the thread has something else to do then is nothing to it.
  isRunning = true
  expect(clearing.isUnderWay).toBe(false)
})
