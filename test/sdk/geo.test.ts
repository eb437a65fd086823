import { describe, expect, test } from 'vitest'
import { Geo, Point, toGeometry } from '../../src/sdk/geo.ts'
import { encodeGeoIntersects, encodeGeoNear, encodeGeoWithin } from '../../src/sdk/geo-condition.ts'

const { LineString, MultiLineString, MultiPoint, MultiPolygon, Polygon } = Geo
const any = (value: unknown): never => value as never
const line = LineString([Geo.Point(0, 0), Geo.Point(1, 1)])
const ring = LineString([Geo.Point(0, 0), Geo.Point(1, 0), Geo.Point(1, 1), Geo.Point(0, 0)])
const RING = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 0],
]

describe('geometry', () => {
  test.each([
    ['Point', Geo.Point(1, 2), [1, 2]],
    [
      'LineString',
      line,
      [
        [0, 0],
        [1, 1],
      ],
    ],
    ['Polygon', Polygon([ring]), [RING]],
    ['MultiPoint', MultiPoint([Geo.Point(1, 2)]), [[1, 2]]],
    [
      'MultiLineString',
      MultiLineString([line]),
      [
        [
          [0, 0],
          [1, 1],
        ],
      ],
    ],
    ['MultiPolygon', MultiPolygon([Polygon([ring])]), [[RING]]],
  ])('%s is GeoJSON as text, stored and again', (type, geometry, coordinates) => {
    const json = { type, coordinates }
    expect(JSON.parse(JSON.stringify(geometry))).toStrictEqual(json)
    expect(geometry.encodeValue()).toStrictEqual(json)
    expect(toGeometry(json)).toStrictEqual(geometry)
    expect(String(geometry)).toBe(JSON.stringify(coordinates))
  })

  test('works with and without new, and from GeoJSON', () => {
    const made = [new Geo.Point(1, 2), Geo.Point(1, 2), new Geo.Point({ type: 'Point', coordinates: [1, 2] })]
    for (const point of made) {
      expect(point).toBeInstanceOf(Point)
      expect(point).toBeInstanceOf(Geo.Point)
      expect(point).toMatchObject({ longitude: 1, latitude: 2 })
    }
  })

  test('the edges of the world are on it', () => {
    expect(Geo.Point(-180, -90).coordinates).toStrictEqual([-180, -90])
    expect(Geo.Point(180, 90).coordinates).toStrictEqual([180, 90])
  })

  test.each([
    ["Point('a', 1)", () => new Geo.Point(any('a'), 1), 'Geo Point must be number type'],
    ['Point()', () => Geo.Point(any(undefined)), 'Geo Point must be number type'],
    ['Point(200, 91)', () => new Geo.Point(200, 91), 'longitude should be a number ranges from -180 to 180'],
    ['Point(0, 91)', () => new Geo.Point(0, 91), 'latitude should be a number ranges from -90 to 90'],
    ['Point(NaN, 0)', () => new Geo.Point(Number.NaN, 0), 'longitude should be a number'],
    [
      'Point of three',
      () => new Geo.Point({ type: 'Point', coordinates: [1, 2, 3] }),
      'Geo Point must be number',
    ],
    ['LineString of one', () => LineString([Geo.Point(0, 0)]), '"points" must contain 2 points at least'],
    [
      'LineString of text',
      () => LineString(any('x')),
      '"points" must be of type Point[]. Received type string',
    ],
    ['LineString of numbers', () => LineString(any([1, 2])), '"points" must be of type Point[]'],
    ['open Polygon', () => Polygon([line]), 'LineString [[0,0],[1,1]] is not a closed cycle'],
    ['empty Polygon', () => Polygon([]), 'Polygon must contain 1 linestring at least'],
    ['empty MultiPoint', () => MultiPoint([]), '"points" must contain 1 point at least'],
    [
      'empty MultiLineString',
      () => MultiLineString([]),
      'MultiLineString must contain 1 linestring at least',
    ],
    ['empty MultiPolygon', () => MultiPolygon([]), 'MultiPolygon must contain 1 polygon at least'],
  ])('refuses %s', (_name, make, message) => {
    expect(make).toThrow(message)
  })

  test.each([
    ['an unknown type', { type: 'Circle', coordinates: [] }],
    ['bad coordinates', { type: 'LineString', coordinates: [[1, 2], 'x'] }],
    ['no coordinates', { type: 'Point' }],
    ['null', null],
  ])('%s is no geometry', (_name, value) => {
    expect(toGeometry(value)).toBeUndefined()
  })
})

describe('conditions', () => {
  test('accept plain GeoJSON', () => {
    expect(encodeGeoNear({ geometry: { type: 'Point', coordinates: [1, 2] } })).toStrictEqual({
      $nearSphere: { $geometry: { type: 'Point', coordinates: [1, 2] } },
    })
    expect(encodeGeoIntersects({ geometry: line })).toStrictEqual({
      $geoIntersects: {
        $geometry: {
          type: 'LineString',
          coordinates: [
            [0, 0],
            [1, 1],
          ],
        },
      },
    })
  })

  test('a circle may be centred on a Point', () => {
    expect(encodeGeoWithin({ centerSphere: [Geo.Point(1, 2), 0.1] })).toStrictEqual({
      $geoWithin: { $centerSphere: [[1, 2], 0.1] },
    })
  })

  test.each([
    ['geoNear of a line', () => encodeGeoNear({ geometry: line }), '"geometry" must be of type Point'],
    ['geoNear of nothing', () => encodeGeoNear(undefined), '"options" must be of type Object'],
    [
      'geoNear with a text distance',
      () => encodeGeoNear({ geometry: Geo.Point(1, 2), maxDistance: '5' }),
      '"maxDistance" must be of type Number. Received type string',
    ],
    ['geoWithin of a point', () => encodeGeoWithin({ geometry: Geo.Point(1, 2) }), 'Polygon or MultiPolygon'],
    [
      'geoWithin of half a circle',
      () => encodeGeoWithin({ centerSphere: [[1, 2]] }),
      '"centerSphere" must be',
    ],
    [
      'geoWithin off the world',
      () => encodeGeoWithin({ centerSphere: [[999, 2], 1] }),
      'longitude should be',
    ],
    ['geoIntersects of text', () => encodeGeoIntersects({ geometry: 'x' }), 'Received type string'],
  ])('refuse %s', (_name, encode, message) => {
    expect(encode).toThrow(message)
  })
})
