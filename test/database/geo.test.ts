import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { storedGeometry } from '../../src/database/geo-json.ts'
import { distanceTo } from '../../src/database/geo-relation.ts'
import { EARTH_RADIUS_METRES, toVector } from '../../src/database/geo-vector.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

const point = (longitude: number, latitude: number): EncodedObject => ({
  type: 'Point',
  coordinates: [longitude, latitude],
})
const square = (west: number, south: number, size: number): EncodedObject => {
  const [east, north] = [west + size, south + size]
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}

async function find(collection: string, filter: EncodedObject, more: object = {}): Promise<unknown[]> {
  const { documents } = await database.query({ collection, filter, ...more })
  return documents.map(document => document['_id'])
}

describe('stored geometry', () => {
  const collection = 'places'
  beforeAll(async () => {
    await database.createCollection({ collection })
    await database.add({
      collection,
      documents: [
        { _id: 'point', g: point(10, 10) },
        { _id: 'near', g: point(10.001, 10) },
        {
          _id: 'line',
          g: {
            type: 'LineString',
            coordinates: [
              [9, 11],
              [11, 11],
            ],
          },
        },
        { _id: 'area', g: square(9.5, 9.5, 1) },
        { _id: 'pair', g: [10.5, 10.5] },
        { _id: 'list', g: [point(80, 0), point(10, 10.2)] },
        { _id: 'deep', l: [{ g: point(80, 0) }, { g: point(10, 10) }] },
        { _id: 'text', g: 'Point' },
        { _id: 'bad', g: { type: 'Point', coordinates: [999, 0] } },
        { _id: 'null', g: null },
      ],
    })
  })

  test.each<[EncodedObject, unknown[]]>([
    [{ g: { $geoWithin: { $geometry: square(9.9, 9.9, 0.2) } } }, ['point', 'near']],
    [
      { g: { $geoWithin: { $geometry: square(9, 9, 2) } } },
      ['point', 'near', 'line', 'area', 'pair', 'list'],
    ],
    [{ g: { $geoWithin: { $centerSphere: [[10, 10], 0.00001] } } }, ['point']],
    [{ g: { $geoIntersects: { $geometry: point(10, 10) } } }, ['point', 'area']],
    [{ g: { $geoIntersects: { $geometry: square(10.4, 10.4, 5) } } }, ['line', 'area', 'pair']],
    [{ 'l.g': { $geoWithin: { $geometry: square(9, 9, 2) } } }, ['deep']],
    [{ l: { $elemMatch: { g: { $geoIntersects: { $geometry: point(10, 10) } } } } }, ['deep']],
    [{ g: { $not: { $geoWithin: { $geometry: square(9, 9, 2) } } } }, ['deep', 'text', 'bad', 'null']],
    [{ $or: [{ g: { $geoIntersects: { $geometry: point(9, 11) } } }, { _id: 'text' }] }, ['line', 'text']],
    [
      { g: { $nearSphere: { $geometry: point(10, 10), $maxDistance: 30_000 } } },
      ['point', 'area', 'near', 'list'],
    ],
    [{ g: { $near: { $geometry: point(10, 10), $minDistance: 1, $maxDistance: 1000 } } }, ['near']],
    [{ 'l.g': { $nearSphere: { $geometry: point(10, 10) } } }, ['deep']],
    [
      { $and: [{ _id: { $ne: 'point' } }, { g: { $near: { $geometry: point(10, 10), $maxDistance: 10 } } }] },
      ['area'],
    ],
  ])('%j', async (filter, ids) => {
    expect(await find(collection, filter)).toEqual(ids)
    expect(await database.count({ collection, filter })).toEqual({ total: ids.length })
  })

  test('an order that was asked for goes before the distance', async () => {
    const filter = { g: { $nearSphere: { $geometry: point(10, 10), $maxDistance: 30_000 } } }
    expect(await find(collection, filter, { sort: [['_id', -1]] })).toEqual(['point', 'near', 'list', 'area'])
    expect(await find(collection, filter, { skip: 1, limit: 2 })).toEqual(['area', 'near'])
  })

  test.each<[EncodedObject, string]>([
    [{ g: { $geoWithin: {} } }, '$geoWithin needs an object with $geometry or $centerSphere'],
    [{ g: { $geoWithin: { $geometry: point(1, 1) } } }, 'must be a Polygon or MultiPolygon'],
    [
      {
        g: {
          $geoWithin: {
            $geometry: {
              type: 'Polygon',
              coordinates: [
                [
                  [0, 0],
                  [9, 9],
                  [9, 0],
                  [0, 9],
                  [0, 0],
                ],
              ],
            },
          },
        },
      },
      'touches or crosses itself',
    ],
    [{ g: { $geoWithin: { $centerSphere: [[0, 0], -1] } } }, '[[longitude, latitude], radians]'],
    [{ g: { $geoWithin: { $centerSphere: [[0, 100], 1] } } }, 'latitude outside -90 to 90'],
    [{ g: { $geoIntersects: { $geometry: 'x' } } }, '$geoIntersects.$geometry must be GeoJSON'],
    [{ g: { $nearSphere: { $geometry: square(0, 0, 1) } } }, '$nearSphere.$geometry must be one Point'],
    [{ g: { $nearSphere: [0, 0] } }, '$nearSphere needs an object with $geometry'],
    [
      { g: { $nearSphere: { $geometry: point(0, 0), $maxDistance: -1 } } },
      '$nearSphere.$maxDistance must be a number of metres',
    ],
    [{ g: { $near: { $geometry: point(0, 0), $max: 1 } } }, '$near has no "$max"'],
    [{ $or: [{ g: { $near: { $geometry: point(0, 0) } } }] }, 'one $nearSphere'],
    [{ g: { $not: { $near: { $geometry: point(0, 0) } } } }, 'one $nearSphere'],
    [{ l: { $elemMatch: { g: { $near: { $geometry: point(0, 0) } } } } }, 'one $nearSphere'],
  ])('%j is refused', async (filter, message) => {
    await expect(find(collection, filter)).rejects.toMatchObject(failure('INVALID_PARAM', message))
  })

  test('flat shapes are named as what there is not', async () => {
    const filter = {
      g: {
        $geoWithin: {
          $box: [
            [0, 0],
            [1, 1],
          ],
        },
      },
    }
    await expect(find(collection, filter)).rejects.toMatchObject(failure('DATABASE_INVALID_OPERATOR', '$box'))
  })

  test('an index refuses what is no geometry, and names the document', async () => {
    await expect(database.createIndex({ collection, fields: [['g', '2dsphere']] })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', /"text".*Can't extract geo keys: "g" must be GeoJSON/),
    )
  })
})

