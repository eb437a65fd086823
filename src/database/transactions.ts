import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Document, type DocumentId, encodeText } from './document.ts'
import { documentText, type Place, type RowChange, type RowHook, type Rows, StoredDocument } from './rows.ts'
import type { Sqlite } from './sqlite.ts'
import { Versions } from './versions.ts'

/** A request met a document that an open transaction has written; it is to be asked again when one has ended. */
export class LockedDocument extends Error {
  override readonly name = 'LockedDocument'
}

/** What a transaction will make of one document. */
interface Draft extends Place {
  readonly id: DocumentId
  /** Undefined: removed. */
  readonly after: StoredDocument | undefined
}

interface Transaction {
  readonly id: string
  /** The moment whose state it sees. */
  readonly startedAt: number
  readonly drafts: Map<string, Draft>
  readonly lockedKeys: Set<string>
  sizeChars: number
}

/** Ended transactions whose end can still be told. */
const REMEMBERED_ENDS = 1000

/**
 * Transactions with snapshot isolation: each sees the documents as they were when it started, and its own writes,
 * which nobody else sees before they are committed, all at once.
 *
 * A document written in a transaction is locked until its end: another transaction that wants to write it, or one
 * that was changed since the transaction started, has a conflict and is rolled back; other writes wait.
 */
export class Transactions implements RowHook {
  readonly #sqlite: Sqlite
  readonly #versions = new Versions()
  /** In the order they started. */
  readonly #open = new Map<string, Transaction>()
  readonly #locks = new Map<string, Transaction>()
  /** Why the last transactions ended that nobody ended on purpose. */
  readonly #ends = new Map<string, DatabaseError>()
  #committing: Transaction | undefined
  #batchStart = 0
  #newestStart = 0
  /** Those that were used in the batch under way. */
  readonly #touched = new Set<Transaction>()
  #hasReleased = false

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  start(id: string): void {
    const startedAt = this.#versions.now
    const transaction = { id, startedAt, drafts: new Map(), lockedKeys: new Set<string>(), sizeChars: 0 }
    this.#open.set(id, transaction)
    this.#newestStart = startedAt
    this.#touched.add(transaction)
  }

  /** A document as the transaction sees it. @throws {DatabaseError} when the transaction is not open. */
  read(transactionId: string, place: Place, id: DocumentId): StoredDocument | undefined {
    return this.#read(this.#require(transactionId), place, id)
  }

  /**
   * Changes one document for the transaction: `change` gets it as the transaction sees it, and gives what it
   * becomes, undefined to remove it, or itself to leave it.
   *
   * @throws {DatabaseError} DATABASE_TRANSACTION_CONFLICT, which rolls the transaction back; DATABASE_REQUEST_FAILED
   *   when it is not open or grows too large; what `change` throws.
   */
  write(
    transactionId: string,
    place: Place,
    id: DocumentId,
    change: (current: StoredDocument | undefined) => Document | StoredDocument | undefined,
  ): void {
    const transaction = this.#require(transactionId)
    const current = this.#read(transaction, place, id)
    const changed = change(current)
    if (changed === current) return
    const key = keyOf(place.table, id)
    this.#lock(transaction, place, id, key)
    const after =
      changed === undefined || changed instanceof StoredDocument
        ? changed
        : new StoredDocument(encodeText(changed), changed)
    this.#draft(transaction, key, { ...place, id, after })
  }

  /** Makes the transaction's writes, and ends it. */
  commit(transactionId: string, rows: Rows): void {
    const transaction = this.#require(transactionId)
    this.#committing = transaction
    try {
      // What is removed makes room for what has the same key in a unique index.
      const drafts = [...transaction.drafts.values()]
      for (const draft of drafts) if (draft.after === undefined) this.#apply(rows, draft)
      for (const draft of drafts) if (draft.after !== undefined) this.#apply(rows, draft)
    } finally {
      this.#committing = undefined
      this.#end(transaction)
    }
  }

  /** Drops the transaction's writes, and ends it. One that has ended is left as it is. */
  abort(transactionId: string, expiredAfterMs: number | undefined): void {
    const transaction = this.#open.get(transactionId)
    if (transaction === undefined) return
    this.#end(transaction, expiredAfterMs === undefined ? undefined : expired(expiredAfterMs))
  }

  /** Whether locks were released since the last call, so that who waited for one may ask again. */
  takeReleased(): boolean {
    const hasReleased = this.#hasReleased
    this.#hasReleased = false
    return hasReleased
  }

  concerns(): boolean {
    return this.#open.size > 0
  }

