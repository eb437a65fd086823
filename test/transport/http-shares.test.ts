import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpShares } from '../../src/transport/http-shares.ts'
import { type AttachOptions, Door } from '../../src/transport/server.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { connectRaw, sendRaw } from './raw-http.ts'

describe('the share of an address', () => {
  test('is taken to its limit and no further, while others get theirs', () => {
    const shares = new HttpShares(10, 0.4)
    expect(shares.take('203.0.113.1', 4)).toBeUndefined()
    expect(shares.take('203.0.113.1', 1)).toBe('address')
    expect(shares.take('::ffff:203.0.113.1', 1)).toBe('address')
    expect(shares.take('203.0.113.2', 4)).toBeUndefined()
    expect(shares.take('203.0.113.3', 3)).toBe('all')
    expect(shares.take('203.0.113.3', 2)).toBeUndefined()
    shares.give('203.0.113.1', 4)
    expect(shares.take('203.0.113.1', 4)).toBeUndefined()
  })

  test('is one for a network of 64 bits of version 6', () => {
    const shares = new HttpShares(10, 0.4)
    expect(shares.take('2001:db8::1', 4)).toBeUndefined()
    expect(shares.take('2001:db8::ffff:2', 1)).toBe('address')
    expect(shares.take('2001:db8:0:1::1', 4)).toBeUndefined()
  })

  test.each(['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1', ''])('is all for %j', address => {
    const shares = new HttpShares(10, 0.4)
    expect(shares.take(address, 10)).toBeUndefined()
    expect(shares.take('203.0.113.1', 1)).toBe('all')
    shares.give(address, 10)
    expect(shares.take('203.0.113.1', 4)).toBeUndefined()
  })

  test('is never less than one', () => {
    const shares = new HttpShares(1, 0.5)
    expect(shares.take('203.0.113.1', 1)).toBeUndefined()
  })
})

/** A door on a server whose connections come from the address that the next one is said to have. */
async function openSeenFrom(
  options: Partial<AttachOptions> = {},
): Promise<{ port: number; from(address: string): void }> {
  let address = '127.0.0.1'
  const server = createServer()
  server.on('connection', socket => Object.defineProperty(socket, 'remoteAddress', { value: address }))
  const door = Door.attach(server, {
    path: '/',
    authenticate: () => ({ openid: 'o-1' }),
    call: async () => 'called',
    access: {
      declaredPaths: () => new Map([['/hook', { functionName: 'hook', wholePath: false }]]),
      call: async ({ event }) => ({ result: event.body.length, requestId: 'r-1' }),
    },
    serveFile: async () => ({ kind: 'refused', status: 404, message: 'There is no such file.' }),
    health: () => ({}),
    onInternalError: () => {},
    drainTimeoutMs: 50,
    ...options,
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(async () => {
    await door.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    from(given) {
      address = given
    },
  }
}

describe('a door whose strangers keep it waiting', () => {
  const POST = 'POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'

  async function ask(port: number, path = '/storage/a'): Promise<string> {
    const answer = await sendRaw(port, [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: close'])
    return answer
  }

  /** Resolves when the door has read what came before. */
  async function settle(port: number, expected: RegExp): Promise<void> {
    await expect.poll(() => ask(port)).toMatch(expected)
  }

  test('has places for others, and one again when one of theirs is over', async () => {
    const { port, from } = await openSeenFrom({ maxHttpRequests: 8 })
    from('203.0.113.1')
    const sockets = Array.from({ length: 4 }, () => connectRaw(port))
    for (const socket of sockets) socket.write(POST)
    await settle(port, /^HTTP\/1\.1 429 [\s\S]*retry-after: 1\r\n[\s\S]*CLOUDLET_OVERLOADED/i)
    expect(await ask(port, '/healthz')).toMatch(/^HTTP\/1\.1 200 /)
    from('203.0.113.2')
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 404 /)
    from('203.0.113.1')
    sockets[0]?.write('123456789')
    await settle(port, /^HTTP\/1\.1 404 /)
  })

  test('may let one address have all', async () => {
    const { port, from } = await openSeenFrom({ maxHttpRequests: 8, httpAddressShare: 1 })
    from('203.0.113.1')
    for (let i = 0; i < 7; i++) connectRaw(port).write(POST)
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 404 /)
    connectRaw(port).write(POST)
    await settle(port, /^HTTP\/1\.1 503 /)
  })

  test('sends one address files up to its share', async () => {
    const { port, from } = await openSeenFrom({
      maxHttpFileBytes: 4 * 1024 * 1024,
      serveFile: async () => ({
        kind: 'found',
        contentType: 'text/plain',
        sizeBytes: 32 * 1024 * 1024,
        sha256: 'a'.repeat(64),
        open: async () => Readable.from(Array(512).fill(Buffer.alloc(65_536))),
      }),
    })
    from('203.0.113.1')
    const socket = connectRaw(port)
    socket.write('GET /storage/a HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'readable')
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 429 /)
    socket.destroy()
    await settle(port, /^HTTP\/1\.1 200 /)
  })

  test('holds so many bytes for one address', async () => {
    const { port, from } = await openSeenFrom({ maxHttpBytes: 2000 })
    from('203.0.113.1')
    const post = (sizeBytes: number): Promise<string> =>
      sendRaw(
        port,
        ['POST /hook HTTP/1.1', 'Host: x', 'Connection: close', `Content-Length: ${sizeBytes}`],
        'x'.repeat(sizeBytes),
      )
    // The answer, "990", is held too.
    expect(await post(990)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await post(1001)).toMatch(/^HTTP\/1\.1 429 /)
    from('127.0.0.1')
    expect(await post(1001)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

test('requests that are refused, and asks for its health, take no places', async () => {
  const held = new HeldCalls()
  const { door } = await openDoor({ call: held.call, maxHttpRequests: 2 })
  const socket = connectRaw(door.port)
  const headers =
    'Host: x\r\nX-Cloudlet-Openid: o\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n'
  // None of the later ones can be answered before the first.
  socket.write(
    `POST /functions/f HTTP/1.1\r\n${headers}{}${'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20)}`,
  )
  await held.reached(1)
  expect((await fetch(`${door.httpUrl}/x`)).status).toBe(404)
  socket.write(`POST /functions/f HTTP/1.1\r\n${headers}{}`.repeat(20))
  await held.reached(2)
  expect((await fetch(`${door.httpUrl}/x`)).status).toBe(503)
  held.at(1).resolve('done')
  socket.destroy()
  await expect.poll(async () => (await fetch(`${door.httpUrl}/x`)).status).toBe(404)
})

test.each([0, -1, 1.1, Number.NaN, '1'])('httpAddressShare: %j is refused', async httpAddressShare => {
  await expect(openDoor({ httpAddressShare: httpAddressShare as number })).rejects.toMatchObject({
    code: 'CLOUDLET_INVALID_OPTION',
  })
})
