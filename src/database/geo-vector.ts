/** A place on the Earth as a point of the unit sphere: no seam at 180°, no special case at the poles. */
export type Vector = readonly [x: number, y: number, z: number]

/** The shorter way between two places, along a great circle. */
export type Arc = readonly [from: Vector, to: Vector]

/** Radius of MongoDB's Earth, a sphere (its `kRadiusOfEarthInMeters`). */
export const EARTH_RADIUS_METRES = 6_378_100

/** What counts as touching, in radians: 6 mm, about the size of MongoDB's smallest cell. */
export const TOLERANCE = 1e-9

export function toVector(longitude: number, latitude: number): Vector {
  const [lambda, phi] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180]
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)]
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/** Of length 1; a vector without length stays as it is. */
export function unit(a: Vector): Vector {
  const length = norm(a)
  return length === 0 ? a : [a[0] / length, a[1] / length, a[2] / length]
}

export function opposite(a: Vector): Vector {
  return [-a[0], -a[1], -a[2]]
}

/** The angle between two places in radians, exact for near and for far ones. */
export function angleBetween(a: Vector, b: Vector): number {
  return Math.atan2(norm(cross(a, b)), dot(a, b))
}

/** From a place to the nearest of an arc of a great circle, in radians. */
export function distanceToArc(place: Vector, from: Vector, to: Vector): number {
  const normal = cross(from, to)
  // The direction of an arc without length is noise.
  const isBeside =
    norm(normal) > TOLERANCE && dot(place, cross(normal, from)) >= 0 && dot(place, cross(to, normal)) >= 0
  if (!isBeside) return Math.min(angleBetween(place, from), angleBetween(place, to))
  return Math.abs(Math.PI / 2 - angleBetween(place, normal))
}

export function isOnArc(place: Vector, from: Vector, to: Vector): boolean {
  const normal = cross(from, to)
  // Most places are far from the great circle, which is cheap to see.
  if (Math.abs(dot(normal, place)) > TOLERANCE * norm(normal) + Number.EPSILON) return false
  return distanceToArc(place, from, to) <= TOLERANCE
}

/** Whether two arcs cross inside both. Arcs that only touch don't. */
export function doArcsCross(a: Vector, b: Vector, c: Vector, d: Vector): boolean {
  const ab = cross(a, b)
  const acb = -dot(ab, c)
  const bda = dot(ab, d)
  if (acb * bda <= 0) return false
  const cd = cross(c, d)
  return acb * -dot(cd, b) > 0 && acb * dot(cd, a) > 0
}

/** Whether two arcs have a place in common, ends included. */
export function doArcsMeet(a: Vector, b: Vector, c: Vector, d: Vector): boolean {
  return (
    doArcsCross(a, b, c, d) || isOnArc(c, a, b) || isOnArc(d, a, b) || isOnArc(a, c, d) || isOnArc(b, c, d)
  )
}

/** Where two arcs that cross do so. */
export function crossingOf(a: Vector, b: Vector, c: Vector, d: Vector): Vector {
  const place = unit(cross(cross(a, b), cross(c, d)))
  // The two great circles meet twice; the arcs' own side is where their middles are.
  const middle: Vector = [a[0] + b[0] + c[0] + d[0], a[1] + b[1] + c[1] + d[1], a[2] + b[2] + c[2] + d[2]]
  return dot(place, middle) < 0 ? opposite(place) : place
}

export function middleOf(a: Vector, b: Vector): Vector {
  return unit([a[0] + b[0], a[1] + b[1], a[2] + b[2]])
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a))
}
