import { DatabaseError } from '../errors.ts'
import { isDocument } from './document.ts'
import { type Geometry, parseGeometry } from './geo-json.ts'
import type { Near } from './geo-near.ts'
import { type GeoTest, intersecting, withinAreas, withinCircle } from './geo-relation.ts'
import { checkAreas } from './geo-valid.ts'

/**
 * Reads `{ $geometry }` with an area, or `{ $centerSphere: [[longitude, latitude], radians] }`.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for MongoDB's flat shapes, INVALID_PARAM for the rest.
 */
export function parseGeoWithin(operand: unknown): GeoTest {
  const [shape, value] = onlyField('$geoWithin', operand, ['$geometry', '$centerSphere'])
  if (shape === '$centerSphere') return parseCircle(value)
  const geometry = parseShape('$geoWithin.$geometry', value)
  if (geometry.areas.length === 0 || geometry.points.length + geometry.lines.length > 0) {
    throw invalid(
      '$geoWithin.$geometry must be a Polygon or MultiPolygon: nothing lies within a point or line.',
    )
  }
  return withinAreas(geometry)
}

/** Reads `{ $geometry }`. */
export function parseGeoIntersects(operand: unknown): GeoTest {
  const [, value] = onlyField('$geoIntersects', operand, ['$geometry'])
  return intersecting(parseShape('$geoIntersects.$geometry', value))
}

/** Reads `{ $geometry, $minDistance?, $maxDistance? }` with a point and metres. */
export function parseNear(name: '$near' | '$nearSphere', operand: unknown): Near {
  if (!isDocument(operand) || !Object.hasOwn(operand, '$geometry')) {
    throw invalid(`${name} needs an object with $geometry, a GeoJSON Point.`)
  }
  const { $geometry: point, $minDistance: least, $maxDistance: most, ...others } = operand
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`${name} has no ${JSON.stringify(unknown)}.`)
  const { points, lines, areas } = parseGeometry(point, `${name}.$geometry`)
  const [place] = points
  if (place === undefined || points.length + lines.length + areas.length !== 1) {
    throw invalid(`${name}.$geometry must be one Point.`)
  }
  return {
    place,
    minMetres: readDistance(`${name}.$minDistance`, least) ?? 0,
    maxMetres: readDistance(`${name}.$maxDistance`, most) ?? Infinity,
  }
}

function parseShape(name: string, value: unknown): Geometry {
  const geometry = parseGeometry(value, name)
  checkAreas(geometry, name)
  return geometry
}

function parseCircle(value: unknown): GeoTest {
  const [centre, radians]: unknown[] = Array.isArray(value) && value.length === 2 ? value : []
  if (typeof radians !== 'number' || !(radians >= 0)) {
    throw invalid('$geoWithin.$centerSphere must be [[longitude, latitude], radians].')
  }
  const name = '$geoWithin.$centerSphere[0]'
  const json = Array.isArray(centre) ? { type: 'Point', coordinates: centre } : centre
  const [place] = parseGeometry(json, name).points
  if (place === undefined) throw invalid(`${name} must be a position.`)
  return withinCircle(place, radians)
}

function readDistance(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= 0) return value
  throw invalid(`${name} must be a number of metres, 0 or more.`)
}

function onlyField(
  name: string,
  operand: unknown,
  known: readonly string[],
): [field: string, value: unknown] {
  const [field, ...others] = isDocument(operand) ? Object.entries(operand) : []
  if (field === undefined || others.length > 0)
    throw invalid(`${name} needs an object with ${known.join(' or ')}.`)
  if (known.includes(field[0])) return field
  throw new DatabaseError(
    field[0].startsWith('$') ? 'DATABASE_INVALID_OPERATOR' : 'INVALID_PARAM',
    `${name} takes ${known.join(' or ')}, not ${field[0]}.`,
  )
}

function invalid(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}
