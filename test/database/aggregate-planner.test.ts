import { Aggregator } from 'mingo'
import { afterAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { Document } from '../../src/database/document.ts'
import { decodeValue, type Encoded, type EncodedObject, encodeValue } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { type Documents, inMemory, numbered } from './in-memory.ts'

const database = new Database()
afterAll(() => database.close())
let collectionCount = 0

/** Spelt so that nobody takes an operand for a promise. */
const THEN = 'then'

/** Stores the documents in a collection of their own, perhaps with indexes, and runs every pipeline on them. */
async function run(
  documents: Documents,
  pipelines: readonly Encoded[],
  isIndexed: boolean,
): Promise<unknown[]> {
  const collection = `c${collectionCount++}`
  await database.createCollection({ collection })
  if (documents.length > 0) await database.add({ collection, documents: numbered(documents) })
  if (isIndexed) {
    await database.createIndex({ collection, fields: [['a', 1]] })
    await database.createIndex({ collection, fields: [['b', -1]] })
  }
  const results = await Promise.all(
    pipelines.map(pipeline =>
      outcomeOf(database.aggregate({ collection, pipeline: named(pipeline, collection) })),
    ),
  )
  await database.dropCollection(collection)
  return results
}

async function outcomeOf(result: Promise<{ documents: unknown[] }>): Promise<unknown> {
  try {
    const { documents } = await result
    return documents
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
}

/** Lookups are from the collection itself, whose name is made later. */
function named(pipeline: Encoded, collection: string): EncodedObject[] {
  return JSON.parse(JSON.stringify(pipeline).replaceAll('"@self"', JSON.stringify(collection)))
}

const scalar = fc.constantFrom<Encoded>(
  ...[0, 1, 2, -1.5, 0.1, 2 ** 53, '', 'a', 'b', '1', true, false, null],
  { $date: 0 },
  { $date: 5 },
  { $numberDouble: 'NaN' },
  { $numberDouble: 'Infinity' },
)
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.record({ x: scalar, y: scalar }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: fc.array(fc.record({ x: scalar }), { maxLength: 2 }) },
)
const documents = fc.array(fc.record({ a: value, b: value, c: value }, { requiredKeys: [] }), {
  maxLength: 12,
})
const path = fc.constantFrom('a', 'b', 'c', 'a.x', '_id', 'd')
const field = path.map(text => `$${text}`)
const operand = fc.oneof(
  field,
  scalar.filter(one => typeof one !== 'object'),
  field,
)
const expression: fc.Arbitrary<Encoded> = fc.oneof(
  field,
  fc
    .tuple(fc.constantFrom('$eq', '$lt', '$gte', '$cmp', '$ifNull'), operand, operand)
    .map(([name, l, r]) => ({ [name]: [l, r] })),
  fc.tuple(field, field).map(([x, y]) => ({ x, y })),
  field.map(input => ({ $cond: [input, input, 'none'] })),
  field.map(input => ({ $type: input })),
  field.map(input => ({ $sum: input })),
)
const condition: fc.Arbitrary<EncodedObject> = fc.oneof(
  fc
    .tuple(
      path,
      fc.oneof(
        scalar,
        scalar.map($gt => ({ $gt })),
        scalar.map($lte => ({ $lte })),
        fc.array(scalar, { maxLength: 3 }).map($in => ({ $in })),
        fc.boolean().map($exists => ({ $exists })),
      ),
    )
    .map(([name, test]) => ({ [name]: test })),
  fc.tuple(field, operand).map($eq => ({ $expr: { $eq } })),
  fc.tuple(field, operand).map($eq => ({ $expr: { $and: [{ $eq }, { $not: '$c' }] } })),
)
const direction = fc.constantFrom(1, -1)
const accumulators = fc.record(
  {
    n: fc.constant({ $sum: 1 }),
    sum: field.map($sum => ({ $sum })),
    avg: expression.map($avg => ({ $avg })),
    max: field.map($max => ({ $max })),
    min: expression.map($min => ({ $min })),
    all: field.map($push => ({ $push })),
    set: field.map($addToSet => ({ $addToSet })),
    first: field.map($first => ({ $first })),
  },
  { requiredKeys: [] },
)
const match = condition.map($match => ({ $match }))
const sort = fc
  .dictionary(path, direction, { minKeys: 1, maxKeys: 2, noNullPrototype: true })
  .map($sort => ({ $sort }))
const cut = fc.oneof(
  fc.nat(6).map($skip => ({ $skip })),
  fc.integer({ min: 1, max: 8 }).map($limit => ({ $limit })),
)
const stage: fc.Arbitrary<Encoded> = fc.oneof(
  match,
  sort,
  cut,
  fc
    .tuple(fc.oneof(expression, fc.constant(null)), accumulators)
    .map(([_id, rest]) => ({ $group: { _id, ...rest } })),
  fc
    .dictionary(fc.constantFrom('a', 'b', 'z'), fc.oneof(fc.constant(1), expression), {
      minKeys: 1,
      noNullPrototype: true,
    })
    .map($project => ({ $project })),
  fc
    .dictionary(fc.constantFrom('a', 'b', 'c.x'), expression, { minKeys: 1, noNullPrototype: true })
    .map($addFields => ({ $addFields })),
  fc.record({ path: field, preserveNullAndEmptyArrays: fc.boolean() }).map($unwind => ({ $unwind })),
  expression.filter(one => typeof one !== 'string' || one !== '').map($sortByCount => ({ $sortByCount })),
  fc
    .record({ groupBy: field, buckets: fc.integer({ min: 1, max: 3 }) })
    .map($bucketAuto => ({ $bucketAuto })),
  fc.constant({ $count: 'a' }),
  fc
    .tuple(path, path)
    .map(([localField, foreignField]) => ({ $lookup: { from: '@self', localField, foreignField, as: 'z' } })),
  fc.tuple(field, field, match).map(([own, other, first]) => ({
    $lookup: {
      from: '@self',
      let: { v: own },
      pipeline: [first, { $match: { $expr: { $eq: [other, '$$v'] } } }, { $sort: { a: 1 } }, { $limit: 2 }],
      as: 'z',
    },
  })),
)
/** Those the database takes part in come first, often. */
const pipeline = fc
  .tuple(fc.array(fc.oneof(match, sort, cut), { maxLength: 4 }), fc.array(stage, { maxLength: 3 }))
  .map(([first, then]): Encoded => [...first, ...then])

test('what the database does of a pipeline gives what all stages give in memory, with indexes and without', async () => {
  await fc.assert(
    fc.asyncProperty(
      documents,
      fc.array(pipeline, { minLength: 15, maxLength: 15 }),
      fc.boolean(),
      async (stored, pipelines, isIndexed) => {
        const results = await run(stored, pipelines, isIndexed)
        for (const [index, one] of pipelines.entries()) {
          expect(results[index], JSON.stringify(one)).toStrictEqual(inMemory(stored, one))
        }
      },
    ),
    { numRuns: 150 },
  )
}, 120_000)

/** One type a field, no nulls within arrays: where mingo gives what MongoDB documents. */
const plainDocument = fc.record({
  a: fc.integer({ min: -5, max: 5 }),
  b: fc.constantFrom('x', 'y', 'z'),
  c: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
  o: fc.record({ n: fc.integer({ min: 0, max: 9 }) }),
})
const number = fc.constantFrom<Encoded>('$a', '$o.n', 2)
const plainExpression: fc.Arbitrary<Encoded> = fc.oneof(
  fc
    .tuple(fc.constantFrom('$add', '$multiply', '$subtract', '$max', '$min'), number, number)
    .map(([name, l, r]) => ({ [name]: [l, r] })),
  fc
    .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), number, number)
    .map(([name, l, r]) => ({ [name]: [l, r] })),
  fc.constantFrom<Encoded>(
    { $abs: '$a' },
    { $concat: ['$b', '-', { $toString: '$a' }] },
    { $toUpper: '$b' },
    { $substrCP: ['$b', 0, 1] },
    { $size: '$c' },
    { $slice: ['$c', 1] },
    { $arrayElemAt: ['$c', 0] },
    { $reverseArray: '$c' },
    { $setUnion: ['$c', [1, 9]] },
    { $setDifference: ['$c', [1, 2]] },
    { $in: [1, '$c'] },
    { $map: { input: '$c', as: 'i', in: { $add: ['$$i', '$a'] } } },
    { $filter: { input: '$c', as: 'i', cond: { $gt: ['$$i', 1] } } },
    { $reduce: { input: '$c', initialValue: 0, in: { $add: ['$$value', '$$this'] } } },
    { $concatArrays: ['$c', ['$a']] },
    { $cond: [{ $gt: ['$a', 0] }, 'up', 'down'] },
    { $switch: { branches: [{ case: { $lt: ['$a', 0] }, [THEN]: 'low' }], default: 'high' } },
    { $ifNull: ['$none', '$b'] },
    { $mergeObjects: ['$o', { m: '$a' }] },
    { $objectToArray: '$o' },
    { $let: { vars: { s: { $add: ['$a', 1] } }, in: { $multiply: ['$$s', 2] } } },
    { $range: [0, '$o.n', 2] },
    { $sum: '$c' },
    { $avg: '$c' },
    { $dateToString: { date: { $toDate: { $multiply: ['$o.n', 86_400_000] } }, format: '%Y-%m-%d' } },
  ),
)
const plainStage: fc.Arbitrary<Encoded> = fc.oneof(
  fc.constantFrom<Encoded>(
    { $match: { a: { $gt: 0 } } },
    { $match: { b: { $in: ['x', 'y'] } } },
    { $match: { $expr: { $gt: ['$a', '$o.n'] } } },
    { $sort: { a: 1, _id: 1 } },
    { $sort: { b: -1, _id: 1 } },
    { $skip: 2 },
    { $limit: 5 },
  ),
  fc
    .dictionary(fc.constantFrom('p', 'q'), plainExpression, { minKeys: 1, noNullPrototype: true })
    .map($addFields => ({ $addFields })),
)
const plainEnd: fc.Arbitrary<Encoded> = fc.oneof(
  fc
    .dictionary(fc.constantFrom('p', 'q', 'a'), plainExpression, { minKeys: 1, noNullPrototype: true })
    .map($project => ({ $project })),
  fc.constantFrom<Encoded>(
    { $project: { a: 1, 'o.n': 1 } },
    { $project: { c: 0, o: { n: 0 } } },
    { $unwind: '$c' },
    { $unwind: { path: '$c', includeArrayIndex: 'i' } },
    {
      $group: {
        _id: '$b',
        n: { $sum: 1 },
        s: { $sum: '$a' },
        l: { $push: '$a' },
        f: { $first: '$_id' },
        m: { $max: '$a' },
      },
    },
    {
      $group: {
        _id: { b: '$b', big: { $gt: ['$a', 0] } },
        avg: { $avg: '$o.n' },
        min: { $min: '$a' },
        last: { $last: '$_id' },
      },
    },
    { $group: { _id: null, set: { $addToSet: '$b' }, dev: { $sum: '$o.n' } } },
    { $replaceRoot: { newRoot: '$o' } },
    { $lookup: { from: '@self', localField: 'a', foreignField: 'o.n', as: 'z' } },
  ),
)
const plainPipeline = fc
  .tuple(fc.array(plainStage, { maxLength: 3 }), plainEnd)
  .map(([first, last]): Encoded => [...first, last])

test('pipelines give what stock mingo gives where mingo follows MongoDB', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plainDocument, { minLength: 1, maxLength: 12 }),
      fc.array(plainPipeline, { minLength: 20, maxLength: 20 }),
      async (stored, pipelines) => {
        const results = await run(stored, pipelines, false)
        for (const [index, one] of pipelines.entries()) {
          const decoded = numbered(stored).map(document => decodeValue(document) as Document)
          const stages = decodeValue(one) as Document[]
          const options = { scriptEnabled: false, collectionResolver: () => decoded }
          const expected = new Aggregator(stages, options).run(structuredClone(decoded))
          expect(results[index], JSON.stringify(one)).toEqual(
            JSON.parse(JSON.stringify(expected.map(document => encodeValue(document)))),
          )
        }
      },
    ),
    { numRuns: 150 },
  )
}, 120_000)
