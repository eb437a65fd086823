import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'

const collection = 'a'
const database = new Database()
const warnings: string[] = []
const large = new Database({ onWarning: message => warnings.push(message) })
afterAll(() => Promise.all([database.close(), large.close()]))

beforeAll(async () => {
  await database.createCollection({ collection })
  const documents = Array.from({ length: 1000 }, (_, n) => ({
    _id: n,
    owner: `o${n % 10}`,
    at: n,
    state: n % 2 === 0 ? 'open' : 'done',
    tags: [`t${n % 5}`, `t${(n % 5) + 1}`],
    place: { type: 'Point', coordinates: [n / 10, 0] },
    ...(n % 100 === 0 ? { rare: n } : {}),
  }))
  await database.add({ collection, documents })
  for (const fields of [
    [
      ['owner', 1],
      ['at', -1],
    ],
    [['state', 1]],
    [['tags', 1]],
    [['place', '2dsphere']],
  ] as [string, 1 | -1 | '2dsphere'][][]) {
    await database.createIndex({ collection, fields })
  }
  await database.createIndex({ collection, fields: [['rare', 1]], sparse: true })
})

const explain = (
  filter: EncodedObject,
  sort: [string, 1 | -1][] = [],
  limit = 0,
): ReturnType<Database['explain']> => database.explain({ collection, filter, sort, limit })

describe('explain says', () => {
  test('an index bounded by equality and range, with nothing left to test', async () => {
    expect(await explain({ owner: 'o1', at: { $gte: 500, $lt: 600 } })).toEqual({
      plan: 'index',
      indexes: ['owner_1_at_-1'],
      bounds: [
        { field: 'owner', kind: 'values', valueCount: 1 },
        { field: 'at', kind: 'range' },
      ],
      exact: true,
      sort: 'none',
      examined: 10,
      returned: 10,
    })
  })

  test('the prefix of a compound index, and its order in both directions, stopping at the limit', async () => {
    const newest = await explain({ owner: 'o1' }, [['at', -1]], 20)
    expect(newest).toMatchObject({ plan: 'index', exact: true, sort: 'index', examined: 20, returned: 20 })
    const oldest = await explain({ owner: 'o1' }, [['at', 1]], 20)
    expect(oldest).toMatchObject({ sort: 'index', returned: 20 })
    // Backwards it looks one further, for entries that are alike: those are in natural order still.
    expect(oldest.examined).toBeLessThanOrEqual(21)
    expect(
      await explain(
        {},
        [
          ['owner', -1],
          ['at', 1],
        ],
        20,
      ),
    ).toMatchObject({
      plan: 'index',
      bounds: [],
      sort: 'index',
      returned: 20,
    })
    expect(
      await explain(
        {},
        [
          ['owner', 1],
          ['at', 1],
        ],
        20,
      ),
    ).toMatchObject({
      plan: 'scan',
      sort: 'memory',
      examined: 1000,
    })
  })

  test('several values, and an order that must then be made', async () => {
    expect(await explain({ owner: { $in: ['o1', 'o2', 'none'] } }, [['at', 1]])).toMatchObject({
      bounds: [{ field: 'owner', kind: 'values', valueCount: 3 }],
      exact: true,
      sort: 'memory',
      examined: 200,
      returned: 200,
    })
  })

  test('an index that leads to more than is asked for', async () => {
    expect(await explain({ owner: 'o2', state: 'open', at: { $mod: [20, 2] } })).toMatchObject({
      indexes: ['owner_1_at_-1'],
      exact: false,
      examined: 100,
      returned: 50,
    })
    expect(await explain({ owner: { $regex: '^o1' } })).toMatchObject({ plan: 'index', examined: 100 })
  })

  test('the index with fewer entries when several fit', async () => {
    expect((await explain({ state: 'open', owner: 'o2' })).indexes).toEqual(['owner_1_at_-1'])
    expect((await explain({ state: 'none', owner: 'o2' })).indexes).toEqual(['state_1'])
  })

  test('elements of arrays', async () => {
    expect(await explain({ tags: 't3' })).toMatchObject({ indexes: ['tags_1'], exact: true, returned: 400 })
    expect(await explain({ tags: { $all: ['t3', 't4'] } })).toMatchObject({
      exact: false,
      examined: 400,
      returned: 200,
    })
    expect(await explain({ tags: { $elemMatch: { $gt: 't4', $lt: 't6' } } })).toMatchObject({ examined: 200 })
    expect((await explain({}, [['tags', 1]], 5)).sort).toBe('memory')
  })

  test('objects in arrays, by the fields $elemMatch asks of one of them', async () => {
    await using shop = new Database()
    await shop.createCollection({ collection })
    const documents = Array.from({ length: 100 }, (_, n) => ({
      _id: n,
      lines: [
        { item: `i${n % 10}`, count: n, at: { day: n % 2 } },
        { item: 'bag', count: 1 },
      ],
    }))
    await shop.add({ collection, documents })
    await shop.createIndex({ collection, fields: [['lines.item', 1]] })
    const ask = (lines: EncodedObject): ReturnType<Database['explain']> =>
      shop.explain({ collection, filter: { lines } })
    expect(await ask({ $elemMatch: { item: 'i3', count: { $gt: 50 } } })).toMatchObject({
      plan: 'index',
      indexes: ['lines.item_1'],
      bounds: [{ field: 'lines.item', kind: 'values', valueCount: 1 }],
      exact: false,
      examined: 10,
      returned: 5,
    })
    // No one element has both.
    expect(await ask({ $elemMatch: { item: 'i3', count: 1 } })).toMatchObject({ examined: 10, returned: 0 })
    expect((await ask({ $not: { $elemMatch: { item: 'i3' } } })).plan).toBe('scan')
    expect((await ask({ $elemMatch: { $or: [{ item: 'i3' }, { count: 1 }] } })).plan).toBe('scan')
    await shop.createIndex({ collection, fields: [['lines.at.day', 1]] })
    expect(await ask({ $elemMatch: { at: { day: 1 } } })).toMatchObject({ plan: 'scan' })
    expect(await ask({ $elemMatch: { 'at.day': 1 } })).toMatchObject({
      indexes: ['lines.at.day_1'],
      returned: 50,
    })
  })

  test('an index per alternative', async () => {
    expect(await explain({ $or: [{ owner: 'o1', at: 1 }, { rare: 100 }, { _id: 7 }] })).toMatchObject({
      plan: 'union',
      indexes: ['owner_1_at_-1', 'rare_1', '_id_'],
      examined: 3,
      returned: 3,
    })
    expect((await explain({ $or: [{ owner: 'o1' }, { text: 'x' }] })).plan).toBe('scan')
    expect(await explain({ owner: 'o1', $or: [{ at: 1 }, { at: 11 }] })).toMatchObject({
      plan: 'index',
      returned: 2,
    })
  })

  test('a sparse index only where no document it lacks could match', async () => {
    expect(await explain({ rare: { $exists: true } })).toMatchObject({ indexes: ['rare_1'], examined: 10 })
    expect(await explain({ rare: { $gt: 0 } })).toMatchObject({ indexes: ['rare_1'], examined: 9 })
    expect((await explain({ rare: null })).plan).toBe('scan')
    expect((await explain({}, [['rare', 1]])).plan).toBe('scan')
  })

  test('an index of geometry', async () => {
    const near = { place: { $geoWithin: { $centerSphere: [[50, 0], 0.01] } } }
    const { plan, indexes, examined, returned } = await explain(near)
    expect({ plan, indexes }).toEqual({ plan: 'index', indexes: ['place_2dsphere'] })
    expect(returned).toBeGreaterThan(5)
    expect(examined).toBeLessThan(returned * 3)
  })

  test('by _id, or all', async () => {
    expect(await explain({ _id: 5, owner: 'o5' })).toMatchObject({
      plan: 'id',
      indexes: ['_id_'],
      examined: 1,
    })
    expect(await explain({ nothing: 1 })).toMatchObject({
      plan: 'scan',
      indexes: [],
      examined: 1000,
      returned: 0,
    })
  })
})

