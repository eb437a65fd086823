import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { InvalidOptionError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { CLOSE_CODES } from '../protocol/frames.ts'
import type { Closable } from '../types.ts'
import { attachToServer, closeServer, listenOn, refuseUpgrade } from './attachment.ts'
import { type DoorOptions, type ResolvedDoorOptions, resolveDoorOptions } from './door-options.ts'
import { HttpDoor } from './http-door.ts'
import { isLoopbackHost, isLoopbackRequest } from './loopback.ts'
import { portOf, urlOf } from './server-address.ts'
import { Session, type SessionSocket } from './session.ts'
import { waitAtMost } from './wait.ts'

export interface ListenOptions extends DoorOptions {
  /** 0 takes a free one; `door.port` tells which. */
  readonly port: number
  /** @default '127.0.0.1' */
  readonly hostname?: string
}

export interface AttachOptions extends DoorOptions {
  /**
   * Where the door is on the server: WebSockets at the path itself, HTTP below it.
   * @default '/cloudlet'
   */
  readonly path?: string
}

/** The remote door: WebSocket sessions and a little HTTP on one port. */
export class Door implements Closable {
  readonly #server: Server | SecureServer
  readonly #ownsServer: boolean
  readonly #base: string
  readonly #options: ResolvedDoorOptions
  readonly #http: HttpDoor
  readonly #sockets: WebSocketServer
  readonly #sessions = new Map<Session, OpenSocket>()
  readonly #heartbeat: NodeJS.Timeout
  #detach: () => void = () => {}
  readonly #closeListeners: (() => void)[] = []
  #closing: Promise<void> | undefined
  #onEmpty: (() => void) | undefined

  private constructor(
    server: Server | SecureServer,
    base: string,
    options: ResolvedDoorOptions,
    ownsServer: boolean,
  ) {
    this.#server = server
    this.#ownsServer = ownsServer
    this.#base = base
    this.#options = options
    this.#http = new HttpDoor(base, options)
    const socketOptions = {
      clientTracking: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
      maxPayload: options.maxFrameBytes,
      noServer: true,
      // Off: each session would hold a compressor, and files are mostly compressed already.
      perMessageDeflate: false,
    }
    this.#sockets = new WebSocketServer(socketOptions)
    this.#heartbeat = setInterval(() => this.#checkSockets(), options.heartbeatMs)
    this.#heartbeat.unref()
  }

  /**
   * Opens a door on a port of its own.
   *
   * @throws {InvalidOptionError} for a bad option, a development authenticator on an address that other
   * machines reach, or an address that can't be listened on.
   */
  static async listen(options: ListenOptions): Promise<Door> {
    const resolved = resolveDoorOptions(options)
    const { port, hostname = '127.0.0.1' } = options
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new InvalidOptionError('port', `port must be an integer from 0 to 65535, not ${String(port)}.`)
    }
    const { authenticate, exposeDevelopmentAuthenticator } = resolved
    if (authenticate.isDevelopmentOnly && !exposeDevelopmentAuthenticator && !isLoopbackHost(hostname)) {
      throw new InvalidOptionError(
        'hostname',
        `On ${hostname} anyone who reaches this machine could log in as anyone: the development authenticator believes every client. ` +
          'Pass an authenticate function (tokenAuthenticator, say), listen on 127.0.0.1, or set exposeDevelopmentAuthenticator: true.',
      )
    }
    const server = createServer({
      connectionsCheckingInterval: 2000,
      headersTimeout: 10_000,
      requestTimeout: resolved.bodyTimeoutMs + 10_000,
    })
    const door = new Door(server, '', resolved, true)
    server.on('request', (request, response) => door.#http.answer(request, response))
    server.on('upgrade', (request, socket, head) => door.#upgrade(request, socket, head))
    await listenOn(server, port, hostname).catch((error: unknown) => {
      clearInterval(door.#heartbeat)
      const reason = error instanceof Error ? error.message : String(error)
      throw new InvalidOptionError(
        'port',
        `Can't listen on ${hostname} port ${port}: ${reason}. Choose another port, or 0 for a free one.`,
      )
    })
    return door
  }

  /**
   * Opens a door on a server of the embedder's, which stays the embedder's to listen and close.
   * Requests and upgrades elsewhere go to the handlers the server had; attach after adding them.
   *
   * @throws {InvalidOptionError} for a bad option.
   */
  static attach(server: Server | SecureServer, options: AttachOptions): Door {
    const { path = '/cloudlet' } = options
    if (!/^(\/[\w.~-]+)*\/?$/.test(path)) {
      throw new InvalidOptionError('path', `path must look like "/cloudlet", not ${JSON.stringify(path)}.`)
    }
    const door = new Door(server, path.replace(/\/$/, ''), resolveDoorOptions(options), false)
    door.#detach = attachToServer(server, {
      owns: request => door.#http.owns(request),
      ownsUpgrade: request => door.#http.isSocketPath(request),
      onRequest: (request, response) => door.#http.answer(request, response),
      onUpgrade: (request, socket, head) => door.#upgrade(request, socket, head),
    })
    return door
  }

  /** Where clients connect, `ws://…`. For an attached door, only once its server listens. */
  get url(): string {
    return urlOf(this.#server, 'ws', this.#base)
  }

  /** Where the HTTP part answers, `http://…`. For an attached door, only once its server listens. */
  get httpUrl(): string {
    return urlOf(this.#server, 'http', this.#base)
  }

  get port(): number {
    return portOf(this.#server)
  }

  /** Sessions open now, those not yet welcomed included. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Takes no new sessions, tells those there are, lets calls in flight finish within `drainTimeoutMs`, and closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The listener is called once, when the door starts to close. */
  onClose(listener: () => void): void {
    this.#closeListeners.push(listener)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#http.isSocketPath(request)) {
      refuseUpgrade(socket, 404)
      return
    }
    const isFull = this.#sessions.size >= this.#options.maxSessions
    if (isFull || this.#closing !== undefined) {
      refuseUpgrade(socket, 503)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, webSocket => {
      this.#open(new OpenSocket(webSocket, request.socket, head.length), request)
    })
  }

  #open(open: OpenSocket, request: IncomingMessage): void {
    const { headers, socket } = request
    const origin = { headers, remoteAddress: socket.remoteAddress ?? '', isLocal: isLoopbackRequest(request) }
    const session = new Session(open, origin, this.#options)
    this.#sessions.set(session, open)
    // Counted on the wire, because a message is only seen whole.
    const countHelloBytes = (): void => {
      if (session.isWelcomed) socket.off('data', countHelloBytes)
      else if (open.receivedBytes > LIMITS.helloBytes + FRAMING_BYTES) session.failHelloSize()
    }
    socket.on('data', countHelloBytes)
    open.onMessage((data, isBinary) => {
      if (isBinary) session.receive(toBytes(data))
      else session.receiveText()
    })
    open.onEnd(() => {
      session.end()
      if (this.#sessions.delete(session) && this.#sessions.size === 0) this.#onEmpty?.()
    })
  }

  #checkSockets(): void {
    for (const open of this.#sessions.values()) open.checkAlive()
  }

  async #close(): Promise<void> {
    const { drainTimeoutMs } = this.#options
    for (const listener of this.#closeListeners) listener()
    this.#detach()
    const serverClosed = this.#ownsServer ? closeServer(this.#server) : Promise.resolve()
    const drained = Promise.all([
      this.#http.drain(),
      ...[...this.#sessions.keys()].map(session => session.drain()),
    ])
    await waitAtMost(drainTimeoutMs, drained)
    this.#http.abort()
    for (const session of this.#sessions.keys()) session.close(CLOSE_CODES.goingAway, 'The host is closing.')
    if (this.#sessions.size > 0) {
      const { promise: emptied, resolve } = Promise.withResolvers<void>()
      this.#onEmpty = resolve
      await waitAtMost(CLOSE_TIMEOUT_MS, emptied)
      for (const open of this.#sessions.values()) open.terminate()
      await emptied
    }
    clearInterval(this.#heartbeat)
    this.#sockets.close()
    if (this.#ownsServer) this.#server.closeAllConnections()
    await serverClosed
  }
}

/** Time for a peer to answer a close frame before it is cut off. */
const CLOSE_TIMEOUT_MS = 2000
/** Allowance for the frame headers and pings around a hello. */
const FRAMING_BYTES = 1024
/** Heartbeats a peer may be silent while it is taking a long answer; its pong waits behind that. */
const SILENT_CHECKS_WHILE_SENDING = 10

/** One accepted WebSocket: what the session needs of it, and whether its peer is still there. */
class OpenSocket implements SessionSocket {
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #bytesBefore: number
  #lastReceivedBytes = -1
  #silentCheckCount = 0

  constructor(webSocket: WebSocket, socket: Socket, headBytes: number) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#bytesBefore = socket.bytesRead - headBytes
  }

  /** Bytes that came since the handshake. */
  get receivedBytes(): number {
    return this.#socket.bytesRead - this.#bytesBefore
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount
  }

  send(message: Uint8Array): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.send(message)
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason)
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  onMessage(listener: (data: RawData, isBinary: boolean) => void): void {
    this.#webSocket.on('message', listener)
  }

  onEnd(listener: () => void): void {
    this.#webSocket.on('close', listener)
    // ws closes the socket itself after an error (1009 for an oversize message), and 'close' follows.
    this.#webSocket.on('error', () => undefined)
  }

  /** Ends a connection whose peer has been silent for a whole heartbeat, its pong included. */
  checkAlive(): void {
    const { receivedBytes } = this
    if (receivedBytes !== this.#lastReceivedBytes) this.#silentCheckCount = 0
    else if (++this.#silentCheckCount > (this.bufferedBytes > 0 ? SILENT_CHECKS_WHILE_SENDING : 0)) {
      this.terminate()
      return
    }
    this.#lastReceivedBytes = receivedBytes
    this.#webSocket.ping()
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
