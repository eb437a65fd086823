import { afterAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

const database = new Database({ autoCreateCollections: true })
afterAll(() => database.close())
const collection = 'things'
let nextId = 1

/** Updates a document of its own and returns it, without its id. */
async function change(
  document: EncodedObject,
  update: EncodedObject,
  where: EncodedObject = {},
): Promise<unknown> {
  const _id = nextId++
  await database.add({ collection, documents: [{ _id, ...document }] })
  try {
    const { updated } = await database.update({ collection, filter: { _id, ...where }, update, multi: false })
    expect(updated).toBe(1)
  } catch (error) {
    const { documents } = await database.query({ collection, filter: { _id } })
    expect(documents, 'a failed update changes nothing').toEqual([{ _id, ...document }])
    throw error
  }
  const { documents } = await database.query({ collection, filter: { _id }, projection: { _id: 0 } })
  return documents[0]
}

const CASES: [before: EncodedObject, update: EncodedObject, after: EncodedObject][] = [
  [{ a: 1 }, { $set: { b: 2, 'c.d': 3 } }, { a: 1, b: 2, c: { d: 3 } }],
  [{ a: { b: 1, c: 2 } }, { $set: { 'a.b': [1, { x: null }] } }, { a: { b: [1, { x: null }], c: 2 } }],
  [{ l: [1, 2] }, { $set: { 'l.1': 9, 'l.3': 7 } }, { l: [1, 9, null, 7] }],
  [{ l: [{ d: false }] }, { $set: { 'l.0.d': true } }, { l: [{ d: true }] }],
  [
    {},
    { $set: { d: { $date: 5 }, n: { $numberDouble: '-Infinity' } } },
    { d: { $date: 5 }, n: { $numberDouble: '-Infinity' } },
  ],
  [{ a: 1, o: { b: 1, c: 2 } }, { $unset: { a: '', 'o.b': '', 'x.y': '' } }, { o: { c: 2 } }],
  [{ l: [1, 2] }, { $unset: { 'l.0': '' } }, { l: [null, 2] }],
  [{ a: 1 }, { $inc: { a: 2, b: -1, 'c.d': 0.5 } }, { a: 3, b: -1, c: { d: 0.5 } }],
  [{ a: 3 }, { $mul: { a: 2, b: 4 } }, { a: 6, b: 0 }],
  [
    { a: 5, b: 5, d: { $date: 9 } },
    { $min: { a: 3, b: 9, c: 1, d: { $date: 4 } } },
    { a: 3, b: 5, d: { $date: 4 }, c: 1 },
  ],
  [{ a: 5, b: 5 }, { $max: { a: 3, b: 9, c: 1 } }, { a: 5, b: 9, c: 1 }],
  [{ a: 1, b: 2 }, { $rename: { a: 'x.y', zz: 'q' } }, { b: 2, x: { y: 1 } }],
  [
    { a: 13, b: 13, c: 13 },
    { $bit: { a: { and: 10 }, b: { or: 2 }, c: { xor: 5 }, d: { or: 4 } } },
    { a: 8, b: 15, c: 8, d: 4 },
  ],
  [{ a: 2 ** 40 }, { $bit: { a: { or: 1 } } }, { a: 2 ** 40 + 1 }],
  [{ l: [1] }, { $push: { l: 2, n: 'x' } }, { l: [1, 2], n: ['x'] }],
  [{ l: [1] }, { $push: { l: { $each: [2, 3] } } }, { l: [1, 2, 3] }],
  [{ l: [1] }, { $push: { l: [2, 3] } }, { l: [1, [2, 3]] }],
  [{ l: [1, 2] }, { $push: { l: { $each: [9], $position: 0 } } }, { l: [9, 1, 2] }],
  [{ l: [1, 2] }, { $push: { l: { $each: [9], $position: -1 } } }, { l: [1, 9, 2] }],
  [{ l: [3, 1] }, { $push: { l: { $each: [2, 'a', null], $sort: -1, $slice: 3 } } }, { l: ['a', 3, 2] }],
  [
    { l: [{ n: 2 }] },
    { $push: { l: { $each: [{ n: 3 }, { n: 1 }, {}], $sort: { n: 1 }, $slice: -2 } } },
    { l: [{ n: 2 }, { n: 3 }] },
  ],
  [{ l: [1] }, { $push: { l: { $each: [], $slice: 0 } } }, { l: [] }],
  [{ a: [1, 2], b: [1, 2] }, { $pop: { a: 1, b: -1, c: 1 } }, { a: [1], b: [2] }],
  [{ l: [1, 5, 3] }, { $pull: { l: { $gte: 3 }, none: 1 } }, { l: [1] }],
  [{ l: [{ a: 1, b: 2 }, { a: 2 }, 5] }, { $pull: { l: { a: 1 } } }, { l: [{ a: 2 }, 5] }],
  [{ l: ['x', 'y', ['x']] }, { $pull: { l: 'x' } }, { l: ['y', ['x']] }],
  [
    { l: ['ax', 'y'] },
    { $pull: { l: { $regularExpression: { pattern: '^A', options: 'i' } } } },
    { l: ['y'] },
  ],
  [{ l: [1, 2, [1], { $date: 1 }] }, { $pullAll: { l: [1, { $date: 1 }] } }, { l: [2, [1]] }],
  [{ l: [1] }, { $addToSet: { l: 1, n: [1, 2] } }, { l: [1], n: [[1, 2]] }],
  [{ l: [{ a: 1 }] }, { $addToSet: { l: { $each: [{ a: 1 }, 2, 2] } } }, { l: [{ a: 1 }, 2] }],
  [{ l: [{ n: 1 }, { n: 2 }] }, { $inc: { 'l.$[].n': 1 } }, { l: [{ n: 2 }, { n: 3 }] }],
  [
    { a: 1 },
    { $set: { constructor: 1, '__proto__.x': 2, 'toString.y': 3 } },
    { a: 1, constructor: 1, ['__proto__']: { x: 2 }, toString: { y: 3 } },
  ],
  [{ a: 1 }, { $set: {}, $inc: { a: 1 } }, { a: 2 }],
]

describe('an update', () => {
  test.each(CASES)('%j by %j', async (before, update, after) => {
    expect(await change(before, update)).toEqual(after)
  })

  test('finds the element for $ by the filter', async () => {
    const before = {
      l: [
        { id: 1, n: 1 },
        { id: 2, n: 1 },
      ],
      m: [4, 5],
    }
    expect(await change(before, { $inc: { 'l.$.n': 5 } }, { 'l.id': 2 })).toEqual({
      ...before,
      l: [
        { id: 1, n: 1 },
        { id: 2, n: 6 },
      ],
    })
    expect(await change(before, { $set: { 'm.$': 9 } }, { $and: [{ m: { $gt: 4 } }] })).toEqual({
      ...before,
      m: [4, 9],
    })
    expect(await change(before, { $set: { 'l.$.n': 0 } }, { l: { $elemMatch: { id: 2, n: 1 } } })).toEqual({
      ...before,
      l: [
        { id: 1, n: 1 },
        { id: 2, n: 0 },
      ],
    })
    await expect(change(before, { $set: { 'l.$.n': 0 } })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'positional'),
    )
  })

  test.each<[EncodedObject, EncodedObject, string]>([
    [{ a: 'x' }, { $inc: { a: 1 } }, 'non-numeric type string'],
    [{ a: null }, { $inc: { a: 1 } }, 'non-numeric type null'],
    [{ a: 'x' }, { $mul: { a: 1 } }, 'non-numeric'],
    [{ a: 1.5 }, { $bit: { a: { and: 1 } } }, 'not an integer'],
    [{ a: 5 }, { $push: { a: 1 } }, 'must be an array but is of type number'],
    [{ a: null }, { $addToSet: { a: 1 } }, 'must be an array'],
    [{ a: {} }, { $pop: { a: 1 } }, 'must be an array'],
    [{ a: 'x' }, { $pull: { a: 1 } }, 'must be an array'],
    [{ a: 5 }, { $set: { 'a.b': 1 } }, "Cannot create field 'b'"],
    [{ a: null }, { $set: { 'a.b': 1 } }, "Cannot create field 'b' in element {a: null}"],
    [{ a: [1] }, { $set: { 'a.b': 1 } }, "Cannot create field 'b'"],
    [{ a: 1 }, { $set: { b: 1 }, $inc: { 'b.c': 1 } }, 'conflict'],
    [{ a: 1 }, { $set: { 'b.c': 1 }, $inc: { b: 1 } }, 'conflict'],
    [{ a: 1 }, { $set: { b: 1 }, $unset: { b: '' } }, 'conflict'],
    [{ a: 1 }, { $rename: { a: 'b' }, $set: { b: 1 } }, 'conflict'],
    [{ a: 1 }, { $rename: { a: 'a' } }, 'conflict'],
    [{ a: 1, l: [] }, { $set: { b: 1 }, $inc: { l: 1 } }, 'non-numeric type array'],
    [{ l: [] }, { $set: { [`l.${LIMITS.arrayBackfillItems + 1}`]: 1 } }, 'nulls'],
  ])('of %j by %j fails and changes nothing', async (before, update, message) => {
    await expect(change(before, update)).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', message))
  })

  test('fills an array up to the limit', async () => {
    const document = (await change({ l: [] }, { $set: { [`l.${LIMITS.arrayBackfillItems}`]: 1 } })) as {
      l: unknown[]
    }
    expect(document.l).toHaveLength(LIMITS.arrayBackfillItems + 1)
  })

  test.each<EncodedObject>([
    { $inc: { a: '1' } },
    { $inc: { a: null } },
    { $pop: { a: 2 } },
    { $pullAll: { a: 1 } },
    { $push: { a: { $each: 1 } } },
    { $push: { a: { $each: [], $nope: 1 } } },
    { $push: { a: { $each: [], $slice: 1.5 } } },
    { $push: { a: { $each: [], $sort: 2 } } },
    { $bit: { a: { nand: 1 } } },
    { $bit: { a: { and: 1.5 } } },
    { $rename: { a: 5 } },
    { $set: { $a: 1 } },
    { $set: { 'a.$x': 1 } },
    { $set: { 'a..b': 1 } },
    { $set: { a: { $b: 1 } } },
    { $set: { a: { 'b.c': 1 } } },
    { $set: 5 },
    { a: 1 },
  ])('%j is refused', async update => {
    await expect(change({ a: 1 }, update)).rejects.toMatchObject(failure('INVALID_PARAM'))
  })

  test('never changes _id', async () => {
    const message = '不能更新_id的值'
    for (const update of [
      { $set: { _id: 1 } },
      { $unset: { _id: '' } },
      { $set: { '_id.x': 1 } },
      { $rename: { a: '_id' } },
    ]) {
      await expect(change({ a: 1 }, update)).rejects.toMatchObject(failure('INVALID_PARAM', message))
    }
  })

  test('names an operator it has not got', async () => {
    await expect(change({ a: 1 }, { $nope: { a: 1 } })).rejects.toMatchObject(
      failure('DATABASE_INVALID_OPERATOR', '$nope'),
    )
  })

  test('sets server dates of one instant, at any depth', async () => {
    const now = { $tcb_server_date: { offset: 0 } }
    const startMs = Date.now()
    const changed = await change(
      { l: [] },
      {
        $set: { a: now, b: { c: [{ $tcb_server_date: { offset: 1000 } }] } },
        $push: { l: { $each: [now] } },
        $max: { m: now },
      },
    )
    const at = { $date: expect.any(Number) }
    expect(changed).toEqual({ l: [at], a: at, b: { c: [at] }, m: at })
    const { a, b, l, m } = changed as Record<string, { $date: number }> & {
      b: { c: { $date: number }[] }
      l: { $date: number }[]
    }
    expect(a?.$date).toBeGreaterThanOrEqual(startMs)
    expect(a?.$date).toBeLessThanOrEqual(Date.now())
    expect([b.c[0]?.$date, l[0]?.$date, m?.$date]).toEqual([(a?.$date ?? 0) + 1000, a?.$date, a?.$date])
  })

  test('applies to the first match, or to all, and counts matches', async () => {
    const ids = [nextId++, nextId++, nextId++]
    await database.add({ collection, documents: ids.map(_id => ({ _id, group: 'g', n: 1 })) })
    const update = (args: { multi: boolean; update: EncodedObject }): Promise<{ updated: number }> =>
      database.update({ collection, filter: { group: 'g' }, ...args })
    expect(await update({ multi: false, update: { $inc: { n: 1 } } })).toEqual({ updated: 1 })
    expect(await update({ multi: true, update: { $inc: { n: 1 } } })).toEqual({ updated: 3 })
    expect(await update({ multi: true, update: { $set: { group: 'g' } } })).toEqual({ updated: 3 })
    expect(await update({ multi: true, update: {} })).toEqual({ updated: 0 })
    const { documents } = await database.query({ collection, filter: { group: 'g' } })
    expect(documents.map(document => document['n'])).toEqual([3, 2, 2])
    await database.update({
      collection,
      filter: { _id: ids[2] ?? 0 },
      update: { $set: { n: 'x' } },
      multi: false,
    })
    await expect(update({ multi: true, update: { $inc: { n: 1 } } })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED'),
    )
    expect(
      (await database.query({ collection, filter: { group: 'g' } })).documents.map(({ n }) => n),
    ).toEqual([3, 2, 'x'])
  })
})

