import { describe, expect, test } from 'vitest'
import { doBoxesMeet, isInBox } from '../../src/database/geo-box.ts'
import { type Geometry, parseGeometry, storedGeometry } from '../../src/database/geo-json.ts'
import { distanceTo, intersecting, withinAreas, withinCircle } from '../../src/database/geo-relation.ts'
import { Ring } from '../../src/database/geo-ring.ts'
import { checkAreas } from '../../src/database/geo-valid.ts'
import {
  angleBetween,
  cross,
  distanceToArc,
  dot,
  EARTH_RADIUS_METRES,
  toVector,
  unit,
  type Vector,
} from '../../src/database/geo-vector.ts'
import { LIMITS } from '../../src/limits.ts'
import fc from '../random.ts'
import { failure } from './rejection.ts'

type Position = readonly [longitude: number, latitude: number]

const geometry = (type: string, coordinates: unknown): Geometry =>
  parseGeometry({ type, coordinates }, 'shape')
const square = (west: number, south: number, east: number, north: number): Position[] => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
]

/** Places on the Earth, evenly spread. */
const place = fc
  .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }))
  .map(([z, longitude]): Vector => {
    const radius = Math.sqrt(1 - z * z)
    return [radius * Math.cos(longitude), radius * Math.sin(longitude), z]
  })

/** The place so far from the centre in a direction. */
function travel(centre: Vector, bearing: number, radians: number): Vector {
  const east = unit(cross(Math.abs(centre[2]) > 0.9 ? [1, 0, 0] : [0, 0, 1], centre))
  const north = cross(centre, east)
  const mix = (index: 0 | 1 | 2): number =>
    centre[index] * Math.cos(radians) +
    (east[index] * Math.cos(bearing) + north[index] * Math.sin(bearing)) * Math.sin(radians)
  return unit([mix(0), mix(1), mix(2)])
}

/** Rings that wind once around their centre: stars of any orientation, over poles and the date line. */
const star = fc
  .record({
    centre: place,
    reaches: fc.array(fc.double({ min: 0.05, max: 1.2, noNaN: true }), { minLength: 5, maxLength: 12 }),
    isReversed: fc.boolean(),
  })
  .map(({ centre, reaches, isReversed }) => {
    const places = reaches.map((reach, index) =>
      travel(centre, (index * 2 * Math.PI) / reaches.length, reach),
    )
    return { centre, places: isReversed ? places.toReversed() : places }
  })

/** How often the ring winds around a place, by the bearings of its corners: 0 outside, 1 or -1 inside. */
function windings(places: readonly Vector[], seen: Vector): number {
  const bearing = (corner: Vector): number => {
    const east = unit(cross(Math.abs(seen[2]) > 0.9 ? [1, 0, 0] : [0, 0, 1], seen))
    return Math.atan2(dot(corner, cross(seen, east)), dot(corner, east))
  }
  let turned = 0
  for (const [index, to] of places.entries()) {
    const change = bearing(to) - bearing(places.at(index - 1) ?? to)
    turned += change > Math.PI ? change - 2 * Math.PI : change < -Math.PI ? change + 2 * Math.PI : change
  }
  return Math.round(turned / (2 * Math.PI))
}

const nearestEdge = (ring: Ring, to: Vector): number =>
  Math.min(...ring.edges.map(([from, end]) => distanceToArc(to, from, end)))

