/** Lets so many through at once, and as many more as time brings back. */
export class TokenBucket {
  readonly #size: number
  readonly #regained: number
  readonly #everyMs: number
  #tokens: number
  #filledMs: number

  /**
   * A full one.
   *
   * @param size what it holds at most.
   * @param regained tokens that come back every `everyMs` milliseconds.
   * @param nowMs on a clock of the owner's, as everywhere here.
   */
  constructor(size: number, regained: number, everyMs: number, nowMs: number) {
    this.#size = size
    this.#regained = regained
    this.#everyMs = everyMs
    this.#tokens = size
    this.#filledMs = nowMs
  }

  /** Takes one. False if there is none, and nothing is taken. */
  take(nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  isFull(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#tokens >= this.#size
  }

  /** Milliseconds until there is one, as of when it was last looked at. */
  get nextMs(): number {
    return Math.max(0, ((1 - this.#tokens) / this.#regained) * this.#everyMs)
  }

  /** A clock that was set back brings nothing, and takes nothing. */
  #fill(nowMs: number): void {
    const regained = (Math.max(0, nowMs - this.#filledMs) * this.#regained) / this.#everyMs
    this.#tokens = Math.min(this.#size, this.#tokens + regained)
    this.#filledMs = nowMs
  }
}
