import { distance } from 'fastest-levenshtein'
import type { Rights } from './capabilities/dispatch.ts'
import { DeclaredPaths } from './declared-paths.ts'
import type { Deployment, DeploymentInfo } from './deployment.ts'
import { FunctionNotFoundError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { NetworkPolicy } from './network/policy.ts'
import type { HttpPathTarget } from './transport/http-paths.ts'

/** A deployed function and what it may use. */
export interface DeployedFunction {
  readonly deployment: Deployment
  readonly rights: Rights
  readonly network: NetworkPolicy
}

/** A deployment under way, and so its place in the order in which a name was deployed and removed. */
export interface Claim {
  readonly name: string
  /** What was asked for later has been done already. */
  isSuperseded: boolean
}

const NEAR_DISTANCE = 3
const NEAR_COUNT = 3

/** The functions of a host by name. */
export class FunctionTable {
  readonly #functions = new Map<string, DeployedFunction>()
  readonly #httpPaths = new DeclaredPaths()
  /** In the order in which they were made. */
  readonly #claims = new Set<Claim>()

  /** The HTTP paths that the functions declare. */
  get httpPaths(): ReadonlyMap<string, HttpPathTarget> {
    return this.#httpPaths.all
  }

  has(name: string): boolean {
    return this.#functions.has(name)
  }

  /** @throws {FunctionNotFoundError} naming the near matches. */
  find(name: string): DeployedFunction {
    const found = this.#functions.get(name)
    if (found !== undefined) return found
    if (name.length <= LIMITS.functionNameChars) {
      throw new FunctionNotFoundError(name, this.#nearMatches(name))
    }
    // No function can have that name, and comparing or repeating it takes as long as its sender likes.
    throw new FunctionNotFoundError(`${name.slice(0, LIMITS.functionNameChars)}…`, [])
  }

  /** To be made when a deployment begins, and dropped when it ends. */
  claim(name: string): Claim {
    const claim = { name, isSuperseded: false }
    this.#claims.add(claim)
    return claim
  }

  drop(claim: Claim): void {
    this.#claims.delete(claim)
  }

  /**
   * Puts a function in place of the one of that name, unless a deployment that began later, or a removal,
   * was done first. Returns the one of the two that is not in use.
   *
   * @throws {DeployError} when another function has its HTTP path.
   */
  place(claim: Claim, deployed: DeployedFunction): DeployedFunction | undefined {
    if (claim.isSuperseded) return deployed
    this.#httpPaths.set(claim.name, deployed.deployment.config.http)
    for (const earlier of this.#claims) {
      if (earlier === claim) break
      if (earlier.name === claim.name) earlier.isSuperseded = true
    }
    const before = this.#functions.get(claim.name)
    this.#functions.set(claim.name, deployed)
    return before
  }

  /** Takes a function away, and those on their way to its place. Undefined if there was neither. */
  take(name: string): { readonly deployed: DeployedFunction | undefined } | undefined {
    const deployed = this.#functions.get(name)
    this.#functions.delete(name)
    this.#httpPaths.delete(name)
    const claims = [...this.#claims].filter(claim => claim.name === name && !claim.isSuperseded)
    for (const claim of claims) claim.isSuperseded = true
    return deployed === undefined && claims.length === 0 ? undefined : { deployed }
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
