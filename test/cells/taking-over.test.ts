/** How those who lose their cell, or have to leave it, get to another: prepared, and before anything else. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until, WatchedHost } from './watched-host.ts'

const COUNT = 'let count = 0; exports.main = () => ++count'
const SLEEP = 'exports.main = ({ ms }) => new Promise(resolve => setTimeout(resolve, ms, ms))'
const SPIN = 'exports.main = ({ ms }) => { for (const endMs = Date.now() + ms; Date.now() < endMs; ); }'
/** Its thread can't be ended. */
const STUCK = readFileSync(new URL('../isolation/wedging/length-that-lies.js', import.meta.url), 'utf8')

let watched: WatchedHost
beforeEach(() => {
  // What stands in a cell is what this is about.
  watched = new WatchedHost({ spareIsolates: 0 })
})
afterEach(() => watched.host.close())

const stockOfSpare = (): number | undefined => watched.cells('spare')[0]?.stockCount
const isolatesOfShared = (): number | undefined => watched.cells('shared')[0]?.isolateCount

describe('the spare has in stock', () => {
  test('an isolate for each function in use, and they are taken when it takes over', async () => {
    for (const name of ['f', 'g']) {
      await watched.deploy(name, COUNT)
      await watched.invoke(name)
    }
    await watched.deploy('unused', COUNT)
    await expect.poll(stockOfSpare, { timeout: 15_000 }).toBe(2)
    const { pid } = await watched.cell('spare')
    await watched.kill(await watched.cell())
    expect(watched.cells('shared')).toMatchObject([{ pid, isolateCount: 0, stockCount: 2 }])
    expect(await watched.invoke('f')).toMatchObject({ result: 1, coldStart: true })
    expect(watched.cells('shared')).toMatchObject([{ pid, isolateCount: 1, stockCount: 1 }])
    expect(await watched.invoke('g')).toMatchObject({ result: 1, coldStart: true })
    expect(watched.cells('shared')).toMatchObject([{ pid, isolateCount: 2, stockCount: 0 }])
  })

  test('of each kind only what serves it, and what nobody takes is given up', async () => {
    await watched.deploy('f', COUNT)
    await watched.deploy('g', COUNT, { memorySize: 64 })
    await watched.invoke('f')
    await expect.poll(stockOfSpare, { timeout: 15_000 }).toBe(1)
    await watched.kill(await watched.cell())
    await watched.invoke('g')
    expect(watched.cells('shared')).toMatchObject([{ isolateCount: 1, stockCount: 1 }])
    await expect.poll(() => watched.cells('shared')[0]?.stockCount, { timeout: 15_000 }).toBe(0)
    expect(await watched.invoke('g')).toMatchObject({ result: 2 })
  })
})

describe('a cell that has to go because of a thread that can’t be ended', () => {
  test('keeps its functions until another instance of them has run elsewhere; that is made unasked', async () => {
    await watched.deploy('good', COUNT)
    await watched.deploy('bad', STUCK, { timeout: 1 })
    await watched.warmUp('good')
    const { pid: spare } = await watched.cell('spare')
    const { pid } = await watched.cell()
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    await until(() => watched.cells('shared').find(cell => cell.pid === spare))
    await expect.poll(isolatesOfShared, { timeout: 15_000 }).toBe(1)
    expect(await watched.invoke('good')).toMatchObject({ result: 1 })
    // The other may serve until it is known that the turn of this one is over.
    await expect.poll(async () => (await watched.ask('good')).result, { timeout: 15_000 }).toBe(2)
    await until(() => watched.cells().every(cell => cell.pid !== pid))
  })

  test('and nobody makes room for a function that is not in use', async () => {
    await watched.deploy('bad', STUCK, { timeout: 1 })
    const { pid: spare } = await watched.cell('spare')
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    await watched.warning(/can't be ended/)
    expect(watched.cells('shared')).toMatchObject([{ pid: spare, isolateCount: 0 }])
  })

  test('another spare is started only after it is gone', async () => {
    await watched.deploy('slow', SLEEP)
    await watched.deploy('bad', STUCK, { timeout: 1 })
    await watched.invoke('slow', { ms: 0 })
    await watched.cell('spare')
    const slow = watched.ask('slow', { ms: 3000 })
    await watched.running(0, 1)
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    await until(() => watched.cells('leaving')[0])
    const spares: number[] = []
    await until(() => {
      if (watched.cells('leaving').length === 0) return true
      spares.push(watched.cells('spare').length)
      return false
    })
    expect(new Set(spares)).toEqual(new Set([0]))
    expect(await slow).toEqual({ result: 3000 })
    expect((await watched.cell('spare')).isReady).toBe(true)
  })

  test('the function that has it runs no second time there while it is not known whether it can', async () => {
    await watched.deploy('bad', STUCK, { timeout: 5 })
    const { pid } = await watched.cell()
    await watched.cell('spare')
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    const second = watched.ask('bad')
    const running: number[] = []
    await until(() => {
      if (watched.cells('shared').every(cell => cell.pid !== pid)) return true
      running.push(watched.host.stats().instances.runningCount)
      return false
    })
    expect(Math.max(...running)).toBe(0)
    expect(await second).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
  })
})

test.skipIf(process.platform !== 'linux')(
  'a thread that runs for long lets others go first, and the main thread does not',
  async () => {
    await watched.deploy('f', SPIN)
    const { pid } = await watched.cell()
    const call = watched.ask('f', { ms: 1500 })
    const priority = (thread: number | string): number => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    }
    await until(() => readdirSync(`/proc/${pid}/task`).some(thread => priority(thread) > 0))
    expect(readdirSync(`/proc/${pid}/task`).filter(thread => priority(thread) > 0)).toHaveLength(1)
    expect(priority(pid)).toBe(0)
    expect(await call).toEqual({ result: null })
  },
)
