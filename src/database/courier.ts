import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseError, HostClosedError } from '../errors.ts'
import { Channel, type ChannelEnd } from './channel.ts'
import {
  COMMITTING,
  type EngineOp,
  type EngineOps,
  type EngineOutcome,
  encodeArgs,
  type FromWorker,
  type WatchMessage,
} from './messages.ts'
import { HOST, type PendingRequest, type Requester, RequestQueue } from './request-queue.ts'
import { openSqlite, type Sqlite } from './sqlite.ts'

export interface CourierOptions {
  /** File name, or `file:` address of a database in memory. */
  readonly location: string
  readonly isInMemory: boolean
  readonly autoCreateCollections: boolean
  readonly opLimitMs: number
  /** What the worker tells of watches, between the answers to requests. */
  readonly onWatched: (messages: readonly WatchMessage[], isBehind: boolean) => void
  /** The worker was lost, and with it what it held in memory. The next request starts another. */
  readonly onLost: () => void
  /** Told once per use, by the name of a collection that was not created. */
  readonly onMissingCollection: (name: string) => void
  readonly onWarning: (message: string) => void
}

export interface CourierStats {
  /** Transactions committed: one per batch with a write, however many writes it held. */
  readonly commitCount: number
  /** Requests sent to the worker, those sent again included. */
  readonly requestCount: number
  /** Workers started after the first one. */
  readonly restartCount: number
}

/**
 * Carries requests to the database's worker and its outcomes back: starts it with the first request, sends what
 * waits together as one batch, and when the worker is lost, starts another and asks again what was not run.
 */
export class Courier {
  readonly #options: CourierOptions
  /** Holds the data in memory, which lives as long as any connection: a worker may come and go. */
  #keeper: Sqlite | undefined
  #channel: Channel | undefined
  readonly #queue = new RequestQueue(() => this.#planFlush())
  #inFlight: PendingRequest[] = []
  /** Backups that go on beside other requests, the first to end first. */
  #begun: PendingRequest[] = []
  #isFlushPlanned = false
  #openFailure: string | undefined
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined
  #commitCount = 0
  #requestCount = 0
  #startCount = 0

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /**
   * @param by Whose request it is: of many who ask, each has its turn. None: the host's own.
   * @throws {DatabaseError} the op's own; {HostClosedError} after `close()`; {OverloadedError}.
   */
  async call<Op extends EngineOp>(
    op: Op,
    args: EngineOps[Op]['args'],
    by?: Requester,
  ): Promise<EngineOps[Op]['result']> {
    return JSON.parse(await this.callForText(op, args, by))
  }

  /** As `call`, with the result as JSON text. */
  async callForText<Op extends EngineOp>(
    op: Op,
    args: EngineOps[Op]['args'],
    by: Requester = HOST,
  ): Promise<string> {
    if (this.#closing !== undefined) throw new HostClosedError('The database is closed.')
    const text = encodeArgs(args)
    return new Promise<string>((resolve, reject) => {
      this.#queue.push({ op, args: text, by, resolve, reject })
      this.#planFlush()
    })
  }

  stats(): CourierStats {
    return {
      commitCount: this.#commitCount,
      requestCount: this.#requestCount,
      restartCount: Math.max(0, this.#startCount - 1),
    }
  }

  /** Finishes what was asked before, then ends the worker. Later calls reject with HostClosedError. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    while (this.#inFlight.length + this.#waitingCount > 0) {
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
    this.#inFlight = this.#queue.takeBatch()
    if (this.#inFlight.length === 0) {
      // A request that is set aside, held back, or goes on, keeps the process alive as one that runs.
      if (this.#waitingCount > 0) return
      this.#channel?.rest()
      this.#onIdle?.()
      return
    }
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

  get #waitingCount(): number {
    return this.#queue.lockedCount + this.#queue.length + this.#begun.length
  }

  #open(): Channel {
    const { location, isInMemory, autoCreateCollections, opLimitMs } = this.#options
    if (isInMemory) this.#keeper ??= openSqlite(location)
    else mkdirSync(dirname(location), { recursive: true })
    this.#startCount++
    const options = { location, isInMemory, autoCreateCollections }
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
    if (message.kind === 'watched') {
      this.#options.onWatched(message.messages, message.isBehind)
      return
    }
    if (message.kind === 'ended') {
      this.#answer(this.#begun.shift(), message.outcome)
      this.#flush()
      return
    }
    const batch = this.#inFlight
    this.#inFlight = []
    if (message.isCommit) this.#commitCount++
    for (const name of message.missingCollections) this.#options.onMissingCollection(name)
    for (const warning of message.warnings) this.#options.onWarning(warning)
    // One that took long, or whose results grew large, is answered in parts.
    this.#queue.learn(batch.length, message.outcomes.length)
    this.#queue.putBack(batch.slice(message.outcomes.length))
    for (const [index, outcome] of message.outcomes.entries()) this.#answer(batch[index], outcome)
    if (message.hasReleased) this.#queue.unlock()
    this.#flush()
  }

  #answer(request: PendingRequest | undefined, outcome: EngineOutcome): void {
    if (request === undefined) return
    if (typeof outcome === 'string') request.resolve(outcome)
    else if (outcome.kind === 'failed') request.reject(new DatabaseError(outcome.reason, outcome.message))
    else if (outcome.kind === 'begun') this.#begun.push(request)
    else this.#queue.lock(request)
  }

  /**
   * The worker is gone, and with it the open transaction: nothing of the batch in flight was stored, unless the
   * commit itself was under way. The request that ran fails; the others are asked again.
   */
  #recover({ cause, progress, error }: ChannelEnd): void {
    this.#channel = undefined
    // Transactions end with their worker.
    this.#queue.unlock()
    const [batch, openFailure] = [this.#inFlight, this.#openFailure]
    this.#openFailure = undefined
    if (openFailure === undefined) this.#options.onLost()
    if (openFailure !== undefined) {
      this.#settle(batch, () => failure(openFailure))
      return
    }
    const why = cause === 'stuck' ? 'it ran too long' : `the database worker ended (${describe(error)})`
    for (const backup of this.#begun.splice(0)) {
      backup.reject(failure(`The backup was stopped: the database worker ended (${describe(error)}).`, error))
    }
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
