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
  /** Grows whenever something may have been written. */
  readonly writeCount: number
  /**
   * Copies the database into a file, in the background and in steps. Between two of them `onStep` may work on it, and
   * what that commits is in the copy; at other times nothing may.
   */
  backup(file: string, onStep: () => void): Promise<void>
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

/** A statement, and whether it is at work: one that failed, or whose thread was stopped in it, stays so. */
interface Prepared {
  readonly statement: StatementSync
  isBusy: boolean
}

class Connection implements Sqlite {
  readonly #database: DatabaseSync
  /** By text, oldest first. Kept in place while it works: to take it out and put it back would cost as much as a short one's run. */
  readonly #prepared = new Map<string, Prepared>()
  /** Second statements of a text whose first is at work. */
  readonly #doubles = new Set<Prepared>()
  writeCount = 0

  constructor(location: string) {
    this.#database = new DatabaseSync(location)
  }

  exec(sql: string): void {
    this.writeCount++
    this.#database.exec(sql)
  }

  run(sql: string, values: readonly SqlValue[]): number {
    this.writeCount++
    const prepared = this.#take(sql)
    const { changes } = prepared.statement.run(...values)
    this.#giveBack(prepared)
    return Number(changes)
  }

  insert(sql: string, values: readonly SqlValue[]): number {
    const prepared = this.#take(sql)
    const { lastInsertRowid } = prepared.statement.run(...values)
    this.#giveBack(prepared)
    // What SQLite refuses of one row has changed nothing.
    this.writeCount++
    return Number(lastInsertRowid)
  }

  get(sql: string, values: readonly SqlValue[]): Row | undefined {
    const prepared = this.#take(sql)
    const row = prepared.statement.get(...values)
    this.#giveBack(prepared)
    return row
  }

  column(sql: string, values: readonly SqlValue[]): unknown[] {
    const prepared = this.#take(sql)
    prepared.statement.setReturnArrays(true)
    const rows: unknown = prepared.statement.all(...values)
    prepared.statement.setReturnArrays(false)
    this.#giveBack(prepared)
    return Array.isArray(rows) ? rows.map(row => row[0]) : []
  }

  all(sql: string, values: readonly SqlValue[]): Row[] {
    const prepared = this.#take(sql)
    const rows = prepared.statement.all(...values)
    this.#giveBack(prepared)
    return rows
  }

  *iterate(sql: string, values: readonly SqlValue[]): Generator<Row, void> {
    const prepared = this.#take(sql)
    let isFailed = false
    try {
      yield* prepared.statement.iterate(...values)
    } catch (error) {
      isFailed = true
      throw error
    } finally {
      if (!isFailed) this.#giveBack(prepared)
    }
  }

  define(name: string, compute: (...args: unknown[]) => SqlValue): void {
    this.#database.function(name, { varargs: true, deterministic: true }, compute)
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction
  }

  async backup(file: string, onStep: () => void): Promise<void> {
    await backup(this.#database, file, { rate: BACKUP_PAGES, progress: onStep })
  }

  abandon(): void {
    for (const prepared of [...this.#prepared.values(), ...this.#doubles]) {
      if (!prepared.isBusy) continue
      try {
        // Starting over is how a statement is reset; one that failed answers with its failure once more.
        prepared.statement.iterate().return?.()
      } catch {
        // That failure was reported when it happened.
      }
      this.#giveBack(prepared)
    }
  }

  close(): void {
    this.#prepared.clear()
    this.#doubles.clear()
    this.#database.close()
  }

  #take(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    const prepared = known === undefined || known.isBusy ? this.#prepare(sql, known !== undefined) : known
    prepared.isBusy = true
    return prepared
  }

  #prepare(sql: string, isDouble: boolean): Prepared {
    const prepared = { statement: this.#database.prepare(sql), isBusy: false }
    if (isDouble) {
      this.#doubles.add(prepared)
      return prepared
    }
    this.#prepared.set(sql, prepared)
    if (this.#prepared.size > MAX_STATEMENTS) this.#forgetOne()
    return prepared
  }

  /** One at work has to stay within reach of `abandon`. */
  #forgetOne(): void {
    for (const [sql, { isBusy }] of this.#prepared) {
      if (isBusy) continue
      this.#prepared.delete(sql)
      return
    }
  }

  #giveBack(prepared: Prepared): void {
    prepared.isBusy = false
    if (this.#doubles.size > 0) this.#doubles.delete(prepared)
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
