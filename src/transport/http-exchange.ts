import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { CancelledError, type CloudletError, OverloadedError } from '../errors.ts'
import type { ByteBudget } from './byte-budget.ts'
import { cutWhenStalled } from './http-stall.ts'

/** Sent with every answer: no client may guess another type than the one that is told. */
export const SAFE_HEADERS: OutgoingHttpHeaders = Object.freeze({ 'X-Content-Type-Options': 'nosniff' })

/** Whether a peer takes an answer is seen by whether pieces of this size go. */
const SLICE_BYTES = 64 * 1024

/** One HTTP request and its answer, as the parts of the door see them. */
export class HttpExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The request's path below the door's own, still percent-encoded; empty for the door's own. */
  readonly path: string
  /** What follows the `?`, as it came. */
  readonly query: string
  readonly #budget: ByteBudget
  readonly #controller = new AbortController()
  #heldBytes = 0
  #isLimited = false

  constructor(request: IncomingMessage, response: ServerResponse, base: string, budget: ByteBudget) {
    this.request = request
    this.response = response
    const { path, query } = splitTarget(request)
    this.path = path.slice(base.length)
    this.query = query
    this.#budget = budget
    response.on('close', () => {
      if (!response.writableFinished) this.abort(new CancelledError('The client has gone.'))
    })
  }

  /** Aborts when the peer has gone, or the door gives up waiting for the answer. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get method(): string {
    return this.request.method ?? ''
  }

  abort(reason: CloudletError): void {
    this.#controller.abort(reason)
  }

  /**
   * Counts bytes that stay in memory until the answer was taken.
   *
   * @throws {OverloadedError} when the requests of the door hold too much.
   */
  hold(sizeBytes: number): void {
    this.#budget.add(sizeBytes)
    this.#heldBytes += sizeBytes
    if (!this.#budget.isExceeded) return
    throw new OverloadedError(
      'The HTTP requests of this door hold as many bytes together as they may. Try again soon, or raise maxHttpBytes.',
    )
  }

  /** To be called once, when nothing is left of the exchange. */
  release(): void {
    this.#budget.remove(this.#heldBytes)
    this.#heldBytes = 0
  }

  /** Lets the answer be the last of its connection, if it can still say so. */
  endConnection(): void {
    if (!this.response.headersSent) this.response.setHeader('Connection', 'close')
  }

  /** Cuts the connection when the peer takes nothing of the answer for so long. */
  limitStalling(stallTimeoutMs: number): void {
    if (this.#isLimited) return
    this.#isLimited = true
    cutWhenStalled(this.response, stallTimeoutMs)
  }

  /** Sends an answer whole. A HEAD request gets its headers only. */
  send(status: number, headers: OutgoingHttpHeaders, body: string | Uint8Array): void {
    const { response } = this
    const sizeBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
    const isBodiless = status === 204 || status === 304
    response.writeHead(status, {
      ...SAFE_HEADERS,
      ...(isBodiless ? {} : { 'Content-Length': sizeBytes }),
      ...headers,
    })
    if (isBodiless || this.method === 'HEAD') response.end()
    else if (sizeBytes <= SLICE_BYTES) response.end(body)
    else Readable.from(slicesOf(body), { objectMode: false, highWaterMark: SLICE_BYTES }).pipe(response)
  }

  sendJson(status: number, body: object, headers: OutgoingHttpHeaders = {}): void {
    const type = { 'Content-Type': 'application/json; charset=utf-8' }
    this.send(status, { ...type, ...headers }, `${JSON.stringify(body)}\n`)
  }

  sendMessage(status: number, message: string, headers: OutgoingHttpHeaders = {}): void {
    this.sendJson(status, { message }, headers)
  }
}

function* slicesOf(body: string | Uint8Array): Generator<Uint8Array, void> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}

/** Split by hand: a URL parser takes `//name/…` for a host. */
export function splitTarget(request: IncomingMessage): { path: string; query: string } {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
