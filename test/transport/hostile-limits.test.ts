import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { LIMITS } from '../../src/limits.ts'
import { FIELD_CHARS } from '../../src/protocol/frames.ts'
import type { Caller } from '../../src/types.ts'
import { Entries, packOddly, Raw } from './odd-msgpack.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const text = (length: number): string => 'x'.repeat(length)
const HELLO = { type: 'hello', versions: [1], openid: 'o-1' }
const RESUME = { sessionId: 's', resumeToken: 'r', receivedCount: 0 }

function pack(fields: object): Buffer {
  return packOddly(new Entries(Object.entries(fields)))
}

const resume = (fields: object): Entries => new Entries(Object.entries({ ...RESUME, ...fields }))

/** Lists within lists in `args`, which is itself in the frame. */
const nested = (depth: number): Raw => new Raw(`${'91'.repeat(depth)}c0`)

describe('a hello', () => {
  test.each<[string, object, object]>([
    ['token', { token: text(FIELD_CHARS.token) }, { token: text(FIELD_CHARS.token + 1) }],
    ['code', { code: text(FIELD_CHARS.code) }, { code: text(FIELD_CHARS.code + 1) }],
    ['openid', { openid: text(FIELD_CHARS.openid) }, { openid: text(FIELD_CHARS.openid + 1) }],
    ['client', { client: text(FIELD_CHARS.client) }, { client: text(FIELD_CHARS.client + 1) }],
    ['versions', { versions: Array(16).fill(1) }, { versions: Array(17).fill(1) }],
    ['number of a version', { versions: [2 ** 53 - 1, 1] }, { versions: [2 ** 53, 1] }],
    [
      'session to resume',
      { resume: resume({ sessionId: text(64) }) },
      { resume: resume({ sessionId: text(65) }) },
    ],
    [
      'resume token',
      { resume: resume({ resumeToken: text(64) }) },
      { resume: resume({ resumeToken: text(65) }) },
    ],
    [
      'received count',
      { resume: resume({ receivedCount: 2 ** 53 - 1 }) },
      { resume: resume({ receivedCount: 2 ** 53 }) },
    ],
  ])('may have the largest %s, and is refused one over', async (_, most, over) => {
    const { url, faults } = await openDoor()
    const fits = await RawPeer.connect(url)
    fits.sendBytes(pack({ ...HELLO, ...most }))
    await fits.next('welcome')
    fits.terminate()
    const refused = await RawPeer.connect(url)
    refused.sendBytes(pack({ ...HELLO, ...over }))
    expect((await refused.closed).code).toBe(4400)
    expect(faults).toEqual([])
  })

  test('may have the longest appid, which a login of this door takes, and is refused one over', async () => {
    const { url } = await openDoor({
      authenticate: ({ appid }) => ({ openid: 'o-1', ...(appid && { appid }) }),
    })
    const fits = await RawPeer.connect(url)
    fits.sendBytes(pack({ ...HELLO, appid: text(FIELD_CHARS.appid) }))
    await fits.next('welcome')
    fits.terminate()
    const refused = await RawPeer.connect(url)
    refused.sendBytes(pack({ ...HELLO, appid: text(FIELD_CHARS.appid + 1) }))
    expect((await refused.closed).code).toBe(4400)
  })
})

