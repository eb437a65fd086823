import { createServer, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { listen } from '../network/servers.ts'

/** A request as WeChat's servers would have it. */
export interface StandinRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Uint8Array
  readonly headers: IncomingHttpHeaders
}

/** An object is answered as JSON, bytes as they are. */
export interface StandinReply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body: object | Uint8Array
}

/** Answers the requests it knows; the first route that answers counts. */
export type Route = (request: StandinRequest) => StandinReply | undefined | Promise<StandinReply | undefined>

export interface Standin extends AsyncDisposable {
  /** What to give as `wechat.apiUrl`. */
  readonly url: string
  /** Every request that came, in order. */
  readonly requests: StandinRequest[]
}

/** A stand-in of WeChat's servers on loopback: a real HTTP server with these routes, and 404 for all else. */
export async function openStandin(...routes: readonly Route[]): Promise<Standin> {
  const requests: StandinRequest[] = []
  const server = createServer(async (incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://standin')
    const body = await buffer(incoming)
    const { method = 'GET', headers } = incoming
    const request = { method, path: pathname, query: searchParams, body, headers }
    requests.push(request)
    for (const route of routes) {
      const reply = await route(request)
      if (reply === undefined) continue
      const isBytes = reply.body instanceof Uint8Array
      const contentType = isBytes ? 'application/octet-stream' : 'application/json; encoding=utf-8'
      response.writeHead(reply.status ?? 200, { 'content-type': contentType, ...reply.headers })
      response.end(isBytes ? reply.body : JSON.stringify(reply.body))
      return
    }
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404')
  })
  const running = await listen(server)
  return {
    url: `http://127.0.0.1:${running.port}`,
    requests,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

/** The fields of a JSON body. */
export function jsonOf(request: StandinRequest): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(request.body)) as Record<string, unknown>
}
