import { networkOf } from '../address-network.ts'
import { isLoopbackHost } from './loopback.ts'

/** Who does not get it: everyone for now, or those from one address. */
export type Shortage = 'all' | 'address'

/** Of one thing what all HTTP requests of a door may hold, and of that those from one address. */
export class HttpShares {
  readonly limit: number
  readonly limitOfAddress: number
  readonly #held = new Map<string, number>()
  #heldByAll = 0

  /** @param share The part of the limit that one address may have, up to 1. */
  constructor(limit: number, share: number) {
    this.limit = limit
    this.limitOfAddress = Math.max(1, Math.floor(limit * share))
  }

  /** Holds so much, or nothing and says why. */
  take(address: string, amount: number): Shortage | undefined {
    if (this.#heldByAll + amount > this.limit) return 'all'
    const network = countedNetwork(address)
    if (network !== undefined) {
      const held = (this.#held.get(network) ?? 0) + amount
      if (held > this.limitOfAddress) return 'address'
      this.#held.set(network, held)
    }
    this.#heldByAll += amount
    return undefined
  }

  /** Gives back what was taken. */
  give(address: string, amount: number): void {
    this.#heldByAll -= amount
    const network = countedNetwork(address)
    if (network === undefined) return
    const held = (this.#held.get(network) ?? 0) - amount
    if (held > 0) this.#held.set(network, held)
    else this.#held.delete(network)
  }
}

/** Undefined for this machine, which may be a proxy with everyone behind it, and for sockets that have no address. */
function countedNetwork(address: string): string | undefined {
  return address === '' || isLoopbackHost(address) ? undefined : networkOf(address)
}
