import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { inspectPlain } from '../../src/guest/plain-inspect.ts'
import fc from '../random.ts'

const text = fc.oneof(
  fc.string(),
  fc.constantFrom('a', '中文', "it's", 'a\nb', '😀', 'x'.repeat(30), 'y'.repeat(90)),
)
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'medium' },
    text,
    fc.integer(),
    fc.double(),
    fc.constantFrom(null, undefined, true, false, -0, 5n),
    fc.array(tie('value'), { maxLength: 9 }),
    fc.dictionary(text, tie('value'), { maxKeys: 8 }),
  ),
}))

test('what is written here is what util.inspect writes', () => {
  let writtenCount = 0
  fc.assert(
    fc.property(value, input => {
      const written = inspectPlain(input)
      if (written === undefined) return
      writtenCount++
      expect(written).toBe(inspect(input))
    }),
    { numRuns: 20_000 },
  )
  expect(writtenCount).toBeGreaterThan(5000)
})

test('what functions log is written here', () => {
  const event = {
    action: 'list',
    userInfo: { openId: 'oABC', appId: 'wx1' },
    data: { tags: ['a', 'b'], page: 1, filter: { done: false, range: { from: 1, to: 2 } } },
    result: {
      errMsg: 'collection.get:ok',
      data: [{ _id: '1', text: 'hello 你好', n: 1.5 }],
      deep: { a: { b: {} } },
    },
  }
  expect(inspectPlain(event)).toBe(format(event))
  expect(format(event)).toContain('\n')
})

test.each([
  ['an instance', new (class A {})()],
  ['a date', new Date()],
  ['an error', new Error('x')],
  [
    'an accessor',
    {
      get a() {
        return 1
      },
    },
  ],
  ['a symbol', { [Symbol('a')]: 1 }],
  ['a hole', Object.assign(new Array(3), { 0: 1, 2: 2 })],
  ['a further field of an array', Object.assign([1], { a: 1 })],
  ['a null prototype', Object.create(null)],
  ['a function', () => {}],
  ['a way of its own', { [inspect.custom]: () => 'mine' }],
  ['a constructor', { constructor: class B {} }],
  ['a map', new Map()],
  ['bytes', new Uint8Array(2)],
])('%s is left to Node', (_what, input) => {
  expect(inspectPlain({ input })).toBeUndefined()
})

test('a circle is left to Node', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  expect(inspectPlain(circle)).toBeUndefined()
})
