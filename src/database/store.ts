import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Collections, missingCollection } from './collections.ts'
import { runBounded } from './guard.ts'
import type { Indexes } from './indexes.ts'
import type { WatchArgs } from './messages.ts'
import type { Permissions } from './permissions.ts'
import type { Rows } from './rows.ts'
import type { ScanWarning } from './scan-warning.ts'
import type { SqlParameters } from './sql.ts'
import type { Sqlite } from './sqlite.ts'
import type { Transactions } from './transactions.ts'

/** What an op works on. */
export interface Store {
  readonly sqlite: Sqlite
  readonly collections: Collections
  readonly permissions: Permissions
  readonly watches: WatchDesk
  /** The one way to change documents. */
  readonly rows: Rows
  readonly indexes: Indexes
  readonly transactions: Transactions
  readonly scanWarning: ScanWarning
  readonly autoCreateCollections: boolean
  /** Must be called before a statement with these parameters runs: its functions work on them. */
  use(parameters: SqlParameters): void
  /** Notes that a collection was used without having been created. */
  noteMissing(name: string): void
}

/** Where watches are taken on and off. */
export interface WatchDesk {
  open(args: WatchArgs): void
  acknowledge(watchId: number): void
  close(watchId: number): void
}

/** Runs a statement with its parameters in place, for a bounded time if it runs guest-written patterns. */
export function bounded<Result>(store: Store, parameters: SqlParameters, run: () => Result): Result {
  store.use(parameters)
  return parameters.isGuarded ? runBounded(LIMITS.databasePatternMs, run) : run()
}

/** Name of a collection's table; undefined for one that would be made on the first write. */
export function tableToRead(
  { collections, autoCreateCollections, noteMissing }: Store,
  name: string,
): string | undefined {
  const table = collections.find(name)
  if (table !== undefined) return table
  if (!autoCreateCollections) throw missingCollection(name)
  noteMissing(name)
  return undefined
}

export function tableToWrite(store: Store, name: string): string {
  return tableToRead(store, name) ?? store.collections.create(name)
}

/** @throws {DatabaseError} DATABASE_REQUEST_FAILED over the size of one message. */
export function checkResultSize(sizeChars: number): void {
  if (sizeChars <= LIMITS.databaseMessageChars) return
  throw new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    `The result is larger than ${LIMITS.databaseMessageChars} characters. Ask for fewer documents with limit, or fewer fields with field.`,
  )
}
