import { networkOf } from '../address-network.ts'
import type { Peer } from './peer.ts'

/** Peers that haven't been welcomed, by the address they come from: nobody else knows yet who they are. */
export class UnwelcomedPeers {
  readonly #maxPerAddress: number
  readonly #networks = new Map<Peer, string>()
  readonly #counts = new Map<string, number>()

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress
  }

  get count(): number {
    return this.#networks.size
  }

  /** Who has waited longest, if anyone does. */
  get oldest(): Peer | undefined {
    for (const peer of this.#networks.keys()) return peer
    return undefined
  }

  isFull(address: string): boolean {
    return (this.#counts.get(networkOf(address)) ?? 0) >= this.#maxPerAddress
  }

  add(peer: Peer, address: string): void {
    const network = networkOf(address)
    this.#networks.set(peer, network)
    this.#counts.set(network, (this.#counts.get(network) ?? 0) + 1)
  }

  /** Idempotent. */
  remove(peer: Peer): void {
    const network = this.#networks.get(peer)
    if (network === undefined) return
    this.#networks.delete(peer)
    const count = (this.#counts.get(network) ?? 1) - 1
    if (count === 0) this.#counts.delete(network)
    else this.#counts.set(network, count)
  }
}
