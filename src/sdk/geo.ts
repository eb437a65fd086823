import type { Encodable, Encoded } from '../protocol/value.ts'
import { isObject } from './parameters.ts'

export type Position = [longitude: number, latitude: number]

/** Geometry as plain data. */
export interface GeoJson {
  readonly type: string
  readonly coordinates: unknown
}

/** Geometry of `db.Geo` as the types of others declare it; what is none of it is refused when it is used. */
export interface DeclaredGeometry {
  toJSON(): object
}

/** What all geometry shares: it is stored, printed and stringified as GeoJSON. */
abstract class Geometry<Type extends string, Coordinates extends Encoded> implements Encodable {
  abstract get type(): Type
  abstract get coordinates(): Coordinates

  toJSON(): { type: Type; coordinates: Coordinates } {
    return { type: this.type, coordinates: this.coordinates }
  }

  encodeValue(): Encoded {
    return this.toJSON()
  }

  toString(): string {
    return JSON.stringify(this.coordinates)
  }
}

export class Point extends Geometry<'Point', Position> {
  readonly longitude: number
  readonly latitude: number

  /** Degrees, or one GeoJSON point. */
  constructor(longitude: number | GeoJson, latitude?: number) {
    super()
    const [east, north] = readPosition(longitude, latitude)
    if (typeof east !== 'number' || typeof north !== 'number') {
      throw new TypeError('Geo Point must be number type')
    }
    // Written so that NaN fails too.
    if (!(Math.abs(east) <= 180)) throw new Error('longitude should be a number ranges from -180 to 180')
    if (!(Math.abs(north) <= 90)) throw new Error('latitude should be a number ranges from -90 to 90')
    this.longitude = east
    this.latitude = north
  }

  get type(): 'Point' {
    return 'Point'
  }

  get coordinates(): Position {
    return [this.longitude, this.latitude]
  }
}

export class LineString extends Geometry<'LineString', Position[]> {
  readonly points: Point[]

  /** At least two points. */
  constructor(points: readonly DeclaredGeometry[] | GeoJson) {
    super()
    this.points = readParts(points, 'points', Point, ['Point', 'LineString'])
    if (this.points.length < 2) throw new Error('"points" must contain 2 points at least')
  }

  get type(): 'LineString' {
    return 'LineString'
  }

  get coordinates(): Position[] {
    return this.points.map(point => point.coordinates)
  }
}

export class Polygon extends Geometry<'Polygon', Position[][]> {
  readonly lines: LineString[]

  /** The outer ring, then holes; each ends where it began. */
  constructor(lines: readonly DeclaredGeometry[] | GeoJson) {
    super()
    this.lines = readParts(lines, 'lines', LineString, ['LineString', 'Polygon'])
    if (this.lines.length === 0) throw new Error('Polygon must contain 1 linestring at least')
    for (const line of this.lines) requireClosed(line)
  }

  get type(): 'Polygon' {
    return 'Polygon'
  }

  get coordinates(): Position[][] {
    return this.lines.map(line => line.coordinates)
  }
}

export class MultiPoint extends Geometry<'MultiPoint', Position[]> {
  readonly points: Point[]

  constructor(points: readonly DeclaredGeometry[] | GeoJson) {
    super()
    this.points = readParts(points, 'points', Point, ['Point', 'MultiPoint'])
    if (this.points.length === 0) throw new Error('"points" must contain 1 point at least')
  }

  get type(): 'MultiPoint' {
    return 'MultiPoint'
  }

  get coordinates(): Position[] {
    return this.points.map(point => point.coordinates)
  }
}

export class MultiLineString extends Geometry<'MultiLineString', Position[][]> {
  readonly lines: LineString[]

  constructor(lines: readonly DeclaredGeometry[] | GeoJson) {
    super()
    this.lines = readParts(lines, 'lines', LineString, ['LineString', 'MultiLineString'])
    if (this.lines.length === 0) throw new Error('MultiLineString must contain 1 linestring at least')
  }

  get type(): 'MultiLineString' {
    return 'MultiLineString'
  }

  get coordinates(): Position[][] {
    return this.lines.map(line => line.coordinates)
  }
}

export class MultiPolygon extends Geometry<'MultiPolygon', Position[][][]> {
  readonly polygons: Polygon[]

