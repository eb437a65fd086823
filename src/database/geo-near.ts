import { storedGeometry } from './geo-json.ts'
import { distanceTo } from './geo-relation.ts'
import { EARTH_RADIUS_METRES, type Vector } from './geo-vector.ts'
import { someValue } from './path.ts'

/** A search outwards from a place. Both bounds belong to it. */
export interface Near {
  readonly place: Vector
  readonly minMetres: number
  readonly maxMetres: number
}

/** The nearest geometry a path of a document leads to, as it is stored. */
export interface Nearest {
  readonly metres: number
  readonly location: unknown
}

/** Undefined when the path leads to no geometry within the bounds. */
export function findNearest(document: unknown, segments: readonly string[], near: Near): Nearest | undefined {
  let nearest: Nearest | undefined
  someValue(document, segments, true, location => {
    const metres = metresTo(location, near)
    if (metres !== undefined && (nearest === undefined || metres < nearest.metres)) {
      nearest = { metres, location }
    }
    return false
  })
  return nearest
}

/** How far a stored value is; undefined when it is no geometry or out of the bounds. */
export function metresTo(value: unknown, { place, minMetres, maxMetres }: Near): number | undefined {
  const geometry = storedGeometry(value)
  if (geometry === undefined) return undefined
  const metres = distanceTo(place, geometry) * EARTH_RADIUS_METRES
  return metres >= minMetres && metres <= maxMetres ? metres : undefined
}
