import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isDocument } from './document.ts'
import { type Box, boxAround, boxAroundAll, boxAroundPlace } from './geo-box.ts'
import { Ring } from './geo-ring.ts'
import { type Arc, angleBetween, TOLERANCE, toVector, type Vector } from './geo-vector.ts'

/** Any geometry by its parts: one kind or, for a collection, several. Lines and edges are arcs of great circles. */
export interface Geometry {
  readonly points: readonly Vector[]
  readonly lines: readonly Line[]
  readonly areas: readonly Area[]
  readonly box: Box
}

export type Line = readonly Arc[]

export interface Area {
  readonly shell: Ring
  readonly holes: readonly Ring[]
  /** Of all its rings. */
  readonly edges: readonly Arc[]
}

/**
 * Reads GeoJSON: one of the six geometries or a GeometryCollection.
 *
 * @param name what it is called in the message, such as `$geoWithin.$geometry`.
 * @throws {DatabaseError} INVALID_PARAM that says where it is malformed, or over the limit of positions.
 */
export function parseGeometry(value: unknown, name: string): Geometry {
  return read(value, name, LIMITS.geoPositions)
}

/**
 * The geometry of a stored value: GeoJSON, or MongoDB's older `[longitude, latitude]`. Undefined if it is none.
 * Of any size, since it may have been stored before anybody compared it.
 */
export function storedGeometry(value: unknown): Geometry | undefined {
  const isPair = Array.isArray(value) && value.length === 2
  if (!isPair && !isGeoJson(value)) return undefined
  const json = isPair ? { type: 'Point', coordinates: value } : value
  try {
    return read(json, 'value', Infinity)
  } catch (error) {
    // What is no geometry matches no geometry: data may hold anything.
    if (error instanceof DatabaseError) return undefined
    throw error
  }
}

export function isGeoJson(value: unknown): boolean {
  return isDocument(value) && typeof value['type'] === 'string' && Object.hasOwn(READERS, value['type'])
}

interface Parts {
  readonly points: Vector[]
  readonly lines: Line[]
  readonly areas: Area[]
  readonly maxPositions: number
  positionCount: number
}

function read(value: unknown, name: string, maxPositions: number): Geometry {
  const parts: Parts = { points: [], lines: [], areas: [], maxPositions, positionCount: 0 }
  readObject(value, name, parts)
  return build(parts)
}

type Read = (coordinates: unknown, name: string, parts: Parts) => void

/** By GeoJSON's type. */
const READERS: Readonly<Record<string, Read>> = {
  Point: (position, name, parts) => {
    parts.points.push(readPosition(position, name, parts))
  },
  LineString: (positions, name, parts) => {
    parts.lines.push(readArcs(positions, name, parts))
  },
  Polygon: (rings, name, parts) => {
    parts.areas.push(readArea(rings, name, parts))
  },
  MultiPoint: (points, name, parts) => {
    each(points, name, (point, at) => parts.points.push(readPosition(point, at, parts)))
  },
  MultiLineString: (lines, name, parts) => {
    each(lines, name, (line, at) => parts.lines.push(readArcs(line, at, parts)))
  },
  MultiPolygon: (polygons, name, parts) => {
    each(polygons, name, (polygon, at) => parts.areas.push(readArea(polygon, at, parts)))
  },
  GeometryCollection: (geometries, name, parts) => {
    each(geometries, name, (geometry, at) => readObject(geometry, at, parts))
  },
}

function readObject(value: unknown, name: string, parts: Parts): void {
  const type = isDocument(value) ? value['type'] : undefined
  const reader = typeof type === 'string' && Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (!isDocument(value) || reader === undefined) {
    throw malformed(name, `must be GeoJSON of a type among ${Object.keys(READERS).join(', ')}`)
  }
  requireUsualSystem(value['crs'], name)
  const field = type === 'GeometryCollection' ? 'geometries' : 'coordinates'
  reader(value[field], `${name}.${field}`, parts)
}