const longitude = fc.oneof(fc.constantFrom(-180, 0, 180), fc.double({ min: -180, max: 180, noNaN: true }))
const latitude = fc.oneof(fc.constantFrom(-90, 0, 90), fc.double({ min: -90, max: 90, noNaN: true }))
const somePoint = fc.tuple(longitude, latitude).map(([east, north]) => point(east, north))
const someSquare = fc
  .record({
    west: fc.integer({ min: -180, max: 150 }),
    south: fc.integer({ min: -90, max: 59 }),
    size: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ west, south, size }) => square(west, south, size))
const someLine = fc
  .tuple(
    fc.integer({ min: -180, max: 180 }),
    fc.integer({ min: -80, max: 80 }),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(
    ([east, north, length]): EncodedObject => ({
      type: 'LineString',
      coordinates: [
        [east, north],
        [east, north + length],
      ],
    }),
  )
const stored = fc.oneof(
  { weight: 5, arbitrary: somePoint },
  someLine,
  someSquare,
  fc.array(somePoint, { minLength: 1, maxLength: 3 }),
  fc.constant(null),
)
const metres = fc.constantFrom(1, 100_000, 1_000_000, 5_000_000, 30_000_000)
const query = fc.oneof(
  someSquare.map($geometry => ({ $geoWithin: { $geometry } })),
  fc.tuple(longitude, latitude, fc.double({ min: 0, max: 4, noNaN: true })).map(([east, north, radians]) => ({
    $geoWithin: { $centerSphere: [[east, north], radians] },
  })),
  fc.oneof(somePoint, someSquare, someLine).map($geometry => ({ $geoIntersects: { $geometry } })),
  somePoint.map($geometry => ({ $nearSphere: { $geometry } })),
  fc
    .tuple(somePoint, metres)
    .map(([$geometry, $maxDistance]) => ({ $nearSphere: { $geometry, $maxDistance } })),
  fc.tuple(somePoint, metres, metres).map(([$geometry, $minDistance, $maxDistance]) => ({
    $nearSphere: { $geometry, $minDistance, $maxDistance },
  })),
) as fc.Arbitrary<EncodedObject>

let runCount = 0

test('an index of geometry changes no answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stored, { minLength: 1, maxLength: 60 }),
      fc.array(fc.tuple(query, fc.constantFrom(0, 1, 5), fc.constantFrom(0, 2)), {
        minLength: 10,
        maxLength: 10,
      }),
      async (geometries, queries) => {
        const documents = geometries.map((g, _id): EncodedObject => ({ _id, n: _id % 3, g }))
        const names = [`plain${runCount}`, `indexed${runCount++}`] as const
        await Promise.all(names.map(collection => database.createCollection({ collection })))
        await database.createIndex({ collection: names[1], fields: [['g', '2dsphere']] })
        await Promise.all(names.map(collection => database.add({ collection, documents })))
        for (const collection of names) {
          const moved = { $set: { g: point(1, 1) } }
          await database.update({ collection, filter: { _id: { $mod: [7, 3] } }, update: moved, multi: true })
          await database.remove({ collection, filter: { _id: { $mod: [7, 5] } }, multi: true })
        }
        for (const [g, limit, skip] of queries) {
          for (const filter of [{ g }, { g, n: 1 }]) {
            const [plain, indexed] = await Promise.all(
              names.map(collection => find(collection, filter, { limit, skip })),
            )
            expect(indexed, JSON.stringify(filter)).toEqual(plain)
          }
        }
        await Promise.all(names.map(collection => database.dropCollection(collection)))
      },
    ),
    { numRuns: 40 },
  )
}, 60_000)