describe('a write of several documents that fails', () => {
  const collection = 'a'

  test('changes none, and says so with the one it failed at', async () => {
    await using database = new Database()
    await database.createCollection({ collection })
    await database.createIndex({ collection, fields: [['k', 1]], unique: true })
    const documents = [
      { _id: 1, k: 1, n: 1 },
      { _id: 2, k: 2, n: 2 },
      { _id: 'x', k: 3, n: 'three' },
    ]
    await database.add({ collection, documents })
    const update = (change: EncodedObject): Promise<unknown> =>
      database.update({ collection, filter: {}, update: change, multi: true })
    await expect(update({ $inc: { n: 1 } })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'This was the document "x"; none of the 3 documents was updated.'),
    )
    await expect(update({ $set: { k: 7 } })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'This was the document 2; none of the 3 documents was updated.'),
    )
    const more = [
      { _id: 4, k: 4 },
      { _id: 5, k: 1 },
    ]
    await expect(database.add({ collection, documents: more })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'This was documents[1]; none of the 2 documents was added.'),
    )
    await expect(database.add({ collection, documents: [{ _id: 6 }, { 'a.b': 1 }] })).rejects.toMatchObject(
      failure('INVALID_PARAM', 'This was documents[1]'),
    )
    expect((await database.query({ collection, filter: {} })).documents).toEqual(documents)
  })
})
