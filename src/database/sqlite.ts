import { backup, DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SqlValue } from './sql.ts'

/** A row as an object of columns. */
export type Row = Record<string, unknown>

/** What the engine needs of SQLite: synchronous statements, prepared once per text. */
export interface Sqlite {
  exec(sql: string): void
  /** The number of rows changed. */
  run(sql: string, values: readonly SqlValue[]): number
  /** The number of the row it inserts. */
  insert(sql: string, values: readonly SqlValue[]): number
  get(sql: string, values: readonly SqlValue[]): Row | undefined
  /** What the first column of all rows holds: faster than rows where they are few. */
  column(sql: string, values: readonly SqlValue[]): unknown[]
  /** All rows at once. */
  all(sql: string, values: readonly SqlValue[]): Row[]
  /** Rows as they are found; ends the statement when the loop is left. */
  iterate(sql: string, values: readonly SqlValue[]): Iterable<Row>
  /** Makes a function for SQL; its answer must depend on its arguments alone within one statement. */
  define(name: string, compute: (...args: unknown[]) => SqlValue): void
  readonly isTransaction: boolean
  /** Copies the database into a file, in the background. */
  backup(file: string): Promise<void>
  /** Ends the statements that a failure, or the end of `runBounded`, left unfinished. */
  abandon(): void
  close(): void
}

/** Prepared statements kept; the texts are few, as values are bound and only field names vary. */
const MAX_STATEMENTS = 256

/** Pages copied in one step of a backup: some megabytes, which take some milliseconds. */
const BACKUP_PAGES = 1000

/** Opens a database by file name or `file:` address. */
export function openSqlite(location: string): Sqlite {
  return new Connection(location)
}

class Connection implements Sqlite {
  readonly #database: DatabaseSync
  /** Statements at rest, oldest use first. */
  readonly #idle = new Map<string, StatementSync>()
  /** Statements at work. One that failed, or whose thread was stopped in it, stays here. */
  readonly #taken = new Set<StatementSync>()

  constructor(location: string) {
    this.#database = new DatabaseSync(location)
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  run(sql: string, values: readonly SqlValue[]): number {
    const statement = this.#take(sql)
    const { changes } = statement.run(...values)
    this.#giveBack(sql, statement)
    return Number(changes)
  }

  insert(sql: string, values: readonly SqlValue[]): number {
    const statement = this.#take(sql)
    const { lastInsertRowid } = statement.run(...values)
    this.#giveBack(sql, statement)
    return Number(lastInsertRowid)
  }

  get(sql: string, values: readonly SqlValue[]): Row | undefined {
    const statement = this.#take(sql)
    const row = statement.get(...values)
    this.#giveBack(sql, statement)
    return row
  }

  column(sql: string, values: readonly SqlValue[]): unknown[] {
    const statement = this.#take(sql)
    statement.setReturnArrays(true)
    const rows: unknown = statement.all(...values)
    statement.setReturnArrays(false)
    this.#giveBack(sql, statement)
    return Array.isArray(rows) ? rows.map(row => row[0]) : []
  }

  all(sql: string, values: readonly SqlValue[]): Row[] {
    const statement = this.#take(sql)
    const rows = statement.all(...values)
    this.#giveBack(sql, statement)
    return rows
  }

  *iterate(sql: string, values: readonly SqlValue[]): Generator<Row, void> {
    const statement = this.#take(sql)
    let isFailed = false
    try {
      yield* statement.iterate(...values)
    } catch (error) {
      isFailed = true
      throw error
    } finally {
      if (!isFailed) this.#giveBack(sql, statement)
    }
  }

  define(name: string, compute: (...args: unknown[]) => SqlValue): void {
    this.#database.function(name, { varargs: true, deterministic: true }, compute)
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction
  }

  async backup(file: string): Promise<void> {
    await backup(this.#database, file, { rate: BACKUP_PAGES })
  }

  abandon(): void {
    for (const statement of this.#taken) {
      try {
        // Starting over is how a statement is reset; one that failed answers with its failure once more.
        statement.iterate().return?.()
      } catch {
        // That failure was reported when it happened.
      }
    }
    this.#taken.clear()
  }

  close(): void {
    this.#idle.clear()
    this.#database.close()
  }

  #take(sql: string): StatementSync {
    const statement = this.#idle.get(sql) ?? this.#database.prepare(sql)
    this.#idle.delete(sql)
    this.#taken.add(statement)
    return statement
  }

  #giveBack(sql: string, statement: StatementSync): void {
    this.#taken.delete(statement)
    this.#idle.set(sql, statement)
    const [oldest] = this.#idle.size > MAX_STATEMENTS ? this.#idle.keys() : []
    if (oldest !== undefined) this.#idle.delete(oldest)
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
