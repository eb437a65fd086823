/** What is to be done when a time has passed, unless it is taken back. */
export interface Deadline {
  readonly dueMs: number
  readonly onDue: () => void
}

/**
 * Time limits of calls. Most are of the same length and are taken back soon, so they stand in a row per length and one
 * timer looks after the first of each: a timer of its own for each call costs more than all else about it. Where the
 * only clock is one that may be set (miniprogram-globals.ts), what a timer ran out for is due whatever the clock says.
 */
export class Deadlines {
  readonly #rows = new Map<number, Row>()

  add(lengthMs: number, onDue: () => void): Deadline {
    let row = this.#rows.get(lengthMs)
    if (row === undefined) {
      row = new Row(lengthMs, () => this.#rows.delete(lengthMs))
      this.#rows.set(lengthMs, row)
    }
    return row.add({ dueMs: performance.now() + lengthMs, onDue })
  }

  /** One that is due already is no fault. */
  remove(lengthMs: number, deadline: Deadline): void {
    this.#rows.get(lengthMs)?.remove(deadline)
  }

  /** Takes all back. */
  clear(): void {
    for (const row of this.#rows.values()) row.clear()
    this.#rows.clear()
  }
}

/** Deadlines of one length, so that the first to come is the first to be due. */
class Row {
  readonly #deadlines = new Set<Deadline>()
  readonly #lengthMs: number
  readonly #onEmpty: () => void
  /** The one that the timer was set for. */
  #awaited: Deadline | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param onEmpty Nothing is in it any more, and its timer has run out. */
  constructor(lengthMs: number, onEmpty: () => void) {
    this.#lengthMs = lengthMs
    this.#onEmpty = onEmpty
  }

  add(deadline: Deadline): Deadline {
    this.#deadlines.add(deadline)
    if (this.#timer === undefined) this.#wait(deadline)
    return deadline
  }

  remove(deadline: Deadline): void {
    this.#deadlines.delete(deadline)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#deadlines.clear()
  }

  #wait(deadline: Deadline): void {
    const delayMs = Math.max(1, Math.min(deadline.dueMs - performance.now(), this.#lengthMs))
    this.#awaited = deadline
    const timer = setTimeout(() => this.#look(), delayMs)
    this.#timer = timer
    // Of Node's: what keeps a process alive is the connection, and not the row, which may be empty by now.
    if (typeof timer === 'object') (timer as { unref?: () => void }).unref?.()
  }

  #look(): void {
    this.#timer = undefined
    const nowMs = performance.now()
    const awaited = this.#awaited
    for (const deadline of this.#deadlines) {
      if (deadline.dueMs > nowMs && deadline !== awaited) {
        // One that was done may have begun another, and the wait for it.
        if (this.#timer === undefined) this.#wait(deadline)
        return
      }
      this.#deadlines.delete(deadline)
      deadline.onDue()
    }
    if (this.#timer === undefined) this.#onEmpty()
  }
}
