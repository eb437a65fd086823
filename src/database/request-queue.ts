import { OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EngineRequest } from './messages.ts'

/** A request whose caller waits. */
export interface PendingRequest extends EngineRequest {
  resolve(result: string): void
  reject(error: Error): void
}

/** Requests in one batch: bounds how long the first waits for the last, and what a lost worker has to repeat. */
const BATCH_REQUESTS = 1024

/** The requests that wait for the worker, in the order they were made. */
export class RequestQueue {
  #requests: PendingRequest[] = []
  /** Those that met a document a transaction holds. */
  #locked: PendingRequest[] = []

  /** Those that can be taken. */
  get length(): number {
    return this.#requests.length
  }

  get lockedCount(): number {
    return this.#locked.length
  }

  /** @throws {OverloadedError} when too many wait. */
  push(request: PendingRequest): void {
    if (this.#requests.length + this.#locked.length >= LIMITS.databaseQueuedRequests) {
      throw new OverloadedError(
        `${LIMITS.databaseQueuedRequests} database requests are waiting. Try again later.`,
      )
    }
    this.#requests.push(request)
  }

  /** Takes what one message may hold: at least one request, if there is any. A backup is taken alone. */
  takeBatch(): PendingRequest[] {
    let count = 0
    let sizeChars = 0
    for (const { op, args } of this.#requests) {
      sizeChars += args.length
      if (op === 'backup') return this.#requests.splice(0, Math.max(count, 1))
      if (count === BATCH_REQUESTS || (count > 0 && sizeChars > LIMITS.databaseMessageChars)) break
      count++
    }
    return this.#requests.splice(0, count)
  }

  /** Puts requests that were taken, but not run, back to the front. */
  putBack(requests: readonly PendingRequest[]): void {
    this.#requests.unshift(...requests)
  }

  /** Sets a request aside until `unlock`. */
  lock(request: PendingRequest): void {
    this.#locked.push(request)
  }

  /** Puts those set aside back to the front: transactions have ended. */
  unlock(): void {
    const requests = this.#locked
    this.#locked = []
    this.putBack(requests)
  }
}
