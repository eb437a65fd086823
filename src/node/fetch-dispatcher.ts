import type { Realm } from './realm.ts'

/** What undici's fetch asks of who sends a request. */
interface DispatchOptions {
  readonly origin: string
  readonly path: string
  readonly method: string
  readonly headers?: Readonly<Record<string, string | string[]>> | readonly string[] | null
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array | string | null
  readonly upgrade?: string | null
}

interface Controller {
  readonly aborted: boolean
  readonly reason: unknown
  readonly paused: boolean
  rawHeaders: readonly string[]
  rawTrailers: readonly string[]
  abort(reason?: unknown): void
  pause(): void
  resume(): void
}

interface Handler {
  onRequestStart?(controller: Controller, context: object): void
  onResponseStarted?(): void
  onResponseStart?(controller: Controller, status: number, headers: object, statusText: string): void
  onResponseData?(controller: Controller, chunk: Uint8Array): void
  onResponseEnd?(controller: Controller, trailers: object): void
  onResponseError?(controller: Controller, error: unknown): void
  onRequestUpgrade?(controller: Controller, status: number, headers: object, socket: unknown): unknown
}

interface Incoming {
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: object
  readonly trailers: object
  readonly rawHeaders: readonly string[]
  readonly rawTrailers: readonly string[]
  readonly complete: boolean
  on(event: string, listener: (value: never) => void): Incoming
  pause(): void
  resume(): void
}

/** Sockets open at once: fewer than an invocation may have, so that many requests wait instead of failing. */
const SOCKETS = 32
const AGENT = { keepAlive: true, maxSockets: SOCKETS, maxTotalSockets: SOCKETS }

/**
 * Sends what `fetch` and WebSocket send over the function's own `http` and `https`, so that there is one way to the
 * network, and undici's own client with its parser in WebAssembly is never loaded.
 */
export class FetchDispatcher {
  readonly #realm: Realm
  readonly #agents = new Map<string, object>()

  constructor(realm: Realm) {
    this.#realm = realm
  }

  dispatch(options: DispatchOptions, handler: Handler): boolean {
    new Exchange(this.#realm, options, handler).start(secure => this.#agentOf(secure))
    return true
  }

  async close(): Promise<void> {}
  async destroy(): Promise<void> {}

  #agentOf(module: 'http' | 'https'): object {
    const known = this.#agents.get(module)
    if (known !== undefined) return known
    const agent = new (this.#realm.load(module).Agent)(AGENT)
    this.#agents.set(module, agent)
    return agent
  }
}

/** One request and what comes back. */
class Exchange {
  readonly #realm: Realm
  readonly #options: DispatchOptions
  readonly #handler: Handler
  readonly #controller: Controller
  // biome-ignore lint/suspicious/noExplicitAny: Node's library has no types.
  #request: any
  #response: Incoming | undefined
  #isOver = false
  #isAborted = false
  #isPaused = false
  #reason: unknown

  constructor(realm: Realm, options: DispatchOptions, handler: Handler) {
    this.#realm = realm
    this.#options = options
    this.#handler = handler
    this.#controller = this.#makeController()
  }

  #makeController(): Controller {
    const exchange = this
    return {
      rawHeaders: [],
      rawTrailers: [],
      get aborted() {
        return exchange.#isAborted
      },
      get reason() {
        return exchange.#reason
      },
      get paused() {
        return exchange.#isPaused
      },
      abort: reason => exchange.#abort(reason),
      pause: () => {
        exchange.#isPaused = true
        exchange.#response?.pause()
      },
      resume: () => {
        exchange.#isPaused = false
        exchange.#response?.resume()
      },
    }
  }

  start(agentOf: (module: 'http' | 'https') => object): void {
    this.#handler.onRequestStart?.(this.#controller, {})
    if (this.#isAborted) return
    const { origin, path, method, body, upgrade } = this.#options
    const { protocol, hostname, port } = new (this.#realm.load('internal/url').URL)(origin)
    const module = protocol === 'https:' ? 'https' : 'http'
    try {
      this.#request = this.#realm.load(module).request({
        protocol,
        // An IPv6 address without the brackets it has in a URL.
        hostname: hostname.replace(/^\[|\]$/g, ''),
        ...(port === '' ? {} : { port }),
        path,
        method,
        headers: this.#headers(upgrade),
        agent: agentOf(module),
      })
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#request
      .on('response', (response: Incoming) => this.#respond(response))
      .on('upgrade', (response: Incoming, socket: never, head: Uint8Array) =>
        this.#switch(response, socket, head),
      )
      .on('error', (error: unknown) => this.#fail(error))
    this.#send(body)
  }

  #headers(upgrade: string | null | undefined): object {
    const { headers } = this.#options
    const given = Array.isArray(headers)
      ? Object.fromEntries(pairs(headers as readonly string[]))
      : { ...headers }
    return upgrade ? { ...given, connection: 'Upgrade', upgrade } : given
  }

  #send(body: DispatchOptions['body']): void {
    if (body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body)) {
      this.#request.end(body ?? undefined)
      return
    }
    const { Readable, pipeline } = this.#realm.load('stream')
    pipeline(Readable.from(body, { objectMode: false }), this.#request, (error: unknown) => {
      if (error) this.#abort(error)
    })
  }

  #respond(response: Incoming): void {
    this.#response = response
    this.#controller.rawHeaders = response.rawHeaders
    this.#guard(() => {
      const { statusCode, headers, statusMessage } = response
      this.#handler.onResponseStarted?.()
      this.#handler.onResponseStart?.(this.#controller, statusCode, headers, statusMessage)
    })
    response
      .on('data', (chunk: Uint8Array) =>
        this.#guard(() => this.#handler.onResponseData?.(this.#controller, chunk)),
      )
      .on('end', () => {
        if (this.#isOver || !response.complete) return
        this.#isOver = true
        this.#controller.rawTrailers = response.rawTrailers
        this.#guard(() => this.#handler.onResponseEnd?.(this.#controller, response.trailers))
      })
      .on('error', (error: unknown) => this.#fail(error))
    if (this.#isPaused) response.pause()
  }

  #switch(response: Incoming, socket: { unshift(head: Uint8Array): void }, head: Uint8Array): void {
    this.#isOver = true
    this.#controller.rawHeaders = response.rawHeaders
    if (head.length > 0) socket.unshift(head)
    const { statusCode, headers } = response
    this.#guard(() => this.#handler.onRequestUpgrade?.(this.#controller, statusCode, headers, socket))
  }

  #abort(reason: unknown): void {
    if (this.#isAborted) return
    this.#isAborted = true
    this.#reason =
      reason ?? new this.#realm.domExceptions.DOMException('This operation was aborted', 'AbortError')
    this.#fail(this.#reason)
    this.#request?.destroy()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#handler.onResponseError?.(this.#controller, error)
  }

  /** What the other side's code throws ends the exchange, and is told where errors are. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#abort(error)
    }
  }
}

function* pairs(list: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index < list.length; index += 2) {
    yield [list[index] as string, list[index + 1] as string]
  }
}
