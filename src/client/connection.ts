import { ConnectionError } from '../errors.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import { IDEMPOTENT_OPS } from '../protocol/idempotent-ops.ts'
import type { BackoffPlan } from '../sdk/backoff.ts'
import type { Closable } from '../types.ts'
import type { Credentials } from './credentials.ts'
import { Link } from './link.ts'
import { MovedError } from './link-calls.ts'
import type { LinkCall, LinkState } from './link-options.ts'
import type { OpenSocket } from './socket.ts'

/** Idle: not connected now, the next call connects. */
export type ConnectionStatus = 'idle' | 'connecting' | 'open' | 'closed'

export interface ConnectionOptions {
  readonly url: string
  readonly openSocket: OpenSocket
  readonly credentials: Credentials
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  readonly pongTimeoutMs: number
  readonly heartbeatMs: number
  /** Pauses between attempts to take a broken session up again. */
  readonly reconnect?: BackoffPlan
  readonly onStatusChange: (status: ConnectionStatus) => void
}

export interface RemoteCallOptions {
  /** Aborting cancels the call on the host too. */
  readonly signal?: AbortSignal
  /** Milliseconds until the answer, connecting included. Default: the connection's. */
  readonly timeoutMs?: number
  /**
   * The call may be run twice for once, so it is sent again when it isn't known whether it was run. Default: what
   * `protocol/idempotent-ops` says of the op; a function's call is not.
   */
  readonly isIdempotent?: boolean
  /**
   * The time begins anew whenever something comes from the host, up to ten times as long in all: for an answer that
   * is large, or waits behind others that are.
   *
   * @default false
   */
  readonly isPatient?: boolean
}

const STATUSES: Readonly<Record<LinkState, ConnectionStatus>> = Object.freeze({
  connecting: 'connecting',
  open: 'open',
  broken: 'connecting',
  retired: 'idle',
  closed: 'idle',
})

/** Unless told otherwise. A break is mostly short: the first attempt comes soon. */
const RECONNECT: BackoffPlan = { firstDelayMs: 100, longestDelayMs: 5000 }
/** Times one call goes to another connection because the host it was sent to is closing. */
const MOVES_MAX = 3

/**
 * All calls of one client over one session, opened by the first of them. When its socket breaks while calls are in
 * flight it connects again and goes on with it; if the host has not kept it, calls that may be run twice are sent again,
 * and the others fail with a ConnectionError, once. The next call after that opens another.
 */
export class Connection implements Closable {
  readonly #options: ConnectionOptions
  #link: Link | undefined
  #status: ConnectionStatus = 'idle'
  #isClosing = false
  readonly #closing = new AbortController()
  /** Calls not settled yet, on the present link and on retired ones. */
  #runningCount = 0
  /** Settles when there are none, for who closes. */
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  /** Aborts when `close` is called. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * Rejects with a RemoteError of the host's own code, or here: ConnectionError (no connection, lost, or
   * timed out), CancelledError (signal), ValueError (arguments that can't be sent), OverloadedError.
   */
  call = async <Op extends OpName>(
    op: Op,
    args: OpArgs<Op>,
    options: RemoteCallOptions = {},
  ): Promise<OpResult<Op>> => {
    this.#requireOpen()
    const { signal, timeoutMs = this.#options.timeoutMs, isPatient = false } = options
    const isIdempotent = options.isIdempotent ?? IDEMPOTENT_OPS.has(op)
    const startMs = performance.now()
    const call = { op, args, signal, timeoutMs, isIdempotent, isPatient }
    this.#runningCount++
    try {
      // The host's results are of the op's own shape; nothing here depends on it.
      return (await this.#usableLink().call(call)) as OpResult<Op>
    } catch (error) {
      if (!(error instanceof MovedError)) throw error
      return (await this.#move(call, startMs + timeoutMs)) as OpResult<Op>
    } finally {
      if (--this.#runningCount === 0) this.#idle?.resolve()
    }
  }

  /**
   * Runs a streaming op until the signal aborts, then resolves. `onEvent` hears its events; the time limit of a call
   * is that of the first. Rejects as `call` does, and when the connection is lost.
   */
  stream = async <Op extends OpName>(
    op: Op,
    args: OpArgs<Op>,
    onEvent: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    this.#requireOpen()
    if (signal.aborted) return
    const { timeoutMs } = this.#options
    // Not AbortSignal.any: of a signal that outlives many streams it must be taken back, in every engine.
    const ending = new AbortController()
    const end = (): void => ending.abort()
    signal.addEventListener('abort', end)
    this.closing.addEventListener('abort', end)
    try {
      await this.#usableLink().call({
        ...{ op, args, signal: ending.signal, timeoutMs, onEvent },
        isIdempotent: false,
      })
    } catch (error) {
      if (!ending.signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', end)
      this.closing.removeEventListener('abort', end)
    }
  }

  /** Ends streams, refuses new calls, lets those in flight finish, and closes the socket. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#closing.abort()
    if (this.#runningCount > 0) {
      this.#idle ??= Promise.withResolvers()
      await this.#idle.promise
    }
    this.#link?.close()
    this.#setStatus('closed')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A host that closes leaves its calls to another connection, if they were not run or may be run twice. */
  async #move(call: LinkCall, endMs: number): Promise<unknown> {
    for (let moveCount = 1; ; moveCount++) {
      try {
        const timeoutMs = Math.max(1, endMs - performance.now())
        return await this.#usableLink().call({ ...call, timeoutMs })
      } catch (error) {
        if (!(error instanceof MovedError) || moveCount === MOVES_MAX) throw error
      }
    }
  }

  #requireOpen(): void {
    if (!this.#isClosing) return
    const message = 'This client is closed. Make a new one with createCloud.'
    throw new ConnectionError(message, { retryable: false })
  }

  #usableLink(): Link {
    const current = this.#link
    if (current !== undefined && current.state !== 'retired' && current.state !== 'closed') return current
    const {
      url,
      openSocket,
      credentials,
      connectTimeoutMs,
      pongTimeoutMs,
      heartbeatMs,
      reconnect = RECONNECT,
    } = this.#options
    const onChange = (state: LinkState): void => {
      if (this.#link === link && !this.#isClosing) this.#setStatus(STATUSES[state])
    }
    const link = new Link({
      ...{ url, openSocket, connectTimeoutMs, pongTimeoutMs, heartbeatMs },
      ...{ credentials, reconnect, onChange },
    })
    this.#link = link
    this.#setStatus('connecting')
    link.open()
    return link
  }

  #setStatus(status: ConnectionStatus): void {
    if (this.#status === status) return
    this.#status = status
    // Later and on its own, so that a listener that throws breaks nothing here.
    queueMicrotask(() => this.#options.onStatusChange(status))
  }
}
