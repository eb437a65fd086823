import { update as mingoUpdate, Query } from 'mingo'
import { afterAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { Document } from '../../src/database/document.ts'
import { decodeValue, type Encoded, type EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'

// The same work through the engine and through mingo, within the ground on which mingo follows MongoDB.

const database = new Database()
afterAll(() => database.close())
let collectionCount = 0

/** The documents in a collection of their own, numbered from 0. */
async function store(
  documents: readonly EncodedObject[],
): Promise<{ collection: string; decoded: Document[] }> {
  const collection = `oracle${collectionCount++}`
  const numbered = documents.map((document, _id): EncodedObject => ({ _id, ...document }))
  await database.createCollection({ collection })
  if (numbered.length > 0) await database.add({ collection, documents: numbered })
  return { collection, decoded: numbered.map(document => decodeValue(document) as Document) }
}

async function readAll(collection: string, more: object = {}): Promise<unknown[]> {
  const { documents } = await database.query({ collection, filter: {}, ...more })
  return documents.map(document => decodeValue(document))
}

const toObject = (entries: readonly (readonly [string, Encoded])[]): EncodedObject =>
  Object.fromEntries(entries)
const scalar = fc.constantFrom<Encoded>(
  0,
  1,
  2,
  -1.5,
  1e21,
  'a',
  'b',
  'A',
  'ab',
  '',
  '😀',
  { $date: 0 },
  { $date: 9 },
  true,
  false,
  null,
)
const numeric = fc.constantFrom(0, 1, 2, -1.5, 1e9)
/** Positive, since JSON keeps no -0. */
const factor = fc.constantFrom(1, 2, 0.5)

test('sorts of values of all types', async () => {
  const document = fc.record(
    { a: scalar, b: scalar, o: fc.record({ s: scalar }, { requiredKeys: [] }) },
    { requiredKeys: [] },
  ) as fc.Arbitrary<EncodedObject>
  const keys = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'o.s'), fc.constantFrom<1 | -1>(1, -1)), {
    minLength: 1,
    maxLength: 3,
    selector: ([path]) => path,
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 2, maxLength: 25 }),
      fc.array(fc.tuple(keys, fc.nat(3), fc.constantFrom(0, 1, 7)), { minLength: 10, maxLength: 10 }),
      async (documents, queries) => {
        const { collection, decoded } = await store(documents)
        for (const [sort, skip, limit] of queries) {
          const cursor = new Query({}).find<Document>(decoded).sort(Object.fromEntries(sort)).skip(skip)
          const expected = (limit === 0 ? cursor : cursor.limit(limit)).all()
          expect(await readAll(collection, { sort, skip, limit }), JSON.stringify(sort)).toEqual(expected)
        }
        await database.dropCollection(collection)
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)

test('projections', async () => {
  const inner = fc.record({ x: scalar, y: scalar }, { requiredKeys: [] })
  const document = fc.record(
    {
      a: scalar,
      o: fc.record({ x: scalar, y: inner }, { requiredKeys: [] }),
      l: fc.array(inner, { maxLength: 4 }),
      n: fc.array(numeric, { maxLength: 5 }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<EncodedObject>
  const paths = fc.uniqueArray(fc.constantFrom('a', 'o.x', 'o.y.x', 'l.x', 'zz', 'o.zz'), {
    minLength: 1,
    maxLength: 4,
  })
  const projection = fc.oneof(
    fc.tuple(paths, fc.boolean()).map(([names, keepsId]) => ({
      ...toObject(names.map(name => [name, 1])),
      ...(keepsId ? {} : { _id: 0 }),
    })),
    fc.tuple(paths, fc.boolean()).map(([names, keepsId]) => ({
      ...toObject(names.map(name => [name, 0])),
      ...(keepsId ? {} : { _id: 0 }),
    })),
    fc.constantFrom<EncodedObject>({ _id: 1 }, { _id: 0 }),
    fc
      .oneof(
        fc.integer({ min: -4, max: 4 }),
        fc.tuple(fc.integer({ min: -6, max: 6 }), fc.integer({ min: 1, max: 4 })),
      )
      .map($slice => ({ a: 1, n: { $slice } })),
    // Mingo has no $elemMatch of bare operators here.
    scalar.map(x => ({ l: { $elemMatch: { x } } })),
  ) as fc.Arbitrary<EncodedObject>
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 2, maxLength: 15 }),
      fc.array(projection, { minLength: 10, maxLength: 10 }),
      async (documents, projections) => {
        const { collection, decoded } = await store(documents)
        for (const one of projections) {
          // Mingo changes the documents it is given.
          const expected = new Query({})
            .find<Document>(structuredClone(decoded), decodeValue(one) as Document)
            .all()
          expect(await readAll(collection, { projection: one }), JSON.stringify(one)).toEqual(expected)
        }
        await database.dropCollection(collection)
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)

test('updates of the documents a filter finds', async () => {
  const line = fc.record({ k: fc.nat(3), n: numeric })
  // Fields keep one type each: mingo ignores an operator on the wrong type, where MongoDB and this engine fail.
  const document = fc.record({
    n: numeric,
    m: fc.nat(64),
    s: scalar,
    l: fc.array(line, { minLength: 2, maxLength: 4 }),
    /** No paths go into it, so it may shrink. */
    w: fc.array(line, { maxLength: 4 }),
    v: fc.array(numeric, { maxLength: 4 }),
    o: fc.record({ n: numeric, s: scalar }),
  }) as fc.Arbitrary<EncodedObject>
  const filter = fc.oneof(
    numeric.map($gte => ({ n: { $gte } })),
    scalar.map(s => ({ s })),
    fc.nat(3).map(k => ({ 'l.k': k })),
    numeric.map($in => ({ v: { $in: [$in] } })),
    fc.constant({}),
  ) as fc.Arbitrary<EncodedObject>
  const update = fc.oneof(
    fc
      .tuple(scalar, numeric, scalar)
      .map(([a, b, c]) => ({ $set: { s: a, 'l.1.n': b, 'o.s': c, 'fresh.deep': 1 } })),
    fc.tuple(numeric, numeric).map(([a, b]) => ({ $inc: { n: a, 'o.n': b, 'l.0.n': a, added: b } })),
    fc.tuple(factor, factor).map(([a, b]) => ({ $mul: { n: a, 'o.n': b, absent: a } })),
    fc.tuple(numeric, numeric).map(([a, b]) => ({ $min: { n: a, 'o.n': b, least: a } })),
    fc.tuple(numeric, numeric).map(([a, b]) => ({ $max: { n: a, 'o.n': b, most: a } })),
    fc.constantFrom(
      { $rename: { s: 'renamed' } },
      { $rename: { absent: 'x' } },
      { $unset: { s: '', 'o.n': '', absent: '' } },
    ),
    fc
      .tuple(fc.constantFrom('and', 'or', 'xor'), fc.nat(64))
      .map(([name, mask]) => ({ $bit: { m: { [name]: mask } } })),
    fc.constantFrom<EncodedObject>({ $pop: { v: 1 } }, { $pop: { v: -1 } }),
    fc.array(numeric, { maxLength: 2 }).map(v => ({ $pullAll: { v } })),
    fc.oneof(
      numeric.map($gt => ({ $pull: { v: { $gt } } })),
      fc.nat(3).map(k => ({ $pull: { w: { k } } })),
    ),
    fc
      .tuple(fc.array(numeric, { maxLength: 3 }), fc.nat(4), fc.integer({ min: 1, max: 5 }))
      .map(([$each, $position, $slice]) => ({
        $push: { v: { $each, $position, $slice } },
      })),
    fc
      .tuple(fc.array(line, { maxLength: 2 }), fc.constantFrom(1, -1))
      .map(([$each, n]) => ({ $push: { l: { $each, $sort: { n } } } })),
    fc.tuple(numeric, scalar).map(([n, s]) => ({ $inc: { n }, $set: { s }, $push: { v: n } })),
  ) as fc.Arbitrary<EncodedObject>
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 1, maxLength: 8 }),
      fc.array(fc.tuple(filter, update), { minLength: 1, maxLength: 6 }),
      async (documents, updates) => {
        const { collection, decoded } = await store(documents)
        for (const [one, change] of updates) {
          const condition = decodeValue(one) as Document
          const query = new Query(condition)
          const found = decoded.filter(value => query.test(value))
          const outcome = await database.update({ collection, filter: one, update: change, multi: true })
          for (const value of found)
            mingoUpdate(value, decodeValue(change) as Document, [], condition, { cloneMode: 'deep' })
          expect(outcome).toEqual({ updated: found.length })
          expect(await readAll(collection), JSON.stringify([one, change])).toEqual(decoded)
        }
        await database.dropCollection(collection)
      },
    ),
    { numRuns: 300 },
  )
}, 60_000)
