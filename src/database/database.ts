import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { Closable } from '../types.ts'
import { partialOf, removePartial } from './backup.ts'
import { Courier, type CourierStats } from './courier.ts'
import type { ByClient, EngineOps, ReplaceArgs } from './messages.ts'
import { OpenTransactions } from './open-transactions.ts'
import type { Requester } from './request-queue.ts'
import { type TakeUpdate, Watches } from './watches.ts'

export interface DatabaseOptions {
  /**
   * Folder of the one file `database.sqlite`, made if missing. Omitted: the data lives in memory until `close()`,
   * 1 GB of it at most.
   */
  readonly directory?: string
  /**
   * Whether a write to a collection that doesn't exist creates it, and a read finds nothing there.
   * Each such collection gives one warning.
   *
   * @default false
   */
  readonly autoCreateCollections?: boolean
  /** @default LIMITS.databaseOpMs */
  readonly opLimitMs?: number
  /** @default LIMITS.transactionMs */
  readonly transactionLimitMs?: number
  readonly onWarning?: (message: string) => void
}

/**
 * The document database: SQLite in a thread of its own, so the caller's event loop never waits for it.
 *
 * A write that resolved is on the disk (with a directory). Requests of one asker run in the order they were made, those
 * of many by turns; those that are waiting together share one transaction and one fsync. `by` says whose request it
 * is; by default it is the host's own.
 */
export class Database implements Closable {
  /** For several writes that must be made together or not at all. */
  readonly transactions: OpenTransactions
  readonly #courier: Courier
  readonly #watches: Watches
  readonly #warned = new Set<string>()
  readonly #onWarning: (message: string) => void

