import { networkOf } from '../address-network.ts'
import { OverloadedError } from '../errors.ts'

/** Addresses whose rate is known; those that were heard of least lately are forgotten. */
const ADDRESSES_MAX = 10_000
const MINUTE_MS = 60_000

/** How many more may come, as of a time. */
interface Allowance {
  left: number
  atMs: number
}

/** Bounds how often logins are tried, in all and from one address, so that one address can't use up what all have. */
export class LoginRate {
  readonly #maxPerMinute: number
  readonly #maxOfAddress: number
  readonly #all: Allowance
  readonly #addresses = new Map<string, Allowance>()

  constructor(maxPerMinute: number, maxOfAddress: number) {
    this.#maxPerMinute = maxPerMinute
    this.#maxOfAddress = maxOfAddress
    this.#all = { left: maxPerMinute, atMs: Date.now() }
  }

  /** Counts one. @throws {OverloadedError} when it is one too many; it then counts no further. */
  take(address: string): void {
    const nowMs = Date.now()
    const network = countedNetworkOf(address)
    if (network !== undefined && !takeOne(this.#allowanceOf(network, nowMs), this.#maxOfAddress, nowMs)) {
      throw new OverloadedError(
        `There were too many logins from this address, whose limit is ${this.#maxOfAddress} a minute. Try again later.`,
      )
    }
    if (takeOne(this.#all, this.#maxPerMinute, nowMs)) return
    throw new OverloadedError('There are too many logins on this host for now. Try again in a minute.')
  }

  #allowanceOf(network: string, nowMs: number): Allowance {
    const known = this.#addresses.get(network)
    const allowance = known ?? { left: this.#maxOfAddress, atMs: nowMs }
    // Moved to the end, so that the first is the one heard of least lately.
    this.#addresses.delete(network)
    this.#addresses.set(network, allowance)
    const [oldest] = this.#addresses.keys()
    if (this.#addresses.size > ADDRESSES_MAX && oldest !== undefined) this.#addresses.delete(oldest)
    return allowance
  }
}

function takeOne(allowance: Allowance, perMinute: number, nowMs: number): boolean {
  const regained = ((nowMs - allowance.atMs) * perMinute) / MINUTE_MS
  allowance.left = Math.min(perMinute, allowance.left + Math.max(0, regained))
  allowance.atMs = nowMs
  if (allowance.left < 1) return false
  allowance.left--
  return true
}

/** Undefined for this machine. */
function countedNetworkOf(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return plain === '::1' || /^127\./.test(plain) ? undefined : networkOf(plain)
}
