import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Box, boxAround, doBoxesMeet } from './geo-box.ts'
import type { Area, Geometry } from './geo-json.ts'
import type { Ring } from './geo-ring.ts'
import { doArcsCross, doArcsMeet, isOnArc, type Vector } from './geo-vector.ts'
import { runBounded } from './guard.ts'

/**
 * Whether the areas are what a polygon must be: edges that don't cross or touch, and holes within their shell.
 * Without it the inside of one would be a matter of taste.
 *
 * @param name what the geometry is called in the message.
 * @throws {DatabaseError} INVALID_PARAM; DATABASE_REQUEST_FAILED when it takes too long.
 */
export function checkAreas(geometry: Geometry, name: string): void {
  for (const area of geometry.areas) {
    if (area.edges.length <= QUICK_EDGES) checkArea(area, name)
    else runBounded(LIMITS.databasePatternMs, () => checkArea(area, name))
  }
}

/** Edges that are compared with each other in a moment, even if each lies near all others. */
const QUICK_EDGES = 1000

function checkArea(area: Area, name: string): void {
  checkHoles(area, name)
  const edges = [area.shell, ...area.holes].flatMap(edgesOf)
  const axis = shortestAxis(edges)
  edges.sort((a, b) => a.box[axis.least] - b.box[axis.least])
  for (const [index, edge] of edges.entries()) checkEdge(edge, edges, index, axis, name)
}

/** Places in a box of an axis's bounds. */
interface Axis {
  readonly least: 0 | 2 | 4
  readonly greatest: 1 | 3 | 5
}

const AXES: readonly [Axis, Axis, Axis] = [
  { least: 0, greatest: 1 },
  { least: 2, greatest: 3 },
  { least: 4, greatest: 5 },
]

/** The one along which the edges are shortest, so that each lies beside few others. */
function shortestAxis(edges: readonly Edge[]): Axis {
  const lengthOn = ({ least, greatest }: Axis): number =>
    edges.reduce((sum, { box }) => sum + box[greatest] - box[least], 0)
  return AXES.reduce((best, axis) => (lengthOn(axis) < lengthOn(best) ? axis : best))
}

interface Edge {
  readonly ring: Ring
  readonly index: number
  readonly from: Vector
  readonly to: Vector
  readonly box: Box
}

function edgesOf(ring: Ring): Edge[] {
  return ring.edges.map(([from, to], index) => ({
    ring,
    index,
    from,
    to,
    box: boxAround([[from, to]]),
  }))
}

function checkHoles({ shell, holes }: Area, name: string): void {
  for (const [index, hole] of holes.entries()) {
    if (hole.places.some(place => shell.locate(place) === 'outside')) {
      throw invalid(name, `has a hole (ring ${index + 1}) that is not inside its first ring`)
    }
  }
}

/** Against the edges after it that begin before it ends, along the axis. */
function checkEdge(edge: Edge, edges: readonly Edge[], position: number, axis: Axis, name: string): void {
  for (let next = position + 1; next < edges.length; next++) {
    const other = edges[next]
    if (other === undefined || other.box[axis.least] > edge.box[axis.greatest]) return
    if (!doBoxesMeet(edge.box, other.box)) continue
    if (edge.ring !== other.ring) {
      if (doArcsCross(edge.from, edge.to, other.from, other.to)) {
        throw invalid(name, 'has rings that cross each other')
      }
    } else if (doTouch(edge, other)) {
      const numbers = `edges ${Math.min(edge.index, other.index)} and ${Math.max(edge.index, other.index)}`
      throw invalid(name, `has a ring that touches or crosses itself (${numbers})`)
    }
  }
}

function doTouch(edge: Edge, other: Edge): boolean {
  const last = edge.ring.places.length - 1
  const distance = edge.index - other.index
  if (distance === 1 || distance === -last) return isFolded(other, edge)
  if (distance === -1 || distance === last) return isFolded(edge, other)
  return doArcsMeet(edge.from, edge.to, other.from, other.to)
}

/** Edges that follow each other share a place, and fold when one runs back along the other. */
function isFolded(first: Edge, second: Edge): boolean {
  return isOnArc(second.to, first.from, first.to) || isOnArc(first.from, second.from, second.to)
}

function invalid(name: string, problem: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', `${name} ${problem}.`)
}
