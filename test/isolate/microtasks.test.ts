/** Invocations that cross together run in one entry, one after the other: src/guest/microtasks.ts. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { NOBODY } from '../../src/isolate/guest-isolate.ts'
import { LocalIsolate } from '../../src/isolate/isolate.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'
import { START } from '../../src/protocol/bridge.ts'
import { FIRST_INVOCATION } from '../../src/protocol/first-invocation.ts'

const COUNT = 3
const MEMORY_MB = 16

let isolate: LocalIsolate
let said: Record<string, unknown>[]
let left: Promise<string | undefined>
beforeAll(() => prepareSnapshot('plain'))
beforeEach(() => {
  isolate = new LocalIsolate({ memoryMb: MEMORY_MB, runtime: 'plain', nodeNames: [] })
  said = []
  left = new Promise(resolve => {
    isolate.listener = {
      ...NOBODY,
      onSent: text => said.push(...JSON.parse(String(text))),
      onLeft: error => resolve(error?.message),
    }
  })
})
afterEach(() => isolate.dispose())

/** Has the handler run so many times in one entry. */
async function enter(handler: string): Promise<void> {
  const files = `[['/index.js', exports => { exports.main = ${handler} }]]`
  await isolate.load({
    source: `${START}({ entry: '/index.js', modules: ${files}, resolutions: {}, lines: [] })`,
  })
  const invocations = Array.from({ length: COUNT }, (_, n) =>
    n === 0
      ? { ...FIRST_INVOCATION, event: { n } }
      : { type: 'invoke', event: { n }, requestId: String(n), variables: {} },
  )
  cross(invocations)
}

function cross(messages: readonly unknown[]): void {
  const text = JSON.stringify(messages)
  isolate.enter({ text, buffers: [], isQuick: false, isFresh: true, mayLinger: false })
}

function results(): unknown {
  return said.find(({ type }) => type === 'results')?.['results']
}

test('each starts when every microtask of the one before has run', async () => {
  await enter(`(() => {
    const seen = []
    return async ({ n }) => {
      seen.push('start ' + n)
      ;(async () => {
        for (let hop = 0; hop < 1000; hop++) await undefined
        seen.push('end ' + n)
      })()
      return [...seen]
    }
  })()`)
  expect(await left).toBeUndefined()
  expect(results()).toEqual([
    ['start 0'],
    ['start 0', 'end 0', 'start 1'],
    ['start 0', 'end 0', 'start 1', 'end 1', 'start 2'],
  ])
})

test('one that is not over when its microtasks have run keeps the others from starting', async () => {
  await enter('({ n }) => n === 0 ? new Promise(() => {}) : n')
  expect(await left).toBeUndefined()
  expect(results()).toBeUndefined()
  expect(said).toContainEqual({ type: 'unstarted', count: COUNT - 1 })
})

test('nor does one of the next crossing', async () => {
  await enter(`({ n }) => n === ${COUNT - 1} ? new Promise(() => {}) : n`)
  cross([{ type: 'invoke', event: { n: 9 }, requestId: '9', variables: {} }])
  await expect.poll(() => said).toContainEqual({ type: 'unstarted', count: 1 })
  expect(results()).toEqual([0, 1])
})

test('where the isolate is ended in a microtask that an answered one left behind, none of the others starts', async () => {
  await enter('() => { void (async () => { await undefined; for (;;); })(); return 1 }')
  setTimeout(() => isolate.dispose(), 100)
  expect(await left).toMatch(/disposed/)
})

test('nor where its memory is exhausted in one', async () => {
  const fill = 'const kept = []; for (;;) kept.push({ n: kept.length })'
  await enter(`() => { void (async () => { await undefined; ${fill} })(); return 1 }`)
  await expect.poll(() => isolate.isDisposed, { timeout: 10_000 }).toBe(true)
  isolate.dispose()
  expect(await left).toMatch(/memory limit|disposed/)
})

test('no stack gives away a function of the runtime, which could run microtasks', async () => {
  await enter(`async () => {
    await undefined
    Error.prepareStackTrace = (_, sites) =>
      sites.filter(site => site.getFunction() !== undefined).map(site => site.getFunctionName())
    return new Error().stack
  }`)
  expect(await left).toBeUndefined()
  expect(results()).toEqual(Array(COUNT).fill(['exports.main']))
})

test('and no intrinsic compiles where guests are', async () => {
  await enter(
    `() => { try { new Function('%PerformMicrotaskCheckpoint()') } catch (error) { return error.name } }`,
  )
  expect(await left).toBeUndefined()
  expect(results()).toEqual(Array(COUNT).fill('SyntaxError'))
})

test('what runs them outlasts collections that take the code of functions which were not called', async () => {
  await enter(`({ n }) => {
    for (let count = 0; n === 0 && count < 40; count++) try { new ArrayBuffer(2 ** 31) } catch {}
    return n
  }`)
  expect(await left).toBeUndefined()
  expect(results()).toEqual([0, 1, 2])
})
