import { afterAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { document, expected, field, type QueryCase, query, scalar, toObject } from './nasty.ts'

const database = new Database()
afterAll(() => database.close())
let collectionCount = 0

interface IndexCase {
  readonly fields: [path: string, direction: 1 | -1][]
  readonly sparse: boolean
  /** Made before the documents, after half of them, or after all. */
  readonly at: 'first' | 'between' | 'last'
}

/** Few paths, so that indexes, conditions and orders meet; values seldom alike, so that there is something to choose. */
const plainPath = fc.constantFrom('a', 'b', 'c', 'a.b', 'a.c', 'c.a')
const indexPath = fc.oneof(
  { weight: 6, arbitrary: plainPath },
  {
    weight: 1,
    arbitrary: fc
      .array(field, { minLength: 1, maxLength: 2 })
      .map(segments => segments.join('.'))
      .filter(path => !/(?:^|\.)\d/.test(path)),
  },
)
const object = fc.record({ a: scalar, b: scalar, c: scalar }, { requiredKeys: [] })
const list = (item: fc.Arbitrary<Encoded>): fc.Arbitrary<Encoded> => fc.array(item, { maxLength: 3 })
const value = fc.oneof(
  { weight: 12, arbitrary: scalar },
  { weight: 3, arbitrary: object },
  { weight: 1, arbitrary: list(scalar) },
  { weight: 1, arbitrary: list(fc.oneof(object, scalar, list(scalar))) },
)
const plainValue = fc.oneof({ weight: 12, arbitrary: scalar }, { weight: 2, arbitrary: object })
/** Documents with arrays rule much out, so that many sets have none. */
const documents = fc.oneof(
  fc.array(document, { minLength: 5, maxLength: 25 }),
  ...[value, plainValue].map(one =>
    fc.array(fc.record({ a: one, b: one, c: one }, { requiredKeys: [] }), { minLength: 5, maxLength: 25 }),
  ),
) as fc.Arbitrary<EncodedObject[]>

const comparison = fc
  .tuple(fc.constantFrom('$eq', '$gt', '$gte', '$lt', '$lte'), fc.oneof(scalar, scalar, value))
  .map(entry => toObject([entry]))
const condition: fc.Arbitrary<Encoded> = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 3, arbitrary: comparison },
  { weight: 2, arbitrary: fc.tuple(comparison, comparison).map(([x, y]) => ({ ...x, ...y })) },
  { weight: 2, arbitrary: fc.array(value, { maxLength: 3 }).map($in => ({ $in })) },
  {
    weight: 1,
    arbitrary: fc.tuple(comparison, comparison).map(([x, y]) => ({ $elemMatch: { ...x, ...y } })),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'b.c'), fc.oneof(scalar, comparison)), {
        minLength: 1,
        maxLength: 2,
      })
      .map(entries => ({ $elemMatch: toObject(entries) })),
  },
  { weight: 1, arbitrary: value },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ $exists: true }, { $ne: 1 }, { $regex: '^a' }, { $regex: '^b?' }),
  },
)
const conditions = fc
  .array(fc.tuple(plainPath, condition), { minLength: 1, maxLength: 3 })
  .map(entries => toObject(entries))
const plainFilter: fc.Arbitrary<EncodedObject> = fc.oneof(
  { weight: 4, arbitrary: conditions },
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('$or', '$and', '$nor'),
        fc.array(conditions, { minLength: 1, maxLength: 3 }),
        conditions,
      )
      .map(([operator, alternatives, others]) => ({ ...others, [operator]: alternatives })),
  },
)
const plainQuery: fc.Arbitrary<QueryCase> = fc.record({
  filter: plainFilter,
  sort: fc.uniqueArray(fc.tuple(plainPath, fc.constantFrom<1 | -1>(1, -1)), {
    maxLength: 3,
    selector: ([path]) => path,
  }),
  skip: fc.constantFrom(0, 0, 0, 1),
  limit: fc.constantFrom(0, 0, 3),
})
const indexes: fc.Arbitrary<IndexCase[]> = fc.array(
  fc.record({
    fields: fc.uniqueArray(fc.tuple(indexPath, fc.constantFrom<1 | -1>(1, -1)), {
      minLength: 1,
      maxLength: 3,
      selector: ([path]) => path,
    }),
    sparse: fc.boolean(),
    at: fc.constantFrom('first', 'between', 'last'),
  }),
  { minLength: 1, maxLength: 3 },
)

