import { randomUUID } from 'node:crypto'
import { OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { Courier } from './courier.ts'
import type { Requester } from './request-queue.ts'

/**
 * Transactions as the host's thread opens, uses and ends them. Each is rolled back when its time is over.
 *
 * Within one, documents are named by `_id` only. Reads see the documents as they were when it started, and its own
 * writes. Every call rejects with DATABASE_TRANSACTION_CONFLICT once it has lost a document to others (then it is
 * rolled back), and with DATABASE_REQUEST_FAILED once it has ended otherwise.
 */
export class OpenTransactions {
  readonly #courier: Courier
  readonly #limitMs: number
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(courier: Courier, limitMs: number) {
    this.#courier = courier
    this.#limitMs = limitMs
  }

  /** @throws {OverloadedError} when too many are open. */
  async start(by?: Requester): Promise<OpResult<'database.startTransaction'>> {
    if (this.#timers.size >= LIMITS.openTransactions) {
      throw new OverloadedError(
        `${LIMITS.openTransactions} transactions are open. Try again later, and end each with commit or rollback.`,
      )
    }
    const transactionId = randomUUID()
    this.#startTimer(transactionId)
    try {
      await this.#courier.call('startTransaction', { transactionId }, by)
    } catch (error) {
      this.#stopTimer(transactionId)
      throw error
    }
    return { transactionId }
  }

  /** Once resolved, what it wrote is on the disk (with a directory). Whatever happens, it has ended. */
  commit(
    { transactionId }: OpArgs<'database.commitTransaction'>,
    by?: Requester,
  ): Promise<Record<string, never>> {
    this.#stopTimer(transactionId)
    return this.#courier.call('commitTransaction', { transactionId }, by)
  }

  /** Of one that has ended it is no error. */
  abort(
    { transactionId }: OpArgs<'database.abortTransaction'>,
    by?: Requester,
  ): Promise<Record<string, never>> {
    this.#stopTimer(transactionId)
    return this.#courier.call('abortTransaction', { transactionId }, by)
  }

  get(
    args: OpArgs<'database.getInTransaction'>,
    by?: Requester,
  ): Promise<OpResult<'database.getInTransaction'>> {
    return this.#courier.call('getInTransaction', args, by)
  }

  add(
    args: OpArgs<'database.addInTransaction'>,
    by?: Requester,
  ): Promise<OpResult<'database.addInTransaction'>> {
    return this.#courier.call('addInTransaction', args, by)
  }

  update(
    args: OpArgs<'database.updateInTransaction'>,
    by?: Requester,
  ): Promise<OpResult<'database.updateInTransaction'>> {
    return this.#courier.call('updateInTransaction', args, by)
  }

  replace(
    args: OpArgs<'database.replaceInTransaction'>,
    by?: Requester,
  ): Promise<OpResult<'database.replaceInTransaction'>> {
    return this.#courier.call('replaceInTransaction', args, by)
  }

  remove(
    args: OpArgs<'database.removeInTransaction'>,
    by?: Requester,
  ): Promise<OpResult<'database.removeInTransaction'>> {
    return this.#courier.call('removeInTransaction', args, by)
  }

  /** Rolls all back; requests that wait for one then go on. */
  async abortAll(): Promise<void> {
    await Promise.all([...this.#timers.keys()].map(transactionId => this.abort({ transactionId })))
  }

  #startTimer(transactionId: string): void {
    const expiredAfterMs = this.#limitMs
    const timer = setTimeout(() => {
      this.#timers.delete(transactionId)
      // It rejects only when the database is closing or lost, which ends the transaction as well.
      this.#courier.call('abortTransaction', { transactionId, expiredAfterMs }).catch(() => {})
    }, expiredAfterMs)
    // Nobody need wait for a transaction that is left open: it ends with the process. Who waits keeps it alive.
    timer.unref()
    this.#timers.set(transactionId, timer)
  }

  #stopTimer(transactionId: string): void {
    clearTimeout(this.#timers.get(transactionId))
    this.#timers.delete(transactionId)
  }
}
