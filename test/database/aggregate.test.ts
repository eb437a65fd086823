import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

const DOCUMENTS: Readonly<Record<string, EncodedObject[]>> = {
  books: [
    { _id: 1, title: 'A', by: 'x', price: 10, tags: ['a', 'b'], size: { w: 1, h: 2 } },
    { _id: 2, title: 'B', by: 'y', price: 20.5, tags: ['b'] },
    { _id: 3, title: 'C', by: 'x', price: null, tags: [] },
    { _id: 4, title: 'D', price: '7', parts: [{ n: 1, m: 1 }, 5, { n: 2 }] },
  ],
  orders: [
    { _id: 'o1', book: 1, n: 2, lines: [{ sku: 'p' }, { sku: 'q' }] },
    { _id: 'o2', book: 1, n: 3, lines: [{ sku: 'q' }] },
    { _id: 'o3', book: [2, 4], n: 1 },
    { _id: 'o4', book: null, n: 0 },
    { _id: 'o5', n: 9 },
  ],
  places: [
    { _id: 'far', at: { type: 'Point', coordinates: [113, 24] } },
    { _id: 'near', at: { type: 'Point', coordinates: [113, 23.01] }, open: true },
    { _id: 'here', at: { type: 'Point', coordinates: [113, 23] }, open: false },
    { _id: 'nowhere' },
  ],
  // Of no one type, and with names that mean something to JavaScript.
  odd: [
    { _id: 1, k: { $numberDouble: 'NaN' }, v: { $numberDouble: 'NaN' } },
    { _id: 2, k: { $numberDouble: 'NaN' }, v: 1 },
    { _id: 3, k: 0, v: { $numberDouble: 'Infinity' } },
    { _id: 4, k: -0, v: '5', constructor: { name: 1 } },
    { _id: 5, k: { a: 1, b: 2 }, v: { $date: 5 } },
    { _id: 6, k: { b: 2, a: 1 }, toString: 1 },
    { _id: 7, k: { $date: 9 }, v: [1] },
    { _id: 8, k: null },
    { _id: 9 },
    { _id: 10, k: { a: 1, b: 2 } },
  ],
}

beforeAll(async () => {
  for (const [collection, documents] of Object.entries(DOCUMENTS)) {
    await database.createCollection({ collection })
    await database.add({ collection, documents })
  }
})

async function run(collection: string, ...pipeline: EncodedObject[]): Promise<unknown> {
  const { documents, isTruncated } = await database.aggregate({ collection, pipeline })
  expect(isTruncated).toBe(false)
  return documents
}

const ids = (...list: (number | string)[]): object[] => list.map(_id => ({ _id }))
const ID: EncodedObject = { $project: { _id: 1 } }

