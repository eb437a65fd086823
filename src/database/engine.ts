import { CloudletError, DatabaseError } from '../errors.ts'
import { writeBackup } from './backup.ts'
import { ChangeFeed } from './change-feed.ts'
import { applyPermission } from './client-request.ts'
import { Collections } from './collections.ts'
import { decodeText } from './document.ts'
import type { Matcher } from './filter.ts'
import { Indexes } from './indexes.ts'
import {
  COMMITTING,
  type EngineOptions,
  type EngineOutcome,
  type EngineRequest,
  type FromWorker,
  IDLE,
} from './messages.ts'
import { OPERATIONS, REPEATABLE_OPS } from './operations.ts'
import { Permissions } from './permissions.ts'
import { Rows } from './rows.ts'
import { ScanWarning } from './scan-warning.ts'
import { sortOrder, sortRank } from './sort.ts'
import type { SqlParameters, SqlValue } from './sql.ts'
import { isBusy, isSqliteError, openSqlite, type Sqlite } from './sqlite.ts'
import type { Store } from './store.ts'
import { LockedDocument, Transactions } from './transactions.ts'
import { Watchers } from './watchers.ts'

type Outcomes = Extract<FromWorker, { kind: 'outcomes' }>

/**
 * How much of a batch is done before what has come of it is told, and others have their turn: results in UTF-16 units,
 * and time in milliseconds.
 */
const PART_CHARS = 1024 * 1024
const PART_MS = 20

