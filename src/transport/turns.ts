/** A call that may have to wait for its turn. */
export interface QueuedCall {
  run(): void
}

/** Whose calls wait together. */
export interface Queue {
  readonly queue: Set<QueuedCall>
}

/** So many calls run at once. When there are more, those who call take turns, one call each. */
export class Turns {
  readonly #maxRunning: number
  #runningCount = 0
  /** Those with calls that wait; those served longest ago first. */
  readonly #waiting = new Set<Queue>()

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning
  }

  /** Runs the call now or when its turn comes. Whoever runs says `finish` once. */
  start(caller: Queue, call: QueuedCall): void {
    if (this.#runningCount < this.#maxRunning) {
      this.#runningCount++
      call.run()
      return
    }
    caller.queue.add(call)
    this.#waiting.add(caller)
  }

  /** Takes a call back that still waits. False if it has run. */
  withdraw(caller: Queue, call: QueuedCall): boolean {
    if (!caller.queue.delete(call)) return false
    if (caller.queue.size === 0) this.#waiting.delete(caller)
    return true
  }

  /** A call has ended: its place goes to the next. */
  finish(): void {
    for (const caller of this.#waiting) {
      this.#waiting.delete(caller)
      for (const call of caller.queue) {
        caller.queue.delete(call)
        if (caller.queue.size > 0) this.#waiting.add(caller)
        call.run()
        return
      }
    }
    this.#runningCount--
  }
}
