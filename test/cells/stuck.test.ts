/** What in the process of a host nothing can be done about: threads that can't be ended, and the end of V8 itself. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive, until, WatchedHost } from './watched-host.ts'

const healthy = { isHealthy: true, status: 'ok', reasons: [] }
const program = (name: string): string =>
  readFileSync(new URL(`../isolation/wedging/${name}.js`, import.meta.url), 'utf8')

let watched: WatchedHost
beforeEach(async () => {
  watched = new WatchedHost()
  await watched.deploy('good', 'exports.main = ({ n }) => n')
})
afterEach(() => watched.host.close())

/** Calls a neighbour all the time; what it answered wrongly, when told to stop. */
function keepAsking(): () => Promise<unknown[]> {
  const wrong: unknown[] = []
  let isOver = false
  const asking = (async () => {
    for (let n = 0; !isOver; n++) {
      const answer = await watched.ask('good', { n })
      if (answer.result !== n) wrong.push(answer)
    }
  })()
  return async () => {
    isOver = true
    await asking
    return wrong
  }
}

test.each(['length-that-lies', 'typed-array-in-a-loop'])(
  '%s: its deadline is kept, its thread goes with its cell, its neighbours notice nothing',
  async name => {
    await watched.deploy('bad', program(name), { timeout: 1 })
    const { pid } = await watched.cell()
    await watched.cell('spare')
    const stop = keepAsking()
    const startMs = performance.now()
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    expect(performance.now() - startMs).toBeLessThan(5000)
    expect(await watched.warning(/./)).toMatch(
      new RegExp(
        `^Cell ${pid} has a thread of function "bad" that can't be ended .*by function "bad" \\(strike 1 of 3\\)\\.$`,
      ),
    )
    await until(() => !isAlive(pid))
    expect(await stop()).toEqual([])
    expect(watched.host.health).toEqual(healthy)
    // It has a cell of its own from now on, which on a busy machine takes longer to start than it may wait.
    await watched.cell('spare')
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    expect(watched.cells('shared')).toMatchObject([{ isReady: true }])
  },
)

test('a thread that can’t be ended and takes memory all the time takes its own calls along and nobody else’s', async () => {
  await watched.host.close()
  watched = new WatchedHost({ cells: { memoryMb: 512 } })
  await watched.deploy('good', 'exports.main = ({ n }) => n')
  await watched.deploy('bad', program('built-ins-in-a-loop'), { memorySize: 16, timeout: 10 })
  const stop = keepAsking()
  const { code } = await watched.ask('bad')
  // Where V8 does end it, as it does when it is started with --no-turboshaft-loop-unrolling, by its own limit.
  expect(['CLOUDLET_ISOLATE_CRASHED', 'CLOUDLET_MEMORY_LIMIT']).toContain(code)
  expect(await stop()).toEqual([])
  expect(watched.cells().filter(({ rssBytes }) => rssBytes > 700e6)).toEqual([])
  expect(watched.host.health).toEqual(healthy)
})
