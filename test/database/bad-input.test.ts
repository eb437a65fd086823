import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { DatabaseReason } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

// Every kind of bad input gets its reason, and a message with the field and what is wrong with it.

const collection = 'c'
const stored = { _id: 1, u: 1, text: 'x', list: [1], o: { a: 1 } }
const database = new Database()
afterAll(() => database.close())

beforeAll(async () => {
  await database.createCollection({ collection })
  await database.createIndex({ collection, fields: [['u', 1]], unique: true })
  await database.createIndex({ collection, fields: [['place', '2dsphere']], sparse: true })
  await database.add({ collection, documents: [stored] })
})

type Refusal = [input: EncodedObject, reason: DatabaseReason, field: string, why: string | RegExp]

async function expectRefusal(asked: Promise<unknown>, [, reason, field, why]: Refusal): Promise<void> {
  const error = await asked.then(() => undefined).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject(failure(reason, field))
  expect(error).toMatchObject(failure(reason, why))
  expect((await database.query({ collection, filter: {} })).documents).toEqual([stored])
}

describe('a document with', () => {
  test.each<Refusal>([
    [{ o: { $a: 1 } }, 'INVALID_PARAM', '"o.$a"', 'starts with $'],
    [{ o: { 'a.b': 1 } }, 'INVALID_PARAM', '"o.a.b"', 'holds a dot'],
    [{ o: { '': 1 } }, 'INVALID_PARAM', '"o."', 'is empty'],
    [{ 'o\0': 1 }, 'INVALID_PARAM', '"o\\u0000"', 'NUL'],
    [{ o: { at: { $date: 'soon' } } }, 'INVALID_PARAM', '"o.at"', 'date'],
    [{ l: [{ n: { $numberInt: 'one' } }] }, 'INVALID_PARAM', '"l.[].n"', 'number as text'],
    [{ _id: true }, 'INVALID_PARAM', '_id', 'string or a finite number'],
    [{ _id: 1, u: 2 }, 'DATABASE_REQUEST_FAILED', '_id: 1', 'E11000 duplicate key'],
    [{ u: 1 }, 'DATABASE_REQUEST_FAILED', 'u: 1', 'E11000 duplicate key'],
    [
      { u: 2, place: { type: 'Point', coordinates: [200, 0] } },
      'DATABASE_REQUEST_FAILED',
      '"place".coordinates',
      'longitude outside -180 to 180',
    ],
    [{ u: 2, place: { type: 'Ball', coordinates: [] } }, 'DATABASE_REQUEST_FAILED', '"place"', 'geo'],
    [{ u: 2, t: 'x'.repeat(LIMITS.documentBytes) }, 'INVALID_PARAM', 'The document has', /\d+ bytes/],
  ])('%j is refused', (...refusal) =>
    expectRefusal(database.add({ collection, documents: [refusal[0]] }), refusal),
  )
})

