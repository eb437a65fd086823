import {
  CloudletError,
  ConnectionError,
  ProtocolError,
  RemoteError,
  UnauthenticatedError,
} from '../errors.ts'
import { decodeMessage, encodeFrame } from '../protocol/codec.ts'
import {
  CLOSE_CODES,
  type ClientFrame,
  PROTOCOL_VERSIONS,
  parseServerFrame,
  type ServerFrame,
  type WelcomeFrame,
} from '../protocol/frames.ts'
import type { ResumeRequest } from '../protocol/resume.ts'
import type { LinkOptions } from './link-options.ts'
import type { ClientSocket } from './socket.ts'

export interface DialEvents {
  readonly onWelcome: (frame: WelcomeFrame) => void
  /** Any other frame, after the welcome. What it throws ends the dial. */
  readonly onFrame: (frame: ServerFrame, sizeBytes: number) => void
  /** Once, unless it was closed from here. */
  readonly onEnd: (end: DialEnd) => void
}

export interface DialEnd {
  readonly error: CloudletError
  /** The door, or this client, has ended more than the connection: nothing can be taken up again. */
  readonly isFinal: boolean
}

/**
 * Codes of a connection that broke. 1000 and 1001 come behind a goodbye, which has ended the session already, or from
 * what stands between, such as a phone that puts an app to sleep.
 */
const BROKEN_CODES: readonly number[] = [1000, 1001, 1005, 1006, 1012, 1013, 1014, CLOSE_CODES.takenOver]

/** What the door said of the session as a whole, not of one call. */
export class SessionError extends RemoteError {}

/** One socket, from the attempt to connect to its end. */
export class Dial {
  readonly #options: LinkOptions
  readonly #events: DialEvents
  readonly #resume: ResumeRequest | undefined
  #socket: ClientSocket | undefined
  #saidToken: string | undefined
  #isWelcomed = false
  #isEnded = false
  /** Why the door ends the session, as its last error frame said. */
  #sessionError: SessionError | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param resume The session it asks for. */
  constructor(options: LinkOptions, resume: ResumeRequest | undefined, events: DialEvents) {
    this.#options = options
    this.#resume = resume
    this.#events = events
    const { url, connectTimeoutMs } = options
    this.#timer = setTimeout(() => {
      const error = new ConnectionError(`${url} did not welcome this client within ${connectTimeoutMs} ms.`)
      this.#end(error, false)
    }, connectTimeoutMs)
    void this.#connect()
  }

  get isWelcomed(): boolean {
    return this.#isWelcomed && !this.#isEnded
  }

  send(frame: ClientFrame): void {
    this.sendMessage(encodeFrame(frame))
  }

  sendMessage(message: Uint8Array): void {
    if (!this.#isEnded) this.#socket?.send(message)
  }

  /** Nothing more is heard of it. */
  close(code: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearTimeout(this.#timer)
    this.#socket?.close(code, '')
  }

  async #connect(): Promise<void> {
    const { url, openSocket, credentials } = this.#options
    try {
      const resume = this.#resume === undefined ? {} : { resume: this.#resume }
      const hello = { ...(await credentials.makeHello()), isResumable: true, takesLists: true, ...resume }
      if (this.#isEnded) return
      this.#saidToken = hello.token
      this.#socket = openSocket(url, {
        onOpen: () => this.send(hello),
        onMessage: message => this.#receive(message),
        onClose: (code, reason) => this.#takeClose(code, reason),
      })
    } catch (error) {
      if (error instanceof CloudletError) this.#end(error, !error.retryable)
      else
        this.#end(new ConnectionError(`Can't connect to ${url}: ${String(error)}.`, { cause: error }), false)
    }
  }

  #receive(message: Uint8Array | string): void {
    if (this.#isEnded) return
    try {
      if (typeof message === 'string') throw new ProtocolError('The door sent a text message.')
      const { frames } = decodeMessage(message)
      const sizeBytes = Math.ceil(message.length / frames.length)
      for (const frame of frames) if (!this.#isEnded) this.#handle(parseServerFrame(frame), sizeBytes)
    } catch (error) {
      const known =
        error instanceof CloudletError ? error : new ProtocolError(String(error), { cause: error })
      this.#end(known, true)
    }
  }

  #handle(frame: ServerFrame, sizeBytes: number): void {
    if (frame.type === 'error' && frame.id === undefined) {
      this.#sessionError = new SessionError(frame.error)
      return
    }
    if (this.#isWelcomed !== (frame.type !== 'welcome')) {
      throw new ProtocolError(`The door sent a frame of type ${frame.type} out of turn.`)
    }
    if (frame.type === 'welcome') this.#welcome(frame)
    else this.#events.onFrame(frame, sizeBytes)
  }

  #welcome(frame: WelcomeFrame): void {
    if (!PROTOCOL_VERSIONS.includes(frame.version)) {
      throw new ProtocolError(`The door wants to speak version ${frame.version}, which wasn't offered.`)
    }
    clearTimeout(this.#timer)
    this.#isWelcomed = true
    if (frame.takesLists === true) this.#socket?.join?.(frame.limits.frameBytes)
    if (frame.login !== undefined) this.#options.credentials.keep(frame.login)
    this.#events.onWelcome(frame)
  }

  #takeClose(code: number, reason: string): void {
    if (this.#isEnded) return
    const error = this.#closeError(code, reason)
    // A token that is refused may have ended: where there is a way to another, it connects once more.
    const isRefused = error.code === 'CLOUDLET_UNAUTHENTICATED' && !error.retryable
    if (isRefused && this.#options.credentials.refuse(this.#saidToken) && !this.#isWelcomed) {
      this.#sessionError = undefined
      void this.#connect()
      return
    }
    this.#end(error, this.#isFinal(code))
  }

  /** A session that was welcomed is over when the door says so; of one that it only can't take up now it may say other. */
  #isFinal(code: number): boolean {
    if (this.#sessionError === undefined) return !BROKEN_CODES.includes(code)
    return this.#isWelcomed || !this.#sessionError.retryable
  }

  #closeError(code: number, reason: string): CloudletError {
    if (this.#sessionError !== undefined) return this.#sessionError
    if (code === CLOSE_CODES.unauthenticated) return new UnauthenticatedError(reason)
    const { url } = this.#options
    const why = reason === '' ? `code ${code}` : `code ${code}: ${reason}`
    const when = this.#isWelcomed ? 'Lost the connection to' : "Can't connect to"
    return new ConnectionError(`${when} ${url} (${why}).`)
  }

  #end(error: CloudletError, isFinal: boolean): void {
    if (this.#isEnded) return
    this.close(error instanceof ProtocolError ? CLOSE_CODES.protocol : CLOSE_CODES.goodbye)
    this.#events.onEnd({ error, isFinal })
  }
}
