/** How often the runs under way are looked at, in milliseconds: how late a deadline may be noticed. */
const TICK_MS = 20
/** Between two ticks there was something else if they are so far apart, in milliseconds. */
const LATE_MS = 2 * TICK_MS
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
  #tickMs = 0
  #heldUpMs = Number.NEGATIVE_INFINITY

  /** The host's thread was busy for some time until just now: what waits waited for that. */
  get isHeldUp(): boolean {
    const nowMs = performance.now()
    if (!this.#isHolding) return false
    return nowMs - this.#tickMs > LATE_MS || nowMs - this.#heldUpMs < TICK_MS
  }

  add(timed: Timed): void {
    this.#timed.add(timed)
    if (this.#isHolding) return
    this.#isHolding = true
    this.#idleTicks = 0
    this.#tickMs = performance.now()
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#tick(), TICK_MS)
    else this.#timer.ref()
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed)
  }

  #tick(): void {
    const nowMs = performance.now()
    if (nowMs - this.#tickMs > LATE_MS) this.#heldUpMs = nowMs
    this.#tickMs = nowMs
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
