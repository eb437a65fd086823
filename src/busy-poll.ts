import { availableParallelism } from 'node:os'
import { Patience } from './patience.ts'

/** Longest time that is waited awake, in milliseconds: a few times what waking the other side and this one takes. */
const LONGEST_MS = 0.1
/** On the only core there is, nothing comes while this thread has it. */
const isAlone = availableParallelism() < 2

/**
 * Keeps this thread's event loop from going to sleep while something is due within microseconds. To be woken takes
 * longer than a quick call: 30 µs on two cores (native-notes/isolated-vm.md). As long as waits end in time they are
 * spent awake; of others most are slept through.
 */
export class BusyPoll {
  readonly #mayWait: () => boolean
  readonly #longestMs: number
  readonly #patience = new Patience()
  #isDue = false
  #isAwake = false
  #untilMs = 0

  /** `mayWait`: whether this thread may have a core for it. */
  constructor(mayWait = () => true, longestMs = LONGEST_MS) {
    this.#mayWait = mayWait
    this.#longestMs = longestMs
  }

  /** Something is due from now on. */
  expect(): void {
    this.#isDue = true
    if (!this.#isAwake && (isAlone || !this.#mayWait() || !this.#patience.tries())) return
    this.#untilMs = performance.now() + this.#longestMs
    if (this.#isAwake) return
    this.#isAwake = true
    setImmediate(this.#look)
  }

  /** It has come. `isAll`: nothing else is due. */
  meet(isAll = true): void {
    if (!this.#isDue) return
    if (this.#isAwake) this.#patience.gain()
    this.#isDue = !isAll
  }

  /** With an immediate to come, the loop looks for what has come without waiting for it. */
  readonly #look = (): void => {
    const mayWait = this.#mayWait()
    const isInTime = performance.now() < this.#untilMs
    this.#isAwake = this.#isDue && isInTime && mayWait
    if (this.#isAwake) setImmediate(this.#look)
    else if (this.#isDue && !isInTime) this.#patience.lose()
  }
}
