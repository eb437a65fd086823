import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import { CloudletError, HostClosedError, InternalError } from '../errors.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { type HttpBounds, HttpExchange, splitTarget } from './http-exchange.ts'
import { HttpFiles } from './http-files.ts'
import { HttpFunctions } from './http-functions.ts'
import { HttpMapped } from './http-mapped.ts'
import { HttpRefusal, toRefusal } from './http-refusal.ts'
import { HttpShares } from './http-shares.ts'
import type { HttpShared } from './http-turn.ts'

/**
 * The plain HTTP part of the door: `<base>/healthz`, `<base>/storage/<file>?…`, `<base>/functions/<name>`, and the
 * paths that are mapped to functions. Says nothing of the host's own paths or faults; those go to onInternalError.
 */
export class HttpDoor {
  readonly #base: string
  readonly #options: ResolvedDoorOptions
  readonly #bounds: HttpBounds
  readonly #files: HttpFiles
  readonly #functions: HttpFunctions
  readonly #mapped: HttpMapped
  /** With the exchange each answers. */
  readonly #running = new Map<Promise<void>, HttpExchange>()
  #isClosing = false

  /** @param base Path prefix without a slash at its end; empty for the root. */
  constructor(base: string, options: ResolvedDoorOptions, shared: HttpShared) {
    this.#base = base
    this.#options = options
    const { maxHttpRequests, maxHttpBytes, maxHttpFileBytes, httpAddressShare: share } = options
    this.#bounds = {
      requests: new HttpShares(maxHttpRequests, share),
      bytes: new HttpShares(maxHttpBytes, share),
      fileBytes: new HttpShares(maxHttpFileBytes, share),
    }
    this.#files = new HttpFiles(options)
    this.#functions = new HttpFunctions(options, shared)
    this.#mapped = new HttpMapped(options, shared)
  }

  /** Where WebSockets connect: the base itself. */
  isSocketPath(request: IncomingMessage): boolean {
    const { path } = splitTarget(request)
    return path === this.#base || path === `${this.#base}/`
  }

  /** Whether a request is the door's to answer. At the root only what the door has there. */
  owns(request: IncomingMessage): boolean {
    const { path } = splitTarget(request)
    if (this.#base !== '') return path === this.#base || path.startsWith(`${this.#base}/`)
    const isOwn = path === '/healthz' || path.startsWith('/storage/') || path.startsWith('/functions/')
    return isOwn || this.#mapped.find(path) !== undefined
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new HttpExchange(request, response, this.#base, this.#bounds)
    if (this.#isClosing) exchange.endConnection()
    const running = this.#route(exchange)
      .then(() => this.#finish(exchange))
      .catch((error: unknown) => this.#fail(exchange, error))
      .finally(() => {
        exchange.release()
        this.#running.delete(running)
      })
    this.#running.set(running, exchange)
  }

  /** Takes no more requests, and resolves when what is being answered now has been sent. */
  async drain(): Promise<void> {
    this.#isClosing = true
    for (const exchange of this.#running.values()) exchange.endConnection()
    await Promise.all(this.#running.keys())
  }

  /** Gives up what is being answered still. */
  abort(): void {
    for (const exchange of this.#running.values()) exchange.abort(new HostClosedError('The host is closing.'))
  }

  async #route(exchange: HttpExchange): Promise<void> {
    const { cors } = this.#options
    if (cors?.apply(exchange)) return
    const { path } = exchange
    if (path === '/healthz') {
      this.#answerHealth(exchange)
      return
    }
    if (this.#isClosing) throw new HostClosedError('The host is closing and takes no new requests.')
    exchange.takePlace()
    if (path.startsWith('/storage/')) {
      await this.#files.answer(exchange, path.slice('/storage/'.length))
      return
    }
    if (path.startsWith('/functions/')) {
      await this.#functions.answer(exchange, path.slice('/functions/'.length))
      return
    }
    const mapped = this.#mapped.find(path)
    if (mapped !== undefined) await this.#mapped.answer(exchange, mapped)
    else if (this.isSocketPath(exchange.request)) {
      const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' }
      exchange.sendMessage(426, 'Connect with a WebSocket here.', upgrade)
    } else {
      const places = '/healthz, /storage/…, /functions/… and the paths mapped to functions'
      exchange.sendMessage(404, `There is nothing here. The door answers ${places}.`)
    }
  }

  #answerHealth(exchange: HttpExchange): void {
    const headers = { 'Cache-Control': 'no-store' }
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      exchange.sendMessage(405, 'Only GET and HEAD work here.', { Allow: 'GET, HEAD', ...headers })
      return
    }
    const health = this.#options.health()
    const status = 'isHealthy' in health && health.isHealthy === false ? 503 : 200
    exchange.sendJson(status, health, headers)
  }

  async #finish(exchange: HttpExchange): Promise<void> {
    exchange.limitStalling(this.#options.stallTimeoutMs)
    await finished(exchange.response)
  }

  async #fail(exchange: HttpExchange, error: unknown): Promise<void> {
    const { response } = exchange
    // The peer went away, or the file's stream broke half way: a cut body is all that can be said.
    if (response.headersSent || response.destroyed) {
      response.destroy()
      if (!isExpected(error)) this.#options.onInternalError(error)
      return
    }
    const { status, body, headers } = this.#toRefusal(error)
    exchange.sendJson(status, body, { 'Cache-Control': 'no-store', ...headers })
    await this.#finish(exchange).catch((fault: unknown) => {
      if (!isExpected(fault)) this.#options.onInternalError(fault)
    })
  }

  #toRefusal(error: unknown): HttpRefusal {
    if (error instanceof HttpRefusal) return error
    if (error instanceof CloudletError) return toRefusal(error)
    const incident = new InternalError(randomUUID(), { cause: error })
    this.#options.onInternalError(incident)
    return toRefusal(incident)
  }
}

/** The peer has gone, the door closes, or the error was for the peer: no fault of the host. */
function isExpected(error: unknown): boolean {
  if (error instanceof CloudletError || error instanceof HttpRefusal) return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && PEER_GONE.has(code)
}

const PEER_GONE: ReadonlySet<string> = new Set([
  'ABORT_ERR',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
])
