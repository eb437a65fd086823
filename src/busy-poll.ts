import { Patience } from './patience.ts'

/** Longest time an answer is waited for awake, in milliseconds, unless it is told otherwise. */
const LONGEST_MS = 0.1

/**
 * Keeps this thread's event loop from going to sleep while an answer is due within microseconds. To be woken takes
 * longer than a quick call: 30 µs on two cores (native-notes/isolated-vm.md). As long as waits end in time they are
 * spent awake; of others most are slept through.
 */
export class BusyPoll {
  readonly #isDue: () => boolean
  readonly #longestMs: number
  readonly #patience = new Patience()
  #untilMs = 0
  #isAwake = false

  /** `isDue`: whether an answer is still waited for, and this thread may stay awake for it. */
  constructor(isDue: () => boolean, longestMs = LONGEST_MS) {
    this.#isDue = isDue
    this.#longestMs = longestMs
  }

  /** Another answer is due from now on. */
  expect(): void {
    // What came led to more in time.
    if (this.#isAwake) this.#patience.gain()
    else if (!this.#patience.tries()) return
    this.#untilMs = performance.now() + this.#longestMs
    if (this.#isAwake) return
    this.#isAwake = true
    setImmediate(this.#look)
  }

  /** With an immediate to come, the loop looks for what has come without waiting for it. */
  readonly #look = (): void => {
    const isOver = !this.#isDue()
    if (!isOver && performance.now() < this.#untilMs) {
      setImmediate(this.#look)
      return
    }
    this.#isAwake = false
    if (isOver) this.#patience.gain()
    else this.#patience.lose()
  }
}