describe('a filter with', () => {
  const deep = (levels: number): Encoded => (levels === 0 ? 1 : { a: deep(levels - 1) })

  test.each<Refusal>([
    [{ 'o.a': { $foo: 1 } }, 'DATABASE_INVALID_OPERATOR', '"o.a"', '$foo'],
    [{ $foo: [] }, 'DATABASE_INVALID_OPERATOR', '$foo', 'Unknown'],
    [{ a: { $eq: { $foo: 1 } } }, 'DATABASE_INVALID_OPERATOR', '"a"', '$foo'],
    [{ a: { $gt: 1, b: 2 } }, 'INVALID_PARAM', '"a"', 'plain field "b"'],
    [{ a: { $in: 5 } }, 'INVALID_PARAM', '"a"', '$in needs an array'],
    [{ a: { $not: { $all: 1 } } }, 'INVALID_PARAM', '"a"', '$all needs an array'],
    [{ a: { $elemMatch: { b: { $size: -1 } } } }, 'INVALID_PARAM', '"b"', '$size needs'],
    [{ a: { $elemMatch: 1 } }, 'INVALID_PARAM', '"a"', '$elemMatch needs an object'],
    [{ a: { $mod: [0, 1] } }, 'INVALID_PARAM', '"a"', 'divisor'],
    [{ a: { $regex: '(' } }, 'INVALID_PARAM', '"a"', 'Unterminated group'],
    [{ a: { $type: 'constructor' } }, 'INVALID_PARAM', '"a"', 'no type "constructor"'],
    [
      { a: { $gt: { $regularExpression: { pattern: 'x', options: '' } } } },
      'INVALID_PARAM',
      '"a"',
      'regular',
    ],
    [{ $or: [{ a: 1 }, { b: { $options: 'i' } }] }, 'INVALID_PARAM', '"b"', '$options needs a $regex'],
    [{ $and: [] }, 'INVALID_PARAM', '$and', 'array of conditions'],
    [{ '': 1 }, 'INVALID_PARAM', '""', 'not a field path'],
    [{ a: { $date: {} } }, 'INVALID_PARAM', '"a"', 'date'],
    [{ a: deep(LIMITS.valueDepth) }, 'INVALID_PARAM', 'The filter', 'levels deep'],
    [
      { a: { $geoWithin: { $geometry: { type: 'Polygon', coordinates: [[[0, 0]]] } } } },
      'INVALID_PARAM',
      '"a"',
      'coordinates[0] must',
    ],
    [
      { a: { $nearSphere: { $geometry: { type: 'Point', coordinates: [0, 91] } } } },
      'INVALID_PARAM',
      '"a"',
      'latitude',
    ],
  ])('%j is refused, by queries and writes', async (...refusal) => {
    const [filter] = refusal
    await expectRefusal(database.query({ collection, filter }), refusal)
    await expectRefusal(database.remove({ collection, filter, multi: true }), refusal)
  })
})

describe('an update with', () => {
  test.each<Refusal>([
    [{ $foo: { a: 1 } }, 'DATABASE_INVALID_OPERATOR', '$foo', 'Unknown'],
    [{ a: 1 }, 'INVALID_PARAM', '"a"', 'operators such as $set'],
    [{ $set: 1 }, 'INVALID_PARAM', '$set', 'object of fields'],
    [{ $set: { a: { $b: 1 } } }, 'INVALID_PARAM', "$set of 'a'", 'starts with $'],
    [{ $set: { 'a..b': 1 } }, 'INVALID_PARAM', '"a..b"', 'empty field name'],
    [{ $set: { a: { '': 1 } } }, 'INVALID_PARAM', "$set of 'a'", 'is empty'],
    [{ $set: { 'a.$b': 1 } }, 'INVALID_PARAM', '"a.$b"', 'starts with $'],
    [{ $set: { _id: 2 } }, 'INVALID_PARAM', '_id', '不能更新_id的值'],
    [{ $set: { o: 1, 'o.a': 1 } }, 'DATABASE_REQUEST_FAILED', "'o.a'", "conflict at 'o'"],
    [{ $set: { a: 1 }, $inc: { a: 1 } }, 'DATABASE_REQUEST_FAILED', "'a'", 'conflict'],
    [{ $inc: { a: 'x' } }, 'INVALID_PARAM', "$inc of 'a'", 'must be a number, not string'],
    [{ $inc: { text: 1 } }, 'DATABASE_REQUEST_FAILED', "$inc of 'text'", 'non-numeric type string'],
    [
      { $push: { text: 1 } },
      'DATABASE_REQUEST_FAILED',
      "$push of 'text'",
      'must be an array but is of type string',
    ],
    [{ $push: { list: { $each: [], $foo: 1 } } }, 'INVALID_PARAM', "$push of 'list'", 'no modifier $foo'],
    [{ $bit: { u: { and: 1.5 } } }, 'INVALID_PARAM', "$bit of 'u'", 'integer'],
    [{ $rename: { a: 5 } }, 'INVALID_PARAM', "$rename of 'a'", 'a string'],
    [{ $pull: { list: { $foo: 1 } } }, 'DATABASE_INVALID_OPERATOR', "$pull of 'list'", '$foo'],
    [{ $set: { 'text.x': 1 } }, 'DATABASE_REQUEST_FAILED', "'text.x'", 'Cannot create field'],
    [{ $set: { 'list.$': 1 } }, 'DATABASE_REQUEST_FAILED', "'list.$'", 'condition on "list"'],
  ])('%j is refused', (...refusal) =>
    expectRefusal(
      database.update({ collection, filter: { _id: 1 }, update: refusal[0], multi: false }),
      refusal,
    ),
  )
})