describe('stages', () => {
  test.each<[string, EncodedObject[], unknown]>([
    ['books', [], DOCUMENTS['books']],
    ['books', [{ $match: { tags: 'b', price: { $gt: 10 } } }, ID], ids(2)],
    ['books', [{ $match: { $expr: { $eq: ['$by', 'x'] } } }, ID], ids(1, 3)],
    [
      'books',
      [{ $match: { $expr: { $and: [{ $eq: ['$price', '7'] }, { $isArray: '$parts' }] } } }, ID],
      ids(4),
    ],
    ['books', [{ $match: { $or: [{ _id: 3 }, { $expr: { $eq: ['$title', 'A'] } }] } }, ID], ids(1, 3)],
    ['books', [{ $sort: { price: -1 } }, ID], ids(4, 2, 1, 3)],
    ['books', [{ $sort: { by: 1, _id: -1 } }, { $skip: 1 }, { $limit: 2 }, ID], ids(3, 1)],
    ['books', [{ $limit: 3 }, { $skip: 1 }, { $limit: 9 }, ID], ids(2, 3)],
    ['books', [{ $skip: 2 }, { $match: { by: 'x' } }, ID], ids(3)],
    ['books', [{ $sort: { tags: 1 } }, ID], ids(3, 4, 1, 2)],
    [
      'books',
      [{ $addFields: { k: { $ifNull: ['$by', 'z'] } } }, { $sort: { k: -1 } }, { $limit: 2 }, ID],
      ids(4, 2),
    ],
    ['books', [{ $count: 'n' }], [{ n: 4 }]],
    ['books', [{ $match: { by: 'x' } }, { $skip: 1 }, { $limit: 5 }, { $count: 'n' }], [{ n: 1 }]],
    ['books', [{ $match: { by: 'none' } }, { $count: 'n' }], []],
    ['books', [{ $unwind: '$tags' }, { $count: 'n' }, { $addFields: { m: '$n' } }], [{ n: 3, m: 3 }]],

    ['books', [{ $limit: 1 }, { $project: { price: 1, title: true } }], [{ _id: 1, title: 'A', price: 10 }]],
    [
      'books',
      [{ $limit: 1 }, { $project: { _id: 0, 'size.h': 1, t: '$title', no: '$none' } }],
      [{ size: { h: 2 }, t: 'A' }],
    ],
    [
      'books',
      [{ $limit: 1 }, { $project: { tags: 0, size: { w: 0 }, by: false } }],
      [{ _id: 1, title: 'A', price: 10, size: { h: 2 } }],
    ],
    [
      'books',
      [{ $limit: 1 }, { $project: { _id: 0 } }, { $project: { title: 1, l: ['$by', '$none'] } }],
      [{ title: 'A', l: ['x', null] }],
    ],
    [
      'books',
      [{ $match: { _id: 4 } }, { $project: { _id: 0, 'parts.n': 1, 'price.x': 1 } }],
      [{ parts: [{ n: 1 }, { n: 2 }] }],
    ],
    [
      'books',
      [{ $match: { _id: 4 } }, { $project: { _id: 0, 'parts.z': { $literal: 1 } } }],
      [{ parts: [{ z: 1 }, { z: 1 }, { z: 1 }] }],
    ],
    [
      'books',
      [{ $match: { _id: 4 } }, { $project: { parts: { n: 0 } } }],
      [{ _id: 4, title: 'D', price: '7', parts: [{ m: 1 }, 5, {}] }],
    ],
    [
      'books',
      [
        { $match: { _id: 2 } },
        { $addFields: { price: { $add: ['$price', 1] }, 'a.b': '$title', tags: '$$REMOVE' } },
      ],
      [{ _id: 2, title: 'B', by: 'y', price: 21.5, a: { b: 'B' } }],
    ],
    [
      'books',
      [{ $match: { _id: 4 } }, { $addFields: { 'parts.t': '$title' } }, { $project: { parts: 1, _id: 0 } }],
      [{ parts: [{ n: 1, m: 1, t: 'D' }, { t: 'D' }, { n: 2, t: 'D' }] }],
    ],
    ['books', [{ $match: { _id: 2 } }, { $unset: ['tags', 'price'] }], [{ _id: 2, title: 'B', by: 'y' }]],
    ['books', [{ $match: { _id: 1 } }, { $replaceRoot: { newRoot: '$size' } }], [{ w: 1, h: 2 }]],

    [
      'books',
      [{ $unwind: '$tags' }, { $project: { tags: 1 } }],
      [
        { _id: 1, tags: 'a' },
        { _id: 1, tags: 'b' },
        { _id: 2, tags: 'b' },
      ],
    ],
    [
      'books',
      [
        { $unwind: { path: '$tags', includeArrayIndex: 'i', preserveNullAndEmptyArrays: true } },
        { $project: { tags: 1, i: 1 } },
      ],
      [
        { _id: 1, tags: 'a', i: 0 },
        { _id: 1, tags: 'b', i: 1 },
        { _id: 2, tags: 'b', i: 0 },
        { _id: 3, i: null },
        { _id: 4, i: null },
      ],
    ],
    ['books', [{ $unwind: '$price' }, ID], ids(1, 2, 4)],
    ['books', [{ $unwind: { path: '$price', preserveNullAndEmptyArrays: true } }, ID], ids(1, 2, 3, 4)],
    ['books', [{ $unwind: '$parts.n' }, ID], []],

    [
      'books',
      [{ $group: { _id: '$by', n: { $sum: 1 }, total: { $sum: '$price' }, mean: { $avg: '$price' } } }],
      [
        { _id: 'x', n: 2, total: 10, mean: 10 },
        { _id: 'y', n: 1, total: 20.5, mean: 20.5 },
        { _id: null, n: 1, total: 0, mean: null },
      ],
    ],
    [
      'books',
      [
        {
          $group: { _id: null, titles: { $push: '$title' }, by: { $push: '$by' }, set: { $addToSet: '$by' } },
        },
      ],
      [{ _id: null, titles: ['A', 'B', 'C', 'D'], by: ['x', 'y', 'x'], set: ['x', 'y'] }],
    ],
    [
      'books',
      [{ $sort: { title: -1 } }, { $group: { _id: 0, first: { $first: '$by' }, last: { $last: '$by' } } }],
      [{ _id: 0, first: null, last: 'x' }],
    ],
    [
      'books',
      [
        {
          $group: { _id: 1, max: { $max: '$price' }, min: { $min: '$price' }, pop: { $stdDevPop: '$price' } },
        },
      ],
      [{ _id: 1, max: '7', min: 10, pop: 5.25 }],
    ],
    [
      'books',
      [{ $group: { _id: 1, all: { $mergeObjects: '$size' }, n: { $count: {} } } }],
      [{ _id: 1, all: { w: 1, h: 2 }, n: 4 }],
    ],
    [
      'books',
      [{ $group: { _id: { by: '$by', big: { $gt: ['$price', 15] } } } }],
      [{ _id: { by: 'x', big: false } }, { _id: { by: 'y', big: true } }, { _id: { big: true } }],
    ],
    [
      'odd',
      [{ $group: { _id: '$k', ids: { $push: '$_id' }, sum: { $sum: '$v' } } }],
      [
        { _id: { $numberDouble: 'NaN' }, ids: [1, 2], sum: { $numberDouble: 'NaN' } },
        { _id: 0, ids: [3, 4], sum: { $numberDouble: 'Infinity' } },
        { _id: { a: 1, b: 2 }, ids: [5, 10], sum: 0 },
        { _id: { b: 2, a: 1 }, ids: [6], sum: 0 },
        { _id: { $date: 9 }, ids: [7], sum: 0 },
        { _id: null, ids: [8, 9], sum: 0 },
      ],
    ],
    [
      'odd',
      [{ $match: { 'constructor.name': 1 } }, { $project: { c: '$constructor.name', t: '$toString' } }],
      [{ _id: 4, c: 1 }],
    ],
    [
      'books',
      [{ $unwind: '$tags' }, { $sortByCount: '$tags' }],
      [
        { _id: 'b', count: 2 },
        { _id: 'a', count: 1 },
      ],
    ],
    [
      'books',
      [
        {
          $bucket: {
            groupBy: '$price',
            boundaries: [0, 15, 30],
            default: 'other',
            output: { t: { $push: '$title' } },
          },
        },
      ],
      [
        { _id: 0, t: ['A'] },
        { _id: 15, t: ['B'] },
        { _id: 'other', t: ['C', 'D'] },
      ],
    ],
    [
      'books',
      [{ $match: { _id: { $lt: 3 } } }, { $bucket: { groupBy: '$price', boundaries: [0, 20.5, 30] } }],
      [
        { _id: 0, count: 1 },
        { _id: 20.5, count: 1 },
      ],
    ],
    [
      'books',
      [{ $bucketAuto: { groupBy: '$_id', buckets: 3 } }],
      [
        { _id: { min: 1, max: 2 }, count: 1 },
        { _id: { min: 2, max: 3 }, count: 1 },
        { _id: { min: 3, max: 4 }, count: 2 },
      ],
    ],
    [
      'books',
      [
        {
          $bucketAuto: {
            groupBy: '$_id',
            buckets: 2,
            granularity: 'POWERSOF2',
            output: { ids: { $push: '$_id' } },
          },
        },
      ],
      [
        { _id: { min: 0.5, max: 4 }, ids: [1, 2, 3] },
        { _id: { min: 4, max: 8 }, ids: [4] },
      ],
    ],
    [
      'books',
      [{ $bucketAuto: { groupBy: { $multiply: ['$_id', 7] }, buckets: 2, granularity: 'R5' } }],
      [
        { _id: { min: 6.3, max: 16 }, count: 2 },
        { _id: { min: 16, max: 40 }, count: 2 },
      ],
    ],
    [
      'books',
      [{ $facet: { n: [{ $count: 'n' }], top: [{ $sort: { _id: -1 } }, { $limit: 1 }, ID] } }],
      [{ n: [{ n: 4 }], top: ids(4) }],
    ],
    [
      'books',
      [
        { $match: { _id: 1 } },
        { $redact: { $cond: [{ $eq: [{ $ifNull: ['$w', 0] }, 1] }, '$$PRUNE', '$$DESCEND'] } },
      ],
      [{ _id: 1, title: 'A', by: 'x', price: 10, tags: ['a', 'b'] }],
    ],

    [
      'books',
      [
        { $lookup: { from: 'orders', localField: '_id', foreignField: 'book', as: 'o' } },
        { $project: { n: '$o.n' } },
      ],
      [
        { _id: 1, n: [2, 3] },
        { _id: 2, n: [1] },
        { _id: 3, n: [] },
        { _id: 4, n: [1] },
      ],
    ],
    [
      'orders',
      [
        { $lookup: { from: 'books', localField: 'book', foreignField: '_id', as: 'b' } },
        { $project: { b: '$b.title' } },
      ],
      [
        { _id: 'o1', b: ['A'] },
        { _id: 'o2', b: ['A'] },
        { _id: 'o3', b: ['B', 'D'] },
        { _id: 'o4', b: [] },
        { _id: 'o5', b: [] },
      ],
    ],
    [
      'books',
      [
        { $match: { _id: 3 } },
        { $lookup: { from: 'orders', localField: 'price', foreignField: 'book', as: 'o' } },
        { $project: { n: '$o.n' } },
      ],
      [{ _id: 3, n: [0, 9] }],
    ],
    [
      'books',
      [
        { $match: { _id: 2 } },
        { $lookup: { from: 'orders', localField: 'title', foreignField: 'lines.sku', as: 'x.y' } },
        { $project: { x: 1 } },
      ],
      [{ _id: 2, x: { y: [] } }],
    ],
    [
      'books',
      [
        { $match: { _id: { $lt: 3 } } },
        {
          $lookup: {
            from: 'orders',
            let: { id: '$_id', least: 2 },
            pipeline: [
              { $match: { $expr: { $and: [{ $eq: ['$book', '$$id'] }, { $gt: ['$n', '$$least'] }] } } },
              { $project: { _id: 0, n: 1, of: '$$id' } },
            ],
            as: 'o',
          },
        },
        { $project: { o: 1 } },
      ],
      [
        { _id: 1, o: [{ n: 3, of: 1 }] },
        { _id: 2, o: [] },
      ],
    ],
    [
      'books',
      [
        { $match: { _id: 1 } },
        {
          $lookup: {
            from: 'orders',
            let: { id: '$_id' },
            pipeline: [
              { $match: { $expr: { $eq: ['$book', '$$id'] } } },
              {
                $lookup: {
                  from: 'books',
                  let: { n: '$n' },
                  pipeline: [
                    { $match: { $expr: { $lt: ['$_id', '$$n'] } } },
                    { $count: 'below' },
                    { $addFields: { of: '$$id' } },
                  ],
                  as: 'inner',
                },
              },
              { $project: { inner: 1 } },
            ],
            as: 'o',
          },
        },
        { $project: { o: 1 } },
      ],
      [
        {
          _id: 1,
          o: [
            { _id: 'o1', inner: [{ below: 1, of: 1 }] },
            { _id: 'o2', inner: [{ below: 2, of: 1 }] },
          ],
        },
      ],
    ],
    [
      'books',
      [
        { $lookup: { from: 'orders', pipeline: [{ $count: 'n' }], as: 'all' } },
        { $match: { _id: { $gt: 3 } } },
        { $project: { all: 1 } },
      ],
      [{ _id: 4, all: [{ n: 5 }] }],
    ],
  ])('%s %j', async (collection, pipeline, expected) => {
    expect(await run(collection, ...pipeline)).toStrictEqual(expected)
  })

  test('$sample gives as many different documents, all when it is asked for more', async () => {
    const sampled = (await run('books', { $sample: { size: 3 } }, ID)) as { _id: number }[]
    expect(new Set(sampled.map(({ _id }) => _id)).size).toBe(3)
    const all = (await run('books', { $sample: { size: 100 } }, ID)) as { _id: number }[]
    expect(all.map(({ _id }) => _id).sort()).toEqual([1, 2, 3, 4])
  })

  test('$geoNear measures from near to far', async () => {
    const near = { type: 'Point', coordinates: [113, 23] }
    const search = { near, distanceField: 'd.m', key: 'at', distanceMultiplier: 0.001, includeLocs: 'l' }
    const found = (await run('places', { $geoNear: search }, { $project: { m: '$d.m', l: 1 } })) as {
      m: number
    }[]
    expect(found).toMatchObject([
      { _id: 'here', m: 0, l: near },
      { _id: 'near', l: { type: 'Point' } },
      { _id: 'far' },
    ])
    expect(found[1]?.m).toBeCloseTo(1.1132, 3)
    expect(await run('places', { $geoNear: { ...search, query: { open: true } } }, ID)).toEqual(ids('near'))
    expect(await run('places', { $geoNear: { ...search, maxDistance: 2000, minDistance: 1 } }, ID)).toEqual(
      ids('near'),
    )
    expect(await run('places', { $geoNear: { ...search, limit: 2 } }, ID)).toEqual(ids('here', 'near'))
    expect(await run('places', { $geoNear: search }, { $skip: 1 }, { $limit: 1 }, ID)).toEqual(ids('near'))
    const { key, ...keyless } = search
    await expect(run('places', { $geoNear: keyless })).rejects.toMatchObject(
      failure('INVALID_PARAM', 'needs key'),
    )
    await database.createIndex({ collection: 'places', fields: [['at', '2dsphere']] })
    expect(await run('places', { $geoNear: keyless }, ID)).toEqual(ids('here', 'near', 'far'))
  })
})

