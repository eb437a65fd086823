import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** What the stages of one aggregation hold together: those that must see all documents before they give one. */
export class PipelineMemory {
  #heldBytes = 0

  hold(stage: string): Holding {
    return new Holding(stage, bytes => {
      this.#heldBytes += bytes
      return this.#heldBytes
    })
  }
}

/** One stage's part of it, until it is released. */
export class Holding {
  readonly #stage: string
  readonly #change: (bytes: number) => number
  #ownBytes = 0

  constructor(stage: string, change: (bytes: number) => number) {
    this.#stage = stage
    this.#change = change
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED over the limit, naming the stage. */
  add(bytes: number): void {
    this.#ownBytes += bytes
    if (this.#change(bytes) <= LIMITS.aggregateHeldBytes) return
    throw new DatabaseError(
      'DATABASE_REQUEST_FAILED',
      `${this.#stage} would hold too much: the stages of one aggregate() may keep ${LIMITS.aggregateHeldBytes} bytes ` +
        'of documents in memory. Narrow them with match and project first, or put a limit behind a sort.',
    )
  }

  release(): void {
    this.#change(-this.#ownBytes)
    this.#ownBytes = 0
  }
}
