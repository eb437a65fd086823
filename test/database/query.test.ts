import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

const collection = 'items'
const documents: EncodedObject[] = [
  { _id: 'pen', price: 1.5, qty: 10, tags: ['red', 'blue'], size: { h: 1, w: 2 }, at: { $date: 1000 } },
  { _id: 'ink', price: 12, qty: null, tags: [], size: { h: 3, w: 4 }, at: { $date: 2000 }, done: true },
  {
    _id: 'cup',
    price: '12',
    tags: 'red',
    lines: [
      { sku: 'a', n: 1, marks: [1, 2] },
      { sku: 'b', n: 5, marks: [7] },
    ],
    done: false,
  },
  { _id: 5, price: { $numberDouble: 'NaN' }, lines: [{ sku: 'b' }, { n: 1 }], grid: [[1, 2], [3]] },
  { _id: '5', price: { $numberDouble: 'Infinity' }, big: 2 ** 60 + 256, 中文: { "o'hara": 1 } },
]
beforeAll(async () => {
  await database.createCollection({ collection })
  await database.add({ collection, documents })
})

async function find(filter: EncodedObject): Promise<unknown[]> {
  const found = await database.query({ collection, filter })
  const { total } = await database.count({ collection, filter })
  expect(total).toBe(found.documents.length)
  return found.documents.map(document => document['_id'])
}

const CASES: [filter: EncodedObject, ids: (string | number)[]][] = [
  [{}, ['pen', 'ink', 'cup', 5, '5']],
  [{ _id: 5 }, [5]],
  [{ _id: '5' }, ['5']],
  [{ _id: { $in: ['pen', 5, 'none'] } }, ['pen', 5]],
  [{ _id: { $gt: 'ink' } }, ['pen']],
  [{ _id: { $ne: 'pen' } }, ['ink', 'cup', 5, '5']],
  [{ price: 12 }, ['ink']],
  [{ price: '12' }, ['cup']],
  [{ price: { $numberDouble: 'NaN' } }, [5]],
  [{ price: { $gt: 1.5 } }, ['ink', '5']],
  [{ price: { $gte: 1.5, $lt: 12 } }, ['pen']],
  [{ price: { $lte: { $numberDouble: 'Infinity' } } }, ['pen', 'ink', '5']],
  [{ big: 2 ** 60 + 256 }, ['5']],
  [{ big: { $gt: 2 ** 60 } }, ['5']],
  [{ big: { $gt: 2 ** 60 + 256 } }, []],
  [{ done: true }, ['ink']],
  [{ done: 1 }, []],
  [{ done: { $gt: false } }, ['ink']],
  [{ qty: null }, ['ink', 'cup', 5, '5']],
  [{ qty: { $ne: null } }, ['pen']],
  [{ qty: { $gte: null } }, ['ink', 'cup', 5, '5']],
  [{ qty: { $exists: true } }, ['pen', 'ink']],
  [{ qty: { $exists: false } }, ['cup', 5, '5']],
  [{ qty: { $nin: [10, null] } }, []],
  [{ at: { $date: 1000 } }, ['pen']],
  [{ at: { $gt: { $date: 1000 } } }, ['ink']],
  [{ at: { $gt: 0 } }, []],
  [{ at: { $lt: { $tcb_server_date: { offset: 0 } } } }, ['pen', 'ink']],
  [{ tags: 'red' }, ['pen', 'cup']],
  [{ tags: ['red', 'blue'] }, ['pen']],
  [{ tags: [] }, ['ink']],
  [{ tags: { $in: ['blue', { $regularExpression: { pattern: '^R', options: 'i' } }] } }, ['pen', 'cup']],
  [{ tags: { $all: ['red'] } }, ['pen', 'cup']],
  [{ tags: { $all: ['red', 'blue'] } }, ['pen']],
  [{ tags: { $all: [] } }, []],
  [{ tags: { $size: 2 } }, ['pen']],
  [{ tags: { $regex: '^B', $options: 'i' } }, ['pen']],
  [{ tags: { $regularExpression: { pattern: 'ED$', options: 'ig' } } }, ['pen', 'cup']],
  [{ tags: { $not: { $regularExpression: { pattern: 'red', options: '' } } } }, ['ink', 5, '5']],
  [{ tags: { $elemMatch: { $gt: 'b', $lt: 'c' } } }, ['pen']],
  [{ 'size.w': 4 }, ['ink']],
  [{ size: { h: 1, w: 2 } }, ['pen']],
  [{ size: { w: 2, h: 1 } }, []],
  [{ 'lines.sku': 'b' }, ['cup', 5]],
  [{ 'lines.1.sku': 'b' }, ['cup']],
  [{ 'lines.sku': null }, ['pen', 'ink', 5, '5']],
  [{ 'lines.marks': 7 }, ['cup']],
  [{ 'lines.marks': { $in: [7, 9] } }, ['cup']],
  [{ 'lines.marks': { $gt: 6 } }, ['cup']],
  [{ lines: { $elemMatch: { sku: 'a', n: { $gt: 1 } } } }, []],
  [{ lines: { $elemMatch: { sku: 'b', n: { $gt: 1 } } } }, ['cup']],
  [{ lines: { $all: [{ $elemMatch: { sku: 'a' } }, { $elemMatch: { sku: 'b' } }] } }, ['cup']],
  [{ lines: { $elemMatch: { $or: [{ n: 5 }, { sku: 'x' }] } } }, ['cup']],
  [{ grid: { $elemMatch: { $in: [[3]] } } }, [5]],
  [{ grid: [3] }, [5]],
  [{ 'grid.0': [1, 2] }, [5]],
  [{ qty: { $mod: [4, 2] } }, ['pen']],
  [{ price: { $mod: [12, 0] } }, ['ink']],
  [{ price: { $type: 'string' } }, ['cup']],
  [{ tags: { $type: ['array', 'bool'] } }, ['pen', 'ink']],
  [{ $or: [{ price: 12 }, { 'size.w': 2 }] }, ['pen', 'ink']],
  [{ $nor: [{ tags: 'red' }, { price: 12 }] }, [5, '5']],
  [{ $and: [{ done: { $exists: true } }, { $or: [{ done: true }, { tags: 'red' }] }] }, ['ink', 'cup']],
  [{ price: { $not: { $gt: 1 } } }, ['cup', 5]],
  [{ $expr: { $gt: ['$size.w', '$size.h'] } }, ['pen', 'ink']],
  [{ $jsonSchema: { required: ['qty'], properties: { qty: { bsonType: 'int', minimum: 10 } } } }, ['pen']],
  [{ "中文.o'hara": 1 }, ['5']],
  [{ "x') OR 1=1 --": 1 }, []],
  [{ 'a"b.c\\d': { $ne: 1 } }, ['pen', 'ink', 'cup', 5, '5']],
  [{ constructor: { $exists: true } }, []],
  [{ '__proto__.polluted': { $exists: true } }, []],
  [{ price: { $in: [] } }, []],
  [{ $comment: 'why', price: 12 }, ['ink']],
]

