import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import type { WelcomeFrame } from '../../src/protocol/frames.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const call = (id: number, args: unknown = {}) => ({ type: 'call', id, op: 'x', args }) as const
const MEGABYTE = 1024 * 1024

describe('the calls of one caller', () => {
  test('in flight are bounded over all its sessions, and another’s are not touched', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, maxCallsPerCaller: 3 })
    const [a, b] = [await RawPeer.welcomed(url), await RawPeer.welcomed(url)]
    const other = await RawPeer.welcomed(url, 'o-other')
    for (const id of [1, 2]) a.send(call(id))
    await calls.reached(2)
    b.send(call(1))
    b.send(call(2))
    expect((await b.next('error', 2)).error).toMatchObject({
      code: 'CLOUDLET_OVERLOADED',
      retryable: true,
      details: { retryAfterMs: 100 },
    })
    expect(calls.count).toBe(3)
    other.send(call(1))
    await calls.reached(4)
    // A session that ends gives its places back once its calls have stopped.
    a.terminate()
    await expect.poll(() => calls.at(0).call.cancellation.signal.aborted).toBe(true)
    calls.at(0).resolve('stopped')
    await setTimeout(10)
    b.send(call(3))
    await calls.reached(5)
    for (const peer of [b, other]) peer.terminate()
  })

  test('per second are bounded, with a burst, and a new session gives no more', async () => {
    const { url } = await openDoor({ maxCallsPerSecond: 5, maxCallsBurst: 3 })
    const peer = await RawPeer.welcomed(url)
    for (const id of [1, 2, 3, 4]) peer.send(call(id))
    for (const id of [1, 2, 3]) await peer.next('result', id)
    const { error } = await peer.next('error', 4)
    expect(error).toMatchObject({ code: 'CLOUDLET_OVERLOADED', retryable: true })
    const retryAfterMs = Number(error.details['retryAfterMs'])
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(200)
    peer.terminate()
    const again = await RawPeer.welcomed(url)
    const other = await RawPeer.welcomed(url, 'o-other')
    for (const id of [1, 2, 3]) again.send(call(id))
    expect((await again.next('error')).error.code).toBe('CLOUDLET_OVERLOADED')
    await other.call(1, 'x', {})
    await setTimeout(retryAfterMs + 200)
    await again.call(9, 'x', {})
    for (const one of [again, other]) one.terminate()
  })

  test('without a name are those of its address', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, authenticate: () => ({}), maxCallsPerCaller: 1 })
    const [a, b] = [await RawPeer.welcomed(url), await RawPeer.welcomed(url)]
    a.send(call(1))
    await calls.reached(1)
    b.send(call(1))
    expect((await b.next('error', 1)).error.code).toBe('CLOUDLET_OVERLOADED')
    for (const peer of [a, b]) peer.terminate()
  })
})

describe('calls that wait for their turn', () => {
  test('are run one of each caller, whoever floods', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, maxCallsRunning: 2 })
    const flood = await RawPeer.welcomed(url, 'o-flood')
    const second = await RawPeer.welcomed(url, 'o-flood')
    const quiet = await RawPeer.welcomed(url, 'o-quiet')
    for (let id = 1; id <= 100; id++) {
      flood.send(call(id, 'flood'))
      second.send(call(id, 'flood'))
    }
    await calls.reached(2)
    for (const id of [1, 2, 3]) quiet.send(call(id, 'quiet'))
    quiet.send({ type: 'ping', nonce: 1 })
    await quiet.next('pong')
    for (let index = 0; index < 8; index++) {
      calls.at(index).resolve('done')
      await calls.reached(3 + index)
    }
    const order = Array.from({ length: 8 }, (_, index) => calls.at(index + 2).call.args)
    expect(order.slice(0, 6).filter(args => args === 'quiet')).toHaveLength(3)
    expect(order.slice(6)).toEqual(['flood', 'flood'])
    for (const peer of [flood, second, quiet]) peer.terminate()
  })

  test('are never run once they are cancelled or their session has ended', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, maxCallsRunning: 1 })
    const peer = await RawPeer.welcomed(url)
    const gone = await RawPeer.welcomed(url)
    for (const id of [1, 2, 3]) peer.send(call(id, id))
    gone.send(call(1, 'gone'))
    gone.send({ type: 'goodbye' })
    await gone.closed
    peer.send({ type: 'cancel', id: 2 })
    expect((await peer.next('error', 2)).error.code).toBe('CLOUDLET_CANCELLED')
    calls.at(0).resolve('done')
    await calls.reached(2)
    expect(calls.at(1).call.args).toBe(3)
    calls.at(1).resolve('done')
    await peer.next('result', 3)
    expect(calls.count).toBe(2)
    // The place is free, not lost.
    peer.send(call(4))
    await calls.reached(3)
    peer.terminate()
  })
})

