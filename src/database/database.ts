import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError, HostClosedError, InvalidOptionError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { Closable } from '../types.ts'
import { Channel, type ChannelEnd } from './channel.ts'
import {
  COMMITTING,
  type EngineOp,
  type EngineOps,
  encodeArgs,
  type FromWorker,
  type ReplaceArgs,
} from './messages.ts'
import { type PendingRequest, RequestQueue } from './request-queue.ts'
import { openSqlite, type Sqlite } from './sqlite.ts'

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
  readonly onWarning?: (message: string) => void
}

export interface DatabaseStats {
  /** Transactions committed: one per batch with a write, however many writes it held. */
  readonly commitCount: number
  /** Requests sent to the worker, those sent again included. */
  readonly requestCount: number
  /** Workers started after the first one. */
  readonly restartCount: number
}

/**
 * The document database: SQLite in a thread of its own, so the caller's event loop never waits for it.
 *
 * A write that resolved is on the disk (with a directory). Requests run in the order they were made, and
 * those that are waiting together share one transaction and one fsync.
 */
export class Database implements Closable {
  readonly #options: DatabaseOptions
  readonly #location: string
  readonly #warned = new Set<string>()
  /** Holds the data in memory, which lives as long as any connection: a worker may come and go. */
  #keeper: Sqlite | undefined
  #channel: Channel | undefined
  readonly #queue = new RequestQueue()
  #inFlight: PendingRequest[] = []
  #isFlushPlanned = false
  #openFailure: string | undefined
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined
  #commitCount = 0
  #requestCount = 0
  #startCount = 0

