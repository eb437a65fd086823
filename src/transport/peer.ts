import {
  CloudletError,
  errorToData,
  HostClosedError,
  OverloadedError,
  ProtocolError,
  UnauthenticatedError,
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
import type { Login } from './auth.ts'
import type { ByteShare } from './byte-budget.ts'
import { login, type SessionOrigin } from './login.ts'
import { type OpenSocket, PAUSED_FOR, type SocketContext, type SocketListener } from './open-socket.ts'
import type { Session, SessionContext } from './session.ts'
import type { SessionPeer } from './session-peer.ts'

export interface PeerContext extends SessionContext, SocketContext {
  /** Gives a peer that has logged in the session it asks for. @throws {CloudletError} */
  readonly welcome: (peer: Peer, hello: HelloFrame, version: number, found: Login) => Session
  /** More is coming in from all peers than may. */
  readonly onIncomingExceeded: () => void
  /** More answers wait for peers who don't take them than may. */
  readonly onOutgoingExceeded: () => void
  readonly onGone: (peer: Peer) => void
}

/** Waiting for a hello, authenticating, with a session, or closed from anywhere. */
type State = 'waiting' | 'authenticating' | 'welcomed' | 'closed'

/** Allowance for the frame headers and pings around a hello. */
const FRAMING_BYTES = 1024
/** Answers that wait for the network, in bytes, from which on nothing more is read of who doesn't take them. */
const SLOW_BYTES = 1024 * 1024

/**
 * Who is at the other end of one socket. Whatever a peer sends, it throws nothing and touches no session but its own:
 * a broken protocol closes it with a code and a reason.
 */
export class Peer implements SocketListener, SessionPeer {
  readonly #socket: OpenSocket
  readonly #context: PeerContext
  #origin: SessionOrigin | undefined
  #state: State = 'waiting'
  #session: Session | undefined
  #helloTimer: NodeJS.Timeout | undefined
  /** Of its caller. */
  #outgoing: ByteShare | undefined
  /** What waits to be taken, as counted in that. */
  #slowBytes = 0

  constructor(socket: OpenSocket, origin: SessionOrigin, context: PeerContext) {
    this.#socket = socket
    this.#context = context
    this.#origin = origin
    const { helloTimeoutMs } = context.options
    this.#helloTimer = setTimeout(() => {
      const error = new ProtocolError(`No hello came within ${helloTimeoutMs} ms.`)
      this.fail(error, CLOSE_CODES.helloTimeout)
    }, helloTimeoutMs)
    socket.listen(this, LIMITS.helloBytes + FRAMING_BYTES)
  }

  get isWelcomed(): boolean {
    return this.#state === 'welcomed'
  }

  onMessage(message: Uint8Array): void {
    if (this.#state === 'closed') return
    try {
      if (this.#session !== undefined) this.#session.receive(message)
      else if (message.length > LIMITS.helloBytes) this.onTooMuch()
      else this.#greet(message)
    } catch (error) {
      if (error instanceof ProtocolError) this.fail(error, CLOSE_CODES.protocol)
      else this.fail(this.#context.toInternalError(error), CLOSE_CODES.internal)
    }
  }

  onText(): void {
    this.fail(new ProtocolError('Frames are binary messages, not text.'), CLOSE_CODES.textMessage)
  }

  /** More came before the welcome than a hello can need. */
  onTooMuch(): void {
    const error = new ProtocolError(`A session may send ${LIMITS.helloBytes} bytes before it is welcomed.`)
    this.fail(error, CLOSE_CODES.tooLarge)
  }

  onEnd(isFault: boolean): void {
    clearTimeout(this.#helloTimer)
    this.#state = 'closed'
    if (isFault) this.#session?.end()
    else this.#session?.detach(this)
    this.#session = undefined
    this.onDrain()
    this.#context.onGone(this)
  }

  onExceeded(): void {
    this.#context.onIncomingExceeded()
  }

  get unfinishedBytes(): number {
    return this.#socket.unfinishedBytes
  }

  get slowBytes(): number {
    return this.#slowBytes
  }

  onDrain(): void {
    this.#outgoing?.remove(this.#slowBytes)
    this.#slowBytes = 0
    this.#session?.onDrain()
  }

  checkAlive(): void {
    this.#socket.checkAlive()
  }

  holdCalls(isHeld: boolean): void {
    if (isHeld) this.#socket.pause(PAUSED_FOR.calls)
    else this.#socket.resume(PAUSED_FOR.calls)
  }

  send(frame: ServerFrame): void {
    this.sendMessage(encodeFrame(frame))
  }

  sendMessage(message: Uint8Array): void {
    this.#socket.send(message)
    const { bufferedBytes } = this.#socket
    const outgoing = this.#outgoing
    if (bufferedBytes <= SLOW_BYTES || outgoing === undefined || this.#state === 'closed') return
    this.#socket.pause(PAUSED_FOR.answers)
    outgoing.add(bufferedBytes - this.#slowBytes)
    this.#slowBytes = bufferedBytes
    if (bufferedBytes > this.#context.options.maxBufferedBytes) this.#drop()
    else if (outgoing.isOverShare) this.cut()
    else if (outgoing.isExceeded) this.#context.onOutgoingExceeded()
  }

  /** Tells the peer what is wrong and closes, for good. */
  fail(error: CloudletError, code: number): void {
    if (this.#state === 'closed') return
    try {
      this.send({ type: 'error', error: errorToData(error) })
    } catch (fault) {
      // The close code and its reason still say it.
      this.#context.toInternalError(fault)
    }
    const session = this.#session
    this.leave(code, error.message)
    session?.end()
  }

  leave(code: number, reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearTimeout(this.#helloTimer)
    this.#session = undefined
    // A close frame of the peer's could not be read otherwise.
    this.#socket.resume(PAUSED_FOR.calls)
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  cut(): void {
    this.#release()?.detach(this)
  }

  /** A peer that doesn't read can't be told why; holding on to its answers is what must end. */
  #drop(): void {
    this.#release()?.end()
  }

  /** Cuts the connection, which holds nothing any more at once; gives the session it had. */
  #release(): Session | undefined {
    const session = this.#session
    this.#state = 'closed'
    this.#session = undefined
    this.#socket.terminate()
    this.onDrain()
    return session
  }

  #greet(message: Uint8Array): void {
    const frame = parseClientFrame(decodeFrame(message))
    if (frame.type !== 'hello') throw new ProtocolError(`A ${frame.type} frame came before the welcome.`)
    if (this.#state !== 'waiting') throw new ProtocolError('A session says hello once.')
    this.#state = 'authenticating'
    clearTimeout(this.#helloTimer)
    this.#helloTimer = undefined
    void this.#authenticate(frame)
  }

  async #authenticate(hello: HelloFrame): Promise<void> {
    const version = PROTOCOL_VERSIONS.findLast(known => hello.versions.includes(known))
    const origin = this.#origin
    if (origin === undefined) return
    if (version === undefined) {
      const ours = PROTOCOL_VERSIONS.join(', ')
      const reason = `This door speaks protocol versions ${ours}, the client ${hello.versions.join(', ')}.`
      this.fail(new ProtocolError(reason), CLOSE_CODES.version)
      return
    }
    let found: Login
    try {
      found = await login(hello, origin, this.#context.options)
    } catch (error) {
      const known = error instanceof CloudletError ? error : this.#context.toInternalError(error)
      this.fail(known, CLOSE_CODES.unauthenticated)
      return
    }
    if (this.#state !== 'authenticating') return
    try {
      this.#session = this.#context.welcome(this, hello, version, found)
      this.#state = 'welcomed'
      const { load } = this.#session
      this.#outgoing = load.outgoing
      this.#socket.liftLimit(load.incoming)
      if (hello.takesLists === true) this.#socket.join()
      // The headers of the handshake are of no more use, and are kept for no idle session.
      this.#origin = undefined
      this.#session.sendKept()
    } catch (error) {
      if (error instanceof OverloadedError) this.fail(error, CLOSE_CODES.overloaded)
      else if (error instanceof HostClosedError) this.fail(error, CLOSE_CODES.goingAway)
      else if (error instanceof UnauthenticatedError) this.fail(error, CLOSE_CODES.unauthenticated)
      else if (error instanceof ProtocolError) this.fail(error, CLOSE_CODES.protocol)
      else this.fail(this.#context.toInternalError(error), CLOSE_CODES.internal)
    }
  }
}
