/** Isolates that V8 ends by itself in a turn whose end nobody was told of. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

/** Fills its memory well within the time after which a turn counts as stuck. */
const BOMB = 'const kept = []; for (;;) kept.push(new Array(4096).fill(kept.length))'
const CONFIG = { memorySize: 16, timeout: 10, concurrency: 2 }

async function warmUp(): Promise<void> {
  for (let n = 0; n < 30; n++) expect((await host.invoke('f', { n })).result).toBe(n)
}

test('a memory bomb in a quick function ends itself, and leaves neither a thread nor a grudge', {
  timeout: 60_000,
}, async () => {
  await host.deploy('f', {
    files: { 'index.js': `exports.main = async event => { if (event.isBomb) { ${BOMB} } return event.n }` },
    config: CONFIG,
  })
  await warmUp()
  for (let round = 0; round < 8; round++) {
    const bomb = host.invoke('f', { isBomb: true }).catch((error: unknown) => error)
    const calls = Array.from({ length: 40 }, (_, n) => host.invoke('f', { n }))
    expect((await Promise.all(calls)).map(({ result }) => result)).toEqual(calls.map((_, n) => n))
    expect(await bomb).toMatchObject({ code: 'CLOUDLET_MEMORY_LIMIT' })
    expect((await host.invoke('f', { n: round })).result).toBe(round)
  }
  expect(host.stats().runningCount).toBe(0)
  // Longer than a thread may take before it counts as stuck.
  await new Promise(resolve => setTimeout(resolve, 11_000))
  expect(host.health).toEqual({ isHealthy: true, status: 'ok', reasons: [] })
})

test('one that has called the host before is not run again', async () => {
  await host.database.createCollection('marks')
  await host.deploy('f', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        cloud.init()
        const marks = cloud.database().collection('marks')
        exports.main = async event => { await marks.add({ data: {} }); if (event.isBomb) { ${BOMB} } return event.n }`,
    },
    config: CONFIG,
  })
  await warmUp()
  const before = (await host.database.collection('marks').count()).total
  await expect(host.invoke('f', { isBomb: true })).rejects.toMatchObject({ code: 'CLOUDLET_MEMORY_LIMIT' })
  expect((await host.database.collection('marks').count()).total).toBe(before + 1)
})