describe('what is refused', () => {
  test.each<[EncodedObject[], string, string]>([
    [[{ $nope: 1 }], 'DATABASE_INVALID_OPERATOR', '$nope'],
    [[{ $out: 'books' }], 'DATABASE_INVALID_OPERATOR', '$out'],
    [[{}], 'INVALID_PARAM', 'Stage 0'],
    [[{ $limit: 1, $skip: 1 }], 'INVALID_PARAM', 'one field'],
    [[{ $limit: 0 }], 'INVALID_PARAM', '$limit needs a whole number of at least 1'],
    [[{ $skip: -1 }], 'INVALID_PARAM', '$skip'],
    [[{ $sort: {} }], 'INVALID_PARAM', '$sort'],
    [[{ $sort: { a: 2 } }], 'INVALID_PARAM', '1 or -1 for "a"'],
    [[{ $project: {} }], 'INVALID_PARAM', 'at least one field'],
    [[{ $project: { a: 1, b: 0 } }], 'INVALID_PARAM', 'not both'],
    [[{ $project: { a: 1, 'a.b': 1 } }], 'INVALID_PARAM', 'colliding paths at "a.b"'],
    [[{ $project: { a: {} } }], 'INVALID_PARAM', '"a"'],
    [[{ $project: { 'a.$b': 1 } }], 'INVALID_PARAM', 'start with $'],
    [[{ $project: { x: { $nope: 1 } } }], 'DATABASE_INVALID_OPERATOR', '$nope'],
    [[{ $addFields: { x: '$$y' } }], 'INVALID_PARAM', 'undefined variable: y'],
    [[{ $group: { n: { $sum: 1 } } }], 'INVALID_PARAM', '_id'],
    [[{ $group: { _id: 1, n: 1 } }], 'INVALID_PARAM', 'one accumulator for "n"'],
    [[{ $group: { _id: 1, n: { $concat: ['a'] } } }], 'DATABASE_INVALID_OPERATOR', '$concat'],
    [[{ $group: { _id: 1, n: { $sum: [1, 2] } } }], 'INVALID_PARAM', 'one operand'],
    [[{ $group: { _id: 1, 'a.b': { $sum: 1 } } }], 'INVALID_PARAM', 'no dots'],
    [[{ $unwind: 'tags' }], 'INVALID_PARAM', 'starts with $'],
    [[{ $count: '$n' }], 'INVALID_PARAM', '$count'],
    [[{ $count: '' }], 'INVALID_PARAM', '$count'],
    [[{ $sample: { size: 0 } }], 'INVALID_PARAM', '$sample'],
    [[{ $match: { a: { $nope: 1 } } }], 'DATABASE_INVALID_OPERATOR', '$nope'],
    [
      [{ $match: { at: { $nearSphere: { $geometry: { type: 'Point', coordinates: [0, 0] } } } } }],
      'INVALID_PARAM',
      '$nearSphere',
    ],
    [[{ $match: { $expr: '$$y' } }], 'INVALID_PARAM', 'undefined variable: y'],
    [[{ $replaceRoot: { newRoot: '$title' } }], 'DATABASE_REQUEST_FAILED', 'string'],
    [[{ $bucket: { groupBy: '$_id', boundaries: [3, 1] } }], 'INVALID_PARAM', 'ascending'],
    [[{ $bucket: { groupBy: '$_id', boundaries: [1, 'a'] } }], 'INVALID_PARAM', 'one type'],
    [[{ $bucket: { groupBy: '$_id', boundaries: [1, 3] } }], 'DATABASE_REQUEST_FAILED', 'outside'],
    [[{ $bucket: { groupBy: '$_id', boundaries: [1, 3], default: 2 } }], 'INVALID_PARAM', 'default'],
    [
      [{ $bucketAuto: { groupBy: '$title', buckets: 2, granularity: 'R5' } }],
      'DATABASE_REQUEST_FAILED',
      'numbers',
    ],
    [[{ $bucketAuto: { groupBy: '$_id', buckets: 2, granularity: 'R6' } }], 'INVALID_PARAM', 'R6'],
    [[{ $lookup: { from: 'orders', localField: 'a', as: 'o' } }], 'INVALID_PARAM', 'foreignField'],
    [[{ $lookup: { from: 'orders', as: 'o' } }], 'INVALID_PARAM', 'pipeline'],
    [
      [{ $lookup: { from: 'none', localField: '_id', foreignField: 'x', as: 'o' } }],
      'DATABASE_COLLECTION_NOT_EXIST',
      'none',
    ],
    [[{ $limit: 1 }, { $geoNear: { near: [0, 0], distanceField: 'd' } }], 'INVALID_PARAM', 'first stage'],
    [[{ $facet: { a: [{ $facet: { b: [] } }] } }], 'INVALID_PARAM', '$facet'],
    [[{ $redact: '$title' }], 'DATABASE_REQUEST_FAILED', '$$KEEP'],
    [[{ $project: { x: { $divide: ['$_id', 0] } } }], 'DATABASE_REQUEST_FAILED', 'zero'],
    [[{ $match: { title: { $regex: '(' } } }], 'INVALID_PARAM', ''],
  ])('%j', async (pipeline, reason, message) => {
    await expect(run('books', ...pipeline)).rejects.toMatchObject(failure(reason as 'INVALID_PARAM', message))
  })

  test('a collection that does not exist', async () => {
    await expect(run('none')).rejects.toMatchObject(failure('DATABASE_COLLECTION_NOT_EXIST', 'none'))
  })
})