/** The database itself, in the worker's thread: runs batches of ops, each batch one transaction. */
export class Engine {
  readonly #sqlite: Sqlite
  readonly #store: Store
  readonly #feed: ChangeFeed
  readonly #watchers: Watchers
  readonly #progress: Int32Array
  #missing = new Set<string>()
  #warnings: string[] = []
  #isCopying = false

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when it can't be opened, with a message that says why. */
  constructor(options: EngineOptions) {
    this.#progress = new Int32Array(options.progress)
    this.#sqlite = open(options)
    const collections = new Collections(this.#sqlite)
    const indexes = new Indexes(this.#sqlite, () => Atomics.add(this.#progress, 1, 1))
    const transactions = new Transactions(this.#sqlite)
    const current = defineFunctions(this.#sqlite)
    this.#feed = new ChangeFeed()
    this.#store = {
      sqlite: this.#sqlite,
      collections,
      permissions: new Permissions(this.#sqlite, collections),
      watches: {
        open: args => this.#watchers.open(args),
        acknowledge: watchId => this.#watchers.acknowledge(watchId),
        close: watchId => this.#watchers.close(watchId),
      },
      // Transactions first: a document that one holds is not to be changed.
      rows: new Rows(this.#sqlite, [transactions, indexes, this.#feed]),
      transactions,
      indexes,
      scanWarning: new ScanWarning(this.#sqlite, message => this.#warnings.push(message)),
      autoCreateCollections: options.autoCreateCollections,
      use: parameters => {
        current.parameters = parameters
      },
      noteMissing: name => this.#missing.add(name),
    }
    this.#watchers = new Watchers(this.#store, this.#feed)
  }

  /**
   * Runs the requests in order, in one transaction with one fsync. A request that fails undoes itself alone.
   * The outcomes hold only once this returns. Fewer than the requests when they took long or the results grew large: the rest was not run.
   */
  runBatch(requests: readonly EngineRequest[]): Outcomes {
    this.#missing = new Set()
    this.#warnings = []
    const isCommit = requests.some(({ op }) => OPERATIONS[op].isWrite)
    let outcomes = this.#runTogether(requests, isCommit, this.#needsSavepoints(requests))
    // One request failed half-way. It is undone with all of them, and all are run again so that each can be undone alone.
    outcomes ??= this.#runTogether(requests, isCommit, true)
    Atomics.store(this.#progress, 0, IDLE)
    return {
      kind: 'outcomes',
      outcomes: outcomes ?? [],
      isCommit,
      hasReleased: this.#store.transactions.takeReleased(),
      missingCollections: [...this.#missing],
      warnings: this.#warnings,
    }
  }

  /**
   * Copies the database into a file, which appears there when it is whole. Never rejects.
   * As long as `isCopying`, batches may run within `onStep` alone: it is called between steps, and after the last.
   */
  async runBackup({ args }: EngineRequest, onStep: () => void): Promise<EngineOutcome> {
    const copy = async (file: string): Promise<void> => {
      this.#isCopying = true
      try {
        await this.#sqlite.backup(file, onStep)
      } finally {
        this.#isCopying = false
        onStep()
      }
    }
    try {
      const { file, partial } = decodeText(args)
      await writeBackup(String(file), String(partial), copy)
      return '{}'
    } catch (error) {
      return toFailure(error)
    }
  }

  get isCopying(): boolean {
    return this.#isCopying
  }

  /** What watches are to be told after a batch, or when time has passed; undefined if nothing. */
  settleWatches(isTimeDue = false): Extract<FromWorker, { kind: 'watched' }> | undefined {
    const messages = this.#watchers.settle(isTimeDue)
    if (messages.length === 0) return undefined
    return { kind: 'watched', messages, isBehind: this.#watchers.isBehind }
  }

  /** Whether watches hang on the time, and so are to be settled now and then. */
  get watchesTime(): boolean {
    return this.#watchers.usesTime
  }

  close(): void {
    this.#sqlite.close()
  }

  /**
   * A savepoint copies every page that is written after it, which costs as much as a small write. Few requests fail
   * half-way, so those that may be run twice do without.
   */
  #needsSavepoints(requests: readonly EngineRequest[]): boolean {
    if (requests.length === 1) return false
    return this.#store.transactions.concerns() || requests.some(({ op }) => !REPEATABLE_OPS.has(op))
  }

  /** @returns undefined when nothing was done, because a request failed half-way and has no savepoint. */
  #runTogether(
    requests: readonly EngineRequest[],
    isCommit: boolean,
    hasSavepoints: boolean,
  ): EngineOutcome[] | undefined {
    const outcomes: EngineOutcome[] = []
    try {
      if (isCommit) this.#sqlite.exec('BEGIN IMMEDIATE')
      let sizeChars = 0
      const startMs = performance.now()
      for (const [index, request] of requests.entries()) {
        Atomics.store(this.#progress, 0, index)
        const outcome = this.#runRequest(request, hasSavepoints)
        outcomes.push(outcome)
        if (typeof outcome === 'string') sizeChars += outcome.length
        if (sizeChars > PART_CHARS || performance.now() - startMs > PART_MS) break
      }
      Atomics.store(this.#progress, 0, COMMITTING)
      if (isCommit) this.#sqlite.exec('COMMIT')
      this.#store.rows.endBatch(true)
      return outcomes
    } catch (error) {
      // Nothing of the batch is stored, so nothing of it may be acknowledged, reads of it neither.
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK')
      this.#store.collections.reload()
      this.#store.rows.endBatch(false)
      if (!(error instanceof HalfDone)) return requests.map(() => toFailure(error))
      return requests.length === 1 ? [toFailure(error.cause)] : undefined
    }
  }

  #runRequest({ op, args }: EngineRequest, hasSavepoint: boolean): EngineOutcome {
    const { isWrite, run } = OPERATIONS[op]
    this.#feed.isReplacing = op === 'replace'
    if (isWrite && hasSavepoint) this.#sqlite.run('SAVEPOINT request', [])
    const { writeCount } = this.#sqlite
    try {
      const result = run(this.#store, applyPermission(this.#store, op, JSON.parse(args)))
      if (isWrite && hasSavepoint) this.#sqlite.run('RELEASE request', [])
      this.#store.rows.endRequest(true)
      return result
    } catch (error) {
      this.#sqlite.abandon()
      if (!isWrite) return toFailure(error)
      // A full disk makes SQLite roll the whole transaction back by itself.
      if (!this.#sqlite.isTransaction) throw error
      const isHalfDone = !hasSavepoint && this.#sqlite.writeCount !== writeCount
      if (hasSavepoint) {
        this.#sqlite.exec('ROLLBACK TO request; RELEASE request')
        this.#store.collections.reload()
      }
      this.#store.rows.endRequest(false)
      if (isHalfDone) throw new HalfDone({ cause: error })
      return toFailure(error)
    }
  }
}

/** A request failed after it had written something, which only a rollback undoes. */
class HalfDone extends Error {
  constructor(options: { readonly cause: unknown }) {
    super('A request failed half-way.', options)
  }
}

function toFailure(error: unknown): EngineOutcome {
  if (error instanceof LockedDocument) return { kind: 'locked' }
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
  sqlite.define('cloudlet_measure', (index, text) => {
    return current.parameters?.measures[Number(index)]?.(decode(String(text))) ?? null
  })
  sqlite.define('cloudlet_test', (index, text) => {
    const pattern = current.parameters?.patterns[Number(index)]
    return typeof text === 'string' && pattern?.test(text) ? 1 : 0
  })
  sqlite.define('cloudlet_seen', () => {
    if (current.parameters !== undefined) current.parameters.seenCount++
    return 1
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
