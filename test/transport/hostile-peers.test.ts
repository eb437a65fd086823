import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeFrame } from '../../src/protocol/codec.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

async function rawSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume()
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** A client's message in one WebSocket frame, masked with zeros. */
function masked(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x80 | message.length, 0, 0, 0, 0]), message])
}

describe('a socket that never gets anywhere', () => {
  test('does not last, however slowly it goes on with its hello', async () => {
    const { door } = await openDoor({ helloTimeoutMs: 150 })
    const socket = await rawSocket(door.port)
    const closed = once(socket, 'close')
    socket.write(HANDSHAKE)
    const hello = masked(encodeFrame({ type: 'hello', versions: [1], openid: 'o-1' }))
    for (const byte of hello.subarray(0, -1)) {
      if (socket.destroyed) break
      socket.write(Uint8Array.of(byte))
      await setTimeout(10)
    }
    await closed
    await expect.poll(() => door.sessionCount).toBe(0)
  })

  test('keeps nobody else out: hundreds of them are turned away, and those welcomed go on', async () => {
    const { url, door } = await openDoor({ maxUnwelcomedPerAddress: 20, helloTimeoutMs: 300 })
    const neighbour = await RawPeer.welcomed(url)
    const sockets = await Promise.all(Array.from({ length: 500 }, () => rawSocket(door.port)))
    for (const socket of sockets) socket.write(HANDSHAKE)
    await expect.poll(() => door.sessionCount).toBe(21)
    expect(await neighbour.call(1, 'x', 1)).toMatchObject({ args: 1 })
    // Those that were let in go when their time for a hello is up.
    await expect.poll(() => door.sessionCount, { timeout: 5000 }).toBe(1)
    const next = await RawPeer.welcomed(url)
    for (const peer of [neighbour, next]) peer.terminate()
  })
})

describe('a flood of calls', () => {
  test('is answered one by one, most with a refusal, while another caller is served', async () => {
    const { url, faults } = await openDoor({
      call: async ({ args }) => {
        await setTimeout(1)
        return args
      },
      maxCallsInFlight: 16,
    })
    const flood = await RawPeer.welcomed(url, 'o-flood')
    const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
    const count = 20_000
    for (let id = 0; id < count; id++) flood.send({ type: 'call', id, op: 'x', args: id })
    for (let id = 0; id < 20; id++) expect(await neighbour.call(id, 'x', id)).toBe(id)
    await expect.poll(() => flood.frames.length, { timeout: 20_000 }).toBe(count)
    const ids = flood.frames.map(frame => ('id' in frame ? Number(frame.id) : -1))
    expect(new Set(ids).size).toBe(count)
    expect(faults).toEqual([])
    for (const peer of [flood, neighbour]) peer.terminate()
  })

  test('with cancels that race the answers: each call is answered once', async () => {
    const { url, faults } = await openDoor({
      call: async ({ args, cancellation: { signal } }) => {
        await setTimeout(Number(args) % 4)
        signal.throwIfAborted()
        return args
      },
      maxCallsInFlight: 10_000,
      maxCallsPerCaller: 10_000,
      maxCallsRunning: 50,
    })
    const peer = await RawPeer.welcomed(url)
    const count = 3000
    for (let id = 0; id < count; id++) {
      peer.send({ type: 'call', id, op: 'x', args: id })
      if (id % 3 === 0) peer.send({ type: 'cancel', id: Math.max(0, id - (id % 40)) })
      if (id % 500 === 0) await setTimeout(2)
    }
    await expect.poll(() => peer.frames.length, { timeout: 20_000 }).toBe(count)
    peer.send({ type: 'ping', nonce: 1 })
    await peer.next('pong')
    const answered = peer.frames.map(frame => ('id' in frame ? Number(frame.id) : -1))
    expect(answered.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, id) => id))
    for (const frame of peer.frames) {
      if (frame.type === 'error') expect(frame.error.code).toBe('CLOUDLET_CANCELLED')
    }
    expect(faults).toEqual([])
    // All places are free again.
    const again = await Promise.all(Array.from({ length: 60 }, (_, n) => peer.call(count + n, 'x', n)))
    expect(again).toHaveLength(60)
    peer.terminate()
  })
})

describe('a frame that wants too much', () => {
  const depth = 200_000
  test.each([
    ['levels of arrays', Buffer.alloc(depth, 0x91)],
    ['levels of maps', Buffer.from('81a161'.repeat(depth), 'hex')],
    ['an array of 2^32 values', Buffer.from('ddffffffff', 'hex')],
    ['a map of 2^32 fields', Buffer.from('dfffffffff', 'hex')],
    ['a text of 4 GB', Buffer.from('dbffffffff41', 'hex')],
    ['bytes of 4 GB', Buffer.from('c6ffffffff41', 'hex')],
    ['an extension of 4 GB', Buffer.from('c9ffffffff0141', 'hex')],
    [
      'millions of empty arrays',
      Buffer.concat([Buffer.from('dd00400000', 'hex'), Buffer.alloc(2 ** 22, 0x90)]),
    ],
    ['an op of a megabyte', encodeFrame({ type: 'call', id: 1, op: 'x'.repeat(2 ** 20), args: 1 })],
    ['an op of 65 characters', encodeFrame({ type: 'call', id: 1, op: 'x'.repeat(65), args: 1 })],
    ['a type of a megabyte', encodeFrame({ type: 'x'.repeat(2 ** 20) } as never)],
    ['a field of a megabyte', encodeFrame({ type: 'ping', nonce: 1, ['x'.repeat(2 ** 20)]: 1 } as never)],
    ['a reason of 257 characters', encodeFrame({ type: 'goodbye', reason: 'x'.repeat(257) })],
    ['an ack beyond all numbers', encodeFrame({ type: 'ack', id: 1, sequence: 2 ** 53 })],
  ])('is refused: %s', async (_, bytes) => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    peer.sendBytes(bytes)
    const { error } = await peer.next('error')
    expect(error.code).toBe('CLOUDLET_PROTOCOL')
    expect(error.message.length).toBeLessThan(200)
    expect((await peer.closed).code).toBe(4400)
    expect(calls.count).toBe(0)
  })

  test('a name as long as may be is an op like any other', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    expect(await peer.call(1, 'x'.repeat(64), 1)).toMatchObject({ op: 'x'.repeat(64) })
    peer.terminate()
  })
})

describe('versions', () => {
  test.each([[[]], [[0]], [[2]], [[1.5]], [['1']], [Array.from({ length: 17 }, () => 1)], ['1'], [null]])(
    'that the door does not speak, or that are none: %j',
    async versions => {
      const { url } = await openDoor()
      const peer = await RawPeer.connect(url)
      peer.sendBytes(encodeFrame({ type: 'hello', versions, openid: 'o-1' } as never))
      expect([4400, 4426]).toContain((await peer.closed).code)
    },
  )
})
