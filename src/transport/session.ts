import { randomUUID } from 'node:crypto'
import {
  CloudletError,
  errorToData,
  InternalError,
  ProtocolError,
  UnauthenticatedError,
  ValueError,
} from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { decodeFrame, encodeFrame } from '../protocol/codec.ts'
import {
  CLOSE_CODES,
  type HelloFrame,
  PROTOCOL_VERSIONS,
  parseClientFrame,
  type ServerFrame,
} from '../protocol/frames.ts'
import type { Caller } from '../types.ts'
import type { Login } from './auth.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { login, type SessionOrigin } from './login.ts'
import { LoginEnd } from './login-end.ts'
import { SessionCalls } from './session-calls.ts'
import { waitAtMost } from './wait.ts'

/** What a session needs of its socket. */
export interface SessionSocket {
  /** Bytes given to `send` that the network has not taken yet. */
  readonly bufferedBytes: number
  send(message: Uint8Array): void
  close(code: number, reason: string): void
  /** Cuts the connection, without a close frame. */
  terminate(): void
}

/**
 * waiting → authenticating → open → draining → closed, or closed from anywhere.
 * Draining is open for answers and closed to new calls.
 */
type State = 'waiting' | 'authenticating' | 'open' | 'draining' | 'closed'

/**
 * One WebSocket connection of one caller. Whatever its peer sends, it throws nothing and touches no
 * other session: a broken protocol closes it with a code and a reason.
 */