  /** @throws {LockedDocument} */
  onChange(change: RowChange): void {
    const holder = this.#locks.get(keyOf(change.table, change.id))
    if (holder !== undefined && holder !== this.#committing) throw new LockedDocument()
    this.#versions.record(change, this.#newestStart)
  }

  /** Before a collection goes. @throws {LockedDocument} when a transaction has written in it. */
  requireUnlocked(table: string): void {
    for (const { drafts } of this.#open.values()) {
      for (const draft of drafts.values()) if (draft.table === table) throw new LockedDocument()
    }
  }

  onRequestEnd(isDone: boolean): void {
    if (!isDone) this.#versions.undoAfter(this.#versions.now)
    this.#versions.advance()
    this.#forget()
    while (this.#versions.isOverLimit) this.#dropOldest()
  }

  onBatchEnd(isCommitted: boolean): void {
    if (!isCommitted) {
      this.#versions.undoAfter(this.#batchStart)
      // Their owners were told that what they asked for was not done.
      for (const transaction of this.#touched)
        if (this.#open.has(transaction.id)) this.#end(transaction, lost())
    }
    this.#touched.clear()
    this.#batchStart = this.#versions.now
  }

  #read(transaction: Transaction, { table }: Place, id: DocumentId): StoredDocument | undefined {
    const draft = transaction.drafts.get(keyOf(table, id))
    if (draft !== undefined) return draft.after
    const changed = this.#versions.before(table, id, transaction.startedAt)
    return changed === undefined ? this.#find(table, id)?.stored : changed.stored
  }

  #find(
    table: string,
    id: DocumentId,
  ): { readonly seq: number; readonly stored: StoredDocument } | undefined {
    const row = this.#sqlite.get(`SELECT seq, json(doc) AS doc FROM ${table} WHERE id = ?1`, [id])
    if (row === undefined) return undefined
    return { seq: Number(row['seq']), stored: new StoredDocument(documentText(row)) }
  }

  /** The first to write a document has it: one that was locked or changed by others meanwhile is a conflict. */
  #lock(transaction: Transaction, { table }: Place, id: DocumentId, key: string): void {
    const holder = this.#locks.get(key)
    if (holder === transaction) return
    if (holder !== undefined || this.#versions.before(table, id, transaction.startedAt) !== undefined) {
      this.#end(transaction, conflict())
      throw conflict()
    }
    this.#locks.set(key, transaction)
    transaction.lockedKeys.add(key)
  }

  #draft(transaction: Transaction, key: string, draft: Draft): void {
    const sizeChars =
      transaction.sizeChars +
      (draft.after?.text.length ?? 0) -
      (transaction.drafts.get(key)?.after?.text.length ?? 0)
    const count = transaction.drafts.size + (transaction.drafts.has(key) ? 0 : 1)
    if (sizeChars > LIMITS.transactionChars || count > LIMITS.transactionDocuments) {
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `A transaction may write ${LIMITS.transactionDocuments} documents with ${LIMITS.transactionChars} characters of JSON together.`,
      )
    }
    transaction.sizeChars = sizeChars
    transaction.drafts.set(key, draft)
  }

  /** Nobody else can have changed what it has locked. */
  #apply(rows: Rows, { collection, table, id, after }: Draft): void {
    const place = { collection, table }
    const found = this.#find(table, id)
    if (found === undefined) {
      if (after !== undefined) rows.insert(place, id, after.document)
    } else if (after === undefined) rows.remove(place, found.seq, found.stored)
    else rows.update(place, found.seq, found.stored, after.document)
  }

  #require(transactionId: string): Transaction {
    const transaction = this.#open.get(transactionId)
    if (transaction === undefined) throw this.#ends.get(transactionId) ?? ended()
    this.#touched.add(transaction)
    return transaction
  }

  #end(transaction: Transaction, why?: DatabaseError): void {
    this.#open.delete(transaction.id)
    for (const key of transaction.lockedKeys) this.#locks.delete(key)
    this.#hasReleased ||= transaction.lockedKeys.size > 0
    if (why === undefined) return
    this.#ends.set(transaction.id, why)
    const [oldest] = this.#ends.size > REMEMBERED_ENDS ? this.#ends.keys() : []
    if (oldest !== undefined) this.#ends.delete(oldest)
  }

  #forget(): void {
    const [oldest] = this.#open.values()
    this.#versions.forgetUntil(oldest?.startedAt ?? this.#versions.now)
  }

  #dropOldest(): void {
    const [oldest] = this.#open.values()
    if (oldest !== undefined) this.#end(oldest, outlived())
    this.#forget()
  }
}

function keyOf(table: string, id: DocumentId): string {
  return `${table} ${typeof id} ${id}`
}

function conflict(): DatabaseError {
  return new DatabaseError(
    'DATABASE_TRANSACTION_CONFLICT',
    '[ResourceUnavailable.TransactionConflict] Transaction is conflict, maybe resource operated by others. ' +
      'Please check your request, but if the problem cannot be solved, contact us.',
  )
}

function lost(): DatabaseError {
  return new DatabaseError(
    'DATABASE_TRANSACTION_CONFLICT',
    'The transaction was rolled back, because one of its requests could not be done. Run it again.',
  )
}

function outlived(): DatabaseError {
  return new DatabaseError(
    'DATABASE_TRANSACTION_CONFLICT',
    `The transaction was rolled back: since it started, more than ${LIMITS.transactionHistoryChars} characters of ` +
      'other documents were changed, which is all that is kept for it to see. Run it again.',
  )
}

function expired(afterMs: number): DatabaseError {
  return new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    `The transaction was rolled back, because it was open for ${afterMs / 1000} seconds. Do less in it.`,
  )
}

function ended(): DatabaseError {
  return new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    'The transaction is not open: it was committed or rolled back, or the database was restarted. Start another.',
  )
}
