/** Who is charged when a cell ends, who runs again, and who is told that he may. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { isAlive, until, WatchedHost } from './watched-host.ts'

const RETURN_1 = 'exports.main = () => 1'
/** Runs for as long as it is told. */
const SPIN = `exports.main = ({ ms }) => {
  console.log('begun')
  for (const endMs = Date.now() + ms; Date.now() < endMs; );
  return ms
}`
/** Waits, after a document was added if it is told to. */
const WAIT = `const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async ({ ms, adds }) => {
  console.log('begun')
  if (adds) await cloud.database().collection('notes').add({ data: { adds } })
  await new Promise(resolve => setTimeout(resolve, ms))
  console.log('waited')
  return ms
}`
const crashed = (retryable: boolean) =>
  expect.objectContaining({ code: 'CLOUDLET_ISOLATE_CRASHED', retryable })

let watched: WatchedHost
beforeEach(async () => {
  watched = new WatchedHost()
  await watched.host.database.createCollection('notes')
})
afterEach(() => watched.host.close())

async function killShared(): Promise<void> {
  await watched.kill(await watched.cell())
}

async function countNotes(): Promise<number> {
  return (await watched.host.database.collection('notes').count()).total
}

describe('those that run when their cell ends', () => {
  test('several: each runs again in a cell of its own and answers', async () => {
    const names = ['a', 'b']
    for (const name of names) await watched.deploy(name, SPIN)
    const calls = names.map((name, index) => watched.invoke(name, { ms: 1500 + index }))
    await watched.running(2)
    const { pid } = await watched.cell()
    await killShared()
    expect(await Promise.all(calls)).toEqual([
      expect.objectContaining({ result: 1500, logs: [expect.objectContaining({ message: 'begun' })] }),
      expect.objectContaining({ result: 1501, logs: [expect.objectContaining({ message: 'begun' })] }),
    ])
    expect(watched.cells('own').map(({ functionName }) => functionName)).toEqual(names)
    expect(watched.warnings).toEqual([
      `Cell ${pid} ended with SIGSEGV; "a", "b" were running and run apart for a while.`,
    ])
  })

  test('more than may have a cell of their own: they take turns', async () => {
    const names = Array.from({ length: LIMITS.ownCells + 2 }, (_, index) => `f${index}`)
    for (const name of names) await watched.deploy(name, SPIN)
    const calls = names.map(name => watched.ask(name, { ms: 2000 }))
    await watched.running(names.length)
    await killShared()
    expect(await Promise.all(calls)).toEqual(names.map(() => ({ result: 2000 })))
    expect(watched.cells('own').length).toBeLessThanOrEqual(LIMITS.ownCells)
  })

  test('several invocations of one function: it is charged, and they run again', async () => {
    await watched.deploy('f', SPIN)
    // While one runs another instance is made for two that wait.
    const calls = [2000, 2001, 1, 2].map(ms => watched.ask('f', { ms }))
    await watched.running(2)
    await killShared()
    expect(await Promise.all(calls)).toEqual([2000, 2001, 1, 2].map(ms => ({ result: ms })))
    expect(watched.warnings).toEqual([expect.stringMatching(/, by function "f" \(strike 1 of 3\)\.$/)])
  })

  test('one that has called the host is not run again', async () => {
    const source = WAIT.replace(
      'await new Promise',
      'for (const endMs = Date.now() + ms; Date.now() < endMs; );\n await new Promise',
    )
    await watched.deploy('f', source)
    const call = watched.ask('f', { ms: 5000, adds: true })
    await until(() => watched.host.stats().instances.runningCount === 1)
    await expect.poll(countNotes).toBe(1)
    await watched.running(1)
    await killShared()
    expect(await call).toEqual(crashed(false))
    expect(await countNotes()).toBe(1)
  })

  test('answered, but with work left behind that runs: the caller has his answer, the function the strike', async () => {
    await watched.deploy(
      'f',
      'exports.main = async () => { (async () => { for (;;) await null })(); return 1 }',
    )
    expect(await watched.ask('f')).toEqual({ result: 1 })
    // An instance that has answered counts as free.
    await watched.running(1, 0)
    await killShared()
    await watched.warning(/by function "f" \(strike 1 of 3\)/)
    expect(await watched.ask('f')).toEqual({ result: 1 })
  })
})

