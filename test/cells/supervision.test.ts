/** A cell that ends, hangs or grows too large is replaced, and nobody who had nothing to do with it notices. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WatchedHost } from './watched-host.ts'

const RETURN_1 = 'exports.main = () => 1'
const SPIN = 'exports.main = () => { for (;;); }'
const healthy = { isHealthy: true, status: 'ok', reasons: [] }

let watched: WatchedHost
beforeEach(() => {
  watched = new WatchedHost()
})
afterEach(() => watched.host.close())

describe('a cell that is killed', () => {
  test('while nothing runs costs nobody more than a cold start; the spare takes its place, and a new one follows', async () => {
    await watched.deploy('f', RETURN_1)
    await watched.deploy('g', RETURN_1)
    await watched.warmUp('f')
    expect((await watched.invoke('f')).coldStart).toBe(false)
    const [shared, spare] = [await watched.cell('shared'), await watched.cell('spare')]
    await watched.kill(shared)
    expect(watched.cells('shared')).toMatchObject([{ pid: spare.pid, isReady: true }])
    // Isolates that were made ahead of need are made again.
    await expect.poll(() => watched.host.stats().instances.spareCount).toBeGreaterThan(0)
    expect(await watched.invoke('f')).toMatchObject({ result: 1, coldStart: true })
    expect(await watched.invoke('f')).toMatchObject({ result: 1, coldStart: false })
    expect(await watched.ask('g')).toEqual({ result: 1 })
    const next = await watched.cell('spare')
    expect([shared.pid, spare.pid]).not.toContain(next.pid)
    expect(watched.warnings).toEqual([`Cell ${shared.pid} ended with SIGSEGV.`])
    expect(watched.host.stats().replacedCellCount).toBe(1)
    expect(watched.host.health).toEqual(healthy)
  })

  test('and its replacement, and that one: whoever calls waits until the next is up', async () => {
    await watched.deploy('f', RETURN_1)
    for (let round = 0; round < 3; round++) {
      await watched.kill(await watched.cell('spare'))
      await watched.kill(await watched.cell('shared'))
      expect(await watched.ask('f')).toEqual({ result: 1 })
    }
    expect(watched.cells('own')).toEqual([])
  })

  test('is a spare: nobody notices, and there is another', async () => {
    await watched.deploy('f', RETURN_1)
    await watched.warmUp('f')
    const shared = await watched.cell('shared')
    const spare = await watched.cell('spare')
    await watched.kill(spare)
    expect(await watched.invoke('f')).toMatchObject({ result: 1, coldStart: false })
    expect((await watched.cell('shared')).pid).toBe(shared.pid)
    expect((await watched.cell('spare')).pid).not.toBe(spare.pid)
  })

  test.each(['SIGSEGV', 'SIGABRT'] as const)(
    'with %s while one function runs in it: the call fails, the function has a strike, others go on',
    async signal => {
      await watched.deploy('bad', SPIN)
      await watched.deploy('good', RETURN_1)
      const call = watched.ask('bad')
      await watched.running(1)
      const { pid } = await watched.cell()
      await watched.kill(await watched.cell(), signal)
      const message = `The isolate of "bad" ended: its process ended with ${signal}`
      expect(await call).toEqual({ code: 'CLOUDLET_ISOLATE_CRASHED', retryable: false, message })
      expect(await watched.ask('good')).toEqual({ result: 1 })
      expect(watched.warnings).toEqual([
        `Cell ${pid} ended with ${signal}, by function "bad" (strike 1 of 3).`,
      ])
      expect(watched.host.health).toEqual(healthy)
    },
  )
})

test('with SIGKILL from outside, as by a system without memory: it is nobody’s doing, and who ran runs again', async () => {
  const spin =
    'exports.main = ({ ms }) => { for (const endMs = Date.now() + ms; Date.now() < endMs; ); return ms }'
  await watched.deploy('f', spin)
  const call = watched.ask('f', { ms: 500 })
  await watched.running(1)
  await watched.kill(await watched.cell(), 'SIGKILL')
  expect(await call).toEqual({ result: 500 })
  expect(watched.warnings).toEqual([
    expect.stringMatching(/^Cell \d+ ended with SIGKILL; "f" was running and runs apart for a while\.$/),
  ])
})

describe('a cell whose main thread is stuck', () => {
  /** Its loop comes after turns that were quick, in a program V8 has optimised: no thread of its own, no end. */
  const HIDDEN_LOOP = `
    function sum(items) { let sum = 0; for (let index = 0; index < items.length; index++) sum += items[index]; return sum }
    exports.main = ({ isBad }) => {
      if (isBad) Array.prototype.forEach.call({ reads: 0, get length() { return this.reads++ === 0 ? 1 : 2 ** 53 - 1 } }, Math.abs)
      return sum([1, 2, 3])
    }`

  test('in a function is ended; the call runs again on a thread of its own and has its deadline', async () => {
    await watched.deploy('bad', HIDDEN_LOOP, { timeout: 4 })
    await watched.deploy('good', RETURN_1)
    await watched.warmUp('bad')
    const call = watched.ask('bad', { isBad: true })
    expect(await watched.warning(/./)).toMatch(
      /^Cell \d+ did not answer for \d+ ms \(ended with SIGKILL\)\.$/,
    )
    expect(await watched.ask('good')).toEqual({ result: 1 })
    expect(await call).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    expect(watched.host.health).toEqual(healthy)
  })

  test('that it was stopped by the system shows after a while, though it uses no CPU', async () => {
    await watched.deploy('f', RETURN_1)
    const cell = await watched.cell()
    await watched.cell('spare')
    process.kill(cell.pid, 'SIGSTOP')
    expect(await watched.ask('f')).toEqual({ result: 1 })
    expect(await watched.warning(/./)).toMatch(
      /^Cell \d+ did not answer for 1\d{4} ms \(ended with SIGKILL\)\.$/,
    )
  })
})

describe('memory beyond cells.memoryMb', () => {
  /** Takes a while, so that somebody looks. */
  const FILL = `exports.main = async ({ megabytes, waitMs = 0 }) => {
    const kept = Array.from({ length: megabytes }, () => new Uint8Array(1_048_576).fill(1))
    for (const endMs = Date.now() + 1000; Date.now() < endMs; );
    await new Promise(resolve => setTimeout(resolve, waitMs))
    return kept.length
  }`
  const WAIT = 'exports.main = ({ ms }) => new Promise(resolve => setTimeout(resolve, ms, 1))'
  beforeEach(async () => {
    await watched.host.close()
    watched = new WatchedHost({ cells: { memoryMb: 256 } })
    await watched.deploy('large', FILL, { memorySize: 512 })
    await watched.deploy('good', WAIT)
  })

  test('in a shared cell is nobody’s for certain; in one of its own it is the function’s', async () => {
    const good = watched.ask('good', { ms: 1500 })
    expect(await watched.ask('large', { megabytes: 220 })).toMatchObject({
      code: 'CLOUDLET_ISOLATE_CRASHED',
      retryable: false,
      message: expect.stringMatching(/used \d+ MB, more than cells\.memoryMb/),
    })
    expect(await good).toEqual({ result: 1 })
    const used = 'Cell \\d+ used \\d+ MB, more than cells\\.memoryMb \\(ended with SIGKILL\\)'
    expect(watched.warnings).toEqual([
      expect.stringMatching(new RegExp(`^${used}; "large" was running and runs apart for a while\\.$`)),
      expect.stringMatching(new RegExp(`^${used}, by function "large" \\(strike 1 of 3\\)\\.$`)),
    ])
    expect(watched.host.health).toEqual(healthy)
  })
})
