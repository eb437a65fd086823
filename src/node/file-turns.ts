/** What callbacks can be put off with. */
export interface TurnSource {
  readonly queueMicrotask: (callback: () => void) => void
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown
  readonly report: (error: unknown) => void
  readonly onInvocationEnd: (callback: () => void) => void
}

/** Microtasks let past before a callback: what was promised, or put off by nextTick, when it was asked for runs first. */
const HOPS = 4
/** As long as callbacks may follow each other without the turn's end, in milliseconds: timers and the network wait. */
const STRETCH_MS = 5

const { now } = Date

/**
 * Calls back who asked for a file: never at once, one by one, and within the turn as long as that is short, since a turn
 * of its own costs a millisecond.
 */
export class FileTurns {
  readonly #source: TurnSource
  #waiting: (() => void)[] = []
  #isScheduled = false
  #stretchMs = 0

  constructor(source: TurnSource) {
    this.#source = source
    source.onInvocationEnd(() => {
      // Timers are dropped with the invocation, and callbacks with them.
      this.#waiting = []
      this.#isScheduled = false
      this.#stretchMs = 0
    })
  }

  readonly later = (callback: () => void): void => {
    this.#waiting.push(callback)
    if (!this.#isScheduled) this.#schedule()
  }

  #schedule(): void {
    this.#isScheduled = true
    const nowMs = now()
    if (this.#stretchMs === 0) this.#stretchMs = nowMs
    if (nowMs - this.#stretchMs < STRETCH_MS) this.#hop(HOPS)
    else {
      this.#source.setTimeout(() => {
        this.#stretchMs = 0
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
