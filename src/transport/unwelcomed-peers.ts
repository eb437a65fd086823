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

/** What one subscriber has: an address of version 4, of version 6 the 2^64 that begin with the same half. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [left = '', right = ''] = address.split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right === '' ? [] : right.split(':')
  const zeros = address.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return groups
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}