describe('a frame', () => {
  const CALL = { type: 'call', id: 1, op: 'x', args: null }
  // The frame's map and its `args` are around them.
  const deepest = LIMITS.frameDepth - 1

  test.each<[string, object, object]>([
    ['id', { ...CALL, id: 2 ** 53 - 1 }, { ...CALL, id: 2 ** 53 }],
    ['smallest id', { ...CALL, id: 0 }, { ...CALL, id: -1 }],
    ['op', { ...CALL, op: text(FIELD_CHARS.op) }, { ...CALL, op: text(FIELD_CHARS.op + 1) }],
    ['depth', { ...CALL, args: nested(deepest) }, { ...CALL, args: nested(deepest + 1) }],
    ['nonce', { type: 'ping', nonce: 2 ** 53 - 1 }, { type: 'ping', nonce: 2 ** 53 }],
    ['cancel', { type: 'cancel', id: 2 ** 53 - 1 }, { type: 'cancel', id: 2 ** 53 }],
    ['ack', { type: 'ack', id: 1, sequence: 2 ** 53 - 1 }, { type: 'ack', id: 1, sequence: 2 ** 53 }],
  ])('may have the largest %s, and is refused one over', async (_, most, over) => {
    const { url, faults } = await openDoor({ call: async () => 'taken' })
    const fits = await RawPeer.welcomed(url)
    fits.sendBytes(pack(most))
    fits.send({ type: 'ping', nonce: 7 })
    while ((await fits.next('pong')).nonce !== 7);
    fits.terminate()
    const refused = await RawPeer.welcomed(url)
    refused.sendBytes(pack(over))
    expect((await refused.closed).code).toBe(4400)
    expect(faults).toEqual([])
  })

  test('-0 is an id like 0, in one session not both', async () => {
    const { url } = await openDoor({ call: ({ cancellation: { signal } }) => once(signal, 'abort') })
    const peer = await RawPeer.welcomed(url)
    peer.sendBytes(pack({ ...CALL, id: 0 }))
    peer.sendBytes(pack({ ...CALL, id: -0 }))
    expect(await peer.closed).toMatchObject({ code: 4400, reason: 'Call id 0 is still in flight.' })
  })

  test('says a field twice: the last one counts, and no other is seen', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.sendBytes(
      packOddly(
        new Entries([
          ...[
            ['type', 'call'],
            ['id', 1],
            ['op', 'a'],
            ['args', 1],
          ],
          ...[
            ['op', 'b'],
            ['args', 2],
          ],
        ] as [string, unknown][]),
      ),
    )
    expect((await peer.next('result', 1)).result).toEqual({ op: 'b', args: 2, openid: 'o-1' })
    peer.terminate()
  })

  test('a goodbye may have a reason of 256 characters', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.sendBytes(pack({ type: 'goodbye', reason: text(FIELD_CHARS.reason) }))
    expect((await peer.closed).code).toBe(1000)
  })
})

test('a door that is full of sockets without a hello gives the place of the one that has waited longest', async () => {
  const { url, door } = await openDoor({ maxSessions: 4 })
  const welcomed = await RawPeer.welcomed(url)
  const silent = [await RawPeer.connect(url), await RawPeer.connect(url), await RawPeer.connect(url)]
  const next = await RawPeer.welcomed(url)
  expect((await silent[0]?.closed)?.code).toBe(1006)
  expect(door.sessionCount).toBe(4)
  // Half of them have said hello now: from here on it is full.
  const refused = new WebSocket(url)
  const [, response] = (await once(refused, 'unexpected-response')) as [unknown, IncomingMessage]
  response.resume()
  expect(response.statusCode).toBe(503)
  expect(await next.call(1, 'x', 1)).toMatchObject({ args: 1 })
  for (const peer of [welcomed, next, ...silent]) peer.terminate()
  await expect.poll(() => door.sessionCount).toBe(0)
})

test('a session whose peer answers no ping is dropped, one whose peer does is not', async () => {
  const { url, door } = await openDoor({ heartbeatMs: 100 })
  const alive = await RawPeer.welcomed(url)
  const dead = new WebSocket(url, { autoPong: false })
  dead.on('error', () => undefined)
  await once(dead, 'open')
  const closed = once(dead, 'close')
  dead.send(pack(HELLO))
  expect((await closed)[0]).toBe(1006)
  await expect.poll(() => door.sessionCount).toBe(1)
  expect(await alive.call(1, 'x', 1)).toMatchObject({ args: 1 })
  alive.terminate()
})

test.each<[string, Partial<Caller>]>([
  ['another app', { appid: 'wx-2' }],
  ['another union', { unionid: 'u-2' }],
  ['another source', { source: 'wx_http' }],
  ['nobody', { openid: undefined } as never],
])('a session is not resumed by the same openid of %s', async (_, other) => {
  const own = { openid: 'o-1', appid: 'wx-1', unionid: 'u-1', source: 'wx_client' }
  const { url, door } = await openDoor({
    authenticate: ({ token }) => {
      const { openid, ...rest } = { ...own, ...(token === 'other' ? other : {}) }
      return openid === undefined ? {} : { openid, ...rest }
    },
  })
  const hello = { type: 'hello', versions: [1], isResumable: true } as const
  const first = await RawPeer.connect(url)
  first.send({ ...hello, token: 'own' })
  const { sessionId, resume: offer } = await first.next('welcome')
  first.terminate()
  await expect.poll(() => door.brokenSessionCount).toBe(1)
  const asked = { sessionId, resumeToken: offer?.resumeToken ?? '', receivedCount: 0 }
  for (const [token, isResumed] of [
    ['other', false],
    ['own', true],
  ] as const) {
    const peer = await RawPeer.connect(url)
    peer.send({ ...hello, token, resume: asked })
    expect((await peer.next('welcome')).resume?.isResumed).toBe(isResumed)
    peer.terminate()
  }
})
