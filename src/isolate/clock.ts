/** How often the runs under way are looked at, in milliseconds: how late a deadline may be noticed. */
const TICK_MS = 20
/** Ticks without a run after which the clock stops. */
const IDLE_TICKS = 50

/** What the clock looks after. */
export interface Timed {
  /** On the scale of `performance.now()`, in milliseconds. */
  readonly deadlineMs: number
  /** Called at each tick. */
  check(isPastDeadline: boolean): void
}

/**
 * One timer for all runs. Two timers of its own would cost a short run more than everything else the host does for
 * it (bench/warm-start.ts).
 */
export class Clock {
  readonly #timed = new Set<Timed>()
  #timer: NodeJS.Timeout | undefined
  /** Whether the timer keeps the process alive; it is not told with each run, which would cost more than the rest. */
  #isHolding = false
  #idleTicks = 0

  add(timed: Timed): void {
    this.#timed.add(timed)
    if (this.#isHolding) return
    this.#isHolding = true
    this.#idleTicks = 0
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#tick(), TICK_MS)
    else this.#timer.ref()
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed)
  }

  #tick(): void {
    if (this.#timed.size === 0) this.#rest()
    // What guests have said by now is heard first: a host that was held up must not take them for late or stuck.
    else setImmediate(() => this.#look())
  }

  #look(): void {
    const nowMs = performance.now()
    for (const timed of this.#timed) timed.check(nowMs >= timed.deadlineMs)
  }

  #rest(): void {
    this.#isHolding = false
    this.#timer?.unref()
    this.#idleTicks++
    if (this.#idleTicks <= IDLE_TICKS) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
