import { type EncodedObject, encodeValue } from '../protocol/value.ts'
import { type DeclaredGeometry, type GeoJson, MultiPolygon, Point, Polygon, toGeometry } from './geo.ts'
import { isObject } from './parameters.ts'

export interface GeoNear {
  readonly geometry: DeclaredGeometry | GeoJson
  /** Metres. */
  readonly maxDistance?: number
  /** Metres. */
  readonly minDistance?: number
}

/** An area, or a circle as its centre and a radius in radians. */
export type GeoWithin =
  | { readonly geometry: DeclaredGeometry | GeoJson }
  | {
      readonly centerSphere: readonly [
        Point | readonly [longitude: number, latitude: number],
        radians: number,
      ]
    }

export interface GeoIntersects {
  readonly geometry: DeclaredGeometry | GeoJson
}

/** @throws {TypeError} when the geometry is not a point or a distance not a number. */
export function encodeGeoNear(near: unknown): EncodedObject {
  const { geometry, maxDistance, minDistance } = readOptions(near)
  const point = toGeometry(geometry)
  if (!(point instanceof Point)) throw mistyped('geometry', 'Point', geometry)
  const max = readDistance('maxDistance', maxDistance)
  const min = readDistance('minDistance', minDistance)
  return {
    $nearSphere: {
      $geometry: encodeValue(point),
      ...(max === undefined ? {} : { $maxDistance: max }),
      ...(min === undefined ? {} : { $minDistance: min }),
    },
  }
}

/** @throws {TypeError} when the geometry is not an area and there is no well-formed `centerSphere`. */
export function encodeGeoWithin(area: unknown): EncodedObject {
  const { geometry, centerSphere } = readOptions(area)
  if (geometry === undefined && centerSphere !== undefined) {
    return { $geoWithin: { $centerSphere: encodeSphere(centerSphere) } }
  }
  const shape = toGeometry(geometry)
  if (!(shape instanceof Polygon || shape instanceof MultiPolygon)) {
    throw mistyped('geometry', 'Polygon or MultiPolygon', geometry)
  }
  return { $geoWithin: { $geometry: encodeValue(shape) } }
}

/** @throws {TypeError} when the geometry is none. */
export function encodeGeoIntersects(shape: unknown): EncodedObject {
  const { geometry } = readOptions(shape)
  const found = toGeometry(geometry)
  if (found === undefined) {
    throw mistyped(
      'geometry',
      'Point, LineString, Polygon, MultiPoint, MultiLineString or MultiPolygon',
      geometry,
    )
  }
  return { $geoIntersects: { $geometry: encodeValue(found) } }
}

function encodeSphere(sphere: unknown): [readonly [number, number], number] {
  const [center, radians]: unknown[] = Array.isArray(sphere) && sphere.length === 2 ? sphere : []
  const [longitude, latitude]: unknown[] = Array.isArray(center) ? center : []
  if (typeof radians !== 'number' || !(radians >= 0)) {
    throw mistyped('centerSphere', '[[longitude, latitude], radians]', sphere)
  }
  if (center instanceof Point) return [center.coordinates, radians]
  if (typeof longitude !== 'number' || typeof latitude !== 'number') {
    throw mistyped('centerSphere', '[[longitude, latitude], radians]', sphere)
  }
  return [new Point(longitude, latitude).coordinates, radians]
}

function readDistance(name: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw mistyped(name, 'Number', value)
}

function readOptions(options: unknown): Record<string, unknown> {
  if (isObject(options)) return options
  throw mistyped('options', 'Object', options)
}

function mistyped(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`"${name}" must be of type ${expected}. Received type ${typeof value}`)
}
