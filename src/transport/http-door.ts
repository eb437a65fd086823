import { randomUUID } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { CloudletError, InternalError, StorageError } from '../errors.ts'
import type { FileAnswer, ResolvedDoorOptions } from './door-options.ts'

/**
 * The plain HTTP part of the door: `<base>/healthz` and `<base>/storage/<file>?…`. Says nothing of the
 * host's own paths or faults; those go to onInternalError.
 */
export class HttpDoor {
  readonly #base: string
  readonly #options: ResolvedDoorOptions
  readonly #running = new Set<Promise<void>>()

  /** @param base Path prefix without a slash at its end; empty for the root. */
  constructor(base: string, options: ResolvedDoorOptions) {
    this.#base = base
    this.#options = options
  }

  /** Where WebSockets connect: the base itself. */
  isSocketPath(request: IncomingMessage): boolean {
    const { path } = splitTarget(request)
    return path === this.#base || path === `${this.#base}/`
  }

  /** Whether a request is the door's to answer. At the root only what the door has there. */
  owns(request: IncomingMessage): boolean {
    const { path } = splitTarget(request)
    if (this.#base === '') return path === '/healthz' || path.startsWith('/storage/')
    return path === this.#base || path.startsWith(`${this.#base}/`)
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const running = this.#route(request, response)
      .then(() => finished(response))
      .catch((error: unknown) => this.#answerError(response, error))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when what is being answered now has been sent. */
  async drain(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = splitTarget(request)
    const name = path.slice(this.#base.length)
    if (this.isSocketPath(request)) {
      const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' }
      sendMessage(request, response, 426, 'Connect with a WebSocket here.', upgrade)
      return
    }
    const isFile = name.startsWith('/storage/')
    if (!isFile && name !== '/healthz') {
      return sendMessage(
        request,
        response,
        404,
        'There is nothing here. The door answers /healthz and /storage/….',
      )
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendMessage(request, response, 405, 'Only GET and HEAD work here.', { Allow: 'GET, HEAD' })
      return
    }
    if (!isFile) {
      this.#answerHealth(request, response)
      return
    }
    const file = name.slice('/storage/'.length)
    if (file === '' || !isPercentEncoded(file)) {
      sendMessage(request, response, 400, 'The path of the file is not a percent-encoded path.')
      return
    }
    const answer = await this.#options.serveFile({ path: file, query: new URLSearchParams(query) })
    await sendFile(request, response, answer)
  }

  #answerHealth(request: IncomingMessage, response: ServerResponse): void {
    const health = this.#options.health()
    const status = 'isHealthy' in health && health.isHealthy === false ? 503 : 200
    sendJson(request, response, status, health, { 'Cache-Control': 'no-store' })
  }

  #answerError(response: ServerResponse, error: unknown): void {
    const { req: request } = response
    // The peer went away, or the file's stream broke half way: a cut body is all that can be said.
    if (response.headersSent || response.destroyed) {
      response.destroy()
      if (!isPeerGone(error)) this.#options.onInternalError(error)
      return
    }
    if (error instanceof CloudletError && UNAVAILABLE.has(error.code)) {
      sendMessage(request, response, 503, error.message)
      return
    }
    if (error instanceof StorageError && error.reason === 'STORAGE_FILE_NONEXIST') {
      sendMessage(request, response, 404, 'There is no such file.')
      return
    }
    const incident = new InternalError(randomUUID(), { cause: error })
    this.#options.onInternalError(incident)
    sendMessage(request, response, 500, incident.message)
  }
}

const UNAVAILABLE: ReadonlySet<string> = new Set(['CLOUDLET_HOST_CLOSED', 'CLOUDLET_OVERLOADED'])

/** Split by hand: a URL parser takes `//name/…` for a host. */
function splitTarget(request: IncomingMessage): { path: string; query: string } {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

function isPercentEncoded(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    // The one way decodeURIComponent fails.
    return false
  }
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  answer: FileAnswer,
): Promise<void> {
  if (answer.kind === 'refused') {
    sendMessage(request, response, answer.status, answer.message)
    return
  }
  const { contentType, sizeBytes, modifiedMs } = answer
  const content = request.method === 'HEAD' ? new Uint8Array() : await answer.open()
  const headers: OutgoingHttpHeaders = {
    ...SAFE_HEADERS,
    // An uploaded page must not run as the host's own.
    'Content-Security-Policy': 'sandbox',
    'Content-Type': contentType,
    'Content-Length': sizeBytes,
  }
  if (modifiedMs !== undefined) headers['Last-Modified'] = new Date(modifiedMs).toUTCString()
  response.writeHead(200, headers)
  if (content instanceof Readable) await pipeline(content, response)
  else response.end(content)
}

const SAFE_HEADERS = Object.freeze({ 'X-Content-Type-Options': 'nosniff' })

function sendMessage(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  message: string,
  headers: OutgoingHttpHeaders = {},
): void {
  sendJson(request, response, status, { message }, headers)
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function isPeerGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE'
}