describe('a filter', () => {
  test.each(CASES)('%j', async (filter, ids) => {
    expect(await find(filter)).toEqual(ids)
  })

  test.each<[EncodedObject, string]>([
    [{ a: { $nope: 1 } }, '$nope'],
    [{ $where: 'true' }, '$where'],
    [{ a: { $geoWithin: { $box: [] } } }, '$box'],
    [{ $expr: { $function: { body: 'x', args: [], lang: 'js' } } }, '$function'],
    [{ $expr: { $nope: ['$a', 1] } }, '$nope'],
    [{ $jsonSchema: { $ref: 'x' } }, '$ref'],
    [{ a: { $eq: { $gt: 1 } } }, '$gt'],
    [{ a: { constructor: 1, $gt: 1 } }, '$gt'],
  ])('%j names the operator it refuses', async (filter, name) => {
    await expect(find(filter)).rejects.toMatchObject(failure('DATABASE_INVALID_OPERATOR', name))
  })

  test.each<EncodedObject>([
    { a: { $in: 5 } },
    { $or: [] },
    { $and: {} },
    { a: { $gt: 1, b: 2 } },
    { a: { $size: -1 } },
    { a: { $size: 1.5 } },
    { a: { $all: 1 } },
    { a: { $mod: [0, 1] } },
    { a: { $mod: [1] } },
    { a: { $not: 1 } },
    { a: { $options: 'i' } },
    { a: { $elemMatch: 1 } },
    { a: { $type: 'nope' } },
    { a: { $regex: '(' } },
    { a: { $regularExpression: { pattern: 'a', options: 'x' } } },
    { a: { $gt: { $regularExpression: { pattern: 'a', options: '' } } } },
    { a: { $ne: { $regularExpression: { pattern: 'a', options: '' } } } },
    { a: { $date: 'never' } },
    { a: { $numberDouble: 'one' } },
    { '': 1 },
    { 'a\0b': 1 },
  ])('%j is refused', async filter => {
    await expect(find(filter)).rejects.toMatchObject(failure('INVALID_PARAM'))
  })

  test('nests as deep as the limit and no deeper', async () => {
    const nest = (levels: number): EncodedObject =>
      levels === 1 ? { a: 1 } : { $and: [nest(levels - 2), {}] }
    await expect(find(nest(LIMITS.valueDepth - 1))).resolves.toEqual([])
    await expect(find(nest(LIMITS.valueDepth + 1))).rejects.toMatchObject(failure('INVALID_PARAM', 'nested'))
  })

  test('may have thousands of branches and members', async () => {
    const $or = Array.from({ length: 5000 }, (_, index) => ({ price: index }))
    expect(await find({ $or })).toEqual(['ink'])
    expect(await find({ price: { $in: Array.from({ length: 50_000 }, (_, index) => index) } })).toEqual([
      'ink',
    ])
    expect(await find({ price: { $in: $or.slice(0, 100).map(() => null) } })).toEqual([])
  })

  test('with a pattern that would run for ever is stopped, and the next one answered', async () => {
    const slow = new Database()
    await slow.createCollection({ collection })
    await slow.add({ collection, documents: [{ s: `${'a'.repeat(50)}b` }] })
    const evil = { s: { $regularExpression: { pattern: '(a+)+$', options: 'i' } } }
    const stopped = slow.query({ collection, filter: evil })
    const neighbour = slow.count({ collection, filter: {} })
    await expect(stopped).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'stopped after 3 seconds'))
    await expect(neighbour).resolves.toEqual({ total: 1 })
    await slow.close()
  })
})

