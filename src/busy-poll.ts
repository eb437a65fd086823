/** Longest time an answer is waited for awake, in milliseconds, unless it is told otherwise. */
const LONGEST_MS = 0.1
/** After so many misses in a row, one wait in 256 is tried. */
const MAX_SKIPPED = 255

/**
 * Keeps this thread's event loop from going to sleep while an answer is due within microseconds. To be woken takes
 * longer than a quick call: 30 µs on two cores (native-notes/isolated-vm.md). As long as waits end in time they are
 * spent awake; after one that didn't, others are slept through, twice as many each time.
 */
export class BusyPoll {
  readonly #isDue: () => boolean
  readonly #longestMs: number
  #untilMs = 0
  #isAwake = false
  #skipped = 0
  #toSkip = 0

  /** `isDue`: whether an answer is still waited for, and this thread may stay awake for it. */
  constructor(isDue: () => boolean, longestMs = LONGEST_MS) {
    this.#isDue = isDue
    this.#longestMs = longestMs
  }

  /** Another answer is due from now on. */
  expect(): void {
    if (this.#isAwake) this.#extend()
    else if (this.#skipped < this.#toSkip) this.#skipped++
    else this.#begin()
  }

  #begin(): void {
    this.#isAwake = true
    this.#skipped = 0
    this.#untilMs = performance.now() + this.#longestMs
    setImmediate(this.#look)
  }

  /** What came led to more in time. */
  #extend(): void {
    this.#untilMs = performance.now() + this.#longestMs
    this.#toSkip >>= 1
  }

  /** With an immediate to come, the loop looks for what has come without waiting for it. */
  readonly #look = (): void => {
    const isOver = !this.#isDue()
    if (!isOver && performance.now() < this.#untilMs) {
      setImmediate(this.#look)
      return
    }
    this.#isAwake = false
    this.#toSkip = isOver ? this.#toSkip >> 1 : Math.min(this.#toSkip * 2 + 1, MAX_SKIPPED)
  }
}
