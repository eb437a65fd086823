import { update as mingoUpdate } from 'mingo'
import { expect, test } from 'vitest'
import type { Document } from '../../src/database/document.ts'
import { parseFilter } from '../../src/database/filter-parser.ts'
import { parseUpdate } from '../../src/database/update.ts'
import { compareValues, equalValues, orderBytes } from '../../src/database/value-order.ts'
import fc from '../random.ts'

const scalar = fc.constantFrom<unknown>(0, 1, 2, -1.5, 'a', 'b', '', true, false, new Date(0), new Date(9))
const numeric = fc.constantFrom(0, 1, 2, -1.5, 1e9)
const scalars = fc.array(scalar, { maxLength: 4 })
// Distinct, because mingo's $addToSet also removes duplicates that were there before.
const numbers = fc.uniqueArray(numeric, { maxLength: 4 })

/** Fields keep one type each: mingo ignores an operator on the wrong type, where MongoDB and this engine fail. */
const document = fc.record(
  {
    n: numeric,
    m: numeric,
    s: scalar,
    l: scalars,
    k: numbers,
    o: fc.record({ n: numeric, l: scalars }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
)
const operators = fc.record(
  {
    $set: fc.record({ s: scalar, 'o.x': scalar, 'new.deep': scalar }, { requiredKeys: [] }),
    $inc: fc.record({ n: numeric, 'o.n': numeric }, { requiredKeys: [] }),
    $mul: fc.record({ m: numeric }, { requiredKeys: [] }),
    $push: fc.record(
      {
        l: fc.oneof(
          scalar,
          fc.record({ $each: scalars, $position: fc.nat(5) }),
          fc.record({ $each: scalars, $slice: fc.integer({ min: -3, max: -1 }) }),
        ),
      },
      { requiredKeys: [] },
    ),
    $addToSet: fc.record({ k: fc.oneof(numeric, fc.record({ $each: numbers })) }, { requiredKeys: [] }),
    $pull: fc.record(
      {
        'o.l': fc.oneof(
          scalar,
          scalar.map($gte => ({ $gte })),
        ),
      },
      { requiredKeys: [] },
    ),
    $unset: fc.record({ gone: fc.constant(''), u: fc.constant('') }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
)

test('updates do what mingo does where mingo follows MongoDB', () => {
  const filter = parseFilter({}, 0)
  fc.assert(
    fc.property(document, operators, (before, update) => {
      // A missing array with $slice: mingo does not slice what it creates.
      const start: Document = { l: [], k: [], ...structuredClone(before) }
      const expected = structuredClone(start)
      mingoUpdate(expected, structuredClone(update) as Document, [], {}, { cloneMode: 'deep' })
      const actual = structuredClone(start)
      parseUpdate(encodeDates(update), filter, 0).apply(actual)
      // Structural equality: mingo and this engine may add new fields in another order.
      expect(actual).toEqual(expected)
    }),
    { numRuns: 3000 },
  )
})

/** Operands arrive as extended JSON. */
function encodeDates(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() }
  if (Array.isArray(value)) return value.map(encodeDates)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, encodeDates(field)]))
}

const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      NaN,
      0,
      -0,
      1,
      -1,
      1e300,
      -1e300,
      5e-324,
      Infinity,
      -Infinity,
      '',
      'a',
      'a\0',
      'ab',
      '\uffff',
      '😀',
    ),
    fc.constantFrom(new Date(0), new Date(-1), new Date(1)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'ab', ''), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

test('the order of values is total, and their bytes have the same order', () => {
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      const order = Math.sign(compareValues(a, b))
      expect(Math.sign(compareValues(b, a)) + order).toBe(0)
      expect(equalValues(a, b)).toBe(order === 0)
      expect(Buffer.compare(orderBytes(a), orderBytes(b))).toBe(order)
      if (order <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0)
    }),
    { numRuns: 5000 },
  )
})