  /** Opens nothing yet: the first call does. */
  constructor(options: DatabaseOptions = {}) {
    const { directory, opLimitMs = LIMITS.databaseOpMs } = options
    const { transactionLimitMs = LIMITS.transactionMs } = options
    for (const [name, value] of Object.entries({ opLimitMs, transactionLimitMs })) {
      if (!Number.isFinite(value) || value <= 0) {
        throw new InvalidOptionError(name, `${name} must be a number of milliseconds above 0.`)
      }
    }
    this.#onWarning = options.onWarning ?? (() => {})
    this.#courier = new Courier({
      location:
        directory === undefined
          ? `file:/cloudlet-${randomUUID()}?vfs=memdb`
          : join(directory, 'database.sqlite'),
      isInMemory: directory === undefined,
      autoCreateCollections: options.autoCreateCollections ?? false,
      opLimitMs,
      onWatched: (messages, isBehind) => this.#watches.receive(messages, isBehind),
      onLost: () => this.#watches.reopen(),
      onMissingCollection: name => this.#warnMissing(name),
      onWarning: this.#onWarning,
    })
    this.#watches = new Watches(this.#courier)
    this.transactions = new OpenTransactions(this.#courier, transactionLimitMs)
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED (E11000) for an `_id` that exists; then nothing is added. */
  add(args: ByClient<OpArgs<'database.add'>>, by?: Requester): Promise<OpResult<'database.add'>> {
    return this.#courier.call('add', args, by)
  }

  /** Documents in the order of `sort`, else of insertion. A `limit` of 0, or none, is no limit. */
  query(args: ByClient<OpArgs<'database.query'>>, by?: Requester): Promise<OpResult<'database.query'>> {
    return this.#courier.call('query', args, by)
  }

  count(args: ByClient<OpArgs<'database.count'>>, by?: Requester): Promise<OpResult<'database.count'>> {
    return this.#courier.call('count', args, by)
  }

  /** Runs a pipeline. Of more than `most` documents the rest is left out, which the result says. */
  aggregate(
    args: ByClient<OpArgs<'database.aggregate'>> & { readonly most?: number },
    by?: Requester,
  ): Promise<OpResult<'database.aggregate'>> {
    return this.#courier.call('aggregate', args, by)
  }

  /** The result of `query` or `aggregate` as JSON text, for who would only write it again. */
  readText<Op extends 'query' | 'aggregate'>(
    op: Op,
    args: EngineOps[Op]['args'],
    by?: Requester,
  ): Promise<string> {
    return this.#courier.callForText(op, args, by)
  }

  /** A page of documents in natural order, from the row after `after` on; `last` says where the next page begins. */
  scan(args: EngineOps['scan']['args']): Promise<EngineOps['scan']['result']> {
    return this.#courier.call('scan', args)
  }

  /** Updates the first match, or all with `multi`; counts matches. If one document can't be updated, none is. */
  update(args: ByClient<OpArgs<'database.update'>>, by?: Requester): Promise<OpResult<'database.update'>> {
    return this.#courier.call('update', args, by)
  }

  /**
   * Replaces the document of that id or creates it.
   *
   * @throws {DatabaseError} DATABASE_PERMISSION_DENIED when a document exists that `guard`, a filter, doesn't match.
   */
  replace(args: ReplaceArgs, by?: Requester): Promise<OpResult<'database.replace'>> {
    return this.#courier.call('replace', args, by)
  }

  remove(args: ByClient<OpArgs<'database.remove'>>, by?: Requester): Promise<OpResult<'database.remove'>> {
    return this.#courier.call('remove', args, by)
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED (`Table exist`) when it exists. */
  createCollection(
    args: OpArgs<'database.createCollection'>,
    by?: Requester,
  ): Promise<OpResult<'database.createCollection'>> {
    return this.#courier.call('createCollection', args, by)
  }

  /**
   * Makes an index over what is stored and what will be; the same one again is no error. Other requests wait as long,
   * about half a second for 100,000 documents.
   *
   * @throws {DatabaseError} INVALID_PARAM for a definition that is none; DATABASE_REQUEST_FAILED when documents
   *   can't be in it (E11000 and their `_id`s for duplicates in a unique one), or its name is taken.
   */
  createIndex(
    args: OpArgs<'database.createIndex'>,
    by?: Requester,
  ): Promise<OpResult<'database.createIndex'>> {
    return this.#courier.call('createIndex', args, by)
  }

  /** The one on `_id` first, then by age. */
  listIndexes(
    args: OpArgs<'database.listIndexes'>,
    by?: Requester,
  ): Promise<OpResult<'database.listIndexes'>> {
    return this.#courier.call('listIndexes', args, by)
  }

  /** Runs a query and tells how: the index, what bounds it, the documents looked at and returned. */
  explain(args: OpArgs<'database.explain'>, by?: Requester): Promise<OpResult<'database.explain'>> {
    return this.#courier.call('explain', args, by)
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when there is none of that name. */
  dropIndex(args: OpArgs<'database.dropIndex'>, by?: Requester): Promise<OpResult<'database.dropIndex'>> {
    return this.#courier.call('dropIndex', args, by)
  }

  /** Removes a collection, its documents and its indexes. */
  async dropCollection(collection: string): Promise<void> {
    await this.#courier.call('dropCollection', { collection })
  }

  /**
   * Gives updates to `take`, one at a time, until the signal aborts; then it resolves. Several changes that come while
   * `take` is not ready are one update.
   *
   * @throws {DatabaseError} as `query` does, and when the result outgrows the limits of a watch or is no longer the
   *   client's to read; {OverloadedError} when too many are open; {HostClosedError} when the database closes.
   */
  watch(args: ByClient<OpArgs<'database.watch'>>, take: TakeUpdate, signal?: AbortSignal): Promise<void> {
    return this.#watches.run(args, take, signal)
  }

  getPermission(
    args: OpArgs<'database.getPermission'>,
    by?: Requester,
  ): Promise<OpResult<'database.getPermission'>> {
    return this.#courier.call('getPermission', args, by)
  }

  /** @throws {DatabaseError} INVALID_PARAM for a malformed one, DATABASE_COLLECTION_NOT_EXIST. */
  setPermission(
    args: OpArgs<'database.setPermission'>,
    by?: Requester,
  ): Promise<OpResult<'database.setPermission'>> {
    return this.#courier.call('setPermission', args, by)
  }

  /** Names in order. */
  async listCollections(): Promise<string[]> {
    const { collections } = await this.#courier.call('listCollections', {})
    return collections
  }

  /**
   * Copies the database into a file: all that was acknowledged before, nothing half done. It goes on in steps beside
   * other requests, which wait some milliseconds each; what they write meanwhile is in the copy if they were answered
   * before its last step. The file appears when it is whole and on the disk; `restoreBackup` puts it in a database's place.
   *
   * @throws {DatabaseError} DATABASE_REQUEST_FAILED when the file exists or can't be written.
   */
  async backup(file: string): Promise<void> {
    if (file === '') throw new InvalidOptionError('file', 'A backup needs the name of a file.')
    const target = resolve(file)
    const partial = partialOf(target)
    try {
      await this.#courier.call('backup', { file: target, partial })
    } catch (error) {
      // The worker does so itself, unless it was lost.
      await removePartial(partial)
      throw error
    }
  }

  stats(): CourierStats {
    return this.#courier.stats()
  }

  /** Finishes what was asked before, then closes the file. Later calls reject with HostClosedError. */
  close(): Promise<void> {
    this.#watches.close()
    // Before the courier takes no more: writes that wait for a transaction would else wait for its time to be over.
    // It rejects only if the database was closed before, or is lost, which ends them too.
    this.transactions.abortAll().catch(() => {})
    return this.#courier.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #warnMissing(name: string): void {
    if (this.#warned.has(name)) return
    this.#warned.add(name)
    this.#onWarning(
      `Collection "${name}" was used without having been created. On the platform that is an error: create it first.`,
    )
  }
}
