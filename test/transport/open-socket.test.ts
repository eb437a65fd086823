import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'
import { flood, headOf, PONG, upgradeRaw, waitForCut } from './raw-socket.ts'

const MEGABYTE = 1024 * 1024
const call = async (): Promise<unknown> => 'taken'

test('who says no hello and goes on sending after it was closed for it is cut off', async () => {
  const { door } = await openDoor({ maxFrameBytes: 64 * MEGABYTE })
  const socket = await upgradeRaw(door.port)
  socket.write(headOf(48 * MEGABYTE))
  // Beside the two limits: what the kernels of both sides hold on to.
  expect(await flood(socket, 40 * MEGABYTE)).toBeLessThan(24 * MEGABYTE)
  await waitForCut(socket)
  await expect.poll(() => door.sessionCount).toBe(0)
})

/** Of one who is welcomed, to write bytes that are no frame. */
function rawOf(peer: RawPeer): Socket {
  const raw = (peer.socket as unknown as { _socket: Socket })._socket
  raw.on('error', () => undefined)
  return raw
}

test('pongs and pings are of no message, however many there are', async () => {
  const { url } = await openDoor({ call, maxIncomingBytes: 8 * MEGABYTE, maxFrameBytes: MEGABYTE })
  const odd = await RawPeer.welcomed(url, 'o-odd')
  await flood(rawOf(odd), 12 * MEGABYTE, Buffer.concat(Array.from({ length: 500 }, () => PONG)))
  odd.send({ type: 'ping', nonce: 1 })
  await odd.next('pong')
  const other = await RawPeer.welcomed(url, 'o-other')
  await other.call(1, 'x', { content: new Uint8Array(MEGABYTE / 2) })
  for (const peer of [odd, other]) peer.terminate()
})

test('messages that are coming in: who goes beyond a caller’s quarter is cut off, and nobody else', async () => {
  const { url, door } = await openDoor({ call, maxIncomingBytes: 32 * MEGABYTE, maxFrameBytes: 4 * MEGABYTE })
  const honest = await RawPeer.welcomed(url, 'o-honest')
  const whole = new Uint8Array(3 * MEGABYTE)
  const slow = rawOf(honest)
  slow.write(headOf(4 * MEGABYTE))
  await flood(slow, MEGABYTE)
  const many = await Promise.all(Array.from({ length: 12 }, () => RawPeer.welcomed(url, 'o-many')))
  for (const peer of many) {
    const raw = rawOf(peer)
    raw.write(headOf(4 * MEGABYTE))
    await flood(raw, 3 * MEGABYTE)
  }
  // Two of them have 3 MB each, and a third would be too much.
  await expect.poll(() => door.sessionCount).toBe(3)
  const other = await RawPeer.welcomed(url, 'o-other')
  await other.call(1, 'x', { content: whole })
  expect(honest.socket.readyState).toBe(honest.socket.OPEN)
  for (const peer of [honest, other, ...many]) peer.terminate()
})

test('messages that are coming in from all: the caller who has most gives way to who has less', async () => {
  const { url, door } = await openDoor({ call, maxIncomingBytes: 8 * MEGABYTE, maxFrameBytes: 8 * MEGABYTE })
  const greedy = await RawPeer.connect(url)
  greedy.send({ type: 'hello', versions: [1], openid: 'o-greedy', isResumable: true })
  await greedy.next('welcome')
  const raw = rawOf(greedy)
  raw.write(headOf(8 * MEGABYTE - 1))
  await flood(raw, 7 * MEGABYTE)
  const honest = await RawPeer.welcomed(url, 'o-honest')
  expect(await honest.call(1, 'x', { content: new Uint8Array(4 * MEGABYTE) })).toBe('taken')
  await greedy.closed
  // Only its connection was cut.
  await expect.poll(() => door.brokenSessionCount).toBe(1)
  honest.terminate()
})

test('a message that takes too long is given up, and with it the connection', async () => {
  const { url, door } = await openDoor({ call, heartbeatMs: 250, messageTimeoutMs: 300 })
  const [slow, quick] = [await RawPeer.welcomed(url), await RawPeer.welcomed(url)]
  const raw = rawOf(slow)
  raw.write(headOf(MEGABYTE))
  raw.write(Buffer.alloc(100_000))
  const drip = setInterval(() => raw.write(Buffer.alloc(10)), 20)
  expect((await slow.closed).code).toBe(1006)
  clearInterval(drip)
  await quick.call(1, 'x', { content: new Uint8Array(MEGABYTE) })
  expect(door.sessionCount).toBe(1)
  quick.terminate()
})