/** Names of the system that GeoJSON has by itself. Others would put the numbers elsewhere. */
const USUAL_SYSTEMS: readonly unknown[] = ['urn:ogc:def:crs:OGC:1.3:CRS84', 'EPSG:4326']

function requireUsualSystem(crs: unknown, name: string): void {
  if (crs === undefined) return
  const properties = isDocument(crs) ? crs['properties'] : undefined
  if (isDocument(properties) && USUAL_SYSTEMS.includes(properties['name'])) return
  throw malformed(`${name}.crs`, 'must be left out: positions are longitude and latitude in degrees')
}

function readArcs(positions: unknown, name: string, parts: Parts): Line {
  const places = readPlaces(positions, name, parts)
  return places.slice(1).map((to, index) => [places[index] ?? to, to])
}

function readPlaces(positions: unknown, name: string, parts: Parts): Vector[] {
  const line: Vector[] = []
  each(positions, name, (position, at) => {
    const place = readPosition(position, at, parts)
    const before = line.at(-1)
    if (before !== undefined && angleBetween(before, place) > Math.PI - TOLERANCE) {
      throw malformed(
        at,
        'lies opposite the position before it on the Earth, so no line between them is the shortest',
      )
    }
    line.push(place)
  })
  if (line.length < 2) throw malformed(name, 'must have at least 2 positions')
  return line
}

function readArea(rings: unknown, name: string, parts: Parts): Area {
  const found: Ring[] = []
  each(rings, name, (ring, at) => found.push(readRing(ring, at, parts)))
  const [shell, ...holes] = found
  if (shell === undefined) throw malformed(name, 'must have at least one ring')
  return { shell, holes, edges: found.flatMap(ring => ring.edges) }
}

function readRing(positions: unknown, name: string, parts: Parts): Ring {
  const line = readPlaces(positions, name, parts)
  const [first, last] = [line[0], line.at(-1)]
  if (first === undefined || last === undefined || line.length < 4 || !isSame(first, last)) {
    throw malformed(name, 'must have at least 4 positions and end where it begins')
  }
  const places = line.filter((place, index) => index > 0 && !isSame(place, line[index - 1]))
  if (places.length < 3) throw malformed(name, 'must have at least 3 different positions')
  return new Ring(places)
}

function isSame(a: Vector, b: Vector | undefined): boolean {
  return b !== undefined && angleBetween(a, b) <= TOLERANCE
}

/** Numbers after the first two, such as a height, are MongoDB's to ignore and ours. */
function readPosition(position: unknown, name: string, parts: Parts): Vector {
  const [longitude, latitude]: unknown[] = Array.isArray(position) ? position : []
  if (typeof longitude !== 'number' || typeof latitude !== 'number') {
    throw malformed(name, 'must be a position: [longitude, latitude]')
  }
  // Written so that NaN fails too.
  if (!(Math.abs(longitude) <= 180)) throw malformed(name, 'has a longitude outside -180 to 180')
  if (!(Math.abs(latitude) <= 90)) throw malformed(name, 'has a latitude outside -90 to 90')
  parts.positionCount++
  if (parts.positionCount > parts.maxPositions) {
    throw malformed(name, `is one more than the ${parts.maxPositions} positions a geometry may have`)
  }
  return toVector(longitude, latitude)
}

function each(items: unknown, name: string, visit: (item: unknown, at: string) => void): void {
  if (!Array.isArray(items) || items.length === 0) throw malformed(name, 'must be an array that is not empty')
  for (const [index, item] of items.entries()) visit(item, `${name}[${index}]`)
}

function malformed(name: string, problem: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', `${name} ${problem}.`)
}

function build({ points, lines, areas }: Parts): Geometry {
  const boxes = [
    ...points.map(boxAroundPlace),
    ...lines.map(line => boxAround(line)),
    ...areas.map(({ shell }) => shell.box),
  ]
  return { points, lines, areas, box: boxAroundAll(boxes) }
}