export class Session {
  readonly id: string = randomUUID()
  readonly #socket: SessionSocket
  readonly #origin: SessionOrigin
  readonly #options: ResolvedDoorOptions
  #state: State = 'waiting'
  #caller: Caller = {}
  readonly #calls: SessionCalls
  #loginEnd: LoginEnd | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(socket: SessionSocket, origin: SessionOrigin, options: ResolvedDoorOptions) {
    this.#socket = socket
    this.#origin = origin
    this.#options = options
    this.#calls = new SessionCalls({
      call: options.call,
      maxCallsInFlight: options.maxCallsInFlight,
      send: frame => this.#send(frame),
      toInternalError: cause => this.#internalError(cause),
    })
    this.#timer = setTimeout(() => {
      const error = new ProtocolError(`No hello came within ${options.helloTimeoutMs} ms.`)
      this.#fail(error, CLOSE_CODES.helloTimeout)
    }, options.helloTimeoutMs)
  }

  get isWelcomed(): boolean {
    return this.#state === 'open' || this.#state === 'draining'
  }

  /** Takes one whole message from the peer. */
  receive(message: Uint8Array): void {
    if (this.#state === 'closed') return
    try {
      if (!this.isWelcomed && message.length > LIMITS.helloBytes) {
        this.failHelloSize()
        return
      }
      this.#handle(message)
    } catch (error) {
      if (error instanceof ProtocolError) this.#fail(error, CLOSE_CODES.protocol)
      else this.#fail(this.#internalError(error), CLOSE_CODES.internal)
    }
  }

  /** The peer sent a text message; frames are binary. */
  receiveText(): void {
    this.#fail(new ProtocolError('Frames are binary messages, not text.'), CLOSE_CODES.textMessage)
  }

  /** More came before the welcome than a hello can need. */
  failHelloSize(): void {
    const error = new ProtocolError(`A session may send ${LIMITS.helloBytes} bytes before it is welcomed.`)
    this.#fail(error, CLOSE_CODES.tooLarge)
  }

  /** The socket is gone, from whichever side: gives up all calls. Idempotent. */
  end(): void {
    clearTimeout(this.#timer)
    this.#loginEnd?.stop()
    this.#state = 'closed'
    this.#calls.end()
  }

  /** Says goodbye, refuses new calls, and resolves when those in flight are answered. */
  async drain(reason = 'The host is closing.'): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'draining'
    this.#send({ type: 'goodbye', reason })
    await this.#calls.drain()
  }

  /** Closes with a code; calls still in flight are aborted. */
  close(code: number, reason: string): void {
    if (this.#state === 'closed') return
    this.end()
    this.#socket.close(code, cutReason(reason))
  }

  #handle(message: Uint8Array): void {
    const frame = parseClientFrame(decodeFrame(message))
    if (frame.type === 'hello') {
      if (this.#state !== 'waiting') throw new ProtocolError('A session says hello once.')
      this.#state = 'authenticating'
      clearTimeout(this.#timer)
      void this.#welcome(frame)
      return
    }
    if (!this.isWelcomed) throw new ProtocolError(`A ${frame.type} frame came before the welcome.`)
    switch (frame.type) {
      case 'call':
        this.#calls.start(frame, this.#caller)
        return
      case 'cancel':
        this.#calls.cancel(frame.id)
        return
      case 'ack':
        this.#calls.acknowledge(frame.id, frame.sequence)
        return
      case 'ping':
        this.#send({ type: 'pong', nonce: frame.nonce })
        return
      case 'goodbye':
        this.close(CLOSE_CODES.goodbye, 'Goodbye.')
        return
      default:
        frame satisfies never
    }
  }

  async #welcome(hello: HelloFrame): Promise<void> {
    const version = PROTOCOL_VERSIONS.findLast(known => hello.versions.includes(known))
    if (version === undefined) {
      const ours = PROTOCOL_VERSIONS.join(', ')
      const reason = `This door speaks protocol versions ${ours}, the client ${hello.versions.join(', ')}.`
      this.#fail(new ProtocolError(reason), CLOSE_CODES.version)
      return
    }
    let found: Login
    try {
      found = await login(hello, this.#origin, this.#options)
    } catch (error) {
      const known = error instanceof CloudletError ? error : this.#internalError(error)
      this.#fail(known, CLOSE_CODES.unauthenticated)
      return
    }
    if (this.#state !== 'authenticating') return
    this.#caller = found.caller
    this.#state = 'open'
    const { maxFrameBytes, maxCallsInFlight } = this.#options
    const limits = { frameBytes: maxFrameBytes, callsInFlight: maxCallsInFlight }
    this.#send({
      ...{ type: 'welcome', version, sessionId: this.id, limits },
      ...(found.login === undefined ? {} : { login: found.login }),
    })
    this.#loginEnd = new LoginEnd(found, {
      onExpired: () => void this.#expire(),
      onRevoked: () =>
        this.#fail(new UnauthenticatedError('The login was revoked.'), CLOSE_CODES.unauthenticated),
    })
  }

  /** What runs may still be answered; the client logs in anew for what comes. */
  async #expire(): Promise<void> {
    const reason = 'The login of this session has expired. Log in again.'
    await waitAtMost(this.#options.drainTimeoutMs, this.drain(reason))
    this.#fail(new UnauthenticatedError(reason), CLOSE_CODES.unauthenticated)
  }

  #internalError(cause: unknown): InternalError {
    const error = new InternalError(randomUUID(), { cause })
    this.#options.onInternalError(error)
    return error
  }

  #fail(error: CloudletError, code: number): void {
    if (this.#state === 'closed') return
    try {
      this.#send({ type: 'error', error: errorToData(error) })
    } catch (fault) {
      // The close code and its reason still say it.
      this.#internalError(fault)
    }
    this.close(code, error.message)
  }

  #send(frame: ServerFrame): void {
    const { maxBufferedBytes, maxFrameBytes } = this.#options
    const message = encodeFrame(frame)
    if (message.length > maxFrameBytes) {
      throw new ValueError(
        'result',
        `The answer takes ${message.length} bytes, over the limit of ${maxFrameBytes}. Ask for less at once.`,
      )
    }
    this.#socket.send(message)
    // A peer that doesn't read can't be told why; holding on to its answers is what must end.
    if (this.#socket.bufferedBytes > maxBufferedBytes) {
      this.end()
      this.#socket.terminate()
    }
  }
}

/** A close frame holds 123 bytes of reason. */
function cutReason(reason: string): string {
  const bytes = Buffer.from(reason)
  if (bytes.length <= 123) return reason
  return `${bytes
    .subarray(0, 119)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
