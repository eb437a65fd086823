import type { Call, OpArgs, OpName } from '../protocol/calls.ts'
import { type AddResult, Collection } from './collection.ts'
import type { Document, DocumentId } from './document.ts'
import type { Source } from './query.ts'
import { createWxError, runApi, type WxError } from './wx-errors.ts'

/** What of a transaction's end is told. */
export interface TransactionResult {
  readonly errMsg: string
  readonly requestId: string
}

/** A collection within a transaction: single documents, by `_id`. */
export interface TransactionCollection {
  doc(id: DocumentId): Document
  add(options: { data?: object }): Promise<AddResult>
}

/**
 * Several writes that are made together or not at all. Reads see the documents as they were when it started, and
 * its own writes.
 */
export interface Transaction {
  /** @throws {Error} when the name is empty or not a string. */
  collection(name: string): TransactionCollection
  /**
   * Makes the writes.
   *
   * @throws {WxError} errCode -502001; with `code` DATABASE_TRANSACTION_CONFLICT when others were faster.
   */
  commit(): Promise<TransactionResult>
  /** Drops the writes. `reason` is what `runTransaction` then rejects with. */
  rollback(reason?: unknown): Promise<TransactionResult>
}

/** What transactions need of the `database()` they belong to. */
export interface TransactionSource {
  readonly source: Source
  readonly requestId: () => string
}

export const CONFLICT = 'DATABASE_TRANSACTION_CONFLICT'

/** Times `runTransaction` starts over after a conflict, unless told. */
const DEFAULT_RETRIES = 3

/** @throws {WxError} when too many transactions are open. */
export function startTransaction(from: TransactionSource): Promise<Transaction> {
  return OpenTransaction.start(from)
}

/**
 * Runs `work` in a transaction, commits it, and resolves with what `work` did. After a conflict it starts over, at
 * most `retries` times. What `work` throws rolls back and is thrown; after `rollback(reason)` it is the reason.
 */
export async function runTransaction<Result>(
  from: TransactionSource,
  work: (transaction: Transaction) => Result | Promise<Result>,
  retries = DEFAULT_RETRIES,
): Promise<Result> {
  if (typeof work !== 'function') throw createWxError(-1, 'runTransaction:fail callback must be a function')
  if (!Number.isSafeInteger(retries)) throw createWxError(-1, 'runTransaction:fail times must be an integer')
  for (let left = retries; ; left--) {
    const transaction = await OpenTransaction.start(from)
    try {
      const result = await work(transaction)
      if (transaction.state === 'rolledBack') throw transaction.reason
      if (transaction.state === 'open') await transaction.commit()
      return result
    } catch (error) {
      const mayRetry = left > 0 && transaction.state !== 'rolledBack' && isConflict(error)
      // A commit that failed has ended it; the real SDK says so once more when it gives up.
      if (transaction.state !== 'failed' || !mayRetry) await transaction.abandon()
      if (mayRetry) continue
      throw transaction.state === 'rolledBack' ? transaction.reason : withRequestId(error, from)
    }
  }
}

class OpenTransaction implements Transaction {
  readonly #from: TransactionSource
  readonly #id: string
  #state: 'open' | 'committed' | 'failed' | 'rolledBack' = 'open'
  #reason: unknown

  static async start(from: TransactionSource): Promise<OpenTransaction> {
    const { source } = from
    const { transactionId } = await runApi(source.surface, 'startTransaction', () =>
      source.call('database.startTransaction', {}),
    )
    return new OpenTransaction(from, transactionId)
  }

  constructor(from: TransactionSource, id: string) {
    this.#from = from
    this.#id = id
  }

  /** `failed`: its commit was refused, which ended it. */
  get state(): 'open' | 'committed' | 'failed' | 'rolledBack' {
    return this.#state
  }

  get reason(): unknown {
    return this.#reason
  }

  collection(name: string): TransactionCollection {
    if (typeof name !== 'string' || name === '') throw createWxError(-1, 'Collection name is required')
    const { source } = this.#from
    const collection = new Collection({ ...source, call: callWithin(source.call, this.#id) }, name)
    return { doc: id => collection.doc(id), add: options => collection.add(options) }
  }

  async commit(): Promise<TransactionResult> {
    try {
      const result = await this.#end('commitTransaction')
      this.#state = 'committed'
      return result
    } catch (error) {
      this.#state = 'failed'
      throw error
    }
  }

  async rollback(reason?: unknown): Promise<TransactionResult> {
    const result = await this.#end('abortTransaction')
    this.#state = 'rolledBack'
    this.#reason = reason
    return result
  }

  /** Rolls back what is not committed, without a word: it follows an error that is told instead. */
  async abandon(): Promise<void> {
    if (this.#state !== 'open' && this.#state !== 'failed') return
    await this.#end('abortTransaction').catch(() => {})
  }

  #end(api: 'commitTransaction' | 'abortTransaction'): Promise<TransactionResult> {
    const { source, requestId } = this.#from
    return runApi(source.surface, api, async () => {
      await source.call(`database.${api}`, { transactionId: this.#id })
      return { errMsg: `${api}:ok`, requestId: requestId() }
    })
  }
}

/** Sends what the API asks of single documents to the transaction. */
function callWithin(call: Call, transactionId: string): Call {
  const within = async (op: OpName, args: unknown): Promise<unknown> => {
    switch (op) {
      case 'database.query': {
        const { collection, filter, projection } = args as OpArgs<'database.query'>
        const asked = { transactionId, collection, id: idOf(filter) }
        const { document } = await call(
          'database.getInTransaction',
          projection === undefined ? asked : { ...asked, projection },
        )
        return { documents: document === null ? [] : [document] }
      }
      case 'database.add': {
        const { collection, documents } = args as OpArgs<'database.add'>
        return call('database.addInTransaction', { transactionId, collection, documents })
      }
      case 'database.update': {
        const { collection, filter, update } = args as OpArgs<'database.update'>
        return call('database.updateInTransaction', { transactionId, collection, id: idOf(filter), update })
      }
      case 'database.replace':
        return call('database.replaceInTransaction', {
          transactionId,
          ...(args as OpArgs<'database.replace'>),
        })
      case 'database.remove': {
        const { collection, filter } = args as OpArgs<'database.remove'>
        return call('database.removeInTransaction', { transactionId, collection, id: idOf(filter) })
      }
      default:
        throw new Error(`${op} can't be part of a transaction`)
    }
  }
  return within as Call
}

/** The API of one document asks by `_id` alone. */
function idOf({ _id: id }: Readonly<Record<string, unknown>>): DocumentId {
  if (typeof id === 'string' || typeof id === 'number') return id
  throw new Error('a transaction works on single documents, by _id')
}

/** The real SDK goes by `code` alone, also of what a program throws itself. */
function isConflict(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === CONFLICT
}

function withRequestId(error: unknown, { requestId }: TransactionSource): unknown {
  const isOurs = isConflict(error) && error instanceof Error && 'errCode' in error
  return isOurs
    ? Object.assign(error, { requestId: requestId() } satisfies Partial<WxError & { requestId: string }>)
    : error
}
