import { type Box, boxAroundCircle, doBoxesMeet } from './geo-box.ts'
import type { Area, Geometry } from './geo-json.ts'
import {
  type Arc,
  angleBetween,
  crossingOf,
  distanceToArc,
  doArcsCross,
  doArcsMeet,
  isOnArc,
  middleOf,
  opposite,
  TOLERANCE,
  type Vector,
} from './geo-vector.ts'

/** What stored geometry is compared with, and the box outside of which nothing can match. */
export interface GeoTest {
  readonly box: Box
  /** Lines and edges that each stored geometry is compared with: what a test costs. */
  readonly arcCount: number
  test(geometry: Geometry): boolean
}

/** Geometry that lies in one of the areas as a whole. Their edges belong to them. */
export function withinAreas(geometry: Geometry): GeoTest {
  const { areas, box } = geometry
  const within = <Part>(parts: readonly Part[], isPartWithin: (part: Part, area: Area) => boolean): boolean =>
    parts.every(part => areas.some(area => isPartWithin(part, area)))
  return {
    box,
    arcCount: arcsOf(geometry).length,
    test: stored =>
      doBoxesMeet(stored.box, box) &&
      within(stored.points, isInArea) &&
      within(stored.lines, areArcsWithin) &&
      within(stored.areas, isAreaWithin),
  }
}

/** Geometry that lies in a circle as a whole. */
export function withinCircle(centre: Vector, radians: number): GeoTest {
  const box = boxAroundCircle(centre, radians)
  const antipode = opposite(centre)
  return {
    box,
    arcCount: 0,
    // The furthest place of a geometry is as far as the antipode is from its nearest.
    test: geometry =>
      doBoxesMeet(geometry.box, box) && Math.PI - distanceTo(antipode, geometry) <= radians + TOLERANCE,
  }
}

/** Geometry that has a place in common with another. */
export function intersecting(other: Geometry): GeoTest {
  return {
    box: other.box,
    arcCount: arcsOf(other).length,
    test: geometry =>
      doBoxesMeet(geometry.box, other.box) &&
      (doesStandOn(geometry, other) || doesStandOn(other, geometry) || doLinesMeet(geometry, other)),
  }
}

/** From a place to the nearest of a geometry, in radians; 0 inside an area. */
export function distanceTo(place: Vector, { points, lines, areas }: Geometry): number {
  let least = Infinity
  const take = (distance: number): void => {
    least = Math.min(least, distance)
  }
  for (const point of points) take(angleBetween(place, point))
  for (const line of lines) for (const [from, to] of line) take(distanceToArc(place, from, to))
  for (const area of areas) {
    if (isInArea(place, area)) return 0
    for (const [from, to] of area.edges) take(distanceToArc(place, from, to))
  }
  return least
}

function isInArea(place: Vector, { shell, holes }: Area): boolean {
  return shell.locate(place) !== 'outside' && holes.every(hole => hole.locate(place) !== 'inside')
}

/** Each arc is cut where the area's edges cross or touch it; then a piece is inside if its middle is. */
function areArcsWithin(arcs: readonly Arc[], area: Area): boolean {
  return arcs.every(([from, to]) => {
    if (!isInArea(from, area) || !isInArea(to, area)) return false
    const cuts = [from, to]
    for (const [start, end] of area.edges) {
      if (doArcsCross(from, to, start, end)) cuts.push(crossingOf(from, to, start, end))
      else if (isOnArc(start, from, to)) cuts.push(start)
    }
    cuts.sort((a, b) => angleBetween(from, a) - angleBetween(from, b))
    return cuts.every((cut, index) => {
      const before = cuts[index - 1]
      return before === undefined || isInArea(middleOf(before, cut), area)
    })
  })
}

/** Its rings lie in the other, and it covers none of the other's holes. */
function isAreaWithin(area: Area, outer: Area): boolean {
  if (!areArcsWithin(area.edges, outer)) return false
  return outer.holes.every(hole => {
    const place = hole.insidePlace()
    return place === undefined || !isInArea(place, area)
  })
}

/** Whether a point of one, or the start of one of its lines and areas, lies on the other. */
function doesStandOn({ points, lines, areas }: Geometry, other: Geometry): boolean {
  const starts = [...lines, ...areas.map(({ shell }) => shell.edges)].flatMap(arcs => arcs.slice(0, 1))
  return [...points, ...starts.map(([from]) => from)].some(place => isOn(place, other))
}

function doLinesMeet(one: Geometry, other: Geometry): boolean {
  const arcs = arcsOf(other)
  return arcsOf(one).some(([a, b]) => arcs.some(([c, d]) => doArcsMeet(a, b, c, d)))
}

function isOn(place: Vector, { points, lines, areas }: Geometry): boolean {
  return (
    points.some(point => angleBetween(point, place) <= TOLERANCE) ||
    lines.some(line => line.some(([from, to]) => isOnArc(place, from, to))) ||
    areas.some(area => isInArea(place, area))
  )
}

function arcsOf({ lines, areas }: Geometry): readonly Arc[] {
  return [...lines.flat(), ...areas.flatMap(area => area.edges)]
}
