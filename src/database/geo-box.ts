import { type Arc, angleBetween, cross, dot, norm, unit, type Vector } from './geo-vector.ts'

/**
 * A box of space around geometry on the unit sphere: least and greatest of each axis. Boxes that don't overlap
 * hold geometry that doesn't meet, so they choose candidates, in an index too.
 */
export type Box = readonly [
  minX: number,
  maxX: number,
  minY: number,
  maxY: number,
  minZ: number,
  maxZ: number,
]

/** Rounding may never push geometry out of its own box. */
const MARGIN = 1e-8

/**
 * The box around arcs, and around the area they enclose if there is one.
 *
 * @param holdsAxis whether the area holds an end of an axis, where it reaches further than its edge.
 */
export function boxAround(arcs: readonly Arc[], holdsAxis: (axis: Vector) => boolean = () => false): Box {
  const box = [1, -1, 1, -1, 1, -1]
  for (const [from, to] of arcs) {
    extend(box, from)
    extend(box, to)
    const normal = cross(from, to)
    for (const axis of AXES) {
      const furthest = furthestOnArc(from, to, normal, axis)
      if (furthest !== undefined) extend(box, furthest)
    }
  }
  for (const axis of AXES) if (holdsAxis(axis)) extend(box, axis)
  return widened(box)
}

export function boxAroundPlace([x, y, z]: Vector): Box {
  return [x - MARGIN, x + MARGIN, y - MARGIN, y + MARGIN, z - MARGIN, z + MARGIN]
}

/** The box around a circle with its inside. */
export function boxAroundCircle(centre: Vector, radians: number): Box {
  const box = [1, -1, 1, -1, 1, -1]
  for (const [index, axis] of AXES.entries()) {
    const reach = Math.cos(Math.max(0, angleBetween(centre, axis) - radians))
    box[index] = index % 2 === 0 ? -reach : reach
  }
  return widened(box)
}

export function boxAroundAll(boxes: readonly Box[]): Box {
  const [first = EVERYWHERE, ...others] = boxes
  if (others.length === 0) return first
  const all: number[] = [...first]
  for (const box of others) {
    for (const [index, bound] of box.entries()) {
      const known = all[index] ?? bound
      all[index] = index % 2 === 0 ? Math.min(known, bound) : Math.max(known, bound)
    }
  }
  return toBox(all)
}

const EVERYWHERE: Box = [-1, 1, -1, 1, -1, 1]

export function isInBox([x, y, z]: Vector, [minX, maxX, minY, maxY, minZ, maxZ]: Box): boolean {
  return x >= minX && x <= maxX && y >= minY && y <= maxY && z >= minZ && z <= maxZ
}

export function doBoxesMeet(a: Box, b: Box): boolean {
  return a[0] <= b[1] && a[1] >= b[0] && a[2] <= b[3] && a[3] >= b[2] && a[4] <= b[5] && a[5] >= b[4]
}

/** Ends of the axes in the order of a box's numbers. */
const AXES: readonly Vector[] = [
  [-1, 0, 0],
  [1, 0, 0],
  [0, -1, 0],
  [0, 1, 0],
  [0, 0, -1],
  [0, 0, 1],
]

/** The place of the arc nearest to the axis, when it lies between its ends. */
function furthestOnArc(from: Vector, to: Vector, normal: Vector, axis: Vector): Vector | undefined {
  const length = norm(normal)
  if (length === 0) return undefined
  const height = dot(axis, normal) / length
  const place = unit([
    axis[0] - (height * normal[0]) / length,
    axis[1] - (height * normal[1]) / length,
    axis[2] - (height * normal[2]) / length,
  ])
  const isBetween = dot(place, cross(normal, from)) >= 0 && dot(place, cross(normal, to)) <= 0
  return isBetween ? place : undefined
}

function extend(box: number[], place: Vector): void {
  for (const [index, value] of place.entries()) {
    box[index * 2] = Math.min(box[index * 2] ?? 1, value)
    box[index * 2 + 1] = Math.max(box[index * 2 + 1] ?? -1, value)
  }
}

function widened(box: readonly number[]): Box {
  return toBox(box.map((bound, index) => bound + (index % 2 === 0 ? -MARGIN : MARGIN)))
}

function toBox([minX = -1, maxX = 1, minY = -1, maxY = 1, minZ = -1, maxZ = 1]: readonly number[]): Box {
  return [minX, maxX, minY, maxY, minZ, maxZ]
}
