import type { Call } from '../protocol/calls.ts'
import { Collection } from './collection.ts'
import { command } from './command.ts'
import { Geo } from './geo.ts'
import type { Source } from './query.ts'
import { runTransaction, startTransaction, type Transaction } from './transaction.ts'
import { createRegExp, createServerDate, type RegExpConstructor } from './values.ts'
import type { OpenWatch } from './watch.ts'
import { createWxError, runApi, type Surface } from './wx-errors.ts'

export interface DatabaseOptions {
  readonly call: Call
  /**
   * Limits and texts of functions (`server`: 100 rows by default, at most 1000) or of clients
   * (`client`: 20 and 20, callback style, no createCollection).
   */
  readonly profile: Surface
  /**
   * Whether `doc().get()` rejects when the document doesn't exist; otherwise `data` is null.
   *
   * @default true
   */
  readonly throwOnNotFound?: boolean
  /** The environment asked for, which the database tells of as its own. */
  readonly env?: unknown
  /** Told of what the real platform would cut short, e.g. a limit above 1000 rows. */
  readonly warn?: (message: string) => void
  /** Where watches get their updates. Without it there are none, as in functions. */
  readonly openWatch?: OpenWatch
  /** Id of the running request, for results that carry one. */
  readonly requestId?: () => string | undefined
}

export interface DatabaseConfig {
  readonly env?: string
  readonly traceUser?: boolean
}

/** `cloud.database()`: the document database as wx code sees it. */
export interface Database {
  /** What it was made with. */
  readonly config: DatabaseConfig
  /** Query and update commands, usually named `_`. */
  readonly command: typeof command
  /** Constructors of geometry, with or without `new`. */
  readonly Geo: typeof Geo
  /** A regular expression for queries: `db.RegExp({ regexp, options })`. */
  readonly RegExp: RegExpConstructor
  /** The host's time at the moment of the write, plus `offset` milliseconds. */
  readonly serverDate: typeof createServerDate
  /** @throws {Error} when the name is empty or not a string. */
  collection(name: string): Collection
}

export interface ServerDatabase extends Database {
  /** Rejects with errCode -502001 when the collection exists. */
  createCollection(name: string): Promise<{ errMsg: string; requestId: string }>
  /** A transaction to commit or roll back oneself. It is rolled back after 30 seconds, and when its invocation ends. */
  startTransaction(): Promise<Transaction>
  /**
   * Runs `work` in a transaction and commits it; again after a conflict, `retries` times at most.
   * Resolves with what `work` gave; what it throws, or the reason it rolled back with, is what this rejects with.
   *
   * @default retries 3
   */
  runTransaction<Result>(
    work: (transaction: Transaction) => Result | Promise<Result>,
    retries?: number,
  ): Promise<Result>
}

/** The database API over one `call`; needs no init. */
export function createDatabase(options: DatabaseOptions & { readonly profile: 'server' }): ServerDatabase
export function createDatabase(options: DatabaseOptions): Database
export function createDatabase(options: DatabaseOptions): Database | ServerDatabase {
  const source: Source = {
    call: options.call,
    surface: options.profile,
    throwOnNotFound: options.throwOnNotFound ?? true,
    warn: options.warn ?? (() => {}),
    openWatch: options.openWatch,
  }
  const database: Database = {
    config: typeof options.env === 'string' ? { env: options.env } : {},
    command,
    Geo,
    RegExp: createRegExp,
    serverDate: createServerDate,
    collection: name => new Collection(source, requireName(name)),
  }
  if (options.profile === 'client') return database
  const createCollection = (name: string): Promise<{ errMsg: string; requestId: string }> =>
    runApi('server', 'createCollection', async () => {
      await options.call('database.createCollection', { collection: requireName(name) })
      return { errMsg: 'createCollection:ok', requestId: options.requestId?.() ?? '' }
    })
  const transactions = { source, requestId: () => options.requestId?.() ?? '' }
  return {
    ...database,
    createCollection,
    startTransaction: () => startTransaction(transactions),
    runTransaction: (work, retries) => runTransaction(transactions, work, retries),
  }
}

function requireName(name: unknown): string {
  if (typeof name !== 'string' || name === '') throw createWxError(-1, 'Collection name is required')
  return name
}
