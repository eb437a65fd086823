import type { Peer } from './peer.ts'

/** Peers that haven't been welcomed, by the address they come from: nobody else knows yet who they are. */
export class UnwelcomedPeers {
  readonly #maxPerAddress: number
  readonly #addresses = new Map<Peer, string>()
  readonly #counts = new Map<string, number>()

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress
  }

  isFull(address: string): boolean {
    return (this.#counts.get(address) ?? 0) >= this.#maxPerAddress
  }

  add(peer: Peer, address: string): void {
    this.#addresses.set(peer, address)
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
  }

  /** Idempotent. */
  remove(peer: Peer): void {
    const address = this.#addresses.get(peer)
    if (address === undefined) return
    this.#addresses.delete(peer)
    const count = (this.#counts.get(address) ?? 1) - 1
    if (count === 0) this.#counts.delete(address)
    else this.#counts.set(address, count)
  }
}
