import { createHash } from 'node:crypto'
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Identity } from './certificate.ts'

export interface WebRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface WebReply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** An object goes as JSON; a stream in chunks, without a length. */
  readonly body?: string | Buffer | object | Readable
}

/** Answers what lies below one path; `undefined` never answers. */
export type WebRoute = (request: WebRequest) => WebReply | undefined | Promise<WebReply | undefined>

export interface WebServers {
  readonly http: string
  readonly https: string
  close(): Promise<void>
}

/** Serves routes by their first path segment on loopback, over HTTP and HTTPS. */
export async function openWebServers(
  routes: Readonly<Record<string, WebRoute>>,
  identity: Identity,
): Promise<WebServers> {
  const all = { ...ROUTES, ...routes }
  const listener: RequestListener = (incoming, response) => {
    const answering = answer(incoming, all).then(reply => {
      if (reply === undefined) return
      const { status = 200, headers = {}, body = '' } = reply
      const isPlain = typeof body === 'string' || Buffer.isBuffer(body) || body instanceof Readable
      response.writeHead(status, {
        'Content-Type': isPlain ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
        ...(headers as Record<string, string | string[]>),
      })
      if (body instanceof Readable) body.pipe(response)
      else response.end(isPlain ? body : JSON.stringify(body))
    })
    // A client that goes away in the midst of its request hears nothing more.
    answering.catch(() => response.destroy())
  }
  const servers = [createPlain(listener), createSecure({ key: identity.key, cert: identity.cert }, listener)]
  // A server that closes what idles would now and then be met by a request on its way.
  for (const server of servers) server.keepAliveTimeout = 0
  const [http = 0, https = 0] = await Promise.all(servers.map(listenLocally))
  return {
    http: `http://127.0.0.1:${http}`,
    https: `https://127.0.0.1:${https}`,
    close: async () => {
      await Promise.all(servers.map(close))
    },
  }
}

/** The port it listens at. */
export function listenLocally(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}

async function answer(
  incoming: IncomingMessage,
  routes: Readonly<Record<string, WebRoute>>,
): Promise<WebReply | undefined> {
  const { method = '', headers } = incoming
  const body = Buffer.concat(await incoming.toArray())
  const url = new URL(incoming.url ?? '/', 'http://localhost')
  try {
    const route = routes[url.pathname.split('/')[1] ?? '']
    return route === undefined ? { status: 404 } : await route({ method, url, headers, body })
  } catch (error) {
    // Whoever looks at a use that fails should see why the server could not follow it.
    return { status: 500, body: (error as Error).stack ?? String(error) }
  }
}

const failures = new Map<string, number>()

const ROUTES: Readonly<Record<string, WebRoute>> = {
  json: ({ method, url, headers }) => ({
    body: { method, query: Object.fromEntries(url.searchParams), app: headers['x-app'], 你好: '世界' },
  }),
  html: () => ({
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: '<html><body><h1>茶 & cups</h1></body></html>',
  }),
  echo: ({ method, headers, body }) => ({
    body: {
      method,
      type: headers['content-type'],
      cookie: headers.cookie,
      token: headers['x-token'],
      body: body.toString(),
    },
  }),
  /** `/redirect/3` leads over two more to `/json`. */
  redirect: ({ url }) => {
    const left = Number(url.pathname.split('/')[2])
    return { status: 302, headers: { Location: left > 1 ? `/redirect/${left - 1}` : '/json' } }
  },
  gzip: () => compressed('gzip', gzipSync),
  brotli: () => compressed('br', brotliCompressSync),
  status: ({ url }) => ({ status: Number(url.pathname.split('/')[2]), body: 'as you like' }),
  never: () => undefined,
  cookie: () => ({ headers: { 'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly'] } }),
  stream: ({ url }) => ({ body: makeChunks(Number(url.searchParams.get('bytes'))) }),
  /** Fails as often as told before it answers. */
  flaky: ({ url }) => {
    const id = url.searchParams.get('id') ?? ''
    const count = failures.get(id) ?? 0
    failures.set(id, count + 1)
    if (count < Number(url.searchParams.get('failures'))) return { status: 503 }
    failures.delete(id)
    return { body: { attempts: count + 1 } }
  },
  page: ({ url }) => {
    const n = Number(url.searchParams.get('n'))
    return { body: { items: [`${n}a`, `${n}b`], next: n < 3 ? n + 1 : null } }
  },
  upload: readUpload,
}

function compressed(encoding: string, compress: (text: Buffer) => Buffer): WebReply {
  const body = compress(Buffer.from(JSON.stringify({ text: '压缩'.repeat(500).length })))
  return { headers: { 'Content-Type': 'application/json', 'Content-Encoding': encoding }, body }
}

function makeChunks(bytes: number): Readable {
  const chunk = Buffer.alloc(10_000, 'x')
  return Readable.from(
    (function* () {
      for (let left = bytes; left > 0; left -= chunk.length) yield chunk.subarray(0, left)
    })(),
  )
}

/** What a multipart form holds, as another implementation reads it. */
export async function readUpload({ headers, body }: WebRequest): Promise<WebReply> {
  const response = new Response(new Uint8Array(body), {
    headers: { 'Content-Type': headers['content-type'] ?? '' },
  })
  const fields: Record<string, unknown> = {}
  for (const [name, value] of await response.formData()) {
    fields[name] =
      typeof value === 'string'
        ? value
        : { name: value.name, type: value.type, sha1: sha1(await value.arrayBuffer()) }
  }
  return { body: fields }
}

function sha1(bytes: ArrayBuffer): string {
  return createHash('sha1').update(new Uint8Array(bytes)).digest('hex')
}
