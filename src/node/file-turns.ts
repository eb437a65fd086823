/** What callbacks can be put off with. */
export interface TurnSource {
  readonly queueMicrotask: (callback: () => void) => void
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown
  readonly report: (error: unknown) => void
  /** The callback as it is to run in the asynchronous context there is now. */
  readonly keepContext: (callback: () => void) => () => void
  readonly onInvocationEnd: (callback: () => void) => void
}

/** Microtasks let past before a callback: what was promised, or put off by nextTick, when it was asked for runs first. */
const HOPS = 4
/** So long, in milliseconds, and so many callbacks may follow each other without the turn's end: timers and the network wait. */
const STRETCH_MS = 5
const STRETCH_CALLBACKS = 64

const { now } = Date

/**
 * Calls back who asked for a file: never at once, one by one, and within the turn as long as that is short, since a turn
 * of its own costs a millisecond.
 */
export class FileTurns {
  readonly #source: TurnSource
  #waiting: (() => void)[] = []
  #isScheduled = false
  /** When the first and the last of those that follow each other were asked for, and how many they are. */
  #firstMs = 0
  #lastMs = 0
  #count = 0

  constructor(source: TurnSource) {
    this.#source = source
    source.onInvocationEnd(() => {
      // Timers are dropped with the invocation, and callbacks with them.
      this.#waiting = []
      this.#isScheduled = false
      this.#count = 0
    })
  }

  readonly later = (callback: () => void): void => {
    this.#waiting.push(this.#source.keepContext(callback))
    if (!this.#isScheduled) this.#schedule()
  }

  #schedule(): void {
    this.#isScheduled = true
    const nowMs = now()
    // After a while there has been another turn, most likely.
    if (this.#count === 0 || nowMs - this.#lastMs > STRETCH_MS) this.#firstMs = nowMs
    this.#lastMs = nowMs
    this.#count++
    if (this.#count < STRETCH_CALLBACKS && nowMs - this.#firstMs < STRETCH_MS) this.#hop(HOPS)
    else {
      this.#source.setTimeout(() => {
        this.#count = 0
        this.#runNext()
      }, 0)
    }
  }

  #hop(count: number): void {
    this.#source.queueMicrotask(() => {
      if (count > 1) this.#hop(count - 1)
      else this.#runNext()
    })
  }

  #runNext(): void {
    this.#isScheduled = false
    const callback = this.#waiting.shift()
    if (callback === undefined) return
    try {
      callback()
    } catch (error) {
      this.#source.report(error)
    }
    if (this.#waiting.length > 0 && !this.#isScheduled) this.#schedule()
  }
}
