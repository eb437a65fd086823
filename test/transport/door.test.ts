import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { InvalidOptionError } from '../../src/errors.ts'
import { developmentAuthenticator } from '../../src/transport/auth.ts'
import type { DoorOptions } from '../../src/transport/door-options.ts'
import { Door } from '../../src/transport/server.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const OPTIONS: DoorOptions = {
  authenticate: developmentAuthenticator(),
  call: async ({ args }) => args,
  serveFile: async () => ({ kind: 'refused', status: 404, message: 'There is no such file.' }),
  health: () => ({ isHealthy: true }),
  onInternalError: () => undefined,
}

async function openServer(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  return address.port
}

/** Status of an upgrade that is turned down. */
async function refusedUpgrade(url: string): Promise<number | undefined> {
  const peer = new RawPeer(url)
  const [, response] = (await once(peer.socket, 'unexpected-response')) as [unknown, IncomingMessage]
  response.resume()
  return response.statusCode
}

describe('Door.listen', () => {
  test('tells where it listens', async () => {
    const { door } = await openDoor()
    expect(door.port).toBeGreaterThan(0)
    expect(door.url).toBe(`ws://127.0.0.1:${door.port}`)
    expect(door.httpUrl).toBe(`http://127.0.0.1:${door.port}`)
  })

  test('names a port that is taken', async () => {
    const { door } = await openDoor()
    await expect(openDoor({ port: door.port })).rejects.toThrow(
      new InvalidOptionError(
        'port',
        `Can't listen on 127.0.0.1 port ${door.port}: listen EADDRINUSE: address already in use 127.0.0.1:${door.port}. Choose another port, or 0 for a free one.`,
      ),
    )
  })

  test.each([
    ['port', { port: -1 }],
    ['port', { port: 65_536 }],
    ['port', { port: 1.5 }],
    ['maxFrameBytes', { maxFrameBytes: 1023 }],
    ['maxCallsInFlight', { maxCallsInFlight: 0 }],
    ['maxSessions', { maxSessions: Number.NaN }],
    ['heartbeatMs', { heartbeatMs: 2 ** 31 }],
    ['helloTimeoutMs', { helloTimeoutMs: 0 }],
    ['call', { call: JSON.parse('null') }],
    ['exposeDevelopmentAuthenticator', { exposeDevelopmentAuthenticator: JSON.parse('1') }],
  ])('refuses a bad %s', async (option, options) => {
    await expect(openDoor(options)).rejects.toMatchObject({ code: 'CLOUDLET_INVALID_OPTION', option })
  })

  test('takes so many sessions and turns the next away with 503', async () => {
    const { url, door } = await openDoor({ maxSessions: 2 })
    const peers = [await RawPeer.welcomed(url), await RawPeer.connect(url)]
    expect(await refusedUpgrade(url)).toBe(503)
    peers[1]?.terminate()
    await expect.poll(() => door.sessionCount).toBe(1)
    const next = await RawPeer.welcomed(url)
    for (const peer of [...peers, next]) peer.terminate()
  })

  test('turns WebSockets on other paths away with 404', async () => {
    const { url } = await openDoor()
    expect(await refusedUpgrade(`${url}/elsewhere`)).toBe(404)
  })
})

describe('Door.close', () => {
  test('lets calls in flight finish, refuses new ones, and says goodbye', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call, drainTimeoutMs: 10_000 })
    const peer = await RawPeer.welcomed(url)
    const idle = await RawPeer.welcomed(url)
    const mute = await RawPeer.connect(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    await calls.reached(1)
    const closed = door.close()
    await peer.next('goodbye')
    peer.send({ type: 'call', id: 2, op: 'x', args: {} })
    expect((await peer.next('error', 2)).error.code).toBe('CLOUDLET_HOST_CLOSED')
    await expect(RawPeer.connect(url)).rejects.toThrow()
    calls.at(0).resolve('finished')
    expect(await peer.next('result', 1)).toMatchObject({ result: 'finished' })
    await closed
    for (const { closed } of [peer, idle, mute]) expect((await closed).code).toBe(1001)
    await door.close()
    expect(calls.count).toBe(1)
  })

  test('aborts calls that outlast the drain time', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call, drainTimeoutMs: 20 })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    await calls.reached(1)
    await door.close()
    expect(calls.at(0).call.cancellation.signal.aborted).toBe(true)
    expect((await peer.closed).code).toBe(1001)
  })

  test('welcomes nobody whose login is decided meanwhile', async () => {
    const calls = new HeldCalls()
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>()
    const { url, door } = await openDoor({
      call: calls.call,
      drainTimeoutMs: 10_000,
      authenticate: async ({ openid }) => {
        if (openid === 'o-late') await decided
        return { openid: openid ?? 'o' }
      },
    })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    const late = await RawPeer.connect(url)
    late.send({ type: 'hello', versions: [1], openid: 'o-late', isResumable: true })
    await calls.reached(1)
    const closed = door.close()
    await peer.next('goodbye')
    decide()
    expect((await late.next('error')).error.code).toBe('CLOUDLET_HOST_CLOSED')
    expect((await late.closed).code).toBe(1001)
    calls.finishAll()
    await closed
  })

  test('does not wait for files that nobody is there to take', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call, drainTimeoutMs: 60_000 })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], openid: 'o-1', isResumable: true })
    await peer.next('welcome')
    for (let id = 1; id <= 6; id++) peer.send({ type: 'call', id, op: 'storage.download', args: {} })
    await calls.reached(2)
    peer.terminate()
    await expect.poll(() => door.brokenSessionCount).toBe(1)
    await door.close()
    expect(calls.at(0).call.cancellation.signal.aborted).toBe(true)
    expect(door.brokenSessionCount).toBe(0)
  })

  test('does not wait for a peer that never answers the close', async () => {
    const { url, door } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.socket.pause()
    await door.close()
    expect(door.sessionCount).toBe(0)
    peer.terminate()
  })
})

