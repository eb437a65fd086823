import { ConnectionError } from '../errors.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import type { Closable } from '../types.ts'
import type { Credentials } from './credentials.ts'
import { Link } from './link.ts'
import type { LinkState } from './link-options.ts'
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
  readonly onStatusChange: (status: ConnectionStatus) => void
}

export interface RemoteCallOptions {
  /** Aborting cancels the call on the host too. */
  readonly signal?: AbortSignal
  /** Milliseconds until the answer, connecting included. Default: the connection's. */
  readonly timeoutMs?: number
}

/**
 * All calls of one client over one socket, opened by the first of them and again by the next after a
 * drop. Calls in flight when the socket drops fail with a ConnectionError; none is sent twice.
 */
export class Connection implements Closable {
  readonly #options: ConnectionOptions
  #link: Link | undefined
  #status: ConnectionStatus = 'idle'
  #isClosing = false
  readonly #closing = new AbortController()
  /** Calls not settled yet, on the present link and on retired ones. */
  readonly #running = new Set<Promise<unknown>>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get status(): ConnectionStatus {
    return this.#status
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
    if (this.#isClosing) throw new ConnectionError('This client is closed. Make a new one with createCloud.')
    const { signal, timeoutMs = this.#options.timeoutMs } = options
    const answer = this.#usableLink().call({ op, args, signal, timeoutMs })
    this.#running.add(answer)
    try {
      // The host's results are of the op's own shape; nothing here depends on it.
      return (await answer) as OpResult<Op>
    } finally {
      this.#running.delete(answer)
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
    if (this.#isClosing) throw new ConnectionError('This client is closed. Make a new one with createCloud.')
    if (signal.aborted) return
    const { timeoutMs } = this.#options
    const ending = AbortSignal.any([signal, this.#closing.signal])
    try {
      await this.#usableLink().call({ op, args, signal: ending, timeoutMs, onEvent })
    } catch (error) {
      if (!ending.aborted) throw error
    }
  }

  /** Ends streams, refuses new calls, lets those in flight finish, and closes the socket. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#closing.abort()
    await Promise.allSettled(this.#running)
    this.#link?.close()
    this.#setStatus('closed')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #usableLink(): Link {
    const current = this.#link
    if (current?.state === 'connecting' || current?.state === 'open') return current
    const { url, openSocket, credentials, connectTimeoutMs, pongTimeoutMs, heartbeatMs } = this.#options
    const onChange = (state: LinkState): void => {
      if (this.#link === link && !this.#isClosing) this.#setStatus(state === 'open' ? 'open' : 'idle')
    }
    const link = new Link({
      ...{ url, openSocket, connectTimeoutMs, pongTimeoutMs, heartbeatMs },
      ...{ credentials, onChange },
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
