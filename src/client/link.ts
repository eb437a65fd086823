import {
  CancelledError,
  CloudletError,
  ConnectionError,
  OverloadedError,
  ProtocolError,
  RemoteError,
  UnauthenticatedError,
  ValueError,
} from '../errors.ts'
import { decodeFrame, encodeFrame } from '../protocol/codec.ts'
import {
  CLOSE_CODES,
  type ClientFrame,
  PROTOCOL_VERSIONS,
  parseServerFrame,
  type ServerFrame,
  type SessionLimits,
  type WelcomeFrame,
} from '../protocol/frames.ts'
import type { LinkCall, LinkOptions, LinkState } from './link-options.ts'
import { EventCount, LinkStreams, type PendingCall } from './link-streams.ts'
import type { ClientSocket } from './socket.ts'

/** Calls that may wait for the welcome or for a free place among the session's calls in flight. */
export const WAITING_CALLS_MAX = 10_000

/** One socket from its hello to its end, with the calls on it. Never comes back: connection.ts makes the next. */
export class Link {
  readonly #options: LinkOptions
  #state: LinkState = 'connecting'
  #socket: ClientSocket | undefined
  #limits: SessionLimits | undefined
  /** Why the door ends the session, as its last error frame said. */
  #sessionError: RemoteError | undefined
  #nextId = 1
  /** Not sent yet, in order. */
  readonly #waiting = new Map<number, PendingCall>()
  readonly #inFlight = new Map<number, PendingCall>()
  readonly #streams: LinkStreams
  /** Cancelled here, answer still to come. */
  readonly #abandoned = new Set<number>()
  #connectTimer: ReturnType<typeof setTimeout> | undefined
  #probeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#streams = new LinkStreams({
      intervalMs: options.heartbeatMs,
      acknowledge: (id, sequence) => this.#send({ type: 'ack', id, sequence }),
      onBeat: () => this.#send({ type: 'ping', nonce: this.#nextId }),
      onSilence: () => this.#end(new ConnectionError(`${options.url} has been silent for too long.`)),
    })
  }

  get state(): LinkState {
    return this.#state
  }

  /** Connects. Once, before anything else. */
  open(): void {
    const { url, connectTimeoutMs } = this.#options
    this.#connectTimer = setTimeout(
      () =>
        this.#end(new ConnectionError(`${url} did not welcome this client within ${connectTimeoutMs} ms.`)),
      connectTimeoutMs,
    )
    void this.#connect()
  }

  async #connect(): Promise<void> {
    const { url, openSocket, credentials } = this.#options
    try {
      const hello = await credentials.makeHello()
      if (this.#state !== 'connecting') return
      this.#socket = openSocket(url, {
        onOpen: () => this.#send(hello),
        onMessage: message => this.#receive(message),
        onClose: (code, reason) => this.#takeClose(this.#closeError(code, reason)),
      })
    } catch (error) {
      const isKnown = error instanceof CloudletError
      this.#end(
        isKnown ? error : new ConnectionError(`Can't connect to ${url}: ${String(error)}.`, { cause: error }),
      )
    }
  }

  /** A token that is refused may have ended: where there is a way to another, the link connects once more. */
  #takeClose(error: CloudletError): void {
    const isRefused = error.code === 'CLOUDLET_UNAUTHENTICATED' && !error.retryable
    const mayTryAgain = isRefused && this.#options.credentials.refuse()
    if (!mayTryAgain || this.#state !== 'connecting') {
      this.#end(error)
      return
    }
    this.#sessionError = undefined
    void this.#connect()
  }

  /** Sends one call, at once or when there is room for it. */
  async call(call: LinkCall): Promise<unknown> {
    const { op, args, signal, timeoutMs, onEvent } = call
    if (signal?.aborted) throw new CancelledError()
    if (this.#waiting.size >= WAITING_CALLS_MAX) {
      throw new OverloadedError(
        `${WAITING_CALLS_MAX} calls of this client wait to be sent. Await some before making more.`,
      )
    }
    const id = this.#nextId++
    // Encoded now, so that later changes to the arguments don't travel.
    const message = encodeFrame({ type: 'call', id, op, args })
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const onAbort = (): void => this.#giveUp(id, new CancelledError())
    const timer = setTimeout(() => {
      this.#giveUp(id, new ConnectionError(`No answer to ${op} came within ${timeoutMs} ms.`))
      this.#probe()
    }, timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    const onFirst = (): void => clearTimeout(timer)
    const events = onEvent === undefined ? undefined : new EventCount(onEvent, onFirst)
    this.#waiting.set(id, { message, resolve, reject, events })
    this.#sendWaiting()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#closeIfDone()
    }
  }

  /** Takes no new calls and closes once those there are have settled. */
  retire(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'open') this.#setState('retired')
    this.#closeIfDone()
  }

  /** Says goodbye and closes. Calls still there fail with a ConnectionError. */
  close(): void {
    if (this.#state === 'open' || this.#state === 'retired') this.#send({ type: 'goodbye' })
    this.#end(new ConnectionError('The connection was closed.'))
  }

  #receive(message: Uint8Array | string): void {
    if (this.#state === 'closed') return
    clearTimeout(this.#probeTimer)
    this.#streams.hear()
    try {
      if (typeof message === 'string') throw new ProtocolError('The door sent a text message.')
      this.#handle(parseServerFrame(decodeFrame(message)))
    } catch (error) {
      this.#end(error instanceof CloudletError ? error : new ProtocolError(String(error), { cause: error }))
    }
  }

  #handle(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#welcome(frame)
        return
      case 'event':
        // One of a stream that was given up crossed with its cancel.
        if (!this.#abandoned.has(frame.id)) this.#streams.takeEvent(frame)
        return
      case 'result':
        this.#takeAnswered(frame.id)?.resolve(frame.result)
        this.#sendWaiting()
        return
      case 'error':
        if (frame.id === undefined) {
          this.#sessionError = new RemoteError(frame.error)
          return
        }
        this.#takeAnswered(frame.id)?.reject(new RemoteError(frame.error))
        this.#sendWaiting()
        return
      case 'goodbye':
        this.retire()
        return
      case 'pong':
        return
      default:
        frame satisfies never
    }
  }

  #welcome({ version, limits, login }: WelcomeFrame): void {
    if (this.#state !== 'connecting' || !PROTOCOL_VERSIONS.includes(version)) {
      throw new ProtocolError(`The door sent a welcome (version ${version}) that was not asked for.`)
    }
    clearTimeout(this.#connectTimer)
    if (login !== undefined) this.#options.credentials.keep(login)
    this.#limits = limits
    this.#setState('open')
    this.#sendWaiting()
  }

  /** Undefined for the answer of a call that was given up. */
  #takeAnswered(id: number): PendingCall | undefined {
    if (this.#abandoned.delete(id)) return undefined
    const call = this.#inFlight.get(id) ?? this.#streams.remove(id)
    if (call === undefined) throw new ProtocolError(`The door answered call ${id}, which is not in flight.`)
    this.#inFlight.delete(id)
    return call
  }

  #sendWaiting(): void {
    if (this.#limits === undefined || this.#state === 'closed') return
    const { callsInFlight, frameBytes } = this.#limits
    for (const [id, call] of this.#waiting) {
      const isStream = call.events !== undefined
      if (!isStream && this.#inFlight.size + this.#abandoned.size >= callsInFlight) return
      this.#waiting.delete(id)
      if (call.message.length > frameBytes) {
        const size = `The call takes ${call.message.length} bytes on the wire, over this door's limit of ${frameBytes}.`
        call.reject(new ValueError('args', `${size} Send less, or upload it as a file.`))
        continue
      }
      if (isStream) this.#streams.add(id, call)
      else this.#inFlight.set(id, call)
      this.#socket?.send(call.message)
    }
  }

  #giveUp(id: number, error: CloudletError): void {
    const waiting = this.#waiting.get(id)
    const call = waiting ?? this.#inFlight.get(id) ?? this.#streams.remove(id)
    if (call === undefined) return
    this.#waiting.delete(id)
    this.#inFlight.delete(id)
    if (waiting === undefined) {
      this.#abandoned.add(id)
      this.#send({ type: 'cancel', id })
    }
    call.reject(error)
  }

  /** Silence may be a long download or a dead network: new calls go elsewhere, those here keep their chance. */
  #probe(): void {
    if (this.#state !== 'open') return
    this.#send({ type: 'ping', nonce: this.#nextId })
    clearTimeout(this.#probeTimer)
    this.#probeTimer = setTimeout(() => this.retire(), this.#options.pongTimeoutMs)
  }

  #closeIfDone(): void {
    if (this.#state === 'retired' && this.#waiting.size + this.#inFlight.size + this.#streams.size === 0) {
      this.close()
    }
  }

  #send(frame: ClientFrame): void {
    this.#socket?.send(encodeFrame(frame))
  }

  #closeError(code: number, reason: string): CloudletError {
    if (this.#sessionError !== undefined) return this.#sessionError
    if (code === CLOSE_CODES.unauthenticated) return new UnauthenticatedError(reason)
    const { url } = this.#options
    const why = reason === '' ? `code ${code}` : `code ${code}: ${reason}`
    const when = this.#limits === undefined ? "Can't connect to" : 'Lost the connection to'
    return new ConnectionError(`${when} ${url} (${why}).`)
  }

  /** Settles everything with the one error. */
  #end(error: CloudletError): void {
    if (this.#state === 'closed') return
    this.#setState('closed')
    clearTimeout(this.#connectTimer)
    clearTimeout(this.#probeTimer)
    const calls = [...this.#waiting.values(), ...this.#inFlight.values(), ...this.#streams.removeAll()]
    this.#waiting.clear()
    this.#inFlight.clear()
    this.#abandoned.clear()
    for (const call of calls) call.reject(error)
    this.#socket?.close(error instanceof ProtocolError ? CLOSE_CODES.protocol : CLOSE_CODES.goodbye, '')
  }

  #setState(state: LinkState): void {
    this.#state = state
    this.#options.onChange(state)
  }
}
