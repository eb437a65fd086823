import type { Deadline, Deadlines } from './deadlines.ts'

/** How many times its length a limit may last that is begun anew: a door that never answers is no slow line. */
const RESTARTS_LENGTHS = 10

/** The time one call has. */
export class TimeLimit {
  readonly #deadlines: Deadlines
  readonly #lengthMs: number
  readonly #onDue: () => void
  readonly #firstDueMs: number
  #deadline: Deadline

  constructor(deadlines: Deadlines, lengthMs: number, onDue: () => void) {
    this.#deadlines = deadlines
    this.#lengthMs = lengthMs
    this.#onDue = onDue
    this.#deadline = deadlines.add(lengthMs, onDue)
    this.#firstDueMs = this.#deadline.dueMs
  }

  /** Begins the time anew. */
  restart(): void {
    if (performance.now() > this.#firstDueMs + (RESTARTS_LENGTHS - 2) * this.#lengthMs) return
    this.end()
    this.#deadline = this.#deadlines.add(this.#lengthMs, this.#onDue)
  }

  /** It is never due. */
  end(): void {
    this.#deadlines.remove(this.#lengthMs, this.#deadline)
  }
}
