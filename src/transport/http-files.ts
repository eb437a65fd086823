import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StorageError } from '../errors.ts'
import { dispositionOf } from './content-disposition.ts'
import type { FileAnswer, ResolvedDoorOptions } from './door-options.ts'
import { select } from './http-conditions.ts'
import { type HttpExchange, SAFE_HEADERS } from './http-exchange.ts'

type FoundFile = Extract<FileAnswer, { readonly kind: 'found' }>

/** Longest that a copy of a file may be used unasked, in seconds: another may have taken its place. */
const MAX_AGE_SECONDS = 300

/** What an open file holds in memory at most, about: a block that is checked as a whole, and what is on its way. */
const HELD_BYTES = 1.25 * 1024 * 1024

/** `GET /storage/<file>?…`: the files of temp URLs, whole or in part. */
export class HttpFiles {
  readonly #options: ResolvedDoorOptions

  constructor(options: ResolvedDoorOptions) {
    this.#options = options
  }

  async answer(exchange: HttpExchange, path: string): Promise<void> {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      exchange.sendMessage(405, 'Only GET and HEAD work here.', { Allow: 'GET, HEAD' })
      return
    }
    const name = decodePath(path)
    if (name === undefined) {
      exchange.sendMessage(400, 'The path of the file is not a percent-encoded path.')
      return
    }
    // Before, nothing of the file could be sent: who asks for many on one connection has one open at a time.
    await exchange.whenFirst()
    const query = new URLSearchParams(exchange.query)
    const file = await this.#options.serveFile({ path, query })
    if (file.kind === 'refused') {
      exchange.sendMessage(file.status, file.message, { 'Cache-Control': 'no-store' })
      return
    }
    await this.#send(exchange, name, file)
  }

  async #send(exchange: HttpExchange, name: string, file: FoundFile): Promise<void> {
    const { sizeBytes, modifiedMs } = file
    const etag = `"${file.sha256}"`
    const headers = describe(file, etag)
    const selection = select(exchange.method, exchange.request.headers, { etag, sizeBytes, modifiedMs })
    switch (selection.kind) {
      case 'not-modified':
        exchange.send(304, headers, '')
        return
      case 'failed':
        exchange.sendMessage(412, 'The file is not, or no longer, the one that was asked for.')
        return
      case 'unsatisfiable':
        exchange.sendMessage(416, `The file has ${sizeBytes} bytes.`, {
          'Content-Range': `bytes */${sizeBytes}`,
        })
        return
      case 'whole':
        await this.#stream(exchange, file, undefined, 200, {
          ...headers,
          ...describeContent(file, name),
          'Content-Length': sizeBytes,
        })
        return
      case 'part': {
        const { start, end } = selection
        await this.#stream(exchange, file, { start, end }, 206, {
          ...headers,
          ...describeContent(file, name),
          'Content-Length': end - start,
          'Content-Range': `bytes ${start}-${end - 1}/${sizeBytes}`,
        })
        return
      }
      default:
        selection satisfies never
    }
  }

  async #stream(
    exchange: HttpExchange,
    file: FoundFile,
    range: { start: number; end: number } | undefined,
    status: number,
    headers: OutgoingHttpHeaders,
  ): Promise<void> {
    const { response } = exchange
    const isHead = exchange.method === 'HEAD'
    if (!isHead) exchange.holdFile(Math.min(file.sizeBytes, HELD_BYTES))
    const content = isHead ? undefined : await openFile(exchange, file, range)
    // Found missing just now, or nobody is there any more.
    if (content === 'gone') return
    response.writeHead(status, { ...SAFE_HEADERS, ...headers })
    exchange.limitStalling(this.#options.stallTimeoutMs)
    if (content instanceof Readable) await pipeline(content, response, { signal: exchange.signal })
    else if (content === undefined) response.end()
    else exchange.sendBytes(content)
  }
}

async function openFile(
  exchange: HttpExchange,
  file: FoundFile,
  range: { start: number; end: number } | undefined,
): Promise<Readable | Uint8Array | 'gone'> {
  try {
    const content = await file.open(range)
    if (!exchange.response.destroyed) return content
    if (content instanceof Readable) content.destroy()
    return 'gone'
  } catch (error) {
    if (!(error instanceof StorageError) || error.reason !== 'STORAGE_FILE_NONEXIST') throw error
    exchange.sendMessage(404, 'There is no such file.')
    return 'gone'
  }
}

/** What is told of a file whether or not its bytes are sent. */
function describe({ modifiedMs, expiresMs }: FoundFile, etag: string): OutgoingHttpHeaders {
  const leftSeconds = expiresMs === undefined ? 0 : Math.floor((expiresMs - Date.now()) / 1000)
  const ageSeconds = Math.max(0, Math.min(leftSeconds, MAX_AGE_SECONDS))
  return {
    ETag: etag,
    // For one's own cache, since the URL is a secret; and with its end the right to the file ends.
    'Cache-Control': `private, max-age=${ageSeconds}, must-revalidate`,
    ...(modifiedMs === undefined ? {} : { 'Last-Modified': new Date(modifiedMs).toUTCString() }),
  }
}

function describeContent({ contentType }: FoundFile, name: string): OutgoingHttpHeaders {
  return {
    'Accept-Ranges': 'bytes',
    'Content-Disposition': dispositionOf(contentType, name),
    // An uploaded page must not run as the host's own.
    'Content-Security-Policy': 'sandbox',
    'Content-Type': contentType,
  }
}

/** The path's last name, decoded. */
function decodePath(path: string): string | undefined {
  try {
    const decoded = decodeURIComponent(path)
    return decoded === '' ? undefined : decoded.slice(decoded.lastIndexOf('/') + 1)
  } catch {
    // The one way decodeURIComponent fails.
    return undefined
  }
}