  constructor(polygons: readonly DeclaredGeometry[] | GeoJson) {
    super()
    this.polygons = readParts(polygons, 'polygons', Polygon, ['Polygon', 'MultiPolygon'])
    if (this.polygons.length === 0) throw new Error('MultiPolygon must contain 1 polygon at least')
  }

  get type(): 'MultiPolygon' {
    return 'MultiPolygon'
  }

  get coordinates(): Position[][][] {
    return this.polygons.map(polygon => polygon.coordinates)
  }
}

/** `db.Geo`: each constructor works with and without `new`. */
export const Geo = Object.freeze({
  Point: callable(Point),
  LineString: callable(LineString),
  Polygon: callable(Polygon),
  MultiPoint: callable(MultiPoint),
  MultiLineString: callable(MultiLineString),
  MultiPolygon: callable(MultiPolygon),
})

export type AnyGeometry = Point | LineString | Polygon | MultiPoint | MultiLineString | MultiPolygon

/** The geometry of a GeoJSON object or of geometry itself; undefined when it is neither or not valid. */
export function toGeometry(value: unknown): AnyGeometry | undefined {
  if (value instanceof Geometry) return value as AnyGeometry
  if (!isGeoJson(value)) return undefined
  try {
    switch (value.type) {
      case 'Point':
        return new Point(value)
      case 'LineString':
        return new LineString(value)
      case 'Polygon':
        return new Polygon(value)
      case 'MultiPoint':
        return new MultiPoint(value)
      case 'MultiLineString':
        return new MultiLineString(value)
      case 'MultiPolygon':
        return new MultiPolygon(value)
      default:
        return undefined
    }
  } catch {
    // It only looked like geometry: the constructors are the one check there is.
    return undefined
  }
}

/** Turns what a database gave back into geometry when it is exactly `{ type, coordinates }`. */
export function reviveGeometry(object: Record<string, unknown>): unknown {
  if (!isGeoJson(object) || Object.keys(object).length !== 2) return object
  return toGeometry(object) ?? object
}

function isGeoJson(value: unknown): value is GeoJson & Record<string, unknown> {
  return isObject(value) && typeof value['type'] === 'string' && Array.isArray(value['coordinates'])
}

function readPosition(longitude: unknown, latitude: unknown): readonly unknown[] {
  if (!isGeoJson(longitude)) return [longitude, latitude]
  const { type, coordinates } = longitude
  return type === 'Point' && Array.isArray(coordinates) && coordinates.length === 2 ? coordinates : []
}

/** The parts of a geometry: instances, or coordinates when the whole is given as GeoJSON. */
function readParts<Part extends Point | LineString | Polygon>(
  given: unknown,
  name: string,
  part: new (json: GeoJson) => Part,
  /** Types of the part and of the whole: class names don't survive a minifier. */
  [partType, wholeType]: readonly [string, string],
): Part[] {
  if (isGeoJson(given) && given.type === wholeType && Array.isArray(given.coordinates)) {
    return given.coordinates.map(coordinates => new part({ type: partType, coordinates }))
  }
  if (!Array.isArray(given)) {
    throw new TypeError(`"${name}" must be of type ${partType}[]. Received type ${typeof given}`)
  }
  return given.map((item: unknown) => {
    if (item instanceof part) return item
    throw new TypeError(`"${name}" must be of type ${partType}[]. Received type ${typeof item}[]`)
  })
}

function requireClosed(line: LineString): void {
  const first = line.points[0]
  const last = line.points[line.points.length - 1]
  if (first?.longitude === last?.longitude && first?.latitude === last?.latitude) return
  throw new Error(`LineString ${line} is not a closed cycle`)
}

type Callable<Class extends new (...args: never) => unknown> = Class &
  ((...args: ConstructorParameters<Class>) => InstanceType<Class>)

/** Lets a class be called without `new`, as the platform's own are. No Proxy: old mini-program runtimes have none. */
function callable<Class extends new (...args: never) => object>(target: Class): Callable<Class> {
  function construct(...args: unknown[]): object {
    return Reflect.construct(target, args)
  }
  Object.defineProperty(construct, 'prototype', { value: target.prototype })
  Object.defineProperty(construct, 'name', { value: target.name })
  return construct as unknown as Callable<Class>
}
