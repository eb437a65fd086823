/** After many waits in vain, one in 16 is tried. */
const MAX_SKIPPED = 15

/**
 * Whether it pays to wait awake, by how it went before: after one wait in vain, which may be chance, the next is tried,
 * and after each further one twice as many are left out, until one isn't in vain.
 */
export class Patience {
  #isRepaid = true
  #toSkip = 0
  #skipped = 0

  /** Asked once for each wait. */
  tries(): boolean {
    if (this.#skipped < this.#toSkip) {
      this.#skipped++
      return false
    }
    this.#skipped = 0
    return true
  }

  /** The last wait that was tried was not in vain. */
  get isRepaid(): boolean {
    return this.#isRepaid
  }

  /** What was waited for came in time. */
  gain(): void {
    this.#isRepaid = true
    this.#toSkip = 0
  }

  /** It did not. */
  lose(): void {
    if (!this.#isRepaid) this.#toSkip = Math.min(this.#toSkip * 2 + 1, MAX_SKIPPED)
    this.#isRepaid = false
  }
}
