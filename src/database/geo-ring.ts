import { type Box, boxAround, isInBox } from './geo-box.ts'
import { type Arc, cross, dot, isOnArc, middleOf, TOLERANCE, unit, type Vector } from './geo-vector.ts'

/**
 * A closed line whose edges are arcs of great circles, and the area it encloses: of the two on a sphere the
 * smaller one, whichever way round its places are listed, as MongoDB has it.
 */
export class Ring {
  /** Each place once: the last is joined to the first. */
  readonly places: readonly Vector[]
  readonly edges: readonly Arc[]
  /** Around the area, not only the line. */
  readonly box: Box
  readonly #longitudes: readonly number[]
  readonly #holdsPole: boolean

  constructor(places: readonly Vector[]) {
    this.places = places
    this.edges = places.map((to, index) => [places.at(index - 1) ?? to, to])
    this.#longitudes = places.map(longitudeOf)
    this.#holdsPole = this.#isPoleSmaller()
    this.box = boxAround(this.edges, axis => this.#isWithin(axis))
  }

  locate(place: Vector): 'inside' | 'edge' | 'outside' {
    if (!isInBox(place, this.box)) return 'outside'
    for (const [from, to] of this.edges) if (isOnArc(place, from, to)) return 'edge'
    return this.#isWithin(place) ? 'inside' : 'outside'
  }

  /** A place in the area and not on its edge; undefined if the area is too thin to have one. */
  insidePlace(): Vector | undefined {
    for (const [from, to] of this.edges) {
      const middle = middleOf(from, to)
      const aside = unit(cross(from, to))
      for (let step = 0.1; step > TOLERANCE; step /= 4) {
        for (const sign of [step, -step]) {
          const place = unit([
            middle[0] + aside[0] * sign,
            middle[1] + aside[1] * sign,
            middle[2] + aside[2] * sign,
          ])
          if (this.locate(place) === 'inside') return place
        }
      }
    }
    return undefined
  }

  /** By the edges that lie between the place and the pole: each one changes the side. */
  #isWithin(place: Vector): boolean {
    const longitude = longitudeOf(place)
    let isInside = this.#holdsPole
    for (let index = 0; index < this.places.length; index++) {
      const before = index === 0 ? this.places.length - 1 : index - 1
      const from = turn((this.#longitudes[before] ?? 0) - longitude)
      const to = turn((this.#longitudes[index] ?? 0) - longitude)
      if (from < 0 === to < 0 || Math.abs(from - to) >= Math.PI) continue
      const side = dot(cross(this.#place(before), this.#place(index)), place)
      if (from < 0 ? side < 0 : side > 0) isInside = !isInside
    }
    return isInside
  }

  /** Whether the pole lies in the smaller area: the sum of the triangles between the pole and each edge says. */
  #isPoleSmaller(): boolean {
    let [area, turned] = [0, 0]
    for (let index = 0; index < this.places.length; index++) {
      const before = index === 0 ? this.places.length - 1 : index - 1
      const angle = turn((this.#longitudes[index] ?? 0) - (this.#longitudes[before] ?? 0))
      const [fromHeight, toHeight] = [dot(this.#place(before), POLE), dot(this.#place(index), POLE)]
      const far = Math.sqrt(Math.max(0, (1 - fromHeight) * (1 - toHeight))) / 2
      const near = Math.sqrt(Math.max(0, (1 + fromHeight) * (1 + toHeight))) / 2
      area += 2 * Math.atan2(far * Math.sin(angle), near + far * Math.cos(angle))
      turned += angle
    }
    const goesAround = Math.round(turned / (2 * Math.PI)) !== 0
    return goesAround ? Math.abs(area) <= 2 * Math.PI : Math.abs(area) > 2 * Math.PI
  }

  #place(index: number): Vector {
    return this.places[index] ?? POLE
  }
}

// The pole that areas are measured from is nobody's corner and on nobody's border, unlike the Earth's.
const POLE: Vector = unit([0.3718, -0.2871, 0.8829])
const EAST: Vector = unit(cross(POLE, [0, 0, 1]))
const NORTH: Vector = cross(POLE, EAST)

function longitudeOf(place: Vector): number {
  return Math.atan2(dot(place, NORTH), dot(place, EAST))
}

/** The same angle between -π and π. */
function turn(angle: number): number {
  if (angle >= Math.PI) return angle - 2 * Math.PI
  return angle < -Math.PI ? angle + 2 * Math.PI : angle
}
