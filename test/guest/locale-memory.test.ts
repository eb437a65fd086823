import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { Isolate, type NativeContext, type NativeIsolate } from '../../src/isolate/ivm.ts'
import { prepareSnapshot, runtimeSnapshot } from '../../src/isolate/snapshot.ts'

/** What `index => …` gives is kept. Beside each, how many bytes ICU has for one at least. */
const KINDS: readonly (readonly [make: string, leastBytes: number])[] = [
  ['new Intl.Collator("de")', 1000],
  ['Intl.Collator("de")', 1000],
  ['new Intl.DateTimeFormat("zh-u-ca-chinese")', 20_000],
  ['Intl.DateTimeFormat("en")', 20_000],
  ['new (class extends Intl.DateTimeFormat {})("en")', 20_000],
  ['Reflect.construct(Intl.DateTimeFormat, ["en"])', 20_000],
  ['Intl.DateTimeFormat.call(Object.create(Intl.DateTimeFormat.prototype))', 20_000],
  ['Intl.DateTimeFormat.call(Object.setPrototypeOf(function () {}, Intl.DateTimeFormat.prototype))', 20_000],
  ['hidden(Intl.DateTimeFormat)', 20_000],
  ['hidden(Intl.NumberFormat)', 800],
  ['new Intl.DisplayNames("en", { type: "region" })', 1000],
  ['new Intl.DurationFormat("en")', 1000],
  ['new Intl.ListFormat("en")', 500],
  ['new Intl.NumberFormat("ar-u-nu-arab")', 800],
  ['new Intl.PluralRules("ar")', 3000],
  ['new Intl.RelativeTimeFormat("en")', 7000],
  ['new Intl.Segmenter("zh", { granularity: "word" })', 7000],
  ['segmenter.segment("text" + index)', 2500],
  ['segments[Symbol.iterator]()', 3500],
]

let isolate: NativeIsolate
beforeAll(() => prepareSnapshot('sdk'))

async function open(memoryLimit: number): Promise<NativeContext> {
  isolate = new Isolate({ memoryLimit, snapshot: runtimeSnapshot('sdk') })
  const context = await isolate.createContext()
  await context.eval(`${HIDDEN}; 0`)
  await context.eval(
    'segmenter = new Intl.Segmenter("zh"); segments = segmenter.segment("text"); kept = []; 0',
  )
  return context
}

/** What such a constructor makes if it is called on an object of its own, without that object. */
const HIDDEN = `function hidden(made) {
  const self = Object.create(made.prototype)
  made.call(self, 'en')
  return self[Object.getOwnPropertySymbols(self)[0]]
}`

describe('memory of ICU’s that stands behind objects of Intl', () => {
  afterEach(() => isolate.dispose())

  test.each(KINDS)('counts as memory outside the heap: %s', async (make, leastBytes) => {
    const context = await open(128)
    const bytesOf = async (): Promise<number> => (await isolate.getHeapStatistics()).externally_allocated_size
    const before = await bytesOf()
    await context.eval(`for (let index = 0; index < 200; index++) kept.push(${make}); 0`)
    // No room for it: V8 collects all garbage there is, what is charged for nothing among it.
    await context.eval('try { new ArrayBuffer(2 ** 31) } catch {} 0')
    expect((await bytesOf()) - before).toBeGreaterThan(200 * leastBytes)
  })

  test('is given back with the objects: who makes one for each call goes on', {
    timeout: 60_000,
  }, async () => {
    const context = await open(32)
    const made = await context.eval(
      'let made = 0; for (; made < 4000; made++) new Intl.DateTimeFormat("en"); made',
    )
    expect(made).toBe(4000)
  })

  test('built-ins read and behave as before', async () => {
    const context = await open(32)
    const read = (code: string): Promise<unknown> => context.eval(code)
    expect(await read('String(segmenter.segment)')).toBe('function segment() { [native code] }')
    expect(await read('String(segments[Symbol.iterator])')).toBe(
      'function [Symbol.iterator]() { [native code] }',
    )
    expect(await read('segmenter.segment.length + " " + segments[Symbol.iterator].length')).toBe('1 0')
    expect(
      await read('[...new Intl.Segmenter("en").segment("ab")].map(({ segment }) => segment).join()'),
    ).toBe('a,b')
    expect(await read('try { segmenter.segment.call({}, "") } catch (error) { error.name }')).toBe(
      'TypeError',
    )
    const legacy = 'const made = new Intl.NumberFormat("en"); Intl.NumberFormat.call(made) === made'
    expect(await read(legacy)).toBe(true)
    const onOwn =
      'self = Object.create(Intl.NumberFormat.prototype); Intl.NumberFormat.call(self, "de") === self && self.format(1.5)'
    expect(await read(onOwn)).toBe('1,5')
    expect(await read('hidden(Intl.NumberFormat) instanceof Intl.NumberFormat')).toBe(true)
    expect(await read('Intl.NumberFormat.call({}).format(1)')).toBe('1')
    expect(await read('try { Intl.NumberFormat.call(self) } catch (error) { error.name }')).toBe('TypeError')
    expect(await read('try { Intl.Segmenter("en") } catch (error) { error.name }')).toBe('TypeError')
  })
})

test('who keeps them all is refused another, is told what to do, and can go on', async () => {
  await using host = new FunctionHost()
  const source = `exports.main = async () => {
    const kept = []
    try {
      for (;;) kept.push(new Intl.DateTimeFormat('en'))
    } catch (error) {
      const count = kept.length
      kept.length = 0
      return [count, String(error), new Intl.DateTimeFormat('en').format(0)]
    }
  }`
  await host.deploy('f', { files: { 'index.js': source }, config: { memorySize: 32, timeout: 20 } })
  const { result } = await host.invoke('f')
  const message = 'There is no memory left for another Intl.DateTimeFormat. Keep one and use it again.'
  expect(result).toEqual([expect.any(Number), `RangeError: ${message}`, '1/1/1970'])
  expect((result as [number])[0] * 32_000).toBeLessThan(40 * 2 ** 20)
})