describe('limits', () => {
  test('as many stages as there may be, and one more', async () => {
    const stages = Array.from({ length: LIMITS.pipelineStages }, () => ({ $skip: 0 }))
    expect(await run('books', ...stages, ...[])).toHaveLength(4)
    await expect(run('books', ...stages, { $skip: 0 })).rejects.toMatchObject(
      failure('INVALID_PARAM', `${LIMITS.pipelineStages} stages`),
    )
  })

  test('documents beyond the most asked for are left out, and the result says so', async () => {
    const asked = { collection: 'books', pipeline: [{ $sort: { _id: -1 } }, { $project: { _id: 1 } }] }
    expect(await database.aggregate({ ...asked, most: 4 })).toEqual({
      documents: ids(4, 3, 2, 1),
      isTruncated: false,
    })
    expect(await database.aggregate({ ...asked, most: 3 })).toEqual({
      documents: ids(4, 3, 2),
      isTruncated: true,
    })
  })

  // 24 bytes an element at least, so 60,000 of them for each of 100 documents are beyond the limit.
  const heavy = (count: number): EncodedObject[] => [
    { $project: { n: { $range: [0, 100] } } },
    { $unwind: '$n' },
    { $addFields: { list: { $range: [0, count] } } },
  ]
  test.each<[string, EncodedObject]>([
    ['$sort', { $sort: { n: 1 } }],
    ['$group', { $group: { _id: '$_id', all: { $push: '$list' } } }],
    ['$group', { $group: { _id: { n: '$n', id: '$_id', list: '$list' } } }],
    ['$bucketAuto', { $bucketAuto: { groupBy: '$n', buckets: 2 } }],
    ['$facet', { $facet: { a: [{ $count: 'n' }] } }],
    ['$sample', { $sample: { size: 400 } }],
  ])(
    '%s holds so much and names itself',
    async (name, stage) => {
      const count = { $count: 'n' }
      expect(await run('books', ...heavy(10), stage, count)).toHaveLength(1)
      await expect(run('books', ...heavy(60_000), stage, count)).rejects.toMatchObject(
        failure('DATABASE_REQUEST_FAILED', `${name} would hold too much`),
      )
    },
    30_000,
  )

  test('a sort that is cut short, and lookups that are done with, hold little', async () => {
    expect(
      await run('books', ...heavy(60_000), { $sort: { n: -1 } }, { $limit: 2 }, { $count: 'n' }),
    ).toEqual([{ n: 2 }])
    const lookup = {
      from: 'books',
      pipeline: [{ $addFields: { list: { $range: [0, 100_000] } } }, { $sort: { _id: 1 } }, ID],
      as: 'x',
    }
    const many = { $project: { n: { $range: [0, 10] } } }
    expect(
      await run(
        'books',
        many,
        { $unwind: '$n' },
        { $lookup: { ...lookup, let: { a: '$n' } } },
        { $count: 'n' },
      ),
    ).toEqual([{ n: 40 }])
  }, 60_000)

  test('a pattern that never ends is stopped, and the database goes on', async () => {
    const collection = 'evil'
    await database.createCollection({ collection })
    await database.add({ collection, documents: [{ text: 'a'.repeat(40) }] })
    const match = { $match: { $or: [{ x: 1 }, { text: { $regex: '^(a+)+$b' } }] } }
    await expect(run(collection, { $unwind: '$text' }, match)).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'stopped after'),
    )
    expect(await run('books', { $count: 'n' })).toEqual([{ n: 4 }])
    expect(database.stats().restartCount).toBe(0)
  }, 20_000)
})
