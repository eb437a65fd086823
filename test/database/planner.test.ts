import { Query } from 'mingo'
import { afterAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { Document } from '../../src/database/document.ts'
import { decodeValue, type Encoded, type EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { document, expected, type QueryCase, query, regex, toObject } from './nasty.ts'

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
