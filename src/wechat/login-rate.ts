import { networkOf } from '../address-network.ts'
import { OverloadedError } from '../errors.ts'
import { TokenBucket } from '../token-bucket.ts'

/** Addresses whose rate is known; those that were heard of least lately are forgotten. */
const ADDRESSES_MAX = 10_000
const MINUTE_MS = 60_000

/** Bounds how often logins are tried, in all and from one address, so that one address can't use up what all have. */
export class LoginRate {
  readonly #maxOfAddress: number
  readonly #all: TokenBucket
  readonly #addresses = new Map<string, TokenBucket>()

  constructor(maxPerMinute: number, maxOfAddress: number) {
    this.#maxOfAddress = maxOfAddress
    this.#all = new TokenBucket(maxPerMinute, maxPerMinute, MINUTE_MS, Date.now())
  }

  /** Counts one. @throws {OverloadedError} when it is one too many; it then counts no further. */
  take(address: string): void {
    const nowMs = Date.now()
    const network = countedNetworkOf(address)
    if (network !== undefined && !this.#bucketOf(network, nowMs).take(nowMs)) {
      throw new OverloadedError(
        `There were too many logins from this address, whose limit is ${this.#maxOfAddress} a minute. Try again later.`,
      )
    }
    if (this.#all.take(nowMs)) return
    throw new OverloadedError('There are too many logins on this host for now. Try again in a minute.')
  }

  #bucketOf(network: string, nowMs: number): TokenBucket {
    const known = this.#addresses.get(network)
    const bucket = known ?? new TokenBucket(this.#maxOfAddress, this.#maxOfAddress, MINUTE_MS, nowMs)
    // Moved to the end, so that the first is the one heard of least lately.
    this.#addresses.delete(network)
    this.#addresses.set(network, bucket)
    const [oldest] = this.#addresses.keys()
    if (this.#addresses.size > ADDRESSES_MAX && oldest !== undefined) this.#addresses.delete(oldest)
    return bucket
  }
}

/** Undefined for this machine. */
function countedNetworkOf(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return plain === '::1' || /^127\./.test(plain) ? undefined : networkOf(plain)
}
