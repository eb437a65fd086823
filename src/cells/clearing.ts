/** To give back what most isolates have takes less; and a thread that stood still for less was only waiting, in milliseconds. */
const BRIEF_MS = 25
/** Longest time that is believed in: a thread that was seen to run may have others to serve, in milliseconds. */
const LONGEST_MS = 5000

/**
 * Whether the memory of an isolate that was ended is being given back. That may take its thread a second, if there is much
 * that V8 keeps outside its heap, and the process can make no isolate meanwhile: isolated-vm has one lock for both
 * (native-notes/cells.md).
 */
export class Clearing {
  readonly #isThreadRunning: () => boolean
  /** On the scale of `performance.now()`, in milliseconds; so is the next. */
  #sinceMs = Number.NEGATIVE_INFINITY
  /** When it was seen to stand still first, since it was seen to run. */
  #stillMs: number | undefined

  /** @param isThreadRunning Whether a thread that ran a guest for long wants a core. */
  constructor(isThreadRunning: () => boolean) {
    this.#isThreadRunning = isThreadRunning
  }

  /** One was ended while its thread was in it, or that thread has come out of it now. */
  begin(): void {
    this.#sinceMs = performance.now()
    this.#stillMs = undefined
  }

  get isUnderWay(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.#sinceMs > LONGEST_MS) return false
    if (nowMs - this.#sinceMs < BRIEF_MS || this.#isThreadRunning()) {
      this.#stillMs = undefined
      return true
    }
    this.#stillMs ??= nowMs
    if (nowMs - this.#stillMs < BRIEF_MS) return true
    this.#sinceMs = Number.NEGATIVE_INFINITY
    return false
  }
}
