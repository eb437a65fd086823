/** After many waits in vain, one in 64 is tried. */
const MAX_SKIPPED = 63

/** Whether it pays to wait awake, by how it went before: after each wait in vain twice as many are left out, until one isn't. */
export class Patience {
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

  /** What was waited for came in time. */
  gain(): void {
    this.#toSkip = 0
  }

  /** It did not. */
  lose(): void {
    this.#toSkip = Math.min(this.#toSkip * 2 + 1, MAX_SKIPPED)
  }
}
