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
  #idleTicks = 0

  add(timed: Timed): void {
    if (this.#timed.size === 0) this.#wake()
    this.#timed.add(timed)
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed)
    // A clock that only waits for the next run must not keep the process alive.
    if (this.#timed.size === 0) this.#timer?.unref()
  }

  #wake(): void {
    this.#idleTicks = 0
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#tick(), TICK_MS)
    else this.#timer.ref()
  }

  #tick(): void {
    this.#idleTicks = this.#timed.size === 0 ? this.#idleTicks + 1 : 0
    if (this.#idleTicks > IDLE_TICKS) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    const nowMs = performance.now()
    for (const timed of this.#timed) timed.check(nowMs >= timed.deadlineMs)
  }
}