describe('a ring', () => {
  test('holds what its corners wind around', () => {
    fc.assert(
      fc.property(
        star,
        fc.double({ max: Math.PI, min: -Math.PI, noNaN: true }),
        fc.nat(200),
        (ring, bearing, percent) => {
          const shape = new Ring(ring.places)
          const seen = travel(ring.centre, bearing, percent / 100)
          // On the far side of the Earth bearings wind around the antipode instead.
          fc.pre(nearestEdge(shape, seen) > 1e-6 && percent < 150)
          expect(shape.locate(seen)).toBe(windings(ring.places, seen) === 0 ? 'outside' : 'inside')
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('has its corners and the middles of its edges on its edge, and a place inside', () => {
    fc.assert(
      fc.property(star, ({ places }) => {
        const shape = new Ring(places)
        for (const [from, to] of shape.edges) {
          expect(shape.locate(from)).toBe('edge')
          expect(shape.locate(unit([from[0] + to[0], from[1] + to[1], from[2] + to[2]]))).toBe('edge')
        }
        const inside = shape.insidePlace()
        expect(inside !== undefined && shape.locate(inside)).toBe('inside')
      }),
      { numRuns: 300 },
    )
  })

  test('has all of its area in its box', () => {
    fc.assert(
      fc.property(star, place, ({ places }, seen) => {
        const shape = new Ring(places)
        if (windings(places, seen) !== 0 && shape.locate(seen) === 'inside')
          expect(isInBox(seen, shape.box)).toBe(true)
        for (const corner of places) expect(isInBox(corner, shape.box)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('is the smaller side, whichever way round', () => {
    const arctic: Position[] = [
      [0, 60],
      [90, 60],
      [180, 60],
      [-90, 60],
      [0, 60],
    ]
    for (const ring of [arctic, arctic.toReversed()]) {
      const [area] = geometry('Polygon', [ring]).areas
      expect(area?.shell.locate(toVector(12, 90))).toBe('inside')
      expect(area?.shell.locate(toVector(12, -90))).toBe('outside')
      expect(area?.shell.locate(toVector(45, 20))).toBe('outside')
    }
  })
})

describe('distance', () => {
  test('is what MongoDB measures', () => {
    // From the example of $geoNear in MongoDB's manual.
    const metres =
      angleBetween(toVector(-73.99279, 40.719296), toVector(-73.9928, 40.7193)) * EARTH_RADIUS_METRES
    expect(metres).toBeCloseTo(0.9539931676365992, 6)
    expect(angleBetween(toVector(0, 0), toVector(180, 0))).toBe(Math.PI)
    expect(angleBetween(toVector(0, 90), toVector(77, 90))).toBeCloseTo(0, 15)
  })

  test('to an arc is the least to any of its places', () => {
    fc.assert(
      fc.property(place, place, place, (seen, from, to) => {
        fc.pre(angleBetween(from, to) < 3)
        let least = Infinity
        for (let step = 0; step <= 500; step++) {
          const share = step / 500
          const angle = angleBetween(from, to)
          const weights = [Math.sin((1 - share) * angle), Math.sin(share * angle)] as const
          const between = unit(
            [0, 1, 2].map(axis => from[axis as 0] * weights[0] + to[axis as 0] * weights[1]) as never,
          )
          least = Math.min(least, angleBetween(seen, angle < 1e-9 ? from : between))
        }
        const distance = distanceToArc(seen, from, to)
        expect(distance).toBeLessThanOrEqual(least + 1e-9)
        expect(distance).toBeGreaterThan(least - 0.01)
      }),
      { numRuns: 500 },
    )
  })
})

/** Geometry in all parts of the world, as vectors so that it can be turned. */
const shape = fc.oneof(
  place.map(point => ({ points: [point], lines: [], rings: [] })),
  fc
    .tuple(place, place)
    // Near the antipode a line is no line, and the smallest turn makes it another.
    .filter(([from, to]) => angleBetween(from, to) < 3)
    .map(line => ({ points: [], lines: [line], rings: [] })),
  star.map(({ places }) => ({ points: [], lines: [], rings: [places] })),
)
type Shape = typeof shape extends fc.Arbitrary<infer Value> ? Value : never

function toPosition([x, y, z]: Vector): Position {
  return [(Math.atan2(y, x) * 180) / Math.PI, (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI]
}

function build({ points, lines, rings }: Shape, turn: (place: Vector) => Vector): Geometry {
  const positions = (places: readonly Vector[]): Position[] => places.map(one => toPosition(turn(one)))
  const [point] = positions(points)
  if (point !== undefined) return geometry('Point', point)
  if (lines[0] !== undefined) return geometry('LineString', positions(lines[0]))
  const ring = positions(rings[0] ?? [])
  return geometry('Polygon', [[...ring, ...ring.slice(0, 1)]])
}

function answers(one: Geometry, other: Geometry, centre: Vector): object {
  return {
    intersects: intersecting(other).test(one),
    isWithin: other.areas.length > 0 && withinAreas(other).test(one),
    isNear: withinCircle(centre, 1).test(one),
    distance: distanceTo(centre, one).toFixed(6),
  }
}

test('answers stay the same when the Earth is turned', () => {
  fc.assert(
    fc.property(
      shape,
      shape,
      place,
      place,
      fc.double({ min: 0, max: 6, noNaN: true }),
      (a, b, centre, axis, angle) => {
        const turn = (one: Vector): Vector => {
          const [side, along] = [cross(axis, one), dot(axis, one) * (1 - Math.cos(angle))]
          const mix = (index: 0 | 1 | 2): number =>
            one[index] * Math.cos(angle) + side[index] * Math.sin(angle) + axis[index] * along
          return unit([mix(0), mix(1), mix(2)])
        }
        const still = answers(
          build(a, one => one),
          build(b, one => one),
          centre,
        )
        expect(answers(build(a, turn), build(b, turn), turn(centre))).toEqual(still)
      },
    ),
    { numRuns: 1500 },
  )
})

test('what lies within also intersects, both ways round, and boxes agree', () => {
  fc.assert(
    fc.property(shape, star, (a, { places }) => {
      const [one, area] = [
        build(a, same => same),
        build({ points: [], lines: [], rings: [places] }, same => same),
      ]
      const intersects = intersecting(area).test(one)
      expect(intersecting(one).test(area)).toBe(intersects)
      if (withinAreas(area).test(one)) expect(intersects).toBe(true)
      if (intersects) expect(doBoxesMeet(one.box, area.box)).toBe(true)
      for (const point of one.points) {
        expect(distanceTo(point, area) <= 1e-9).toBe(intersects)
        expect(isInBox(point, one.box)).toBe(true)
      }
    }),
    { numRuns: 1500 },
  )
})

describe('relations', () => {
  const ring = geometry('Polygon', [square(0, 0, 10, 10), square(4, 4, 6, 6)])
  const both = geometry('MultiPolygon', [[square(0, 0, 10, 10)], [square(20, 0, 30, 10)]])

  test.each<[string, string, unknown, within: boolean, intersects: boolean]>([
    ['a point inside', 'Point', [1, 1], true, true],
    ['a point outside', 'Point', [11, 1], false, false],
    ['a point on the border', 'Point', [0, 5], true, true],
    ['a corner', 'Point', [10, 10], true, true],
    ['a point in the hole', 'Point', [5, 5], false, false],
    ['a point on the border of the hole', 'Point', [4, 5], true, true],
    [
      'a line inside',
      'LineString',
      [
        [1, 1],
        [3, 3],
      ],
      true,
      true,
    ],
    [
      'a line through the hole',
      'LineString',
      [
        [1, 5],
        [9, 5],
      ],
      false,
      true,
    ],
    [
      'a line leaving',
      'LineString',
      [
        [1, 1],
        [-1, 1],
      ],
      false,
      true,
    ],
    [
      'a line that crosses all',
      'LineString',
      [
        [-1, 1],
        [11, 1],
      ],
      false,
      true,
    ],
    [
      'a line along the border',
      'LineString',
      [
        [0, 1],
        [0, 9],
      ],
      true,
      true,
    ],
    [
      'a line outside',
      'LineString',
      [
        [-5, -5],
        [-5, 15],
      ],
      false,
      false,
    ],
    [
      'a line in the hole',
      'LineString',
      [
        [4.5, 5],
        [5.5, 5],
      ],
      false,
      false,
    ],
    ['an area inside', 'Polygon', [square(1, 1, 2, 2)], true, true],
    ['an area over the hole', 'Polygon', [square(3, 3, 7, 7)], false, true],
    ['an area with the hole as its own', 'Polygon', [square(3, 3, 7, 7), square(4, 4, 6, 6)], true, true],
    ['the hole itself', 'Polygon', [square(4, 4, 6, 6)], false, true],
    ['an area in the hole', 'Polygon', [square(4.5, 4.5, 5.5, 5.5)], false, false],
    ['an area around', 'Polygon', [square(-1, -1, 11, 11)], false, true],
    ['itself', 'Polygon', [square(0, 0, 10, 10), square(4, 4, 6, 6)], true, true],
    [
      'points inside',
      'MultiPoint',
      [
        [1, 1],
        [9, 9],
      ],
      true,
      true,
    ],
    [
      'points, one outside',
      'MultiPoint',
      [
        [1, 1],
        [19, 9],
      ],
      false,
      true,
    ],
    [
      'lines, one outside',
      'MultiLineString',
      [
        [
          [1, 1],
          [2, 2],
        ],
        [
          [50, 1],
          [51, 1],
        ],
      ],
      false,
      true,
    ],
    ['areas, one outside', 'MultiPolygon', [[square(1, 1, 2, 2)], [square(50, 1, 51, 2)]], false, true],
  ])('%s', (_name, type, coordinates, isWithin, intersects) => {
    const one = geometry(type, coordinates)
    expect(withinAreas(ring).test(one)).toBe(isWithin)
    expect(intersecting(ring).test(one)).toBe(intersects)
    expect(intersecting(one).test(ring)).toBe(intersects)
  })

  test('each part lies in one of several areas', () => {
    expect(
      withinAreas(both).test(
        geometry('MultiPoint', [
          [1, 1],
          [25, 5],
        ]),
      ),
    ).toBe(true)
    expect(
      withinAreas(both).test(
        geometry('LineString', [
          [1, 1],
          [25, 5],
        ]),
      ),
    ).toBe(false)
  })

  test('edges are great circles, which bulge away from the equator', () => {
    const band = geometry('Polygon', [square(0, 50, 60, 60)])
    expect(withinAreas(band).test(geometry('Point', [30, 61]))).toBe(true)
    expect(withinAreas(band).test(geometry('Point', [30, 51]))).toBe(false)
  })

  test('an area across the date line holds what lies there', () => {
    const pacific = geometry('Polygon', [square(170, -10, -170, 10)])
    expect(withinAreas(pacific).test(geometry('Point', [180, 0]))).toBe(true)
    expect(withinAreas(pacific).test(geometry('Point', [-179, 5]))).toBe(true)
    expect(withinAreas(pacific).test(geometry('Point', [0, 0]))).toBe(false)
  })

  test('a circle holds what is as far as its radius and no further', () => {
    const circle = withinCircle(toVector(0, 0), Math.PI / 18)
    expect(circle.test(geometry('Point', [10, 0]))).toBe(true)
    expect(circle.test(geometry('Point', [10.001, 0]))).toBe(false)
    expect(
      circle.test(
        geometry('LineString', [
          [-9, 0],
          [9, 0],
        ]),
      ),
    ).toBe(true)
    expect(
      circle.test(
        geometry('LineString', [
          [-9, 0],
          [11, 0],
        ]),
      ),
    ).toBe(false)
    expect(circle.test(geometry('Polygon', [square(-5, -5, 5, 5)]))).toBe(true)
    expect(circle.test(geometry('Polygon', [square(-9, -9, 9, 9)]))).toBe(false)
    const almostAll = withinCircle(toVector(0, 0), Math.PI - 0.1)
    expect(almostAll.test(geometry('Polygon', [square(170, -10, -170, 10)]))).toBe(false)
    expect(almostAll.test(geometry('Polygon', [square(-80, -80, 80, 80)]))).toBe(true)
    expect(withinCircle(toVector(0, 0), 4).test(geometry('Point', [180, 0]))).toBe(true)
  })
})

describe('GeoJSON', () => {
  test.each<[unknown, string]>([
    [5, 'must be GeoJSON'],
    [{ type: 'Circle', coordinates: [] }, 'must be GeoJSON of a type among Point, LineString'],
    [{ type: 'constructor', coordinates: [] }, 'must be GeoJSON'],
    [{ type: 'Point' }, 'shape.coordinates must be a position'],
    [{ type: 'Point', coordinates: ['1', 2] }, 'must be a position'],
    [{ type: 'Point', coordinates: [181, 0] }, 'shape.coordinates has a longitude outside -180 to 180'],
    [{ type: 'Point', coordinates: [0, -91] }, 'has a latitude outside -90 to 90'],
    [{ type: 'Point', coordinates: [Number.NaN, 0] }, 'has a longitude outside'],
    [{ type: 'LineString', coordinates: [[0, 0]] }, 'must have at least 2 positions'],
    [
      {
        type: 'LineString',
        coordinates: [
          [0, 0],
          [180, 0],
        ],
      },
      'shape.coordinates[1] lies opposite',
    ],
    [{ type: 'MultiPoint', coordinates: [] }, 'must be an array that is not empty'],
    [
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
        ],
      },
      'coordinates[0] must have at least 4 positions',
    ],
    [
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ],
        ],
      },
      'end where it begins',
    ],
    [
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 0],
            [0, 0],
          ],
        ],
      },
      'at least 3 different positions',
    ],
    [
      { type: 'Point', coordinates: [0, 0], crs: { properties: { name: 'EPSG:3857' } } },
      'crs must be left out',
    ],
    [{ type: 'GeometryCollection', geometries: [{ type: 'Point' }] }, 'shape.geometries[0].coordinates'],
  ])('%j is refused', (value, message) => {
    expect(() => parseGeometry(value, 'shape')).toThrow(
      expect.objectContaining(failure('INVALID_PARAM', message)),
    )
    expect(storedGeometry(value)).toBeUndefined()
  })

  test.each<[string, unknown, string]>([
    [
      'a bow tie',
      [
        [
          [0, 0],
          [10, 10],
          [10, 0],
          [0, 10],
          [0, 0],
        ],
      ],
      'touches or crosses itself',
    ],
    [
      'a ring that meets itself',
      [
        [
          [0, 0],
          [10, 0],
          [5, 5],
          [10, 10],
          [0, 10],
          [5, 5],
          [0, 0],
        ],
      ],
      'touches or crosses itself',
    ],
    [
      'a ring that folds back',
      [
        [
          [0, 0],
          [10, 0],
          [5, 0],
          [5, 5],
          [0, 0],
        ],
      ],
      'touches or crosses itself',
    ],
    ['a hole outside', [square(0, 0, 1, 1), square(5, 5, 6, 6)], 'hole (ring 1) that is not inside'],
    ['rings that cross', [square(0, 0, 9, 9), square(1, 1, 5, 5), square(4, 4, 8, 8)], 'rings that cross'],
  ])('%s is no polygon', (_name, coordinates, message) => {
    const shape = geometry('Polygon', coordinates)
    expect(() => checkAreas(shape, 'shape')).toThrow(
      expect.objectContaining(failure('INVALID_PARAM', message)),
    )
  })

  test('stars are polygons', () => {
    fc.assert(
      fc.property(star, ({ places }) => {
        const area = build({ points: [], lines: [], rings: [places] }, same => same)
        expect(() => checkAreas(area, 'star')).not.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  test('has as many positions as the limit and no more in a filter; what is stored may have more', () => {
    const points = (count: number): unknown[] =>
      Array.from({ length: count }, (_, index) => [index / 1000, 0])
    expect(geometry('MultiPoint', points(LIMITS.geoPositions)).points).toHaveLength(LIMITS.geoPositions)
    expect(() => geometry('MultiPoint', points(LIMITS.geoPositions + 1))).toThrow(
      'one more than the 10000 positions',
    )
    const stored = { type: 'MultiPoint', coordinates: points(LIMITS.geoPositions + 1) }
    expect(storedGeometry(stored)?.points).toHaveLength(LIMITS.geoPositions + 1)
  })

  test('may be an old pair of coordinates in stored data', () => {
    expect(storedGeometry([1, 2])?.points).toEqual([toVector(1, 2)])
    expect(storedGeometry([1, 2, 3])).toBeUndefined()
    expect(storedGeometry([1, 200])).toBeUndefined()
  })
})
