import fc from 'fast-check'
import { Query } from 'mingo'
import { afterAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { Document } from '../../src/database/document.ts'
import { parseFilter } from '../../src/database/filter.ts'
import { compileFilter, sortValue } from '../../src/database/match.ts'
import type { SortKey } from '../../src/database/sort.ts'
import { compareValues, RANKS, rankOf } from '../../src/database/value-order.ts'
import { decodeValue, type Encoded, type EncodedObject } from '../../src/protocol/value.ts'

const database = new Database()
afterAll(() => database.close())
let collectionCount = 0

/** Stores the documents in a collection of their own and runs every query on them, all in one batch. */
async function run(documents: readonly EncodedObject[], queries: readonly QueryCase[]): Promise<number[][]> {
  const collection = `c${collectionCount++}`
  const numbered = documents.map((document, _id) => ({ _id, ...document }))
  const [, , ...results] = await Promise.all([
    database.createCollection({ collection }),
    numbered.length > 0 ? database.add({ collection, documents: numbered }) : undefined,
    ...queries.map(({ filter, sort, skip, limit }) =>
      database.query({ collection, filter, sort, skip, limit }),
    ),
  ])
  const counts = await Promise.all(queries.map(({ filter }) => database.count({ collection, filter })))
  await database.dropCollection(collection)
  return results.map((result, index) => {
    const found = result.documents.map(document => Number(document['_id']))
    const { skip, limit } = queries[index] ?? { skip: 0, limit: 0 }
    const total = counts[index]?.total ?? -1
    expect(found.length).toBe(Math.min(Math.max(0, total - skip), limit === 0 ? Infinity : limit))
    return found
  })
}

interface QueryCase {
  readonly filter: EncodedObject
  readonly sort: [string, 1 | -1][]
  readonly skip: number
  readonly limit: number
}

/** The same query by the compiled matcher and a plain JavaScript sort. */
function expected(documents: readonly EncodedObject[], { filter, sort, skip, limit }: QueryCase): number[] {
  const matches = compileFilter(parseFilter(filter, 0))
  const decoded = documents.map((document, _id) => decodeValue({ _id, ...document }) as Document)
  const found = decoded.filter(matches).sort((a, b) => compareDocuments(a, b, sort))
  return found.slice(skip, limit === 0 ? undefined : skip + limit).map(document => Number(document['_id']))
}

function compareDocuments(a: Document, b: Document, sort: readonly SortKey[]): number {
  for (const [path, direction] of sort) {
    const [left, right] = [a, b].map(document => sortValue(document, path.split('.'), direction))
    if (left === undefined || right === undefined) throw new Error('unreachable')
    const ranks = [left, right].map(key => (key.isNothing ? RANKS.nothing : rankOf(key.value)))
    const order = Number(ranks[0]) - Number(ranks[1]) || compareValues(left.value, right.value)
    if (order !== 0) return order * direction
  }
  return 0
}

const number = fc.constantFrom<Encoded>(
  0,
  1,
  2,
  -1,
  1.5,
  0.1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 60 + 256,
  -(2 ** 62),
  1e21,
  5e-324,
  { $numberDouble: 'NaN' },
  { $numberDouble: 'Infinity' },
  { $numberDouble: '-Infinity' },
)
const text = fc.constantFrom<Encoded>(
  '',
  'a',
  'b',
  'ab',
  'A',
  '1',
  'null',
  '{"b":1}',
  '[1]',
  'x\0y',
  'é',
  '\uffff',
  '😀',
  "o'hara",
  '"',
)
const date = fc.constantFrom<Encoded>({ $date: 0 }, { $date: 1 }, { $date: -5 }, { $date: 1.6e12 })
const scalar = fc.oneof(number, text, date, fc.boolean(), fc.constant(null))
const names = ['a', 'b', 'c', '0', '1', "q'", 'x"y', '中', 'constructor', '__proto__', 'e\\']
const field = fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c', ...names)
const { nasty } = fc.letrec<{ nasty: Encoded }>(tie => ({
  nasty: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    scalar,
    fc.array(tie('nasty'), { maxLength: 4 }),
    fc.array(fc.tuple(field, tie('nasty')), { maxLength: 3 }).map(toObject),
  ),
}))
const document = fc.array(fc.tuple(field, nasty), { maxLength: 4 }).map(toObject)
const path = fc.array(field, { minLength: 1, maxLength: 3 }).map(segments => segments.join('.'))
const regex = fc.constantFrom<Encoded>(
  { $regularExpression: { pattern: 'a', options: '' } },
  { $regularExpression: { pattern: '^A', options: 'i' } },
)

/** Not through Object.fromEntries alone: a field may be called __proto__. */
function toObject(entries: readonly (readonly [string, Encoded])[]): EncodedObject {
  return Object.fromEntries(entries)
}