  /** Opens nothing yet: the first call does. */
  constructor(options: DatabaseOptions = {}) {
    const { opLimitMs = LIMITS.databaseOpMs } = options
    if (!Number.isFinite(opLimitMs) || opLimitMs <= 0) {
      throw new InvalidOptionError('opLimitMs', 'opLimitMs must be a number of milliseconds above 0.')
    }
    this.#options = { ...options, opLimitMs }
    this.#location =
      options.directory === undefined
        ? `file:/cloudlet-${randomUUID()}?vfs=memdb`
        : join(options.directory, 'database.sqlite')
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED (E11000) for an `_id` that exists; then nothing is added. */
  add(args: OpArgs<'database.add'>): Promise<OpResult<'database.add'>> {
    return this.#call('add', args)
  }

  /** Documents in the order of `sort`, else of insertion. A `limit` of 0, or none, is no limit. */
  query(args: OpArgs<'database.query'>): Promise<OpResult<'database.query'>> {
    return this.#call('query', args)
  }

  count(args: OpArgs<'database.count'>): Promise<OpResult<'database.count'>> {
    return this.#call('count', args)
  }

  /** Updates the first match, or all with `multi`; counts matches. If one document can't be updated, none is. */
  update(args: OpArgs<'database.update'>): Promise<OpResult<'database.update'>> {
    return this.#call('update', args)
  }

  /**
   * Replaces the document of that id or creates it.
   *
   * @throws {DatabaseError} DATABASE_PERMISSION_DENIED when a document exists that `guard`, a filter, doesn't match.
   */
  replace(args: ReplaceArgs): Promise<OpResult<'database.replace'>> {
    return this.#call('replace', args)
  }

  remove(args: OpArgs<'database.remove'>): Promise<OpResult<'database.remove'>> {
    return this.#call('remove', args)
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED (`Table exist`) when it exists. */
  createCollection(
    args: OpArgs<'database.createCollection'>,
  ): Promise<OpResult<'database.createCollection'>> {
    return this.#call('createCollection', args)
  }

  /** Removes a collection and all its documents. */
  async dropCollection(collection: string): Promise<void> {
    await this.#call('dropCollection', { collection })
  }

  /** Names in order. */
  async listCollections(): Promise<string[]> {
    const { collections } = await this.#call('listCollections', {})
    return collections
  }

  stats(): DatabaseStats {
    return {
      commitCount: this.#commitCount,
      requestCount: this.#requestCount,
      restartCount: Math.max(0, this.#startCount - 1),
    }
  }

  /** Finishes what was asked before, then closes the file. Later calls reject with HostClosedError. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    while (this.#queue.length + this.#inFlight.length > 0) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    if (this.#channel !== undefined) {
      const ended = new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
      this.#channel.close()
      await ended
    }
    this.#keeper?.close()
    this.#keeper = undefined
  }

  async #call<Op extends EngineOp>(op: Op, args: EngineOps[Op]['args']): Promise<EngineOps[Op]['result']> {
    if (this.#closing !== undefined) throw new HostClosedError('The database is closed.')
    const text = encodeArgs(args)
    const result = await new Promise<string>((resolve, reject) => {
      this.#queue.push({ op, args: text, resolve, reject })
      this.#planFlush()
    })
    return JSON.parse(result)
  }

  /** Requests made in the same turn of the caller's code travel together. */
  #planFlush(): void {
    if (this.#isFlushPlanned || this.#inFlight.length > 0) return
    this.#isFlushPlanned = true
    queueMicrotask(() => {
      this.#isFlushPlanned = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#inFlight.length > 0) return
    if (this.#queue.length === 0) {
      this.#channel?.rest()
      this.#onIdle?.()
      return
    }
    this.#inFlight = this.#queue.takeBatch()
    this.#requestCount += this.#inFlight.length
    try {
      this.#channel ??= this.#open()
    } catch (error) {
      this.#settle(this.#inFlight, () =>
        failure(`The database can't be opened (${errorCode(error)}).`, error),
      )
      return
    }
    this.#channel.send(this.#inFlight.map(({ op, args }) => ({ op, args })))
  }

  #open(): Channel {
    const { directory, autoCreateCollections = false, opLimitMs = LIMITS.databaseOpMs } = this.#options
    if (directory === undefined) this.#keeper ??= openSqlite(this.#location)
    else mkdirSync(directory, { recursive: true })
    this.#startCount++
    const options = { location: this.#location, isInMemory: directory === undefined, autoCreateCollections }
    return new Channel(options, opLimitMs, {
      onMessage: message => this.#receive(message),
      onEnd: end => this.#recover(end),
    })
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'unopened') {
      // The worker ends by itself; only then is it known that its hold on the file is gone.
      this.#openFailure = message.message
      return
    }
    const batch = this.#inFlight
    this.#inFlight = []
    if (message.isCommit) this.#commitCount++
    for (const name of message.missingCollections) this.#warnMissing(name)
    // A batch whose results grew large is answered in parts.
    this.#queue.putBack(batch.slice(message.outcomes.length))
    for (const [index, outcome] of message.outcomes.entries()) {
      if (outcome.kind === 'done') batch[index]?.resolve(outcome.result)
      else batch[index]?.reject(new DatabaseError(outcome.reason, outcome.message))
    }
    this.#flush()
  }

  /**
   * The worker is gone, and with it the open transaction: nothing of the batch in flight was stored, unless the
   * commit itself was under way. The request that ran fails; the others are asked again.
   */
  #recover({ cause, progress, error }: ChannelEnd): void {
    this.#channel = undefined
    const [batch, openFailure] = [this.#inFlight, this.#openFailure]
    this.#openFailure = undefined
    if (openFailure !== undefined) {
      this.#settle(batch, () => failure(openFailure))
      return
    }
    const why = cause === 'stuck' ? 'it ran too long' : `the database worker ended (${describe(error)})`
    if (progress < 0) {
      const outcome = progress === COMMITTING ? ' during a commit: whether the write holds is not known' : ''
      this.#settle(batch, () => failure(`The database worker ended${outcome} (${describe(error)}).`, error))
      return
    }
    batch[progress]?.reject(failure(`The request was stopped: ${why}. Its changes were undone.`, error))
    this.#inFlight = []
    this.#queue.putBack(batch.filter((_, index) => index !== progress))
    this.#flush()
  }

  #settle(batch: readonly PendingRequest[], makeError: () => Error): void {
    this.#inFlight = []
    for (const request of batch) request.reject(makeError())
    this.#flush()
  }

  #warnMissing(name: string): void {
    if (this.#warned.has(name)) return
    this.#warned.add(name)
    this.#options.onWarning?.(
      `Collection "${name}" was used without having been created. On the platform that is an error: create it first.`,
    )
  }
}

function failure(message: string, cause?: unknown): DatabaseError {
  return new DatabaseError('DATABASE_REQUEST_FAILED', message, { cause })
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error ?? 'no reason given')
}

/** The system's code alone: its message would tell a guest where the host keeps its files. */
function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : describe(error)
}