describe('calls of functions', () => {
  const invoke = (id: number) => ({ ...call(id), op: 'functions.invoke' })

  test('that are held up hold up nothing but calls of functions', async () => {
    const held = new HeldCalls()
    const { url, door } = await openDoor({
      call: one => (one.op === 'x' ? Promise.resolve('answered') : held.call(one)),
      maxCallsRunning: 2,
    })
    const [busy, other] = [await RawPeer.welcomed(url, 'o-busy'), await RawPeer.welcomed(url, 'o-other')]
    for (const id of [1, 2, 3]) busy.send(invoke(id))
    await held.reached(2)
    expect(await other.call(1, 'x', {})).toBe('answered')
    other.send(invoke(2))
    const post = { method: 'POST', headers: { 'x-cloudlet-openid': 'o-http' } }
    const overHttp = fetch(`${door.httpUrl}/functions/f`, post)
    expect(await busy.call(4, 'x', {})).toBe('answered')
    expect(held.count).toBe(2)
    // Callers take turns for them too, and those taken back leave no place empty.
    busy.send({ type: 'cancel', id: 3 })
    await busy.next('error', 3)
    for (let index = 0; index < 4; index++) {
      await held.reached(index + 1)
      held.at(index).resolve(index)
    }
    expect((await overHttp).status).toBe(200)
    await other.next('result', 2)
    for (const peer of [busy, other]) peer.terminate()
  })
})

describe('sockets without a welcome', () => {
  test('are bounded per address: one more gets 429', async () => {
    const { url } = await openDoor({ maxUnwelcomedPerAddress: 2 })
    const mute = [await RawPeer.connect(url), await RawPeer.connect(url)]
    const refused = new RawPeer(url)
    const [, response] = (await once(refused.socket, 'unexpected-response')) as [unknown, IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(429)
    mute[0]?.send({ type: 'hello', versions: [1], openid: 'o-1' })
    await mute[0]?.next('welcome')
    mute.push(await RawPeer.connect(url))
    mute[1]?.terminate()
    await mute[1]?.closed
    await expect.poll(async () => RawPeer.connect(url).then(peer => mute.push(peer))).toBeGreaterThan(3)
    for (const peer of mute) peer.terminate()
  })
})

describe('a session without calls', () => {
  test('is told goodbye after the idle time, and not while a call or watch goes on', async () => {
    const watch = async ({ emit, cancellation: { signal } }: DoorCall): Promise<unknown> => {
      if (emit !== undefined) await emit(1)
      await once(signal, 'abort')
      return {}
    }
    const { url } = await openDoor({ call: watch, idleTimeoutMs: 100 })
    const [idle, busy, watching] = [
      await RawPeer.welcomed(url),
      await RawPeer.welcomed(url),
      await RawPeer.welcomed(url),
    ]
    busy.send(call(1))
    watching.send({ type: 'call', id: 1, op: 'database.watch', args: {} })
    expect((await idle.next('goodbye')).reason).toBe('No call came for 100 ms.')
    expect((await idle.closed).code).toBe(1001)
    await setTimeout(300)
    busy.send({ type: 'cancel', id: 1 })
    await busy.next('error', 1)
    expect((await busy.closed).code).toBe(1001)
    watching.send({ type: 'ping', nonce: 1 })
    await watching.next('pong')
    watching.terminate()
  })

  test('answers a call that crosses the goodbye: it was not run', async () => {
    const held = new HeldCalls()
    const { url } = await openDoor({ call: held.call, idleTimeoutMs: 50 })
    const peer = await RawPeer.welcomed(url)
    await peer.next('goodbye')
    peer.send(call(1))
    expect((await peer.next('error', 1)).error.code).toBe('CLOUDLET_HOST_CLOSED')
    expect((await peer.closed).code).toBe(1001)
    expect(held.count).toBe(0)
  })

  test('has its idle time after a call that took longer', async () => {
    const held = new HeldCalls()
    const { url } = await openDoor({ call: held.call, idleTimeoutMs: 1000 })
    const peer = await RawPeer.welcomed(url)
    peer.send(call(1))
    await held.reached(1)
    await setTimeout(1300)
    held.finishAll()
    await peer.next('result', 1)
    await setTimeout(500)
    expect(peer.frames).toEqual([])
    await peer.next('goodbye')
    peer.terminate()
  })

  test('is kept for its client when its connection breaks, for as long as any other', async () => {
    const { url, door } = await openDoor({ idleTimeoutMs: 50, resumeWindowMs: 60_000 })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], openid: 'o-1', isResumable: true })
    await peer.next('welcome')
    await peer.call(1, 'x', {})
    peer.terminate()
    await expect.poll(() => door.sessionCount).toBe(0)
    await setTimeout(200)
    expect(door.brokenSessionCount).toBe(1)
  })
})