describe('a query that looks at many documents without an index', () => {
  const name = 'many'

  async function fill(count: number): Promise<void> {
    await large.createCollection({ collection: name })
    onTestFinished(() => large.dropCollection(name))
    await large.add({
      collection: name,
      documents: Array.from({ length: count }, (_, n) => ({
        _id: n,
        owner: n % 7,
        at: n,
        tail: n >= count - 1,
      })),
    })
    warnings.length = 0
  }

  const query = (filter: EncodedObject, sort: [string, 1 | -1][] = [], limit = 0): Promise<unknown> =>
    large.query({ collection: name, filter, sort, limit, projection: { _id: 1 } })

  test('is warned of once per shape, with the fields to index', async () => {
    await fill(LIMITS.unindexedDocuments + 1)
    await query({ at: { $gt: 9000 }, owner: 3 }, [['rank', -1]], 5)
    expect(warnings).toEqual([
      'A query of "many" looked at 10001 documents, because no index leads to those it asks for. ' +
        'Give "many" one with the fields [["owner",1],["rank",-1],["at",1]], by createIndex or in collections.json.',
    ])
    await query({ owner: 4, at: { $gt: 1 } }, [['rank', -1]])
    await large.count({ collection: name, filter: { owner: 4 } })
    await large.count({ collection: name, filter: { owner: 5 } })
    expect(warnings).toHaveLength(2)
    expect(warnings[1]).toContain('[["owner",1]]')
    await query({ $expr: { $eq: ['$owner', 9] } })
    await query({ 'a.0': 1 })
    expect(warnings).toHaveLength(3)
    expect(warnings[2]).toContain('No index can serve its conditions')
    await query({ place: { $geoWithin: { $centerSphere: [[0, 0], 1] } } })
    expect(warnings[3]).toContain('[["place","2dsphere"]]')
    await query({ lines: { $elemMatch: { item: 1 } } })
    expect(warnings[4]).toContain('[["lines.item",1]]')
  })

  test('is not warned of when it stopped early, asked for all, or an index helped', async () => {
    await fill(LIMITS.unindexedDocuments + 1)
    await query({ owner: 3 }, [], 100)
    await query({})
    await query({ _id: 5 })
    await large.createIndex({ collection: name, fields: [['owner', 1]] })
    await query({ owner: 3, at: 1 })
    await query({}, [['owner', 1]])
    expect(warnings).toEqual([])
    await query({ tail: true }, [], 1)
    expect(warnings).toHaveLength(1)
  })

  test('is not warned of at the limit', async () => {
    await fill(LIMITS.unindexedDocuments)
    await query({ unknown: 3 })
    expect(warnings).toEqual([])
  })
})
