import { connect, type Socket } from 'node:net'
import { NetworkError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Address } from './address.ts'
import { toNetworkError } from './failure.ts'
import { describeSecured, type Secured, type SecureOptions, startTls } from './secure.ts'

export interface SocketSettings {
  readonly noDelay?: boolean | undefined
  /** Milliseconds of silence before the first probe; null switches probes off. */
  readonly keepAliveMs?: number | null | undefined
}

/** Both ends of a connection. */
export interface Ends {
  readonly localAddress: string
  readonly localPort: number
  readonly localFamily: string
  readonly remoteAddress: string
  readonly remotePort: number
  readonly remoteFamily: string
}

export interface ReadResult {
  readonly content?: Uint8Array
  /** The other side has said its last. */
  readonly isEnd?: true
  /** A TLS session to come back with, when a new one has arrived. */
  readonly session?: Uint8Array
}

/** One socket. Reads only when asked to: what isn't asked for waits, a chunk here and the rest at the sender's. */
export class Connection {
  #socket: Socket
  /** How often it went on in TLS. */
  #layerCount = 0
  #error: unknown
  #isReading = false
  #session: Uint8Array | undefined
  /** Wakes the read that waits. */
  #notify: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  /** @throws {NetworkError} with Node's code: ECONNREFUSED, ETIMEDOUT, … */
  static async open(
    address: Address,
    port: number,
    settings: SocketSettings,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    const socket = connect({ host: address.text, port, family: address.family, allowHalfOpen: true })
    const timeout = new NetworkError('ETIMEDOUT', `connect ETIMEDOUT ${address.text}:${port}`, {
      syscall: 'connect',
    })
    await settle(socket, 'connect', timeoutMs, timeout, signal)
    const connection = new Connection(socket)
    connection.configure(settings)
    return connection
  }

  get ends(): Ends {
    const { localAddress = '', localPort = 0, localFamily = '' } = this.#socket
    const { remoteAddress = '', remotePort = 0, remoteFamily = '' } = this.#socket
    return { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily }
  }

  configure({ noDelay, keepAliveMs }: SocketSettings): void {
    if (noDelay !== undefined) this.#socket.setNoDelay(noDelay)
    if (keepAliveMs !== undefined) this.#socket.setKeepAlive(keepAliveMs !== null, keepAliveMs ?? 0)
  }

  /**
   * Goes on in TLS. A read that waits is answered with nothing.
   *
   * @throws {NetworkError} with Node's or OpenSSL's code; the connection is closed then.
   */
  async secure(options: SecureOptions, timeoutMs: number, signal: AbortSignal | undefined): Promise<Secured> {
    this.#unlisten()
    // Before the socket changes: the handshake's first step may let the read that waits go on in its midst.
    this.#layerCount++
    this.#notify?.()
    const plain = this.#socket
    if (plain.readableEnded) {
      // TLS would never hear of it.
      plain.destroy()
      throw closedBefore('secureConnect')
    }
    const socket = startTls(plain, options, session => {
      this.#session = session
    })
    this.#socket = socket
    const timeout = new NetworkError('ETIMEDOUT', `The TLS handshake took more than ${timeoutMs} ms`, {})
    await settle(socket, 'secureConnect', timeoutMs, timeout, signal)
    this.#listen()
    return describeSecured(socket)
  }

  /** The next bytes, at most LIMITS.networkChunkBytes, as soon as there are any. @throws {NetworkError} */
  async read(): Promise<ReadResult> {
    if (this.#isReading) throw new ValueError('network.read', 'Another read of this socket is waiting.')
    this.#isReading = true
    try {
      const layer = this.#layerCount
      let result = this.#take()
      while (result === undefined) {
        await this.#change()
        // It goes on in TLS.
        if (layer !== this.#layerCount) return {}
        result = this.#take()
      }
      return result
    } finally {
      this.#isReading = false
    }
  }

  /** Resolves when the bytes are the system's. @throws {NetworkError} */
  write(content: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(content, error => (error ? reject(toNetworkError(this.#error ?? error)) : resolve()))
    })
  }

  /** Says the last; the other side may go on. @throws {NetworkError} */
  end(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) resolve()
      else
        this.#socket.end((error?: Error | null) =>
          error ? reject(toNetworkError(this.#error ?? error)) : resolve(),
        )
    })
  }

  close(isReset = false): void {
    if (isReset && !('encrypted' in this.#socket)) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
    this.#notify?.()
  }

  #take(): ReadResult | undefined {
    const session = this.#takeSession()
    const size = Math.min(this.#socket.readableLength, LIMITS.networkChunkBytes)
    const content = this.#socket.read(size) as Uint8Array | null
    if (content !== null) return { content, ...session }
    if (this.#error !== undefined) throw toNetworkError(this.#error)
    if (this.#socket.readableEnded || this.#socket.destroyed) return { isEnd: true, ...session }
    return 'session' in session ? session : undefined
  }

  #takeSession(): Pick<ReadResult, 'session'> {
    const session = this.#session
    this.#session = undefined
    return session === undefined ? {} : { session }
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#notify = () => {
        this.#notify = undefined
        resolve()
      }
    })
  }

  readonly #onChange = (): void => this.#notify?.()
  readonly #onError = (error: unknown): void => {
    this.#error ??= error
    this.#notify?.()
  }

  #listen(): void {
    this.#socket
      .on('readable', this.#onChange)
      .on('end', this.#onChange)
      .on('close', this.#onChange)
      .on('error', this.#onError)
      .on('session', this.#onChange)
  }

  #unlisten(): void {
    this.#socket
      .off('readable', this.#onChange)
      .off('end', this.#onChange)
      .off('close', this.#onChange)
      .off('session', this.#onChange)
  }
}

/** Waits for the event, or for what comes instead of it; the socket is closed then. */
function settle(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  timeout: NetworkError,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(timeout), timeoutMs)
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off(event, onEvent).off('error', fail).off('close', onClose)
    }
    const onEvent = (): void => {
      done()
      resolve()
    }
    const fail = (error: unknown): void => {
      done()
      // A socket that is given up may still fail in its own way.
      socket.on('error', () => {}).destroy()
      reject(toNetworkError(error))
    }
    const onClose = (): void => fail(closedBefore(event))
    const onAbort = (): void => fail(new NetworkError('ECONNABORTED', 'The invocation has ended', {}))
    socket.once(event, onEvent).once('error', fail).once('close', onClose)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function closedBefore(event: 'connect' | 'secureConnect'): NetworkError {
  return event === 'connect'
    ? new NetworkError('ECONNRESET', 'The connection was closed before it came about', {})
    : new NetworkError(
        'ECONNRESET',
        'Client network socket disconnected before secure TLS connection was established',
        {},
      )
}