describe('those that only wait when their cell ends', () => {
  test('and have called nobody, run again, silently', async () => {
    await watched.deploy('f', WAIT)
    const call = watched.invoke('f', { ms: 1500 })
    await watched.running(0, 1)
    const startMs = performance.now()
    await killShared()
    const { result, logs, coldStart, durationMs } = await call
    expect({ result, coldStart, messages: logs.map(({ message }) => message) }).toEqual({
      result: 1500,
      coldStart: true,
      messages: ['begun', 'waited'],
    })
    expect(performance.now() - startMs).toBeGreaterThan(1490)
    expect(durationMs).toBeGreaterThan(1550)
    expect(watched.warnings).toEqual([expect.stringMatching(/^Cell \d+ ended with SIGSEGV\.$/)])
    expect(watched.cells('own')).toEqual([])
  })

  test('and have called the host, fail and may be called again; what they wrote is there once', async () => {
    await watched.deploy('f', WAIT)
    const call = watched.ask('f', { ms: 5000, adds: true })
    await expect.poll(countNotes).toBe(1)
    await watched.running(0, 1)
    await killShared()
    expect(await call).toEqual(crashed(true))
    expect(await countNotes()).toBe(1)
    expect(await watched.ask('f', { ms: 1, adds: true })).toEqual({ result: 1 })
    expect(await countNotes()).toBe(2)
  })

  test('and have only read, or had something computed, run again, silently', async () => {
    await watched.host.database.collection('notes').add({ data: { _id: 'read' } })
    const source = WAIT.replace(
      /if \(adds\).*/,
      `await cloud.database().collection('notes').doc('read').get()
      console.log(require('crypto').createHash('sha256').update('read').digest('hex').length)
      require('fs').readFileSync('index.js')`,
    )
    await watched.deploy('f', source)
    await watched.invoke('f', { ms: 1 })
    const call = watched.ask('f', { ms: 2000 })
    await watched.running(0, 1)
    await new Promise(resolve => setTimeout(resolve, 300))
    await killShared()
    expect(await call).toEqual({ result: 2000 })
  })

  test('and say that they may run twice, do', async () => {
    await watched.deploy('f', WAIT, { idempotent: true })
    const call = watched.invoke('f', { ms: 1500, adds: true })
    await expect.poll(countNotes).toBe(1)
    await watched.running(0, 1)
    await killShared()
    const { result, logs } = await call
    expect([result, logs.map(({ message }) => message)]).toEqual([1500, ['begun', 'waited']])
    expect(await countNotes()).toBe(2)
  })

  test('what they held is given back before: the second run does not wait for the transaction of the first', async () => {
    const source = WAIT.replace(
      /if \(adds\).*/,
      `const transaction = await cloud.database().startTransaction()
      await transaction.collection('notes').doc('one').set({ data: { adds } })
      console.log('locked')`,
    ).replace('return ms', 'await transaction.commit()\n  return ms')
    await watched.deploy('f', source, { idempotent: true, timeout: 10 })
    const call = watched.ask('f', { ms: 1000, adds: true })
    await until(() => watched.host.stats().instances.busyCount === 1)
    await watched.running(0, 1)
    await new Promise(resolve => setTimeout(resolve, 300))
    await killShared()
    expect(await call).toEqual({ result: 1000 })
    expect(await countNotes()).toBe(1)
  })

  test('while another runs, are innocent', async () => {
    await watched.deploy('waits', WAIT)
    await watched.deploy('runs', SPIN)
    const waits = watched.ask('waits', { ms: 1000 })
    await watched.running(0, 1)
    const runs = watched.ask('runs', { ms: 10_000 })
    await watched.running(1, 2)
    await killShared()
    expect([await waits, await runs]).toEqual([{ result: 1000 }, crashed(false)])
  })

  test('for a function they called, which runs: both share its fate', async () => {
    await watched.deploy('callee', SPIN)
    await watched.deploy(
      'caller',
      `const cloud = require('wx-server-sdk')
      cloud.init()
      exports.main = async () => {
        try {
          return (await cloud.callFunction({ name: 'callee', data: { ms: 10_000 } })).result
        } catch (error) {
          return { code: error.errCode, message: error.message }
        }
      }`,
    )
    const call = watched.ask('caller')
    await watched.running(1, 2)
    await killShared()
    // It has called a function: a host call.
    expect(await call).toEqual(crashed(true))
    expect(watched.warnings).toEqual([expect.stringMatching(/by function "callee" \(strike 1 of 3\)/)])
    // Kept apart, the callee takes itself down only, and its caller hears of it.
    const second = watched.ask('caller')
    const own = await until(() => watched.cells('own').find(({ isReady }) => isReady))
    await watched.running(1, 2)
    await watched.kill(own)
    expect(await second).toMatchObject({
      result: { message: expect.stringMatching(/The isolate of "callee" ended/) },
    })
  })

  test('jobs behind one that runs are run, each once', async () => {
    await watched.deploy(
      'f',
      `let count = 0
      exports.main = ({ n, ms }) => { for (const endMs = Date.now() + ms; Date.now() < endMs; ); return n }`,
      { concurrency: 1 },
    )
    for (let wave = 0; wave < 10; wave++)
      await Promise.all(Array.from({ length: 64 }, (_, n) => watched.invoke('f', { n, ms: 0 })))
    const calls = Array.from({ length: 64 }, (_, n) => watched.ask('f', { n, ms: n === 20 ? 2500 : 0 }))
    await expect
      .poll(() => watched.host.stats().total.invocationCount, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(640 + 20)
    await watched.running(1)
    await killShared()
    const answers = await Promise.all(calls)
    const others = answers.filter((_, n) => n !== 20)
    expect(others).toEqual(Array.from({ length: 64 }, (_, n) => ({ result: n })).filter((_, n) => n !== 20))
    expect([crashed(false), { result: 20 }]).toContainEqual(answers[20])
  })
})

test('an own cell goes with its version only when the calls of that are over', async () => {
  await watched.deploy('f', SPIN)
  await watched.deploy('g', SPIN)
  // Both run: suspects.
  const calls = ['f', 'g'].map(name => watched.ask(name, { ms: 1500 }))
  await watched.running(2)
  await killShared()
  await Promise.all(calls)
  const own = await until(() => watched.cells('own').find(({ functionName }) => functionName === 'f'))
  const late = watched.ask('f', { ms: 3500 })
  await watched.running(1)
  await watched.deploy('f', RETURN_1)
  expect(await watched.ask('f')).toEqual({ result: 1 })
  expect(await late).toEqual({ result: 3500 })
  await until(() => !isAlive(own.pid))
  expect(watched.warnings).toHaveLength(1)
})

describe('strikes', () => {
  /** Until its third. */
  async function strike(name: string, count: number): Promise<void> {
    for (let round = 0; round < count; round++) {
      const call = watched.ask(name, { ms: 10_000 })
      await watched.running(1)
      const [own] = watched.cells('own')
      await watched.kill(await watched.cell(own === undefined ? 'shared' : 'own'))
      expect(await call).toEqual(crashed(false))
    }
  }

  test('from the first on the function has a cell of its own; the third blocks it; deployed again it is not', async () => {
    await watched.deploy('bad', SPIN)
    await watched.deploy('good', RETURN_1)
    await strike('bad', 1)
    expect(await watched.ask('bad', { ms: 1 })).toEqual({ result: 1 })
    expect(watched.cells('own')).toMatchObject([{ functionName: 'bad' }])
    expect(await watched.ask('good')).toEqual({ result: 1 })
    expect(watched.cells('own')).toMatchObject([{ functionName: 'bad' }])
    await strike('bad', 2)
    expect(watched.warnings.map(text => /strike \d of 3/.exec(text)?.[0])).toEqual([
      'strike 1 of 3',
      'strike 2 of 3',
      'strike 3 of 3',
    ])
    const refusal = await watched.ask('bad', { ms: 1 })
    expect(refusal).toEqual(crashed(false))
    const until = /3 times within 10 minutes and is blocked until (?<time>\S+)\. Deploy a corrected version/
    const time = until.exec(String(refusal.message))?.groups?.['time']
    const leftMs = Date.parse(String(time)) - Date.now()
    expect(leftMs).toBeGreaterThan(8 * 60_000)
    expect(leftMs).toBeLessThan(10 * 60_000)
    expect(await watched.ask('good')).toEqual({ result: 1 })
    expect(watched.host.health.isHealthy).toBe(true)
    await watched.deploy('bad', SPIN)
    expect(await watched.ask('bad', { ms: 1 })).toEqual({ result: 1 })
    expect(watched.cells('own')).toEqual([])
  })

  test('that block a function fail those that wait for it, too', async () => {
    await watched.deploy('bad', SPIN, { concurrency: 1 })
    await strike('bad', 2)
    const calls = Array.from({ length: 5 }, () => watched.ask('bad', { ms: 10_000 }))
    await watched.running(1)
    const own = await until(() => watched.cells('own').find(({ isReady }) => isReady))
    await watched.kill(own)
    expect(await Promise.all(calls)).toEqual(calls.map(() => crashed(false)))
    expect(watched.host.stats().replacedCellCount).toBe(3)
  })

  test('the function’s idle isolates elsewhere are given up, and its own cell goes with its version', async () => {
    await watched.host.close()
    watched = new WatchedHost({ cells: { count: 2 } })
    await watched.deploy('f', SPIN)
    // Two of them at once, one in each cell.
    await Promise.all([300, 301, 302, 303].map(ms => watched.ask('f', { ms })))
    const call = watched.ask('f', { ms: 10_000 })
    await watched.running(1)
    const idleCount = watched.host.stats().instances.idleCount
    expect(idleCount).toBeGreaterThan(0)
    // Whichever it runs in.
    const [first, second] = watched.cells('shared')
    if (first === undefined || second === undefined) return expect.fail('there are two')
    await watched.kill(first)
    if (watched.warnings.every(text => !text.includes('strike'))) await watched.kill(second)
    expect(await call).toEqual(crashed(false))
    await until(() => watched.host.stats().instances.idleCount === 0)
    expect(await watched.ask('f', { ms: 1 })).toEqual({ result: 1 })
    const own = await until(() => watched.cells('own').find(({ isReady }) => isReady))
    await watched.deploy('f', RETURN_1)
    await until(() => !isAlive(own.pid))
    expect(watched.warnings).toHaveLength(watched.warnings.filter(text => text.includes('ended with')).length)
  })
})
