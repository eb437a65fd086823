import {
  CancelledError,
  type CloudletError,
  ConnectionError,
  ProtocolError,
  RemoteError,
  retryAfterMsOf,
} from '../errors.ts'
import { encodeFrame } from '../protocol/codec.ts'
import { CLOSE_CODES, type ServerFrame, type SessionLimits, type WelcomeFrame } from '../protocol/frames.ts'
import { freeMemory } from '../protocol/message-memory.ts'
import type { ResumeRequest } from '../protocol/resume.ts'
import { Backoff } from '../sdk/backoff.ts'
import { Deadlines } from './deadlines.ts'
import { Dial, type DialEnd } from './dial.ts'
import { LinkCalls, MovedError } from './link-calls.ts'
import type { LinkCall, LinkOptions, LinkState } from './link-options.ts'
import { EventCount } from './link-streams.ts'
import { Receipts } from './receipts.ts'
import { TimeLimit } from './time-limit.ts'

/**
 * One session, with the calls on it: over one socket as long as that holds, and over another when it breaks. Never
 * comes back from its end: connection.ts makes the next.
 */
export class Link {
  readonly #options: LinkOptions
  #state: LinkState = 'connecting'
  #dial: Dial | undefined
  #limits: SessionLimits | undefined
  #nextId = 1
  readonly #calls: LinkCalls
  readonly #receipts: Receipts
  readonly #deadlines = new Deadlines()
  /** Of calls whose time begins anew with everything that comes. */
  readonly #patientLimits = new Set<TimeLimit>()
  /** How to take the session up again, if the door keeps it. */
  #resume: Pick<ResumeRequest, 'sessionId' | 'resumeToken'> | undefined
  #resumeWindowMs = 0
  /** Why and when the connection broke, until there is another. */
  #broken: { readonly error: CloudletError; readonly sinceMs: number } | undefined
  /** The door said goodbye, or is not trusted to be there: no new calls. */
  #isRetired = false
  #hasGoodbye = false
  readonly #backoff: Backoff
  #redialTimer: ReturnType<typeof setTimeout> | undefined
  #probeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.reconnect)
    this.#receipts = new Receipts(count => this.#dial?.send({ type: 'received', count }))
    this.#calls = new LinkCalls({
      intervalMs: options.heartbeatMs,
      acknowledge: (id, sequence) => this.#dial?.send({ type: 'ack', id, sequence }),
      onBeat: () => this.#dial?.send({ type: 'ping', nonce: this.#nextId }),
      onSilence: () => this.#fall(new ConnectionError(`${options.url} has been silent for too long.`)),
    })
  }

  get state(): LinkState {
    return this.#state
  }

  /** Connects. Once, before anything else. */
  open(): void {
    this.#redial()
  }

  /** Sends one call, at once or when there is room for it. Rejects with a MovedError for one that belongs on another link. */
  async call(call: LinkCall): Promise<unknown> {
    const { op, args, signal, timeoutMs, onEvent, isIdempotent, isPatient = false } = call
    if (signal?.aborted) throw new CancelledError()
    const id = this.#nextId++
    // Encoded now, so that later changes to the arguments don't travel.
    const message = encodeFrame({ type: 'call', id, op, args })
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const onAbort = (): void => this.#giveUp(id, new CancelledError())
    const limit = new TimeLimit(this.#deadlines, timeoutMs, () => {
      this.#giveUp(id, new ConnectionError(`No answer to ${op} came within ${timeoutMs} ms.`))
      this.#probe()
    })
    if (isPatient) this.#patientLimits.add(limit)
    signal?.addEventListener('abort', onAbort, { once: true })
    const events = onEvent === undefined ? undefined : new EventCount(onEvent, () => limit.end())
    try {
      this.#calls.add(id, { message, resolve, reject, events, isIdempotent })
      this.#sendWaiting()
      return await promise
    } finally {
      limit.end()
      this.#patientLimits.delete(limit)
      signal?.removeEventListener('abort', onAbort)
      this.#closeIfDone()
    }
  }

  /** Takes no new calls and closes once those there are have settled. */
  retire(): void {
    if (this.#state === 'closed') return
    this.#isRetired = true
    if (this.#state === 'open') this.#setState('retired')
    this.#closeIfDone()
  }

  /** Says goodbye and closes. Calls still there fail with a ConnectionError. */
  close(): void {
    if (this.#dial?.isWelcomed) this.#dial.send({ type: 'goodbye' })
    this.#end(new ConnectionError('The connection was closed.'))
  }

  #redial(): void {
    const resume =
      this.#resume === undefined ? undefined : { ...this.#resume, receivedCount: this.#receipts.count }
    const dial = new Dial(this.#options, resume, {
      onWelcome: frame => this.#welcome(dial, frame),
      onFrame: (frame, sizeBytes) => this.#receive(frame, sizeBytes),
      onEnd: end => this.#takeEnd(end),
    })
    this.#dial = dial
  }

  #receive(frame: ServerFrame, sizeBytes: number): void {
    clearTimeout(this.#probeTimer)
    this.#calls.streams.hear()
    for (const limit of this.#patientLimits) limit.restart()
    switch (frame.type) {
      case 'event':
        this.#receipts.add(sizeBytes)
        this.#calls.takeEvent(frame)
        return
      case 'result':
        this.#receipts.add(sizeBytes)
        this.#takeResult(frame.id, frame.result)
        this.#sendWaiting()
        return
      case 'error':
        this.#receipts.add(sizeBytes)
        this.#takeError(frame.id ?? 0, new RemoteError(frame.error))
        this.#sendWaiting()
        return
      case 'goodbye':
        this.#hasGoodbye = true
        this.#calls.moveWaiting(new MovedError('The host is closing.'))
        this.retire()
        return
      case 'pong':
        return
      case 'welcome':
        throw new ProtocolError('The door sent a second welcome.')
      default:
        frame satisfies never
    }
  }

  #takeResult(id: number, result: unknown): void {
    const call = this.#calls.takeAnswered(id)
    if (call === undefined) return
    call.resolve(result)
    // Nobody sends it again.
    freeMemory(call.message)
  }

  #takeError(id: number, error: RemoteError): void {
    const call = this.#calls.takeAnswered(id)
    // It came when the door was closing already, and may do better on another connection.
    const isMoved = this.#hasGoodbye && call?.isIdempotent && error.code === 'CLOUDLET_HOST_CLOSED'
    call?.reject(isMoved ? new MovedError(error.message, { cause: error }) : error)
  }

  #welcome(dial: Dial, { sessionId, limits, resume }: WelcomeFrame): void {
    const broken = this.#broken
    this.#broken = undefined
    this.#backoff.reset()
    this.#limits = limits
    const isResumed = resume?.isResumed === true
    if (isResumed && this.#resume?.sessionId !== sessionId) {
      throw new ProtocolError(`The door resumed session ${sessionId}, which was not asked for.`)
    }
    this.#resume = resume === undefined ? undefined : { sessionId, resumeToken: resume.resumeToken }
    this.#resumeWindowMs = resume?.windowMs ?? 0
    if (isResumed) {
      this.#receipts.start()
      this.#calls.resume(
        resume.lastCallId ?? -1,
        message => dial.sendMessage(message),
        id => dial.send({ type: 'cancel', id }),
      )
    } else {
      if (broken !== undefined) this.#calls.lose(broken.error)
      if (resume !== undefined) this.#receipts.restart()
    }
    this.#setState(this.#isRetired ? 'retired' : 'open')
    this.#sendWaiting()
    this.#closeIfDone()
  }

  #takeEnd({ error, isFinal }: DialEnd): void {
    if (this.#state === 'closed') return
    if (isFinal) this.#end(error)
    else this.#breakOff(error)
  }

  /** The socket is as good as gone. */
  #fall(error: CloudletError): void {
    this.#dial?.close(CLOSE_CODES.goodbye)
    this.#breakOff(error)
  }

  /** Connects anew for as long as the door keeps the session, if anything waits for that. */
  #breakOff(error: CloudletError): void {
    this.#receipts.stop()
    this.#calls.streams.rest()
    clearTimeout(this.#probeTimer)
    const nowMs = performance.now()
    this.#broken ??= { error, sinceMs: nowMs }
    const delayMs = Math.max(this.#backoff.next(), retryAfterMsOf(error) ?? 0)
    const isLate = nowMs + delayMs - this.#broken.sinceMs > this.#resumeWindowMs
    if (this.#resume === undefined || this.#hasGoodbye || isLate || this.#calls.size === 0) {
      this.#endBroken(error)
      return
    }
    this.#setState('broken')
    this.#redialTimer = setTimeout(() => this.#redial(), delayMs)
  }

  #sendWaiting(): void {
    const dial = this.#dial
    if (this.#limits === undefined || !dial?.isWelcomed) return
    this.#calls.sendWaiting(this.#limits, message => dial.sendMessage(message))
  }

  #giveUp(id: number, error: CloudletError): void {
    const isSent = this.#calls.giveUp(id, error)
    if (isSent && this.#dial?.isWelcomed) this.#dial.send({ type: 'cancel', id })
  }

  /** Silence may be a long download or a dead network: new calls go elsewhere, those here keep their chance. */
  #probe(): void {
    if (this.#state !== 'open') return
    this.#dial?.send({ type: 'ping', nonce: this.#nextId })
    clearTimeout(this.#probeTimer)
    this.#probeTimer = setTimeout(() => this.retire(), this.#options.pongTimeoutMs)
  }

  #closeIfDone(): void {
    if (this.#calls.size > 0) return
    if (this.#state === 'retired') this.close()
    else if (this.#state === 'broken') this.#end(new ConnectionError('The connection was lost.'))
  }

  /** Of a link that was welcomed once, what wasn't sent or may be run twice goes to the next, which is tried anew. */
  #endBroken(error: CloudletError): void {
    if (this.#limits === undefined) {
      this.#end(error)
      return
    }
    // That the door refuses a connection says nothing of the calls on the one before, which may have been run.
    const { message } = this.#broken?.error ?? error
    const lost = new ConnectionError(message, { cause: error })
    const moved = new MovedError(message, { cause: error })
    this.#end(lost, moved)
  }

  /** Settles everything with the one error; what may be run twice with `moved`, if that is given or the door is closing. */
  #end(error: CloudletError, moved?: MovedError): void {
    if (this.#state === 'closed') return
    this.#setState('closed')
    clearTimeout(this.#redialTimer)
    clearTimeout(this.#probeTimer)
    this.#receipts.stop()
    this.#deadlines.clear()
    this.#dial?.close(error instanceof ProtocolError ? CLOSE_CODES.protocol : CLOSE_CODES.goodbye)
    const goodbye = this.#hasGoodbye ? new MovedError(error.message, { cause: error }) : undefined
    this.#calls.end(error, moved ?? goodbye)
  }

  #setState(state: LinkState): void {
    if (this.#state === state) return
    this.#state = state
    this.#options.onChange(state)
  }
}
