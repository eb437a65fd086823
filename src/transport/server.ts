import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { InvalidOptionError } from '../errors.ts'
import { CLOSE_CODES } from '../protocol/frames.ts'
import type { Closable } from '../types.ts'
import { attachToServer, closeServer, listenOn, refuseUpgrade } from './attachment.ts'
import { type DoorOptions, type ResolvedDoorOptions, resolveDoorOptions } from './door-options.ts'
import { HttpDoor } from './http-door.ts'
import { isLoopbackHost, isLoopbackRequest } from './loopback.ts'
import { CLOSE_TIMEOUT_MS, OpenSocket, SocketAcceptor } from './open-socket.ts'
import { Peer } from './peer.ts'
import { portOf, urlOf } from './server-address.ts'
import { Sessions } from './sessions.ts'
import { UnwelcomedPeers } from './unwelcomed-peers.ts'
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
  readonly #acceptor: SocketAcceptor
  readonly #sessions: Sessions
  /** All whose socket is open. */
  readonly #peers = new Set<Peer>()
  readonly #unwelcomed: UnwelcomedPeers
  readonly #timers: NodeJS.Timeout[]
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
    this.#acceptor = new SocketAcceptor(options.maxFrameBytes)
    this.#unwelcomed = new UnwelcomedPeers(options.maxUnwelcomedPerAddress)
    this.#sessions = new Sessions(options, {
      onWelcome: peer => this.#unwelcomed.remove(peer),
      onGone: peer => this.#forget(peer),
    })
    // Over HTTP or not, a caller has the same bounds, and waits for the same turns.
    this.#http = new HttpDoor(base, options, this.#sessions.context)
    const { heartbeatMs, idleTimeoutMs } = options
    // One for all sessions: a timer of each would cost an idle one more than the rest of it.
    this.#timers = [
      setInterval(() => this.#checkSockets(), heartbeatMs),
      setInterval(
        () => this.#sessions.sweep(),
        idleTimeoutMs > 0 ? Math.ceil(idleTimeoutMs / 4) : heartbeatMs,
      ),
    ]
    for (const timer of this.#timers) timer.unref()
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
      door.#stopTimers()
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

  /** Sessions connected now, those not yet welcomed included. */
  get sessionCount(): number {
    return this.#peers.size
  }

  /** Sessions whose connection broke and whose clients may come back. */
  get brokenSessionCount(): number {
    return this.#sessions.brokenCount
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
    if (this.#closing !== undefined) {
      refuseUpgrade(socket, 503)
      return
    }
    if (this.#unwelcomed.isFull(addressOf(request))) {
      refuseUpgrade(socket, 429)
      return
    }
    if (this.#peers.size >= this.#options.maxSessions && !this.#makeRoom()) {
      refuseUpgrade(socket, 503)
      return
    }
    this.#acceptor.accept(request, socket, head, webSocket => {
      const { context } = this.#sessions
      this.#open(new OpenSocket(webSocket, request.socket, head.length, context), request)
    })
  }

  #open(socket: OpenSocket, request: IncomingMessage): void {
    const { headers } = request
    const remoteAddress = addressOf(request)
    const origin = { headers, remoteAddress, isLocal: isLoopbackRequest(request) }
    const peer = new Peer(socket, origin, this.#sessions.context)
    this.#peers.add(peer)
    this.#unwelcomed.add(peer, remoteAddress)
  }

  /**
   * A door that is full of sockets without a hello is under attack: the one that has waited longest makes room, so that
   * who says hello at once gets in. Among honest clients it would only be one for another.
   */
  #makeRoom(): boolean {
    const { oldest, count } = this.#unwelcomed
    if (oldest === undefined || count * 2 <= this.#options.maxSessions) return false
    oldest.terminate()
    this.#forget(oldest)
    return true
  }

  #forget(peer: Peer): void {
    this.#unwelcomed.remove(peer)
    if (this.#peers.delete(peer) && this.#peers.size === 0) this.#onEmpty?.()
  }

  #checkSockets(): void {
    for (const peer of this.#peers) peer.checkAlive()
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #close(): Promise<void> {
    const { drainTimeoutMs } = this.#options
    for (const listener of this.#closeListeners) listener()
    this.#detach()
    const serverClosed = this.#ownsServer ? closeServer(this.#server) : Promise.resolve()
    await waitAtMost(drainTimeoutMs, Promise.all([this.#http.drain(), this.#sessions.drain()]))
    this.#http.abort()
    this.#sessions.close(CLOSE_CODES.goingAway, 'The host is closing.')
    for (const peer of this.#peers) peer.leave(CLOSE_CODES.goingAway, 'The host is closing.')
    if (this.#peers.size > 0) {
      const { promise: emptied, resolve } = Promise.withResolvers<void>()
      this.#onEmpty = resolve
      await waitAtMost(CLOSE_TIMEOUT_MS, emptied)
      for (const peer of this.#peers) peer.terminate()
      await emptied
    }
    this.#stopTimers()
    this.#acceptor.close()
    if (this.#ownsServer) this.#server.closeAllConnections()
    await serverClosed
  }
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}
