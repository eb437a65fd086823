export interface BackoffPlan {
  readonly firstDelayMs: number
  readonly longestDelayMs: number
}

/**
 * Pauses between attempts: each may be twice as long as the one before, up to the longest. Up to half of each is left
 * out at random, since a host that was gone has lost all its clients at one moment.
 */
export class Backoff {
  readonly #plan: BackoffPlan
  #count = 0

  constructor(plan: BackoffPlan) {
    this.#plan = plan
  }

  /** Attempts since the last that went well. */
  get count(): number {
    return this.#count
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const { firstDelayMs, longestDelayMs } = this.#plan
    const longest = Math.min(firstDelayMs * 2 ** this.#count, longestDelayMs)
    this.#count++
    return longest * (0.5 + Math.random() / 2)
  }

  /** It went well. */
  reset(): void {
    this.#count = 0
  }
}
