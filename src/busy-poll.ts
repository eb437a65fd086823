import { availableParallelism } from 'node:os'
import { Patience } from './patience.ts'

/** Longest time that is waited awake, in milliseconds: a few times what waking the other side and this one takes. */
const LONGEST_MS = 0.1
/** On the only core there is, nothing comes while this thread has it. */
const isAlone = availableParallelism() < 2

export interface BusyWatch {
  /** Whether this thread may have a core for it. Default: it may. */
  readonly mayWait?: () => boolean
  /** Looks for what the event loop doesn't know of. */
  readonly look?: () => void
  /** The loop may sleep from now on. */
  readonly rest?: () => void
  /** Default: 0.1. */
  readonly longestMs?: number
}

/**
 * Keeps this thread's event loop from going to sleep while something is due within microseconds. To be woken takes
 * longer than a quick call: 30 µs on two cores (native-notes/isolated-vm.md). As long as waits end in time they are
 * spent awake; of others most are slept through.
 */
export class BusyPoll {
  readonly #watch: BusyWatch
  readonly #patience = new Patience()
  #isDue = false
  #isAwake = false
  #untilMs = 0

  constructor(watch: BusyWatch = {}) {
    this.#watch = watch
  }

  /** The loop looks for what is due, and doesn't sleep. */
  get isAwake(): boolean {
    return this.#isAwake
  }

  /** What was waited for awake last came in time. */
  get isPrompt(): boolean {
    return this.#patience.isRepaid
  }

  /** Something is due from now on. */
  expect(): void {
    this.#isDue = true
    const { mayWait, longestMs = LONGEST_MS } = this.#watch
    if (!this.#isAwake && (isAlone || mayWait?.() === false || !this.#patience.tries())) return
    this.#untilMs = performance.now() + longestMs
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
    const { look, mayWait, rest } = this.#watch
    look?.()
    const isAllowed = mayWait?.() !== false
    const isInTime = performance.now() < this.#untilMs
    this.#isAwake = this.#isDue && isInTime && isAllowed
    if (this.#isAwake) {
      setImmediate(this.#look)
      return
    }
    rest?.()
    if (this.#isDue && !isInTime) this.#patience.lose()
  }
}