test('the nearest come first, by their distance', async () => {
  const collection = 'near'
  await database.createCollection({ collection })
  await fc.assert(
    fc.asyncProperty(
      fc.array(stored, { minLength: 1, maxLength: 40 }),
      longitude,
      latitude,
      async (geometries, east, north) => {
        await database.remove({ collection, filter: {}, multi: true })
        await database.add({ collection, documents: geometries.map((g, _id): EncodedObject => ({ _id, g })) })
        const found = await find(collection, { g: { $nearSphere: { $geometry: point(east, north) } } })
        const distances = found.map(id => {
          const g = geometries[Number(id)]
          const parts = Array.isArray(g) ? g : [g]
          return Math.min(
            ...parts.map(part => {
              const geometry = storedGeometry(part)
              return geometry === undefined ? Infinity : distanceTo(toVector(east, north), geometry)
            }),
          )
        })
        // Of two as far as another, by a way of their own each, rounding decides.
        const ROUNDING = 1e-12
        const backward = distances.filter(
          (distance, index) => distance < (distances[index - 1] ?? 0) - ROUNDING,
        )
        expect(backward).toEqual([])
        expect(found).toHaveLength(geometries.filter(g => g !== null).length)
        expect(Math.max(0, ...distances) * EARTH_RADIUS_METRES).toBeLessThan(20_100_000)
      },
    ),
    { numRuns: 40 },
  )
})

