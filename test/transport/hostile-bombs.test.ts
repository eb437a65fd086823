import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { tokenAuthenticator } from '../../src/transport/auth.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

/** A call of `count` empty maps: a byte each in its message, 64 or so in memory. */
function bomb(id: number, count: number): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(count)
  const head = Buffer.from(
    `84a474797065a463616c6ca26964${id.toString(16).padStart(2, '0')}a26f70a178a461726773dd`,
    'hex',
  )
  return Buffer.concat([head, length, Buffer.alloc(count, 0x80)])
}

const MEGABYTE = 1024 * 1024
/** A caller may always have one message, however large those may be. */
const SMALL_FRAMES = { maxFrameBytes: MEGABYTE }

test('small messages that become large in memory count as what they become: a session holds few of them', async () => {
  const calls = new HeldCalls()
  const { url } = await openDoor({ call: calls.call })
  const peer = await RawPeer.welcomed(url)
  const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
  // 64 MB in three of them, which are 1.2 MB on the wire.
  for (let id = 1; id <= 6; id++) peer.sendBytes(bomb(id, 400_000))
  await calls.reached(3)
  await setTimeout(200)
  expect(calls.count).toBe(3)
  neighbour.send({ type: 'call', id: 1, op: 'x', args: {} })
  await calls.reached(4)
  expect(calls.at(3).call.caller.openid).toBe('o-neighbour')
  calls.at(0).resolve('done')
  await calls.reached(5)
  calls.finishAll()
  await calls.reached(7)
  calls.finishAll()
  for (let id = 1; id <= 6; id++) await peer.next('result', id)
  for (const each of [peer, neighbour]) each.terminate()
})

test('all sessions together hold few: then large calls are refused, and small ones go on', async () => {
  const calls = new HeldCalls()
  const { url, door } = await openDoor({ call: calls.call, maxIncomingBytes: 8 * MEGABYTE })
  const peers = await Promise.all([1, 2, 3, 4].map(n => RawPeer.welcomed(url, `o-${n}`)))
  const [first, second, third, last] = peers as [RawPeer, RawPeer, RawPeer, RawPeer]
  // Each is some 64 KB on the wire and 4 MB in memory.
  first.sendBytes(bomb(1, 60_000))
  second.sendBytes(bomb(1, 60_000))
  third.sendBytes(bomb(1, 60_000))
  await calls.reached(3)
  last.sendBytes(bomb(2, 60_000))
  expect((await last.next('error', 2)).error).toMatchObject({
    code: 'CLOUDLET_OVERLOADED',
    retryable: true,
    details: { retryAfterMs: 100 },
  })
  last.sendBytes(bomb(3, 900))
  await calls.reached(4)
  calls.finishAll()
  await last.next('result', 3)
  last.sendBytes(bomb(4, 60_000))
  await calls.reached(5)
  for (const peer of peers) peer.terminate()
  await expect.poll(() => door.sessionCount).toBe(0)
})

test('one caller holds a quarter, over all its sessions, and others go on', async () => {
  const calls = new HeldCalls()
  const { url } = await openDoor({ call: calls.call, ...SMALL_FRAMES, maxIncomingBytes: 16 * MEGABYTE })
  const [first, second] = [await RawPeer.welcomed(url), await RawPeer.welcomed(url)]
  const other = await RawPeer.welcomed(url, 'o-other')
  first.sendBytes(bomb(1, 60_000))
  await calls.reached(1)
  // With this one it is a little more than 4 MB.
  second.sendBytes(bomb(2, 10_000))
  await calls.reached(2)
  second.sendBytes(bomb(3, 10_000))
  expect((await second.next('error', 3)).error).toMatchObject({
    code: 'CLOUDLET_OVERLOADED',
    message: expect.stringContaining('this caller'),
  })
  other.sendBytes(bomb(1, 60_000))
  second.sendBytes(bomb(4, 900))
  await calls.reached(4)
  calls.finishAll()
  await second.next('result', 4)
  second.sendBytes(bomb(5, 60_000))
  await calls.reached(5)
  for (const peer of [first, second, other]) peer.terminate()
})

test('events of HTTP calls count with them', async () => {
  const calls = new HeldCalls()
  const tokens = ['a', 'b', 'c'].map(token => [token, { openid: token }] as const)
  const authenticate = tokenAuthenticator(new Map(tokens))
  const { door } = await openDoor({
    call: calls.call,
    authenticate,
    ...SMALL_FRAMES,
    maxIncomingBytes: 8 * MEGABYTE,
  })
  const post = async (token: string, count: number): Promise<number> => {
    const response = await fetch(`${door.httpUrl}/functions/f`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: `{"a":[${'{},'.repeat(count)}{}]}`,
    })
    await response.arrayBuffer()
    return response.status
  }
  const held = [post('a', 60_000)]
  await calls.reached(1)
  // More than the caller's quarter, and then more than there is.
  expect(await post('a', 60_000)).toBe(503)
  held.push(post('b', 60_000))
  await calls.reached(2)
  expect(await post('c', 60_000)).toBe(503)
  const small = post('c', 500)
  await calls.reached(3)
  calls.finishAll()
  expect(await Promise.all([...held, small])).toEqual([200, 200, 200])
  const next = post('c', 60_000)
  await calls.reached(4)
  calls.finishAll()
  expect(await next).toBe(200)
})