describe('a peer that does not read', () => {
  test('is not read either: its calls are taken as its answers are', async () => {
    let count = 0
    const { url } = await openDoor({
      call: async () => {
        count++
        return 'x'.repeat(64 * 1024)
      },
      maxBufferedBytes: 256 * MEGABYTE,
      maxCallsInFlight: 1_000_000,
    })
    const peer = await RawPeer.welcomed(url)
    peer.socket.pause()
    for (let id = 1; id <= 4000; id++) peer.send(call(id, 'x'.repeat(1000)))
    await expect.poll(() => count).toBeGreaterThan(15)
    await setTimeout(200)
    const taken = count
    await setTimeout(200)
    expect(count).toBe(taken)
    expect(taken).toBeLessThan(2000)
    peer.socket.resume()
    await peer.next('result', 4000)
    expect(count).toBe(4000)
    peer.terminate()
  })

  test('ends with its session when too much waits for it, resumable or not', async () => {
    const { url, door } = await openDoor({
      call: async () => 'x'.repeat(MEGABYTE),
      maxBufferedBytes: 4 * MEGABYTE,
    })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], openid: 'o-1', isResumable: true })
    await peer.next('welcome')
    peer.socket.pause()
    for (let id = 1; id <= 64; id++) peer.send(call(id))
    await expect.poll(() => door.sessionCount).toBe(0)
    expect(door.brokenSessionCount).toBe(0)
    peer.terminate()
  })

  test('ends when too much waits for all such, and not one who reads', async () => {
    const { url, door } = await openDoor({
      call: async () => 'x'.repeat(MEGABYTE),
      maxOutgoingBytes: 16 * MEGABYTE,
    })
    const reader = await RawPeer.welcomed(url, 'o-reader')
    const slow = await Promise.all([1, 2, 3, 4].map(() => RawPeer.welcomed(url)))
    for (const peer of slow) {
      peer.socket.pause()
      for (let id = 1; id <= 16; id++) peer.send(call(id))
    }
    await expect.poll(() => door.sessionCount).toBeLessThan(5)
    expect(await reader.call(1, 'x', {})).toHaveLength(MEGABYTE)
    for (const peer of [...slow, reader]) peer.terminate()
    await expect.poll(() => door.sessionCount).toBe(0)
    // What they held is given back.
    const next = await RawPeer.welcomed(url)
    expect(await next.call(1, 'x', {})).toHaveLength(MEGABYTE)
    next.terminate()
  })

  const hello = { type: 'hello', versions: [1], isResumable: true } as const
  const megabytes = async ({ args }: DoorCall): Promise<unknown> => 'x'.repeat(Number(args) * MEGABYTE)

  /** A session that can be resumed, of one who has an answer of so many megabytes and doesn't read it. */
  async function openSlow(url: string, openid: string, size: number): Promise<[RawPeer, WelcomeFrame]> {
    const peer = await RawPeer.connect(url)
    peer.send({ ...hello, openid })
    const welcome = await peer.next('welcome')
    peer.socket.pause()
    peer.send(call(1, size))
    return [peer, welcome]
  }

  test('gives way when too much waits for all, if its caller has most of it, and can come back', async () => {
    const limits = { maxOutgoingBytes: 24 * MEGABYTE, maxBufferedBytes: 24 * MEGABYTE }
    const { url, door } = await openDoor({ call: megabytes, ...limits })
    const [greedy, { sessionId, resume }] = await openSlow(url, 'o-greedy', 16)
    await setTimeout(300)
    const [other] = await openSlow(url, 'o-other', 12)
    await expect.poll(() => door.brokenSessionCount).toBe(1)
    greedy.terminate()
    other.socket.resume()
    expect((await other.next('result', 1)).result).toHaveLength(12 * MEGABYTE)
    const again = await RawPeer.connect(url)
    const resumeToken = resume?.resumeToken ?? ''
    again.send({ ...hello, openid: 'o-greedy', resume: { sessionId, resumeToken, receivedCount: 0 } })
    expect((await again.next('result', 1)).result).toHaveLength(16 * MEGABYTE)
    for (const peer of [other, again]) peer.terminate()
  })

  test('is cut off when more waits for its caller than a quarter, and can come back', async () => {
    const limits = { maxOutgoingBytes: 32 * MEGABYTE, maxBufferedBytes: 8 * MEGABYTE }
    const { url, door } = await openDoor({ call: megabytes, ...limits })
    const [other] = await openSlow(url, 'o-other', 7)
    const greedy = []
    for (let n = 0; n < 3; n++) greedy.push((await openSlow(url, 'o-greedy', 7))[0])
    await expect.poll(() => door.brokenSessionCount).toBe(2)
    other.socket.resume()
    expect((await other.next('result', 1)).result).toHaveLength(7 * MEGABYTE)
    for (const peer of [...greedy, other]) peer.terminate()
  })
})

