import { afterAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { outcomeOf, store } from './grouped.ts'
import { inMemory } from './in-memory.ts'
import { scalar as nastyScalar } from './nasty.ts'

const database = new Database()
afterAll(() => database.close())

const integer = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger())
const small = fc.integer({ min: -3, max: 3 })
const shortNumber = fc.tuple(fc.integer(), fc.nat(8)).map(([digits, power]) => digits / 10 ** power)
const nasty = fc.oneof(
  nastyScalar,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => number + 0),
  fc.constantFrom<Encoded>(
    0.1 + 0.2,
    -0,
    2 ** 53,
    -(2 ** 53),
    1.7976931348623157e308,
    '12',
    '-',
    ':',
    '{"$date":5}',
  ),
  fc.string({ unit: 'grapheme', maxLength: 5 }).map(text => text.toWellFormed()),
  fc.array(nastyScalar, { maxLength: 2 }),
  fc.record({ x: nastyScalar, y: nastyScalar }, { requiredKeys: [] }),
)
const plainText = fc.string({ unit: fc.constantFrom(...'ab !~é0'), maxLength: 3 })
const date = fc.date({ noInvalidDate: true }).map((one): Encoded => ({ $date: one.getTime() }))
/** Of mostly one kind each, so that much of it can be done in SQL. */
const column = fc.oneof(
  ...[
    small,
    integer,
    shortNumber,
    plainText,
    date,
    fc.oneof(small, plainText, date, fc.constant(null)),
    nasty,
  ].map((kind: fc.Arbitrary<Encoded>) =>
    fc.array(fc.option(kind, { freq: 8, nil: undefined }), { minLength: 1, maxLength: 9 }),
  ),
)
/** The first statement groups 100 documents. */
const documentCount = fc.constantFrom(0, 1, 4, 60, 99, 100, 101, 250)
const mixed = fc.tuple(column, column, column, documentCount, fc.constant(undefined))
const even = fc.array(fc.option(small, { freq: 8, nil: undefined }), { minLength: 1, maxLength: 9 })
/** Something else in one document, first or late. */
const odd = fc.tuple(fc.constantFrom(0, 99, 100, 101, 200, 298, 299), nasty)
const stored = fc
  .oneof(mixed, fc.tuple(even, even, column, fc.constant(300), odd))
  .map(([a, b, x, count, other]) =>
    Array.from({ length: count }, (_, index): EncodedObject => {
      const [ownA, ownB, ownX] = [a, b, x].map(values => values[index % values.length])
      const own = index === other?.[0] ? other[1] : ownA
      return {
        ...(own === undefined ? {} : { a: own }),
        ...(ownB === undefined ? {} : { b: ownB }),
        ...(ownX === undefined ? {} : { c: { x: ownX } }),
      }
    }),
  )
const reference = fc.constantFrom('$a', '$a', '$a', '$b', '$b', '$c.x', '$c', '$none')
const accumulator = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('$sum', '$avg', '$min', '$max'), reference)
      .map(([name, of]) => ({ [name]: of })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<EncodedObject>({ $sum: 1 }, { $sum: -7 }, { $sum: 0 }, { $count: {} }),
  },
  { weight: 1, arbitrary: fc.constantFrom<EncodedObject>({ $sum: 'x' }, { $first: '$a' }) },
)
const key = fc.oneof(
  reference,
  fc.tuple(reference, reference).map(([x, y]) => ({ x, y })),
  fc.constantFrom<Encoded>(null, 1, 'all'),
)
const group = fc
  .tuple(key, accumulator, accumulator, accumulator)
  .map(([_id, p, q, r]): EncodedObject => ({ $group: { _id, p, q, r } }))
const matched = fc.constantFrom<EncodedObject[]>(
  [],
  [],
  [{ $match: { b: { $ne: null } } }],
  [{ $match: { a: { $gt: 0 } } }],
)

/** JSON has no -0. */
function asJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value))
}

test('whoever groups, the groups are the same', async () => {
  const taken = { storage: 0, memory: 0, both: 0 }
  await fc.assert(
    fc.asyncProperty(
      stored,
      fc.array(fc.tuple(matched, group), { minLength: 8, maxLength: 8 }),
      async (documents, cases) => {
        const collection = await store(database, documents)
        for (const [match, one] of cases) {
          const pipeline = [...match, one]
          const { documents: found, by } = await outcomeOf(database, collection, pipeline)
          expect(found, JSON.stringify(pipeline)).toStrictEqual(asJson(inMemory(asJson(documents), pipeline)))
          taken[by.at(-1) as keyof typeof taken]++
        }
        await database.dropCollection(collection)
      },
    ),
    { numRuns: 150 },
  )
  // All three ways were really taken.
  expect(Math.min(...Object.values(taken)), JSON.stringify(taken)).toBeGreaterThan(5)
}, 120_000)