describe('Door.attach', () => {
  test('answers its own paths and leaves the embedder’s alone', async () => {
    const server = createServer((request, response) => response.end(`own ${request.url}`))
    const port = await openServer(server)
    await using door = Door.attach(server, { ...OPTIONS, path: '/cloud' })
    expect(door.url).toBe(`ws://127.0.0.1:${port}/cloud`)
    const text = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(await text('/')).toBe('own /')
    expect(await text('/healthz')).toBe('own /healthz')
    expect(await text('/cloudy')).toBe('own /cloudy')
    expect(JSON.parse(await text('/cloud/healthz'))).toEqual({ isHealthy: true })
    const peer = await RawPeer.welcomed(door.url)
    expect(await peer.call(1, 'x', 'hi')).toBe('hi')
    peer.terminate()
    await door.close()
    expect(await text('/cloud/healthz')).toBe('own /cloud/healthz')
  })

  test('at the root takes no more than it has there', async () => {
    const server = createServer((request, response) => response.end(`own ${request.url}`))
    const port = await openServer(server)
    await using door = Door.attach(server, { ...OPTIONS, path: '/' })
    const text = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(await text('/')).toBe('own /')
    expect(await text('/storage')).toBe('own /storage')
    expect(JSON.parse(await text('/healthz'))).toEqual({ isHealthy: true })
    const peer = await RawPeer.welcomed(door.url)
    peer.terminate()
  })

  test('leaves WebSockets of the embedder alone', async () => {
    const server = createServer()
    const own = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/own') return
      own.handleUpgrade(request, socket, head, webSocket => webSocket.send('own'))
    })
    const port = await openServer(server)
    await using door = Door.attach(server, { ...OPTIONS, path: '/cloud' })
    const peer = await RawPeer.welcomed(door.url)
    const { WebSocket } = await import('ws')
    const other = new WebSocket(`ws://127.0.0.1:${port}/own`)
    const [data] = (await once(other, 'message')) as [Buffer]
    expect(data.toString()).toBe('own')
    other.terminate()
    peer.terminate()
  })

  test('answers other WebSockets with 404 when nobody else is there to', async () => {
    const server = createServer()
    const port = await openServer(server)
    await using _door = Door.attach(server, OPTIONS)
    expect(await refusedUpgrade(`ws://127.0.0.1:${port}/nothing`)).toBe(404)
  })

  test.each(['cloud', '/a b', '/a//b', '/a?b', '/ä'])('refuses the path %j', path => {
    expect(() => Door.attach(createServer(), { ...OPTIONS, path })).toThrow(InvalidOptionError)
  })

  test('leaves the server open when it closes', async () => {
    const server = createServer((_, response) => response.end('still here'))
    const port = await openServer(server)
    const door = Door.attach(server, OPTIONS)
    const peer = await RawPeer.welcomed(door.url)
    await door.close()
    expect((await peer.closed).code).toBe(1001)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('still here')
  })
})

describe('a file being downloaded', () => {
  test('is sent to its end before the door closes', async () => {
    const content = new PassThrough()
    const { door } = await openDoor({
      serveFile: async () => ({
        kind: 'found',
        contentType: 'text/plain',
        sizeBytes: 6,
        sha256: '',
        open: async () => content,
      }),
      drainTimeoutMs: 10_000,
    })
    content.write('one')
    const response = await fetch(`${door.httpUrl}/storage/a.txt`)
    const closed = door.close()
    content.end('two')
    expect(await response.text()).toBe('onetwo')
    await closed
  })
})

describe('a half-open connection', () => {
  test('does not keep the door from closing', async () => {
    const { door } = await openDoor()
    const { port } = door
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('GET / HTTP/1.1\r\nHost')
    socket.on('error', () => undefined)
    await door.close()
    const pending = httpRequest({ host: '127.0.0.1', port }, () => undefined)
    const answered = once(pending, 'response')
    pending.end()
    await expect(answered).rejects.toThrow(/ECONNREFUSED/)
    socket.destroy()
  })
})
