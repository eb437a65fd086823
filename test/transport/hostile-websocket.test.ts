import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { encodeFrame } from '../../src/protocol/codec.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

/** Pieces one message may come in: ws allows no more, however large a message may be. */
const MOST_PIECES = 16 * 1024

/** The TCP socket of a peer, which takes what isn't WebSocket too. */
function wireOf(peer: RawPeer): Socket {
  return (peer.socket as unknown as { _socket: Socket })._socket
}

/** WebSocket frames of a byte each, masked with zeros, that make up a message. */
function inPieces(message: Uint8Array): Buffer {
  const pieces = Array.from(message, (byte, index) => {
    const isLast = index === message.length - 1
    return [(isLast ? 0x80 : 0) | (index === 0 ? 2 : 0), 0x81, 0, 0, 0, 0, byte]
  })
  return Buffer.from(pieces.flat())
}

/** A call that takes so many bytes. */
function callOf(sizeBytes: number): Uint8Array {
  const sized = (length: number) => encodeFrame({ type: 'call', id: 1, op: 'x', args: 'x'.repeat(length) })
  return sized(1000 + sizeBytes - sized(1000).length)
}

test.each([
  ['a reserved bit', 'b28100000000c0', 1002],
  ['compression that was not agreed on', 'c28100000000c0', 1002],
  ['an unknown kind', '838100000000c0', 1002],
  ['no mask', '8201c0', 1002],
  ['a piece of no message', '808100000000c0', 1002],
  ['a second message within one', `028100000000c0${'828100000000c0'}`, 1002],
  ['a ping in pieces', '098000000000', 1002],
  ['a ping of 126 bytes', `89fe007e00000000${'00'.repeat(126)}`, 1002],
  ['a close of one byte', '88810000000003', 1002],
  ['a close with a code there is not', '88820000000003ec', 1002],
  ['a length of 2^63', '82ff800000000000000000000000', 1009],
  ['a message over the largest', '82ff0000000002000000000000', 1009],
  ['text that is no UTF-8', '818100000000ff', 1007],
])('%s ends that session, which is not kept, and no other', async (_, hex, code) => {
  const { url, door, faults } = await openDoor()
  const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
  const peer = await RawPeer.connect(url)
  peer.send({ type: 'hello', versions: [1], openid: 'o-1', isResumable: true })
  await peer.next('welcome')
  wireOf(peer).write(Buffer.from(hex, 'hex'))
  expect((await peer.closed).code).toBe(code)
  await expect.poll(() => door.sessionCount).toBe(1)
  expect(door.brokenSessionCount).toBe(0)
  expect(await neighbour.call(1, 'x', 1)).toMatchObject({ args: 1, openid: 'o-neighbour' })
  expect(faults).toEqual([])
  neighbour.terminate()
})

test(`a message may come in ${MOST_PIECES} pieces, and in one more closes with 1008`, async () => {
  const { url, faults } = await openDoor({ call: async () => 'taken' })
  const fits = await RawPeer.welcomed(url)
  wireOf(fits).write(inPieces(callOf(MOST_PIECES)))
  expect((await fits.next('result', 1)).result).toBe('taken')
  const over = await RawPeer.welcomed(url)
  wireOf(over).write(inPieces(callOf(MOST_PIECES + 1)))
  expect((await over.closed).code).toBe(1008)
  expect(await fits.call(2, 'x', 2)).toBe('taken')
  expect(faults).toEqual([])
  fits.terminate()
})

test('a message that comes byte by byte counts as what its pieces take in memory', async () => {
  const { url, door } = await openDoor({ maxIncomingBytes: 1024 * 1024 })
  const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
  const peer = await RawPeer.welcomed(url)
  const wire = wireOf(peer)
  wire.on('error', () => undefined)
  wire.setNoDelay(true)
  // Promises 20 MB.
  wire.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x01, 0x40, 0, 0, 0, 0, 0, 0]))
  let sentBytes = 0
  while (door.sessionCount === 2 && sentBytes < 100_000) {
    wire.write(Uint8Array.of(0))
    sentBytes++
    await new Promise(resolve => setImmediate(resolve))
  }
  await expect.poll(() => door.sessionCount).toBe(1)
  expect(sentBytes).toBeLessThan(100_000)
  expect(await neighbour.call(1, 'x', 1)).toMatchObject({ args: 1 })
  for (const each of [peer, neighbour]) each.terminate()
})

test('a flood of pings whose pongs nobody takes is cut off, and holds no memory', async () => {
  const { url, door } = await openDoor()
  const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
  const peer = await RawPeer.welcomed(url)
  peer.socket.pause()
  const pings = Buffer.concat(
    Array.from({ length: 1000 }, () => Buffer.from(`89fd00000000${'00'.repeat(125)}`, 'hex')),
  )
  const wire = wireOf(peer)
  wire.on('error', () => undefined)
  let written = 0
  while (door.sessionCount === 2 && written < 1000) {
    wire.write(pings)
    written++
    await new Promise(resolve => setImmediate(resolve))
  }
  await expect.poll(() => door.sessionCount).toBe(1)
  expect(written).toBeLessThan(1000)
  expect(await neighbour.call(1, 'x', 1)).toMatchObject({ args: 1 })
  for (const each of [peer, neighbour]) each.terminate()
})