describe('calls with large answers', () => {
  const download = (id: number) => ({ type: 'call', id, op: 'storage.download', args: id }) as const
  const content = new Uint8Array(20 * MEGABYTE)

  test('run as their client takes the answers: a slow one gets them all, and holds few', async () => {
    let [running, most, count] = [0, 0, 0]
    const { url } = await openDoor({
      call: async () => {
        count++
        most = Math.max(most, ++running)
        await setTimeout(5)
        running--
        return { content }
      },
    })
    const peer = await RawPeer.welcomed(url)
    peer.socket.pause()
    for (let id = 1; id <= 8; id++) peer.send(download(id))
    await expect.poll(() => count).toBeGreaterThan(1)
    await setTimeout(300)
    // Two fit, and a third when the network has taken much of the first.
    expect(count).toBeLessThan(5)
    peer.socket.resume()
    for (let id = 1; id <= 8; id++) await peer.next('result', id)
    expect(most).toBeLessThanOrEqual(LIMITS.sessionAnswerBytes / content.length)
    peer.terminate()
  })

  test('are so many at once on a door; callers take turns', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const flood = await Promise.all(Array.from({ length: 20 }, () => RawPeer.welcomed(url, 'o-flood')))
    for (const peer of flood) for (const id of [1, 2]) peer.send(download(id))
    await calls.reached(LIMITS.largeAnswers)
    const other = await RawPeer.welcomed(url, 'o-other')
    other.send(download(1))
    // Small ones are not held up.
    other.send(call(2, 'small'))
    await calls.reached(LIMITS.largeAnswers + 1)
    expect(calls.at(LIMITS.largeAnswers).call.args).toBe('small')
    calls.at(0).resolve('done')
    calls.at(1).resolve('done')
    await calls.reached(LIMITS.largeAnswers + 3)
    const next = [1, 2].map(n => calls.at(LIMITS.largeAnswers + n).call.caller.openid)
    expect(next.toSorted()).toEqual(['o-flood', 'o-other'])
    for (const peer of [...flood, other]) peer.terminate()
  })

  test('that wait are withdrawn by a cancel, and give their place to the next', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    for (const id of [1, 2, 3, 4]) peer.send(download(id))
    await calls.reached(2)
    peer.send({ type: 'cancel', id: 3 })
    expect((await peer.next('error', 3)).error.code).toBe('CLOUDLET_CANCELLED')
    calls.at(0).resolve('done')
    await calls.reached(3)
    expect(calls.at(2).call.args).toBe(4)
    peer.terminate()
  })

  test('of a broken session wait until its client is back', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call })
    const peer = await RawPeer.connect(url)
    const hello = { type: 'hello', versions: [1], openid: 'o-1', isResumable: true } as const
    peer.send(hello)
    const { sessionId, resume } = await peer.next('welcome')
    for (const id of [1, 2, 3]) peer.send(download(id))
    await calls.reached(2)
    peer.terminate()
    await expect.poll(() => door.brokenSessionCount).toBe(1)
    calls.at(0).resolve('done')
    calls.at(1).resolve('done')
    await setTimeout(50)
    expect(calls.count).toBe(2)
    const again = await RawPeer.connect(url)
    again.send({
      ...hello,
      resume: { sessionId, resumeToken: resume?.resumeToken ?? '', receivedCount: 0 },
    })
    await calls.reached(3)
    calls.at(2).resolve('done')
    for (const id of [1, 2, 3]) await again.next('result', id)
    again.terminate()
  })
})