describe('sort, skip and limit', () => {
  const ids = async (args: {
    sort?: [string, 1 | -1][]
    skip?: number
    limit?: number
  }): Promise<unknown[]> =>
    (await database.query({ collection, filter: {}, ...args })).documents.map(document => document['_id'])

  test('order types as MongoDB does', async () => {
    expect(await ids({ sort: [['price', 1]] })).toEqual([5, 'pen', 'ink', '5', 'cup'])
    expect(await ids({ sort: [['price', -1]] })).toEqual(['cup', '5', 'ink', 'pen', 5])
    expect(
      await ids({
        sort: [
          ['at', -1],
          ['_id', 1],
        ],
      }),
    ).toEqual(['ink', 'pen', 5, '5', 'cup'])
    expect(await ids({ sort: [['_id', 1]] })).toEqual([5, '5', 'cup', 'ink', 'pen'])
  })

  test('order arrays by their least, or descending their greatest, element', async () => {
    expect(await ids({ sort: [['tags', 1]] })).toEqual(['ink', 5, '5', 'pen', 'cup'])
    expect(await ids({ sort: [['lines.n', -1]] })).toEqual(['cup', 5, 'pen', 'ink', '5'])
  })

  test('page', async () => {
    expect(await ids({ skip: 1, limit: 2 })).toEqual(['ink', 'cup'])
    expect(await ids({ sort: [['_id', -1]], skip: 3, limit: 5 })).toEqual(['5', 5])
    expect(await ids({ limit: 0 })).toHaveLength(5)
    expect(await ids({ skip: 100 })).toEqual([])
  })

  test('refuse what is no number of rows', async () => {
    await expect(ids({ limit: -1 })).rejects.toMatchObject(failure('INVALID_PARAM', 'limit'))
    await expect(ids({ skip: 1.5 })).rejects.toMatchObject(failure('INVALID_PARAM', 'skip'))
  })
})

describe('a projection', () => {
  const project = async (id: string, projection: EncodedObject): Promise<unknown> =>
    (await database.query({ collection, filter: { _id: id }, projection })).documents[0]

  test('keeps or leaves out fields, through arrays', async () => {
    expect(await project('cup', { 'lines.sku': 1 })).toEqual({
      _id: 'cup',
      lines: [{ sku: 'a' }, { sku: 'b' }],
    })
    expect(await project('pen', { size: { w: 1 }, at: true, _id: 0 })).toEqual({
      size: { w: 2 },
      at: { $date: 1000 },
    })
    expect(await project('pen', { tags: 0, size: false, at: 0 })).toEqual({ _id: 'pen', price: 1.5, qty: 10 })
    expect(await project('cup', { 'lines.marks': 0, price: 0, tags: 0, done: 0 })).toEqual({
      _id: 'cup',
      lines: [
        { sku: 'a', n: 1 },
        { sku: 'b', n: 5 },
      ],
    })
    expect(await project('ink', { _id: 1 })).toEqual({ _id: 'ink' })
  })

  test('slices and picks elements', async () => {
    expect(await project('pen', { tags: { $slice: -1 }, size: 0, at: 0, price: 0 })).toEqual({
      _id: 'pen',
      qty: 10,
      tags: ['blue'],
    })
    expect(await project('pen', { tags: { $slice: [1, 5] }, qty: 1 })).toEqual({
      _id: 'pen',
      qty: 10,
      tags: ['blue'],
    })
    expect(await project('cup', { lines: { $elemMatch: { n: { $gt: 1 } } } })).toEqual({
      _id: 'cup',
      lines: [{ sku: 'b', n: 5, marks: [7] }],
    })
  })

  test.each<EncodedObject>([
    { a: 1, b: 0 },
    { a: 1, 'a.b': 1 },
    { a: 'x' },
    { a: { $slice: 'x' } },
    { a: { $slice: [1, 0] } },
  ])('%j is refused', async projection => {
    await expect(project('pen', projection)).rejects.toMatchObject(failure('INVALID_PARAM'))
  })

  test('refuses other operators', async () => {
    await expect(project('pen', { a: { $meta: 'x' } })).rejects.toMatchObject(
      failure('DATABASE_INVALID_OPERATOR', '$meta'),
    )
  })
})

