import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { CancelledError, type CloudletError, OverloadedError } from '../errors.ts'
import { type HttpRefusal, toRefusal } from './http-refusal.ts'
import type { HttpShares, Shortage } from './http-shares.ts'
import { cutWhenStalled } from './http-stall.ts'

/** Sent with every answer: no client may guess another type than the one that is told. */
export const SAFE_HEADERS: OutgoingHttpHeaders = Object.freeze({ 'X-Content-Type-Options': 'nosniff' })

/** Whether a peer takes an answer is seen by whether pieces of this size go. */
const SLICE_BYTES = 64 * 1024

/** What requests share: places, bytes of bodies and answers, and what of files is held while they are sent. */
export interface HttpBounds {
  readonly requests: HttpShares
  readonly bytes: HttpShares
  readonly fileBytes: HttpShares
}

const THINGS = ['requests', 'bytes', 'fileBytes'] as const

/** One HTTP request and its answer, as the parts of the door see them. */
export class HttpExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The request's path below the door's own, still percent-encoded; empty for the door's own. */
  readonly path: string
  /** What follows the `?`, as it came. */
  readonly query: string
  readonly #bounds: HttpBounds
  readonly #address: string
  readonly #controller = new AbortController()
  readonly #held = { requests: 0, bytes: 0, fileBytes: 0 }
  #isLimited = false

  constructor(request: IncomingMessage, response: ServerResponse, base: string, bounds: HttpBounds) {
    this.request = request
    this.response = response
    const { path, query } = splitTarget(request)
    this.path = path.slice(base.length)
    this.query = query
    this.#bounds = bounds
    this.#address = request.socket.remoteAddress ?? ''
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
   * Takes one of the door's places for requests.
   *
   * @throws {OverloadedError} when all are taken; {HttpRefusal} 429 when those are that one address may have.
   */
  takePlace(): void {
    this.#take('requests', 1)
  }

  /**
   * Counts bytes that stay in memory until the answer was taken.
   *
   * @throws {OverloadedError} when the requests of the door hold too much; {HttpRefusal} 429 when those of its address do.
   */
  hold(sizeBytes: number): void {
    this.#take('bytes', sizeBytes)
  }

  /**
   * Counts what a file keeps in memory while it is sent.
   *
   * @throws {OverloadedError | HttpRefusal} as `hold` does.
   */
  holdFile(sizeBytes: number): void {
    this.#take('fileBytes', sizeBytes)
  }

  /** Resolves when all that was asked before on this connection has been answered. Rejects with the signal's reason. */
  async whenFirst(): Promise<void> {
    const { response, signal } = this
    if (response.socket !== null) return
    await once(response, 'socket', { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error
    })
  }

  /** To be called once, when nothing is left of the exchange. */
  release(): void {
    for (const thing of THINGS) {
      this.#bounds[thing].give(this.#address, this.#held[thing])
      this.#held[thing] = 0
    }
  }

  #take(thing: keyof HttpBounds, amount: number): void {
    const bound = this.#bounds[thing]
    const shortage = bound.take(this.#address, amount)
    if (shortage !== undefined) throw tooMuch(thing, shortage, bound)
    this.#held[thing] += amount
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
    else this.sendBytes(body)
  }

  /** Sends a whole body, after its headers. */
  sendBytes(body: string | Uint8Array): void {
    const { response } = this
    if (body.length <= SLICE_BYTES) response.end(body)
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

const WORDS: Readonly<Record<keyof HttpBounds, { does: string; unit: string; option: string }>> = {
  requests: { does: 'answers', unit: 'requests', option: 'maxHttpRequests' },
  bytes: { does: 'holds', unit: 'bytes of bodies and answers', option: 'maxHttpBytes' },
  fileBytes: { does: 'holds', unit: 'bytes of files', option: 'maxHttpFileBytes' },
}

function tooMuch(
  thing: keyof HttpBounds,
  shortage: Shortage,
  bound: HttpShares,
): OverloadedError | HttpRefusal {
  const { does, unit, option } = WORDS[thing]
  if (shortage === 'all') {
    return new OverloadedError(
      `This door ${does} ${bound.limit} ${unit} at once, its limit. Try again soon, or raise ${option}.`,
    )
  }
  const error = new OverloadedError(
    `This door ${does} ${bound.limitOfAddress} ${unit} at once for one address. Try again soon, or raise httpAddressShare if a proxy has it.`,
  )
  return toRefusal(error, 429)
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
