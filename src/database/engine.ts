import { CloudletError, DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { Collections } from './collections.ts'
import { decodeText } from './document.ts'
import type { Matcher } from './filter.ts'
import {
  COMMITTING,
  type EngineOptions,
  type EngineOutcome,
  type EngineRequest,
  type FromWorker,
  IDLE,
} from './messages.ts'
import { OPERATIONS, type Store } from './operations.ts'
import { sortOrder, sortRank } from './sort.ts'
import type { SqlParameters, SqlValue } from './sql.ts'
import { isBusy, isSqliteError, openSqlite, type Sqlite } from './sqlite.ts'

type Outcomes = Extract<FromWorker, { kind: 'outcomes' }>

/** The database itself, in the worker's thread: runs batches of ops, each batch one transaction. */
export class Engine {
  readonly #sqlite: Sqlite
  readonly #store: Store
  readonly #progress: Int32Array
  #missing = new Set<string>()

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when it can't be opened, with a message that says why. */
  constructor(options: EngineOptions) {
    this.#progress = new Int32Array(options.progress)
    this.#sqlite = open(options)
    const collections = new Collections(this.#sqlite)
    const current = defineFunctions(this.#sqlite)
    this.#store = {
      sqlite: this.#sqlite,
      collections,
      autoCreateCollections: options.autoCreateCollections,
      use: parameters => {
        current.parameters = parameters
      },
      noteMissing: name => this.#missing.add(name),
    }
  }

  /**
   * Runs the requests in order, in one transaction with one fsync. A request that fails undoes itself alone.
   * The outcomes hold only once this returns. Fewer than the requests when the results grew large: the rest was not run.
   */
  runBatch(requests: readonly EngineRequest[]): Outcomes {
    this.#missing = new Set()
    const isCommit = requests.some(({ op }) => OPERATIONS[op].isWrite)
    let outcomes: EngineOutcome[] = []
    try {
      if (isCommit) this.#sqlite.exec('BEGIN IMMEDIATE')
      let sizeChars = 0
      for (const [index, request] of requests.entries()) {
        Atomics.store(this.#progress, 0, index)
        const outcome = this.#runRequest(request)
        outcomes.push(outcome)
        if (outcome.kind === 'done') sizeChars += outcome.result.length
        if (sizeChars > LIMITS.databaseMessageChars) break
      }
      Atomics.store(this.#progress, 0, COMMITTING)
      if (isCommit) this.#sqlite.exec('COMMIT')
    } catch (error) {
      // Nothing of the batch is stored, so nothing of it may be acknowledged, reads of it neither.
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK')
      this.#store.collections.reload()
      outcomes = requests.map(() => toFailure(error))
    }
    Atomics.store(this.#progress, 0, IDLE)
    return { kind: 'outcomes', outcomes, isCommit, missingCollections: [...this.#missing] }
  }

  close(): void {
    this.#sqlite.close()
  }

  #runRequest({ op, args }: EngineRequest): EngineOutcome {
    const { isWrite, run } = OPERATIONS[op]
    if (isWrite) this.#sqlite.exec('SAVEPOINT request')
    try {
      const result = run(this.#store, JSON.parse(args))
      if (isWrite) this.#sqlite.exec('RELEASE request')
      return { kind: 'done', result }
    } catch (error) {
      this.#sqlite.abandon()
      if (!isWrite) return toFailure(error)
      // A full disk makes SQLite roll the whole transaction back by itself.
      if (!this.#sqlite.isTransaction) throw error
      this.#sqlite.exec('ROLLBACK TO request; RELEASE request')
      this.#store.collections.reload()
      return toFailure(error)
    }
  }
}

function toFailure(error: unknown): EngineOutcome {
  if (error instanceof DatabaseError) return { kind: 'failed', reason: error.reason, message: error.message }
  if (error instanceof CloudletError)
    return { kind: 'failed', reason: 'INVALID_PARAM', message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  return {
    kind: 'failed',
    reason: 'DATABASE_REQUEST_FAILED',
    message: `The database could not do this: ${message}.`,
  }
}

function open({ location, isInMemory }: EngineOptions): Sqlite {
  try {
    const sqlite = openSqlite(location)
    if (isInMemory) return sqlite
    // EXCLUSIVE before WAL: the lock is the operating system's, so it ends with the process that holds it.
    sqlite.exec('PRAGMA locking_mode = EXCLUSIVE')
    sqlite.exec('PRAGMA journal_mode = WAL')
    // An acknowledged write is on the disk, not on its way there.
    sqlite.exec('PRAGMA synchronous = FULL')
    sqlite.exec('PRAGMA cache_size = -65536')
    sqlite.exec('PRAGMA temp_store = MEMORY')
    sqlite.exec('BEGIN IMMEDIATE; COMMIT')
    return sqlite
  } catch (error) {
    if (!isSqliteError(error)) throw error
    const reason = isBusy(error)
      ? 'The database directory is in use by another process or another Database. Close that one first.'
      : `The database file can't be opened: ${error.message}.`
    throw new DatabaseError('DATABASE_REQUEST_FAILED', reason, { cause: error })
  }
}

/** The functions SQL calls where JavaScript decides. `current` holds the statement they decide for. */
function defineFunctions(sqlite: Sqlite): { parameters: SqlParameters | undefined } {
  const current: { parameters: SqlParameters | undefined } = { parameters: undefined }
  const decode = rememberLast(decodeText)
  sqlite.define('cloudlet_matches', (index, text) => {
    const matches: Matcher | undefined = current.parameters?.matchers[Number(index)]
    return matches?.(decode(String(text))) ? 1 : 0
  })
  sqlite.define('cloudlet_test', (index, text) => {
    const pattern = current.parameters?.patterns[Number(index)]
    return typeof text === 'string' && pattern?.test(text) ? 1 : 0
  })
  const onSort =
    (compute: (path: string, direction: 1 | -1, text: string) => SqlValue) =>
    (path: unknown, direction: unknown, text: unknown): SqlValue =>
      compute(String(path), direction === 1 ? 1 : -1, String(text))
  sqlite.define('cloudlet_rank', onSort(sortRank))
  sqlite.define('cloudlet_order', onSort(sortOrder))
  return current
}

/** One row is often asked about several times in a row. */
function rememberLast<Result>(compute: (text: string) => Result): (text: string) => Result {
  let last: { readonly text: string; readonly result: Result } | undefined
  return text => {
    if (last?.text !== text) last = { text, result: compute(text) }
    return last.result
  }
}
