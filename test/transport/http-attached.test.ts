import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { developmentAuthenticator } from '../../src/transport/auth.ts'
import type { HttpAccess } from '../../src/transport/http-options.ts'
import { type AttachOptions, Door } from '../../src/transport/server.ts'
import { HeldCalls } from './open-door.ts'
import { connectRaw } from './raw-http.ts'

const access: HttpAccess = {
  declaredPaths: () => new Map(),
  call: async ({ functionName, event }) => ({ result: { functionName, path: event.path }, requestId: 'r-1' }),
}

/** A server with answers of its own, and a door on it. */
async function attach(
  options: Partial<AttachOptions>,
): Promise<{ url: string; port: number; door: Door; server: Server }> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'x-own': 'yes' }).end(`own ${request.method} ${request.url}`)
  })
  const door = Door.attach(server, {
    authenticate: developmentAuthenticator(),
    call: async ({ args }) => args,
    serveFile: async () => ({
      kind: 'found',
      contentType: 'text/plain',
      sizeBytes: 4,
      sha256: 'a',
      open: async range => Buffer.from('text').subarray(range?.start, range?.end),
    }),
    health: () => ({ isHealthy: true }),
    onInternalError: () => undefined,
    access,
    httpPaths: { '/hello': 'hello' },
    drainTimeoutMs: 200,
    ...options,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    await door.close()
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${door.port}`, port: door.port, door, server }
}

async function read(url: string, init: RequestInit = {}): Promise<{ status: number; body: string }> {
  const response = await fetch(url, init)
  return { status: response.status, body: await response.text() }
}

test('a door under a path answers there, and leaves the rest to its server', async () => {
  const { url } = await attach({ path: '/cloud', cors: { origins: ['https://shop.example'] } })
  expect(await read(`${url}/cloud/healthz`)).toMatchObject({ status: 200, body: '{"isHealthy":true}\n' })
  expect(await read(`${url}/cloud/storage/a`, { headers: { range: 'bytes=1-2' } })).toEqual({
    status: 206,
    body: 'ex',
  })
  expect(await read(`${url}/cloud/hello/x?y`)).toEqual({
    status: 200,
    body: '{"functionName":"hello","path":"/x"}',
  })
  const post = { method: 'POST', headers: { 'x-cloudlet-openid': 'o-1' } }
  expect(await read(`${url}/cloud/functions/f`, post)).toMatchObject({ status: 200 })
  expect(await read(`${url}/cloud/nothing`)).toMatchObject({ status: 404 })
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'GET' },
  }
  expect(await read(`${url}/cloud/hello`, preflight)).toMatchObject({ status: 204 })
  for (const path of ['/', '/hello', '/healthz', '/functions/f', '/storage/a', '/cloudy/hello']) {
    expect(await read(`${url}${path}`)).toEqual({ status: 200, body: `own GET ${path}` })
  }
  expect(await read(`${url}/hello`, preflight)).toMatchObject({ body: 'own OPTIONS /hello' })
})

test('a door at the root answers what it has, and leaves the rest to its server', async () => {
  const { url } = await attach({ path: '/' })
  expect(await read(`${url}/healthz`)).toMatchObject({ body: '{"isHealthy":true}\n' })
  expect(await read(`${url}/hello`)).toMatchObject({ body: '{"functionName":"hello","path":"/"}' })
  expect(await read(`${url}/functions/f`)).toMatchObject({ status: 405 })
  expect(await read(`${url}/helloo`)).toMatchObject({ body: 'own GET /helloo' })
  expect(await read(`${url}/`)).toMatchObject({ body: 'own GET /' })
})

describe('a server that goes on after its door closed', () => {
  test('has all requests, on open connections too', async () => {
    const { url, door, port } = await attach({ path: '/cloud' })
    const socket = connectRaw(port)
    socket.write('GET /cloud/healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    await door.close()
    expect(await read(`${url}/cloud/hello`)).toMatchObject({ body: 'own GET /cloud/hello' })
    socket.write('GET /cloud/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await text(socket)).toContain('own GET /cloud/hello')
  })

  test('has answers that take too long given up', async () => {
    const held = new HeldCalls()
    const { url, door } = await attach({ path: '/cloud', call: held.call, drainTimeoutMs: 50 })
    const running = read(`${url}/cloud/functions/f`, {
      method: 'POST',
      headers: { 'x-cloudlet-openid': 'o-1' },
    })
    await held.reached(1)
    const { call, reject } = held.at(0)
    call.cancellation.signal.addEventListener('abort', () => reject(call.cancellation.signal.reason))
    await door.close()
    expect(await running).toMatchObject({
      status: 503,
      body: expect.stringContaining('CLOUDLET_HOST_CLOSED'),
    })
  })
})

test('a slow body is bounded also where the server’s own bounds are far', async () => {
  const { port } = await attach({ path: '/cloud', bodyTimeoutMs: 50 })
  const socket = connectRaw(port)
  socket.on('error', () => undefined)
  socket.write('POST /cloud/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /)
})