describe('an index of geometry', () => {
  const collection = 'grid'
  beforeAll(async () => {
    await database.createCollection({ collection })
    await database.createIndex({ collection, fields: [['g', '2dsphere']] })
    const documents = Array.from({ length: 2000 }, (_, _id): EncodedObject => {
      return { _id, g: point((_id % 50) / 10, Math.floor(_id / 50) / 10), s: `${'a'.repeat(40)}b` }
    })
    await database.add({ collection, documents })
  })

  test.each<[string, EncodedObject, examined: number]>([
    ['$geoWithin', { g: { $geoWithin: { $geometry: square(0.95, 0.95, 0.2) } } }, 4],
    ['$geoIntersects', { g: { $geoIntersects: { $geometry: point(1, 1) } } }, 1],
    [
      '$nearSphere with $maxDistance',
      { g: { $nearSphere: { $geometry: point(1, 1), $maxDistance: 12_000 } } },
      9,
    ],
    [
      'a part of $and',
      { $and: [{ _id: { $gt: 0 } }, { g: { $geoIntersects: { $geometry: point(1, 1) } } }] },
      1,
    ],
  ])('spares looking at what is elsewhere: %s', async (_name, filter, examined) => {
    const explained = await database.explain({ collection, filter })
    expect(explained).toMatchObject({ plan: 'index', indexes: ['g_2dsphere'] })
    expect(explained.examined).toBeGreaterThanOrEqual(explained.returned)
    expect(explained.examined).toBeLessThanOrEqual(examined)
  })

  test('follows changes, removals and undone writes', async () => {
    const here = { g: { $geoWithin: { $centerSphere: [[100, 50], 0.001] } } }
    await database.update({
      collection,
      filter: { _id: 7 },
      update: { $set: { g: point(100, 50) } },
      multi: false,
    })
    expect(await find(collection, here)).toEqual([7])
    await expect(
      database.add({ collection, documents: [{ _id: 'new', g: point(100, 50) }, { _id: 7 }] }),
    ).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'E11000'))
    expect(await find(collection, here)).toEqual([7])
    await expect(
      database.update({ collection, filter: { _id: 7 }, update: { $set: { g: 'nowhere' } }, multi: false }),
    ).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', "Can't extract geo keys"))
    await database.update({ collection, filter: { _id: 7 }, update: { $unset: { g: '' } }, multi: false })
    expect(await find(collection, here)).toEqual([])
    await database.update({
      collection,
      filter: { _id: 8 },
      update: { $set: { g: point(100, 50) } },
      multi: false,
    })
    await database.remove({ collection, filter: { _id: 8 }, multi: false })
    expect(await find(collection, here)).toEqual([])
  })

  test('a pattern beside a search in growing circles is stopped in time', async () => {
    const filter = {
      g: { $nearSphere: { $geometry: point(1, 1) } },
      s: { $regularExpression: { pattern: '(a+)+$', options: '' } },
    }
    await expect(find(collection, filter, { limit: 3 })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'stopped after 3 seconds'),
    )
    expect(await find(collection, { g: filter.g }, { limit: 1 })).toEqual([510])
  })
})

test('geometry of very many positions is stopped in time', async () => {
  const collection = 'heavy'
  await database.createCollection({ collection })
  const spiral = (start: number): EncodedObject => ({
    type: 'LineString',
    coordinates: Array.from({ length: 9000 }, (_, step) => {
      const [turn, reach] = [(step / 100) * 2 * Math.PI, start + step / 1000]
      return [reach * Math.cos(turn), reach * Math.sin(turn)]
    }),
  })
  await database.add({ collection, documents: [{ g: spiral(1) }, { g: spiral(1) }] })
  const apart = spiral(1.05)
  await expect(
    database.count({ collection, filter: { g: { $geoIntersects: { $geometry: apart } } } }),
  ).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'stopped after 3 seconds'))
  await expect(database.count({ collection, filter: {} })).resolves.toEqual({ total: 2 })
})
