import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fc from '../random.ts'
import { makeRealms } from './realm.ts'

/** What the guards do part by part must come to the same as what V8 does at once. */
let realms: Awaited<ReturnType<typeof makeRealms>>

beforeAll(async () => {
  realms = await makeRealms()
})
afterAll(() => realms.dispose())

const compare = async (expression: string): Promise<string> => {
  const outcome = await realms.guarded(expression)
  expect(outcome).toBe(await realms.plain(expression))
  return outcome
}

/** A number that tells arrays of many items apart, holes included. */
const SUM = `const sum = items => {
  let total = 0
  for (let index = 0; index < items.length; index++) total = (total * 31 + (index in items ? Number(items[index]) : 7)) % 1000003
  return [total, items.length]
}`

describe('fill', { timeout: 60_000 }, () => {
  test.each([
    '5',
    '5, 70000',
    '5, -70000',
    '5, 70000, 140000',
    '5, 140000, 70000',
    '5, 0.9, "150000"',
    '5, NaN, Infinity',
    '5, -Infinity, -1',
    '5, undefined, null',
    '5, 1n',
    '5, 0, { valueOf() { throw new Error("end") } }',
  ])('%s', async args => {
    await compare(
      `(() => { ${SUM}; const items = new Array(200000); const same = items.fill(${args}); return [sum(items), same === items] })()`,
    )
    await compare(
      `(() => { const like = { length: 100000, 5: 1 }; Array.prototype.fill.call(like, ${args}); return [Object.keys(like).length, like[5], like[99999], like.length] })()`,
    )
  })

  test('of what can not be filled', async () => {
    await compare('Array.prototype.fill.call("x".repeat(100000), 1)')
    await compare('Object.freeze(new Array(100000)).fill(1)')
    await compare(
      'Array.prototype.fill.call({ length: 70000, set 3(value) { throw new Error("set " + value) } }, 1)',
    )
  })
})

describe('search', { timeout: 60_000 }, () => {
  const cases = fc.record({
    chars: fc.integer({ min: 150_000, max: 300_000 }),
    pattern: fc.integer({ min: 1025, max: 4000 }),
    at: fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 3 }),
    position: fc.oneof(
      fc.constant(undefined),
      fc.integer({ min: -10, max: 310_000 }),
      fc.constantFrom(Number.NaN, Infinity, -Infinity),
    ),
  })

  test('finds what V8 finds', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ chars, pattern, at, position }) => {
        await compare(`(() => {
          const pattern = 'b' + 'a'.repeat(${pattern})
          let text = 'a'.repeat(${chars})
          for (const at of ${JSON.stringify(at)}) text = text.slice(0, at) + pattern + text.slice(at)
          return ['indexOf', 'lastIndexOf', 'includes'].map(name => text[name](pattern, ${position}))
        })()`)
      }),
      { numRuns: 40 },
    )
  })

  test.each(['1n', 'Symbol()', '{ valueOf() { throw new Error("position") } }', '"7"', 'null'])(
    'from %s',
    async position => {
      const call = (name: string): string => `'a'.repeat(200000).${name}('a'.repeat(2000) + 'b', ${position})`
      await compare(call('indexOf'))
      await compare(call('lastIndexOf'))
    },
  )
})

/** Values whose text is some megabytes long, each made by an expression. */
const LONG_VALUES = [
  'Array.from({ length: 300000 }, (_, i) => i)',
  'Array.from({ length: 100000 }, (_, i) => ({ i, text: "a\\\\\\"[{,}]" }))',
  'Object.fromEntries(Array.from({ length: 100000 }, (_, i) => ["key " + (i * 7919) % 100000, [i, null, true]]))',
  '({ first: 1, list: Array.from({ length: 200000 }, (_, i) => [i]), last: { deep: Array.from({ length: 200000 }, String) } })',
  '[["x".repeat(2000000), "y"], "z".repeat(3000000), {}, []]',
  '({ "": "x".repeat(2000000), "\\\\": { "\\"": "\\\\".repeat(1500000) } })',
  '[[[[[Array.from({ length: 300000 }, (_, i) => -i / 3)]]]]]',
  '"x".repeat(3000000)',
  'JSON.parse("{" + "\\"__proto__\\": [".repeat(1) + "1,".repeat(700000) + "1]}")',
]

describe('JSON.parse of a long text', { timeout: 60_000 }, () => {
  test.each(LONG_VALUES)('%s', async value => {
    const same = `(() => { const text = JSON.stringify(${value}); const parsed = JSON.parse(text); return [text.length > 2 ** 20, JSON.stringify(parsed) === text, Object.getPrototypeOf(parsed) === Object.prototype] })()`
    expect(await compare(same)).toMatch(/^\[object Array\]\{0 wec true, 1 wec true/)
    const spaced = `(() => { const text = JSON.stringify(${value}, null, '\\t '); const parsed = JSON.parse('\\r\\n' + text + ' '); return JSON.stringify(parsed, null, '\\t ') === text })()`
    expect(await compare(spaced)).toBe('true')
  })

  test('keys that come twice, and keys that are indexes', async () => {
    const text = `'{"b": 1, "7": 2, ' + '"pad' + 'x'.repeat(2 ** 20) + '": 0, "b": [' + '1,'.repeat(600000) + '3], "3": 4, "a": 5, "b": 6}'`
    await compare(`Object.entries(JSON.parse(${text})).map(([key, value]) => [key.slice(0, 5), value])`)
  })

  test('own properties, whatever the prototypes have become', async () => {
    await compare(`(() => {
      const text = '[' + '{"a": 1},'.repeat(200000) + '{"a": 2}]'
      Object.defineProperty(Array.prototype, 150000, { configurable: true, set() { throw new Error('set') } })
      Object.defineProperty(Object.prototype, 'a', { configurable: true, set() { throw new Error('set') } })
      try { const list = JSON.parse(text); return [list.length, list[150000].a, list.at(-1).a] }
      finally { delete Array.prototype[150000]; delete Object.prototype.a }
    })()`)
  })

  test("a reviver is V8's", async () => {
    await compare(
      `JSON.parse('[' + '1,'.repeat(600000) + '1]', (key, value) => Array.isArray(value) ? value.length : value + 1)`,
    )
  })

  const long = '1,'.repeat(600_000)
  test.each([
    ...[
      '[L]',
      '[L',
      '[L1',
      '[L1}',
      '[L1]]',
      '[L1] x',
      '[,L1]',
      '[L,1]',
      '[ L1 , ]',
      '{"a": [L1]',
      '{"a": [L1},',
      '{"a": [L1], }',
    ],
    ...[
      '{"a" [L1]}',
      '{a: [L1]}',
      '{"a": [L1] "b": 1}',
      '{"a": [L1], "b"}',
      '{"a: [L1]}',
      '{"a": [L1]}{}',
      '[{"a": [L1]], 1]',
      '[L01]',
    ],
    ...[
      '[[L1], , [L1]]',
      '[[L1], ]',
      '[ , [L1]]',
      '{ , "a": [L1]}',
      '[[L1] [L1]]',
      '{[L1]: 1}',
      '{"a":: [L1]}',
      '{: [L1]}',
      '{"a": [L1],, "b": 1}',
      '[L"\\x"]',
      '[L"\n"]',
      '"L',
      'L',
      '[L1]\u00a0',
    ],
  ])('a mistake is a SyntaxError: %s', async pattern => {
    const parse = `(() => { try { return JSON.parse(${JSON.stringify(pattern).replace('L', long)}) } catch (error) { return error.constructor === SyntaxError } })()`
    expect(await compare(parse)).toBe('true')
  })
})
