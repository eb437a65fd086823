import { distance } from 'fastest-levenshtein'
import type { Rights } from './capabilities/dispatch.ts'
import type { Deployment, DeploymentInfo } from './deployment.ts'
import { FunctionNotFoundError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** A deployed function and what it may use. */
export interface DeployedFunction {
  readonly deployment: Deployment
  readonly rights: Rights
}

/** A deploy or remove under way. */
export interface Change {
  readonly name: string
  readonly order: number
}

const NEAR_DISTANCE = 3
const NEAR_COUNT = 3

/** The functions of a host by name. */
export class FunctionTable {
  readonly #functions = new Map<string, DeployedFunction>()
  readonly #changes = new Map<string, number>()
  #lastChange = 0

  /** @throws {FunctionNotFoundError} naming the near matches. */
  find(name: string): DeployedFunction {
    const found = this.#functions.get(name)
    if (found === undefined) throw this.#notFound(String(name))
    return found
  }

  has(name: string): boolean {
    return this.#functions.has(name)
  }

  /** Announces a change to come of one name; of two under way, the one announced later stands. */
  announce(name: string): Change {
    this.#lastChange++
    const change = { name, order: this.#lastChange }
    this.#changes.set(name, change.order)
    return change
  }

  /**
   * Puts a function in place of the one of that name, and returns the one that is out: that, or the new one itself if
   * a later change of the name was announced meanwhile.
   */
  replace(change: Change, deployed: DeployedFunction): DeployedFunction | undefined {
    if (this.#changes.get(change.name) !== change.order) return deployed
    const before = this.#functions.get(change.name)
    this.#functions.set(change.name, deployed)
    return before
  }

  take(name: string): DeployedFunction | undefined {
    this.announce(name)
    const found = this.#functions.get(name)
    this.#functions.delete(name)
    return found
  }

  list(): DeploymentInfo[] {
    return [...this.#functions.values()]
      .map(({ deployment }) => deployment.info)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** A name no function can have isn't compared with any: that would take time by its length. */
  #notFound(name: string): FunctionNotFoundError {
    if (name.length <= LIMITS.functionNameChars)
      return new FunctionNotFoundError(name, this.#nearMatches(name))
    return new FunctionNotFoundError(`${name.slice(0, LIMITS.functionNameChars)}…`, [])
  }

  #nearMatches(name: string): string[] {
    const wanted = name.toLowerCase()
    return [...this.#functions.keys()]
      .map(candidate => ({ candidate, apart: distance(wanted, candidate.toLowerCase()) }))
      .filter(({ candidate, apart }) => apart <= Math.min(NEAR_DISTANCE, candidate.length - 1))
      .sort((a, b) => a.apart - b.apart)
      .slice(0, NEAR_COUNT)
      .map(({ candidate }) => candidate)
  }
}
