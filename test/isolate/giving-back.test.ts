import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { LocalIsolate } from '../../src/isolate/isolate.ts'
import { LocalIsolates } from '../../src/isolate/local-isolates.ts'
import type { IsolateKind } from '../../src/isolate/pool-key.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'

const KIND: IsolateKind = { memoryMb: 128, runtime: 'plain', nodeNames: [] }
/** V8 maps and unmaps memory for each. */
const HOARD =
  'globalThis.kept = Array.from({ length: 100_000 }, () => new ArrayBuffer(0, { maxByteLength: 65_536 }))'

const made: LocalIsolate[] = []
afterEach(() => {
  for (const isolate of made.splice(0)) isolate.dispose()
})

async function makeLaden(): Promise<LocalIsolate> {
  await prepareSnapshot('plain')
  const isolate = new LocalIsolate(KIND)
  made.push(isolate)
  await isolate.load({ source: `(() => { ${HOARD} })()` })
  // It is done when what comes behind it is.
  await isolate.measureHeap()
  return isolate
}

const timeOf = (work: () => void): number => {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}

test('who ends an isolate does not give its memory back: that is its own thread’s', {
  timeout: 60_000,
}, async () => {
  const laden = await makeLaden()
  const endMs = timeOf(() => laden.dispose())
  // isolated-vm has one lock for that and for making one.
  // The longest of some: its thread may not have begun when the first is made.
  let makeMs = 0
  for (let count = 0; count < 20 && makeMs < 3 * endMs; count++) {
    const nextMs = timeOf(() => made.push(new LocalIsolate(KIND)))
    makeMs = Math.max(makeMs, nextMs)
    await sleep(5)
  }
  expect(endMs).toBeLessThan(makeMs / 3)
})

test.skipIf(process.platform !== 'linux')(
  'of hundreds that are ended at once only some take a thread',
  async () => {
    await prepareSnapshot('plain')
    const isolates = Array.from({ length: 120 }, () => new LocalIsolate(KIND))
    const countThreads = (): number => readdirSync('/proc/self/task').length
    const before = countThreads()
    for (const isolate of isolates) isolate.dispose()
    expect(countThreads() - before).toBeLessThan(30)
  },
)

test('after one that was ended by force nothing is made ahead of need for a while', {
  timeout: 60_000,
}, async () => {
  await prepareSnapshot('plain')
  const source = new LocalIsolates()
  const isolate = source.make(KIND) as LocalIsolate
  expect(source.isRushed).toBe(false)
  isolate.dispose()
  expect(source.isRushed).toBe(false)
  const looping = source.make(KIND) as LocalIsolate
  looping.enter({ text: '[]', buffers: [], isQuick: false, isFresh: false, mayLinger: false })
  looping.dispose()
  expect(source.isRushed).toBe(true)
  await expect.poll(() => source.isRushed, { timeout: 10_000 }).toBe(false)
})
