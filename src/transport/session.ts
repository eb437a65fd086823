import { randomUUID } from 'node:crypto'
import { ProtocolError, UnauthenticatedError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { decodeMessage, encodeFrame } from '../protocol/codec.ts'
import { CLOSE_CODES, type ClientFrame, parseClientFrame, type ServerFrame } from '../protocol/frames.ts'
import type { Caller } from '../types.ts'
import type { Login } from './auth.ts'
import type { CallerLoad } from './callers.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { KeptAnswers } from './kept-answers.ts'
import { LoginEnd } from './login-end.ts'
import { type CallContext, type CallOwner, SessionCalls } from './session-calls.ts'
import type { SessionPeer } from './session-peer.ts'
import { waitAtMost } from './wait.ts'

/** What all sessions of a door share. */
export interface SessionContext extends CallContext {
  readonly options: ResolvedDoorOptions
  /** The session's connection broke; it waits to be resumed. */
  readonly onBroken: (session: Session) => void
  /** All sessions together keep more than they may. */
  readonly onKeptExceeded: () => void
  /** The session is over. Once. */
  readonly onEnd: (session: Session) => void
}

const REVOKED = 'The login was revoked.'

/** Attached to a socket, or kept until its client comes back on another. Draining: answers, and no new calls. */
type State = 'open' | 'draining' | 'ended'

/**
 * What one client has going on with a door, from its welcome on. A session whose client can resume it outlives its
 * socket for a while: its calls go on, and what they answer is kept.
 */
export class Session implements CallOwner {
  readonly id: string = randomUUID()
  readonly load: CallerLoad
  readonly #context: SessionContext
  readonly #calls: SessionCalls
  /** Of a session that can be resumed. */
  readonly #kept: KeptAnswers | undefined
  #caller: Caller
  #peer: SessionPeer | undefined
  #state: State = 'open'
  #lastCallId = -1
  #lastCallMs: number
  #loginEnd: LoginEnd | undefined
  /** For the next hello that wants this session; the session knows it only while it is valid. */
  resumeToken = ''
  /** What it was resumed with last: good again while nothing shows that the client was told of the next. */
  usedToken = ''

  /** @param isResumable The client asked for it, and the door keeps broken sessions. */
  constructor(context: SessionContext, load: CallerLoad, caller: Caller, isResumable: boolean) {
    this.#context = context
    this.load = load
    this.#caller = caller
    this.#calls = new SessionCalls(context, this)
    this.#kept = isResumable ? new KeptAnswers(load.kept) : undefined
    this.#lastCallMs = Date.now()
  }

  get caller(): Caller {
    return this.#caller
  }

  get isResumable(): boolean {
    return this.#kept !== undefined && this.#state === 'open' && !this.#kept.hasGaps
  }

  /** Id of the last call received, if there was one. */
  get lastCallId(): number | undefined {
    return this.#lastCallId < 0 ? undefined : this.#lastCallId
  }

  /** The time the last call came or ended, if there is none now and the session isn't broken. */
  get idleSinceMs(): number | undefined {
    return this.#calls.size === 0 && this.#peer !== undefined ? this.#lastCallMs : undefined
  }

  /** From now on the session speaks to this peer. The one before, if it is still there, is sent away. */
  attach(peer: SessionPeer): void {
    const before = this.#peer
    this.#peer = peer
    before?.leave(CLOSE_CODES.takenOver, 'The session goes on over another connection.')
    this.onCallBytes()
    this.onDrain()
  }

  /** Goes on for a client who came back. @throws {ProtocolError} for more received than was sent. */
  acknowledge(receivedCount: number): void {
    if (this.#kept === undefined) throw new ProtocolError('This session keeps nothing to be received.')
    this.#kept.acknowledge(receivedCount)
  }

  /**
   * The caller has logged in, for the first time or again; the connection may be another.
   *
   * @throws {UnauthenticatedError} for a login that was revoked meanwhile, and what its `onRevoked` throws. The session
   * has ended then.
   */
  begin(login: Login): void {
    this.#caller = login.caller
    try {
      this.#watchLogin(login)
    } catch (error) {
      this.end()
      throw error
    }
    if (this.#state !== 'ended') return
    // What it was subscribed to has called before there was anything to stop.
    this.#loginEnd?.stop()
    throw new UnauthenticatedError(REVOKED)
  }

  /** Sends what the client has not received, after its welcome. */
  sendKept(): void {
    for (const message of this.#kept?.all() ?? []) this.#peer?.sendMessage(message)
  }

  /** Takes one message of the peer. @throws {ProtocolError} */
  receive(message: Uint8Array): void {
    this.usedToken = ''
    const { frames, heldBytes } = decodeMessage(message)
    for (let index = 0; index < frames.length && this.#state !== 'ended'; index++) {
      this.#take(parseClientFrame(frames[index]), heldBytes[index] ?? 0)
    }
  }

  #take(frame: ClientFrame, heldBytes: number): void {
    switch (frame.type) {
      case 'call':
        this.#checkId(frame.id)
        this.#lastCallMs = Date.now()
        this.#calls.start(frame, heldBytes)
        return
      case 'cancel':
        this.#calls.cancel(frame.id)
        return
      case 'ack':
        this.#calls.acknowledge(frame.id, frame.sequence)
        return
      case 'received':
        this.acknowledge(frame.count)
        return
      case 'ping':
        this.#peer?.send({ type: 'pong', nonce: frame.nonce })
        return
      case 'goodbye':
        this.close(CLOSE_CODES.goodbye, 'Goodbye.')
        return
      case 'hello':
        throw new ProtocolError('A session says hello once.')
      default:
        frame satisfies never
    }
  }

  /** @throws {ValueError} for a frame that is too large, or holds what can't be sent. */
  send(frame: ServerFrame): void {
    const { maxFrameBytes } = this.#context.options
    const message = encodeFrame(frame)
    if (message.length > maxFrameBytes) {
      throw new ValueError(
        'result',
        `The answer takes ${message.length} bytes, over the limit of ${maxFrameBytes}. Ask for less at once.`,
      )
    }
    if (this.#kept !== undefined) this.#keep(this.#kept, message)
    this.#peer?.sendMessage(message)
  }

  /** Bytes of answers that are kept for its client. */
  get keptBytes(): number {
    return this.#kept?.bytes ?? 0
  }

  /** Bytes of a message that is coming in. */
  get unfinishedBytes(): number {
    return this.#peer?.unfinishedBytes ?? 0
  }

  /** Cuts its connection. It goes on without if its client can come back. */
  cut(): void {
    this.#peer?.cut()
  }

  findUntaken(): number | undefined {
    return this.#peer?.slowBytes
  }

  /** The peer has taken what waited for it. */
  onDrain(): void {
    this.#calls.proceed()
  }

  onCallBytes(): void {
    if (this.#calls.size === 0) this.#lastCallMs = Date.now()
    this.#peer?.holdCalls(this.#calls.bytes > LIMITS.sessionCallBytes)
  }

  /** The socket is gone. The session waits for its client if it can; else it ends. */
  detach(peer: SessionPeer): void {
    if (this.#peer !== peer) return
    this.#peer = undefined
    if (this.isResumable) this.#context.onBroken(this)
    else this.end()
  }

  /** Says goodbye, refuses new calls, and resolves when those in flight are answered. */
  async drain(reason = 'The host is closing.'): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'draining'
    this.#peer?.send({ type: 'goodbye', reason })
    await this.#calls.drain()
  }

  /**
   * Says goodbye, and closes a moment later: the client is to come back with its next call, and one that crosses the
   * goodbye is refused, not dropped.
   */
  leave(reason: string): void {
    if (this.#state !== 'open') return
    void this.drain(reason)
    setTimeout(() => this.close(CLOSE_CODES.goingAway, reason), LIMITS.goodbyeMs).unref()
  }

  /** Gives up all calls and what is kept. Idempotent. */
  end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.resumeToken = ''
    this.usedToken = ''
    this.#loginEnd?.stop()
    this.#calls.end()
    this.#kept?.forget()
    this.#context.onEnd(this)
  }

  /**
   * Gives up what is kept of answers, and with it the chance to be resumed, until the client has received them. A broken
   * session ends.
   */
  forgetAnswers(): void {
    this.#kept?.forget()
    if (this.#peer === undefined) this.end()
  }

  /** Ends, and closes the socket with a code; calls still in flight are aborted. */
  close(code: number, reason: string): void {
    const peer = this.#peer
    this.#peer = undefined
    this.end()
    peer?.leave(code, reason)
  }

  #keep(kept: KeptAnswers, message: Uint8Array): void {
    kept.add(message)
    if (this.load.kept.isExceeded) this.#context.onKeptExceeded()
    // Its client could not be told all it missed.
    if (this.#peer === undefined && kept.hasGaps) this.end()
  }

  /** A client that can resume says by rising ids which of its calls arrived. */
  #checkId(id: number): void {
    if (this.#kept !== undefined && id <= this.#lastCallId) {
      throw new ProtocolError(
        `Call id ${id} came after ${this.#lastCallId}; the ids of a resumable session rise.`,
      )
    }
    this.#lastCallId = id
  }

  #watchLogin(login: Login): void {
    this.#loginEnd?.stop()
    this.#loginEnd = undefined
    if (login.endsMs === undefined && login.onRevoked === undefined) return
    this.#loginEnd = new LoginEnd(login, {
      onExpired: () => void this.#expire(),
      onRevoked: () => this.#endLogin(REVOKED),
      onFault: error => this.#context.options.onInternalError(error),
    })
  }

  /** What runs may still be answered; the client logs in anew for what comes. */
  async #expire(): Promise<void> {
    const reason = 'The login of this session has expired. Log in again.'
    await waitAtMost(this.#context.options.drainTimeoutMs, this.drain(reason))
    this.#endLogin(reason)
  }

  #endLogin(reason: string): void {
    const peer = this.#peer
    this.#peer = undefined
    this.end()
    peer?.fail(new UnauthenticatedError(reason), CLOSE_CODES.unauthenticated)
  }
}
