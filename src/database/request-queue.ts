import { CancelledError, OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EngineOp, EngineRequest } from './messages.ts'

/** On whose behalf a request is made. */
export interface Requester {
  /** Those with requests waiting take turns. */
  readonly asker: object
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined
  /** What has been read for the asker and waits to be taken. None: it takes whatever is read. */
  readonly backlog?: Backlog | undefined
}

/** Answers that somebody has not taken yet. */
export interface Backlog {
  /** UTF-16 units of them. */
  readonly untakenChars: number
  /** Called when there is less of it. */
  onTaken: (() => void) | undefined
}

/** The host's own code, which waits for all it asks for. */
export const HOST: Requester = { asker: {}, signal: undefined }

/** A request whose caller waits. */
export interface PendingRequest extends EngineRequest {
  readonly by: Requester
  resolve(result: string): void
  reject(error: Error): void
}

/** Requests in one batch: bounds how long the first waits for the last, and what a lost worker has to repeat. */
const BATCH_REQUESTS = 1024
/** What nobody waits for need not be read. Writes are made all the same: who asked for them may count on it. */
const READS: ReadonlySet<EngineOp> = new Set(['query', 'count', 'aggregate', 'explain', 'getInTransaction'])

/** What may bring much, and waits while its asker has not taken what was brought before. */
const LARGE_READS: ReadonlySet<EngineOp> = new Set(['query', 'aggregate'])

/** The requests that wait for the worker: of each asker in the order they were made. */
export class RequestQueue {
  /** By asker, the one whose turn is next in front. */
  #queues = new Map<object, PendingRequest[]>()
  #length = 0
  /** Of them, those held back when a batch was taken last: their asker's other limits bound them. */
  #heldCount = 0
  /** Those that met a document a transaction holds. */
  #locked: PendingRequest[] = []
  /** Requests in the next batch, at most. */
  #batchSize = BATCH_REQUESTS
  readonly #onRoom: () => void

  /** @param onRoom Something that was held back may be taken. */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom
  }

  /** Those not set aside. */
  get length(): number {
    return this.#length
  }

  get lockedCount(): number {
    return this.#locked.length
  }

  /** @throws {OverloadedError} when too many wait. */
  push(request: PendingRequest): void {
    if (this.#length - this.#heldCount + this.#locked.length >= LIMITS.databaseQueuedRequests) {
      throw new OverloadedError(
        `${LIMITS.databaseQueuedRequests} database requests are waiting. Try again later.`,
      )
    }
    this.#add(request)
  }

  /**
   * Takes what one message may hold, one request of each asker by turns: at least one, if there is any that is wanted and
   * not held back. A backup is taken alone.
   */
  takeBatch(): PendingRequest[] {
    const batch: PendingRequest[] = []
    let sizeChars = 0
    this.#heldCount = 0
    for (const [asker, queue] of this.#queues) {
      const request = queue[0] as PendingRequest
      const isWanted = !(READS.has(request.op) && request.by.signal?.aborted === true)
      if (isWanted) {
        if (this.#isHeld(request)) {
          this.#heldCount += queue.length
          continue
        }
        sizeChars += request.args.length
        const isFull = batch.length >= this.#batchSize || sizeChars > LIMITS.databaseMessageChars
        if (batch.length > 0 && (isFull || request.op === 'backup')) break
        batch.push(request)
      } else {
        request.reject(new CancelledError())
      }
      queue.shift()
      this.#length--
      // To the end, where this loop comes to it again.
      this.#queues.delete(asker)
      if (queue.length > 0) this.#queues.set(asker, queue)
      if (request.op === 'backup') break
    }
    return batch
  }

  /** Of a batch so many were done. The next is about as large: what is not done has crossed for nothing. */
  learn(takenCount: number, doneCount: number): void {
    const isCut = doneCount < takenCount
    this.#batchSize = isCut ? doneCount * 2 : Math.min(this.#batchSize * 2, BATCH_REQUESTS)
  }

  /** Puts requests that were taken, but not run, back to the front. */
  putBack(requests: readonly PendingRequest[]): void {
    if (requests.length === 0) return
    const waiting = this.#queues
    this.#queues = new Map()
    this.#length = 0
    for (const request of requests) this.#add(request)
    for (const queue of waiting.values()) for (const request of queue) this.#add(request)
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

  /** Whether its asker has enough to take as it is: who reads faster than he takes waits for himself. */
  #isHeld({ op, by: { backlog } }: PendingRequest): boolean {
    if (backlog === undefined || !LARGE_READS.has(op)) return false
    if (backlog.untakenChars <= LIMITS.hostLargeAnswerBytes) return false
    backlog.onTaken = this.#onRoom
    return true
  }

  #add(request: PendingRequest): void {
    this.#length++
    const queue = this.#queues.get(request.by.asker)
    if (queue === undefined) this.#queues.set(request.by.asker, [request])
    else queue.push(request)
  }
}