/** Makes those that are due; one that the documents don't allow, for their parallel arrays, is left out. */
async function make(collection: string, cases: readonly IndexCase[], due: IndexCase['at']): Promise<void> {
  for (const [index, { fields, sparse, at }] of cases.entries()) {
    if (at !== due) continue
    const asked = { collection, name: `i${index}`, fields, sparse }
    await database.createIndex(asked).catch((error: Error) => {
      expect(error.message).toMatch(/parallel arrays|same index/)
    })
  }
}

/** Adds each document on its own; those that an index can't have are left out. */
async function add(collection: string, given: readonly EncodedObject[]): Promise<void> {
  const added = given.map(one =>
    database.add({ collection, documents: [one] }).catch((error: Error) => {
      expect(error.message).toContain('parallel arrays')
    }),
  )
  await Promise.all(added)
}

async function run(collection: string, { filter, sort, skip, limit }: QueryCase): Promise<number[]> {
  const { documents } = await database.query({ collection, filter, sort, skip, limit })
  return documents.map(one => Number(one['_id']))
}

interface WriteCase {
  readonly kind: 'set' | 'replace' | 'remove'
  readonly filter: EncodedObject
  readonly value: Encoded
  readonly id: number
}

const writes: fc.Arbitrary<WriteCase[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('set', 'set', 'replace', 'remove'),
    filter: plainFilter,
    value,
    id: fc.nat(30),
  }),
  { maxLength: 6 },
)

/** Changes documents that there are; what can't be done, for parallel arrays or a path in the way, is not done. */
async function write(collection: string, { kind, filter, value: given, id }: WriteCase): Promise<void> {
  const made =
    kind === 'set'
      ? database.update({ collection, filter, update: { $set: { 'c.a': given } }, multi: true })
      : kind === 'replace'
        ? database.replace({ collection, id, document: { a: given, c: given } })
        : database.remove({ collection, filter, multi: false })
  await made.catch((error: Error) => expect(error.message).toMatch(/parallel arrays|Cannot create field/))
}

/** How often each kind of plan was chosen. */
const plans = new Map<string, number>()

test('queries find with indexes what they find without, in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(
      documents,
      fc.array(fc.oneof(query, plainQuery, plainQuery, plainQuery), { minLength: 20, maxLength: 20 }),
      indexes,
      writes,
      async (given, queries, cases, changes) => {
        const collection = `c${collectionCount++}`
        await database.createCollection({ collection })
        const numbered = given.map((one, _id) => ({ _id, ...one }))
        const half = numbered.length >> 1
        await make(collection, cases, 'first')
        await add(collection, numbered.slice(0, half))
        await make(collection, cases, 'between')
        await add(collection, numbered.slice(half))
        await make(collection, cases, 'last')
        for (const change of changes) await write(collection, change)
        const { documents: stored } = await database.query({ collection, filter: {} })
        for (const one of queries) {
          const ids = expected(stored, { ...one, skip: 0, limit: 0 })
          const page = ids.slice(one.skip, one.limit === 0 ? undefined : one.skip + one.limit)
          expect(await run(collection, one), JSON.stringify(one)).toEqual(page)
          expect(await database.count({ collection, filter: one.filter })).toEqual({ total: ids.length })
          const { plan, exact, sort, returned } = await database.explain({ collection, ...one })
          expect(returned).toBe(page.length)
          for (const kind of [`${plan} ${exact ? 'exact' : 'superset'}`, `${plan} sort ${sort}`]) {
            plans.set(kind, (plans.get(kind) ?? 0) + 1)
          }
        }
        await database.dropCollection(collection)
      },
    ),
    { numRuns: 150 },
  )
  // Else the queries or indexes made up above would have nothing to do with each other.
  expect(plans.get('index exact')).toBeGreaterThan(20)
  expect(plans.get('index superset')).toBeGreaterThan(50)
  expect(plans.get('index sort index')).toBeGreaterThan(15)
  expect(plans.get('index sort memory')).toBeGreaterThan(50)
  expect(plans.get('union superset')).toBeGreaterThan(3)
}, 120_000)