const test1 = (value: fc.Arbitrary<Encoded>): fc.Arbitrary<EncodedObject> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), value)
      .map(entry => toObject([entry])),
    fc
      .tuple(fc.constantFrom('$in', '$nin'), fc.array(fc.oneof(value, regex), { maxLength: 4 }))
      .map(entry => toObject([entry])),
    fc.boolean().map($exists => ({ $exists })),
    fc.nat(3).map($size => ({ $size })),
    fc.array(value, { maxLength: 2 }).map($all => ({ $all })),
    fc.constant({ $mod: [2, 1] }),
    fc.constant({ $regex: 'a' }),
    fc.constantFrom('string', 'number', 'array', 'object', 'null').map($type => ({ $type })),
  )
const nastyTest = fc.oneof(
  { weight: 5, arbitrary: test1(nasty) },
  { weight: 1, arbitrary: test1(nasty).map($not => ({ $not })) },
  { weight: 1, arbitrary: test1(nasty).map($elemMatch => ({ $elemMatch })) },
  { weight: 1, arbitrary: fc.tuple(path, test1(nasty)).map(entry => ({ $elemMatch: toObject([entry]) })) },
)
const { filter } = fc.letrec<{ filter: EncodedObject }>(tie => ({
  filter: fc.oneof(
    { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
    fc.tuple(path, fc.oneof(nastyTest, nasty, regex)).map(entry => toObject([entry])),
    fc.tuple(path, nastyTest, nastyTest).map(([name, a, b]) => ({ [name]: { ...a, ...b } })),
    fc
      .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
      .map(entry => toObject([entry])),
    fc.constant({}),
  ),
}))
const sort = fc.array(fc.tuple(path, fc.constantFrom<1 | -1>(1, -1)), { maxLength: 2 })
const query: fc.Arbitrary<QueryCase> = fc.record({
  filter,
  sort,
  skip: fc.constantFrom(0, 0, 0, 1),
  limit: fc.constantFrom(0, 0, 3),
})

describe('queries in SQL', () => {
  test('find what the matcher finds, in the order it sorts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 5, maxLength: 25 }),
        fc.array(query, { minLength: 20, maxLength: 20 }),
        async (documents, queries) => {
          const found = await run(documents, queries)
          for (const [index, one] of queries.entries()) {
            expect(found[index], JSON.stringify(one)).toEqual(expected(documents, one))
          }
        },
      ),
      { numRuns: 150 },
    )
  }, 60_000)
})

/** Where mingo follows MongoDB: no arrays within arrays, no array on the way to a compared field, numbers for $mod. */
const plainScalar = fc.constantFrom<Encoded>(
  0,
  1,
  2,
  -1.5,
  2 ** 60 + 256,
  'a',
  'b',
  'A',
  '',
  { $date: 0 },
  { $date: 9 },
  true,
  false,
  null,
)
const plainValue = fc.oneof(plainScalar, fc.array(plainScalar, { maxLength: 3 }))
const plainDocument = fc
  .record(
    {
      a: plainValue,
      b: plainValue,
      n: fc.integer({ min: -5, max: 5 }),
      o: fc.record({ a: plainValue, s: plainScalar }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .map(value => value as EncodedObject)
const someScalar = plainScalar.filter(value => value !== null)
const plainCondition: fc.Arbitrary<EncodedObject> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('a', 'b', 'o.a', 'o.s', 'zz'),
      fc.oneof(
        fc.tuple(fc.constantFrom('$eq', '$ne'), plainScalar).map(entry => toObject([entry])),
        fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), someScalar).map(entry => toObject([entry])),
        fc
          .tuple(fc.constantFrom('$in', '$nin'), fc.array(plainScalar, { maxLength: 3 }))
          .map(entry => toObject([entry])),
        fc.boolean().map($exists => ({ $exists })),
        fc.nat(3).map($size => ({ $size })),
        someScalar.map($gt => ({ $not: { $gt } })),
        someScalar.map($gte => ({ $elemMatch: { $gte } })),
        plainScalar,
        regex,
      ),
    )
    .map(entry => toObject([entry])),
  fc.constant({ n: { $mod: [2, 1] } }),
  fc.constant({ $expr: { $gt: ['$n', 1] } }),
)
const plainFilter = fc.oneof(
  plainCondition,
  fc
    .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(plainCondition, { minLength: 1, maxLength: 3 }))
    .map(entry => toObject([entry])),
)

test('queries find what stock mingo finds where mingo follows MongoDB', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plainDocument, { minLength: 5, maxLength: 25 }),
      fc.array(plainFilter, { minLength: 20, maxLength: 20 }),
      async (documents, filters) => {
        const found = await run(
          documents,
          filters.map(one => ({ filter: one, sort: [], skip: 0, limit: 0 })),
        )
        const decoded = documents.map((value, _id) => decodeValue({ _id, ...value }) as Document)
        for (const [index, one] of filters.entries()) {
          const query = new Query(decodeValue(one) as Document, { scriptEnabled: false })
          const ids = query
            .find<Document>(decoded)
            .all()
            .map(value => value['_id'])
          expect(found[index], JSON.stringify(one)).toEqual(ids)
        }
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)
