import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SqlValue } from './sql.ts'

/** A row as an object of columns. */
export type Row = Record<string, unknown>

/** What the engine needs of SQLite: synchronous statements, prepared once per text. */
export interface Sqlite {
  exec(sql: string): void
  /** The number of rows changed. */
  run(sql: string, values: readonly SqlValue[]): number
  get(sql: string, values: readonly SqlValue[]): Row | undefined
  /** Rows as they are found; ends the statement when the loop is left. */
  iterate(sql: string, values: readonly SqlValue[]): Iterable<Row>
  /** Makes a function for SQL; its answer must depend on its arguments alone within one statement. */
  define(name: string, compute: (...args: unknown[]) => SqlValue): void
  readonly isTransaction: boolean
  close(): void
}

/** Prepared statements kept; the texts are few, as values are bound and only field names vary. */
const MAX_STATEMENTS = 256

/** Opens a database by file name or `file:` address. It is locked for this connection until closed. */
export function openSqlite(location: string): Sqlite {
  const database = new DatabaseSync(location)
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const prepared = statements.get(sql) ?? database.prepare(sql)
    // Deleting first keeps the map in order of use, oldest first.
    statements.delete(sql)
    statements.set(sql, prepared)
    const [oldest] = statements.size > MAX_STATEMENTS ? statements.keys() : []
    if (oldest !== undefined) statements.delete(oldest)
    return prepared
  }
  return {
    exec: sql => database.exec(sql),
    run: (sql, values) => Number(prepare(sql).run(...values).changes),
    get: (sql, values) => prepare(sql).get(...values),
    iterate: (sql, values) => prepare(sql).iterate(...values),
    define: (name, compute) => database.function(name, { varargs: true, deterministic: true }, compute),
    get isTransaction() {
      return database.isTransaction
    },
    close: () => {
      statements.clear()
      database.close()
    },
  }
}

/** Whether SQLite refused because another connection holds the database. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE_BUSY
}

/** Whether SQLite refused a value that is there already. */
export function isDuplicate(error: unknown): boolean {
  const code = resultCode(error)
  return code === SQLITE_CONSTRAINT_UNIQUE || code === SQLITE_CONSTRAINT_PRIMARYKEY
}

/** Whether the error is SQLite's own: disk full, I/O, corruption. Its message holds no path and no data. */
export function isSqliteError(error: unknown): error is Error {
  return resultCode(error) !== undefined
}

const SQLITE_BUSY = 5
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555
const SQLITE_CONSTRAINT_UNIQUE = 2067

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : undefined
}
