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
    expect(await watched.ask('bad')).toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    expect(watched.cells('shared')).toMatchObject([{ isReady: true }])
  },
)

test('a program that makes V8 abort takes its own calls along and nobody else’s', async () => {
  // Optimised, the loop fills a heap so fast that V8 finds no room in the middle of a collection.
  const source = `function grow(rounds) {
    const kept = []
    for (let round = 0; round !== rounds; round++) kept.push(new Array(1000).fill(round))
    return kept
  }
  exports.main = () => { for (;;) grow(-1) }`
  await watched.deploy('bad', source, { memorySize: 16, timeout: 10 })
  const stop = keepAsking()
  const codes = new Set<unknown>()
  for (let call = 0; call < 30 && watched.host.stats().replacedCellCount === 0; call++)
    codes.add((await watched.ask('bad')).code)
  const wrong = await stop()
  // How often it happens is V8's to say; where it doesn't, the memory limit does.
  expect(
    [...codes].filter(code => code !== 'CLOUDLET_MEMORY_LIMIT' && code !== 'CLOUDLET_ISOLATE_CRASHED'),
  ).toEqual([])
  expect(wrong).toEqual([])
  expect(watched.host.health).toEqual(healthy)
})
