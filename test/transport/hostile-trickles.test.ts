import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { encodeFrame } from '../../src/protocol/codec.ts'
import { tokenAuthenticator } from '../../src/transport/auth.ts'
import { openDoor } from './open-door.ts'
import { connectRaw } from './raw-http.ts'
import { RawPeer } from './raw-peer.ts'

const SOCKETS = 50
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
const POST =
  'POST /functions/f HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n' +
  'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n'

/** Sends the first at once and the rest a byte a second. Resolves with all that was answered when the door hangs up. */
async function trickle(socket: Socket, first: string, rest: Uint8Array): Promise<string> {
  let answer = ''
  let next = 0
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  await once(socket, 'connect')
  socket.write(first)
  const timer = setInterval(() => socket.write(rest.subarray(next, ++next)), 1000)
  onTestFinished(() => clearInterval(timer))
  await once(socket, 'close')
  clearInterval(timer)
  expect(next).toBeLessThan(rest.length)
  return answer
}

test('a byte a second of a head, a hello or a body: all are cut off, and who comes meanwhile is served', async () => {
  const { door, url, faults } = await openDoor({
    authenticate: tokenAuthenticator(new Map([['t', { openid: 'o-1' }]])),
    helloTimeoutMs: 3000,
    bodyTimeoutMs: 3000,
  })
  const message = encodeFrame({ type: 'hello', versions: [1], token: 't' })
  const hello = Buffer.concat([Buffer.from([0x82, 0x80 | message.length, 0, 0, 0, 0]), message])
  const many = (first: string, rest: Uint8Array): Promise<string[]> =>
    Promise.all(Array.from({ length: SOCKETS }, () => trickle(connectRaw(door.port), first, rest)))
  const attacks = Promise.all([
    many('', Buffer.from(UPGRADE)),
    many('', Buffer.from(POST)),
    many(UPGRADE, hello),
    many(POST, Buffer.from('{"a":1}'.padEnd(1000))),
  ])
  let isOver = false
  const over = attacks.finally(() => {
    isOver = true
  })
  let served = 0
  while (!isOver) {
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], token: 't' })
    await peer.next('welcome')
    expect(await peer.call(1, 'x', ++served)).toEqual({ op: 'x', args: served, openid: 'o-1' })
    peer.terminate()
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  expect(served).toBeGreaterThan(10)
  const [upgrades, heads, hellos, bodies] = await over
  for (const answer of [...upgrades, ...heads]) expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  for (const answer of hellos) expect(answer).toMatch(/^HTTP\/1\.1 101 [\s\S]*No hello came within 3000 ms/)
  for (const answer of bodies) expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*CLOUDLET_CONNECTION/)
  await expect.poll(() => door.sessionCount).toBe(0)
  expect(faults).toEqual([])
}, 60_000)
