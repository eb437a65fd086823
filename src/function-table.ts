import { distance } from 'fastest-levenshtein'
import type { Rights } from './capabilities/dispatch.ts'
import type { Deployment, DeploymentInfo } from './deployment.ts'
import { FunctionNotFoundError } from './errors.ts'

/** A deployed function and what it may use. */
export interface DeployedFunction {
  readonly deployment: Deployment
  readonly rights: Rights
}

const NEAR_DISTANCE = 3
const NEAR_COUNT = 3

/** The functions of a host by name. */
export class FunctionTable {
  readonly #functions = new Map<string, DeployedFunction>()

  /** @throws {FunctionNotFoundError} naming the near matches. */
  find(name: string): DeployedFunction {
    const found = this.#functions.get(name)
    if (found === undefined) throw new FunctionNotFoundError(String(name), this.#nearMatches(String(name)))
    return found
  }

  /** Puts a function in place of the one of that name, and returns that one. */
  replace(deployed: DeployedFunction): DeployedFunction | undefined {
    const { name } = deployed.deployment
    const before = this.#functions.get(name)
    this.#functions.set(name, deployed)
    return before
  }

  take(name: string): DeployedFunction | undefined {
    const found = this.#functions.get(name)
    this.#functions.delete(name)
    return found
  }

  list(): DeploymentInfo[] {
    return [...this.#functions.values()]
      .map(({ deployment }) => deployment.info)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
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