test('a query by one id is answered like any other', async () => {
  const ask = (filter: EncodedObject, more: object = {}): Promise<unknown> =>
    database.query({ collection, filter, ...more }).then(found => found.documents)
  const [whole] = documents
  expect(await ask({ _id: 'pen' })).toEqual([whole])
  for (const more of [{ limit: 1 }, { limit: 0 }, { skip: 0, sort: [] }, { sort: [['price', 1]] }]) {
    expect(await ask({ _id: 'pen' }, more)).toEqual(await ask({ _id: { $eq: 'pen' } }, more))
  }
  expect(await ask({ _id: 'pen' }, { skip: 1 })).toEqual([])
  expect(await ask({ _id: 'pen' }, { projection: { price: 1 } })).toEqual([{ _id: 'pen', price: 1.5 }])
  expect(await ask({ _id: 'pen', price: 12 })).toEqual([])
  expect(await ask({ _id: '\ud800' })).toEqual([])
  expect(await ask({ _id: null })).toEqual([])
  await expect(ask({ _id: 'pen' }, { limit: -1 })).rejects.toMatchObject(failure('INVALID_PARAM', 'limit'))
  await expect(ask({ _id: 'pen' }, { limit: 1.5 })).rejects.toMatchObject(failure('INVALID_PARAM', 'limit'))
  await expect(database.query({ collection: 'none', filter: { _id: 1 } })).rejects.toMatchObject(
    failure('DATABASE_COLLECTION_NOT_EXIST'),
  )
})

test('numbers beyond 2^53 are equal as JavaScript has them, in fields and in _id', async () => {
  await using database = new Database()
  const numbers = [
    2 ** 53,
    2 ** 53 + 2,
    2 ** 60,
    2 ** 60 + 256,
    -(2 ** 62),
    2 ** 63,
    2 ** 64,
    1e21,
    1e300,
    0.1,
  ]
  await database.createCollection({ collection })
  await database.add({ collection, documents: numbers.map(n => ({ _id: n, n, l: ['x', n], o: { n } })) })
  for (const isIndexed of [false, true]) {
    if (isIndexed) await database.createIndex({ collection, fields: [['n', 1]] })
    for (const n of numbers) {
      for (const operand of [n, { $eq: n }, { $in: [n] }, { $in: [n, 7, 'y', null] }, { $gte: n, $lte: n }]) {
        for (const path of ['_id', 'n', 'l', 'o.n', 'o']) {
          const asked = path === 'o' ? { $eq: { n } } : operand
          const { documents } = await database.query({ collection, filter: { [path]: asked } })
          expect(
            documents.map(({ _id }) => _id),
            `${path} ${JSON.stringify(asked)}`,
          ).toEqual([n])
        }
      }
      expect(await database.count({ collection, filter: { _id: { $nin: [n] } } })).toEqual({ total: 9 })
    }
  }
})

test('a pattern beside null, on a path through objects, passes long integers by', async () => {
  await using database = new Database()
  await database.createCollection({ collection })
  const values = [-(2 ** 62), 'abc', null, 'x']
  await database.add({ collection, documents: values.map((a, _id) => ({ _id, o: { a } })) })
  const filter = { 'o.a': { $in: [null, { $regularExpression: { pattern: 'b', options: '' } }] } }
  const { documents } = await database.query({ collection, filter })
  expect(documents.map(({ _id }) => _id)).toEqual([1, 2])
})

test('$elemMatch takes an array within the array for an object of its positions', async () => {
  await using database = new Database()
  await database.createCollection({ collection })
  await database.add({
    collection,
    documents: [
      { _id: 1, l: [[{ k: 3 }]] },
      { _id: 2, l: [{ k: 3 }] },
    ],
  })
  for (const isIndexed of [false, true]) {
    if (isIndexed) await database.createIndex({ collection, fields: [['l.k', 1]] })
    const find = async ($elemMatch: EncodedObject): Promise<unknown[]> =>
      (await database.query({ collection, filter: { l: { $elemMatch } } })).documents.map(({ _id }) => _id)
    expect(await find({ k: 3 })).toEqual([2])
    expect(await find({ '0.k': 3 })).toEqual([1])
    expect(await find({ k: null })).toEqual([1])
  }
})