describe('what clients send and the door is not done with', () => {
  test('is bounded per session: no more is read until calls have ended', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    const content = new Uint8Array(16 * MEGABYTE)
    const fitting = LIMITS.sessionCallBytes / content.length
    for (let id = 1; id <= fitting + 3; id++) peer.send(call(id, { content }))
    // Those that fit, and the one that goes over.
    await calls.reached(fitting)
    await setTimeout(300)
    expect(calls.count).toBe(fitting)
    calls.at(0).resolve('done')
    calls.at(1).resolve('done')
    await calls.reached(fitting + 2)
    for (let index = 2; index < fitting + 2; index++) calls.at(index).resolve('done')
    await calls.reached(fitting + 3)
    calls.finishAll()
    await peer.next('result', fitting + 3)
    peer.terminate()
  })

  test('is bounded in all: who goes beyond is dropped, small calls go on', async () => {
    const { url, door } = await openDoor({ call: async () => 'taken', maxIncomingBytes: 8 * MEGABYTE })
    const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
    const peers = await Promise.all([1, 2, 3].map(() => RawPeer.welcomed(url)))
    // A message that promises 20 MB, and never ends.
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x01, 0x40, 0, 0, 0, 0, 0, 0])
    for (const { socket } of peers) {
      const raw = (socket as unknown as { _socket: import('node:net').Socket })._socket
      raw.on('error', () => undefined)
      raw.write(Buffer.concat([header, Buffer.alloc(5 * MEGABYTE)]))
    }
    await expect.poll(() => door.sessionCount).toBe(2)
    expect(await neighbour.call(1, 'x', 'small')).toBe('taken')
    for (const peer of [...peers, neighbour]) peer.terminate()
    await expect.poll(() => door.sessionCount).toBe(0)
    const next = await RawPeer.welcomed(url)
    expect(await next.call(1, 'x', { content: new Uint8Array(7 * MEGABYTE) })).toBe('taken')
    next.terminate()
  })
})
