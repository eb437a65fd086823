import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import type { WelcomeFrame } from '../../src/protocol/frames.ts'
import { tokenAuthenticator } from '../../src/transport/auth.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import { distinctBytes, sha256Of } from '../client/temporary-files.ts'
import { HeldCalls, openDoor, type TestDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

interface Resumable {
  readonly peer: RawPeer
  readonly welcome: WelcomeFrame
}

/** A session that can be resumed, new or taken up again. */
async function open(
  url: string,
  {
    openid = 'o-1',
    of,
    receivedCount = 0,
  }: { openid?: string; of?: WelcomeFrame; receivedCount?: number } = {},
): Promise<Resumable> {
  const peer = await RawPeer.connect(url)
  const resume =
    of?.resume === undefined
      ? {}
      : { resume: { sessionId: of.sessionId, resumeToken: of.resume.resumeToken, receivedCount } }
  peer.send({ type: 'hello', versions: [1], openid, isResumable: true, ...resume })
  return { peer, welcome: await peer.next('welcome') }
}

/** Cuts the connection, and waits until the door has noticed. */
async function breakOff(peer: RawPeer, { door }: TestDoor): Promise<void> {
  const before = door.brokenSessionCount
  peer.terminate()
  await expect.poll(() => door.brokenSessionCount).toBe(before + 1)
}

const invoke = (id: number, data: unknown = id) =>
  ({ type: 'call', id, op: 'functions.invoke', args: { name: 'x', data } }) as const

describe('a session that can be resumed', () => {
  test('is offered to who asks for it, with a token of its own', async () => {
    const { url } = await openDoor({ resumeWindowMs: 1234 })
    const a = await open(url)
    const b = await open(url)
    expect(a.welcome.resume).toEqual({
      resumeToken: expect.stringMatching(/^[\w-]{32}$/),
      windowMs: 1234,
      isResumed: false,
    })
    expect(b.welcome.resume?.resumeToken).not.toBe(a.welcome.resume?.resumeToken)
    const old = await RawPeer.connect(url)
    old.send({ type: 'hello', versions: [1], openid: 'o-1' })
    expect(await old.next('welcome')).not.toHaveProperty('resume')
    for (const peer of [a.peer, b.peer, old]) peer.terminate()
  })

  test('is not offered by a door that keeps none', async () => {
    const { url, door } = await openDoor({ resumeWindowMs: 0 })
    const { peer, welcome } = await open(url)
    expect(welcome).not.toHaveProperty('resume')
    peer.terminate()
    await expect.poll(() => door.sessionCount).toBe(0)
    expect(door.brokenSessionCount).toBe(0)
  })

  test('delivers what was answered before, during and after the break, once and in order', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call })
    const first = await open(opened.url)
    for (let id = 1; id <= 4; id++) first.peer.send(invoke(id))
    await calls.reached(4)
    calls.at(0).resolve('received')
    calls.at(1).resolve('not received, as the client says')
    await first.peer.next('result', 2)
    await breakOff(first.peer, opened)
    calls.at(2).resolve('during the break')
    const second = await open(opened.url, { of: first.welcome, receivedCount: 1 })
    expect(second.welcome.sessionId).toBe(first.welcome.sessionId)
    expect(second.welcome.resume).toMatchObject({ isResumed: true, lastCallId: 4 })
    expect(second.welcome.resume?.resumeToken).not.toBe(first.welcome.resume?.resumeToken)
    expect(calls.at(3).call.cancellation.signal.aborted).toBe(false)
    calls.at(3).resolve('after it')
    await second.peer.next('result', 4)
    expect(second.peer.frames.map(frame => frame.type === 'result' && [frame.id, frame.result])).toEqual([
      [2, 'not received, as the client says'],
      [3, 'during the break'],
    ])
    second.peer.send({ type: 'received', count: 4 })
    second.peer.send({ type: 'ping', nonce: 1 })
    await second.peer.next('pong')
    await breakOff(second.peer, opened)
    const third = await open(opened.url, { of: second.welcome, receivedCount: 4 })
    third.peer.send({ type: 'ping', nonce: 2 })
    await third.peer.next('pong')
    expect(third.peer.frames).toEqual([])
    third.peer.terminate()
  })

  test('goes on when the welcome of a hello that resumed it is lost, as often as that happens', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call })
    const first = await open(opened.url)
    first.peer.send(invoke(1))
    await calls.reached(1)
    await breakOff(first.peer, opened)
    calls.at(0).resolve('paid')
    for (let round = 0; round < 3; round++) {
      const { peer, welcome } = await open(opened.url, { of: first.welcome })
      expect(welcome.resume?.isResumed).toBe(true)
      // The client saw nothing of that. In the second round the door hasn't noticed either.
      if (round !== 1) await breakOff(peer, opened)
    }
    const last = await open(opened.url, { of: first.welcome })
    expect(await last.peer.next('result', 1)).toMatchObject({ result: 'paid' })
    last.peer.terminate()
  })

  test('takes the calls that were lost, and knows which', async () => {
    const opened = await openDoor()
    const first = await open(opened.url)
    await breakOff(first.peer, opened)
    const second = await open(opened.url, { of: first.welcome })
    expect(second.welcome.resume).not.toHaveProperty('lastCallId')
    second.peer.send(invoke(5, 'a'))
    expect(await second.peer.next('result', 5)).toMatchObject({ result: { args: { data: 'a' } } })
    second.peer.terminate()
  })

  test('wants rising ids, so an answered one is not used again', async () => {
    const { url } = await openDoor()
    const { peer } = await open(url)
    peer.send(invoke(7))
    await peer.next('result', 7)
    peer.send(invoke(7))
    expect(await peer.closed).toEqual({
      code: 4400,
      reason: 'Call id 7 came after 7; the ids of a resumable session rise.',
    })
  })

  test('is not told of more than was sent', async () => {
    const opened = await openDoor()
    const { peer } = await open(opened.url)
    peer.send(invoke(1))
    await peer.next('result', 1)
    peer.send({ type: 'received', count: 1 })
    peer.send({ type: 'received', count: 0 })
    peer.send({ type: 'received', count: 2 })
    expect(await peer.closed).toEqual({
      code: 4400,
      reason: '2 answers were said to be received, but 1 were sent.',
    })
    expect(opened.door.brokenSessionCount).toBe(0)
    const other = await open(opened.url)
    await breakOff(other.peer, opened)
    const late = await RawPeer.connect(opened.url)
    const { sessionId, resume } = other.welcome
    late.send({
      ...{ type: 'hello', versions: [1], openid: 'o-1' },
      resume: { sessionId, resumeToken: resume?.resumeToken ?? '', receivedCount: 1 },
    })
    expect((await late.closed).code).toBe(4400)
  })

  test('cannot be told what was received where nothing is kept', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'received', count: 0 })
    expect((await peer.closed).code).toBe(4400)
  })

  test('goes on with its watches: no event twice, none lost', async () => {
    const call = async ({ emit, cancellation: { signal } }: DoorCall): Promise<unknown> => {
      for (let n = 1; !signal.aborted; n++) await emit?.({ n })
      return {}
    }
    const opened = await openDoor({ call })
    const seen: number[] = []
    let receivedCount = 0
    let welcome: WelcomeFrame | undefined
    let unacknowledged = 0
    for (let round = 0; round < 4; round++) {
      const session = await open(opened.url, {
        receivedCount,
        ...(welcome === undefined ? {} : { of: welcome }),
      })
      welcome = session.welcome
      const { peer } = session
      if (round === 0) peer.send({ type: 'call', id: 1, op: 'database.watch', args: {} })
      if (unacknowledged > 0) peer.send({ type: 'ack', id: 1, sequence: unacknowledged })
      for (let count = 0; count < 3; count++) {
        const { sequence, event } = await peer.next('event')
        seen.push((event as { n: number }).n)
        receivedCount++
        unacknowledged = sequence
        // The last ack of each round gets lost, and is said again in the next.
        if (count < 2) peer.send({ type: 'ack', id: 1, sequence })
      }
      await breakOff(peer, opened)
    }
    expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => n + 1))
  })
})

test('what is kept of small answers holds none of the memory that a large one was made in', async () => {
  const large = new Uint8Array(4 * 1024 * 1024)
  const call = async ({ op }: DoorCall) => (op === 'storage.download' ? { content: large } : 'small')
  const { url } = await openDoor({ call })
  const loud = await RawPeer.welcomed(url, 'o-loud')
  const { peer } = await open(url)
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const before = process.memoryUsage().arrayBuffers
  for (let id = 1; id <= 40; id++) {
    loud.send({ type: 'call', id, op: 'storage.download', args: {} })
    await loud.next('result', id)
    peer.send(invoke(id))
    await peer.next('result', id)
  }
  // What the test itself received goes when memory is collected; what is kept would stay: 160 MB.
  await expect
    .poll(
      () => {
        collectGarbage()
        return process.memoryUsage().arrayBuffers - before
      },
      { timeout: 10_000 },
    )
    .toBeLessThan(48 * 1024 * 1024)
  for (const one of [loud, peer]) one.terminate()
})

test('a client that says by another connection that it has received what is on its way gets it whole', async () => {
  /** More than the system takes for a peer that does not read. */
  const content = distinctBytes(20 * 1024 * 1024)
  const calls = new HeldCalls()
  const opened = await openDoor({ call: calls.call, maxBufferedBytes: 2 * content.length })
  const first = await open(opened.url)
  first.peer.send({ type: 'call', id: 1, op: 'storage.download', args: {} })
  await calls.reached(1)
  first.peer.socket.pause()
  const freed = vi.spyOn(ArrayBuffer.prototype, 'transfer')
  onTestFinished(() => freed.mockRestore())
  // The answer's memory is its own.
  calls.at(0).resolve({ content })
  await setTimeout(100)
  const second = await open(opened.url, { of: first.welcome, receivedCount: 1 })
  expect(second.welcome.resume?.isResumed).toBe(true)
  expect(freed).not.toHaveBeenCalled()
  first.peer.socket.resume()
  const { result } = await first.peer.next('result', 1)
  expect(sha256Of((result as { content: Uint8Array }).content)).toBe(sha256Of(content))
  // Once it is written, it is.
  await expect.poll(() => freed.mock.calls).toEqual([[0]])
  second.peer.terminate()
})

describe('resuming is refused', () => {
  async function expectNew(opened: TestDoor, of: WelcomeFrame, openid = 'o-1'): Promise<void> {
    const { peer, welcome } = await open(opened.url, { of, openid })
    expect(welcome.resume?.isResumed).toBe(false)
    expect(welcome.sessionId).not.toBe(of.sessionId)
    peer.terminate()
  }

  test('with a token that was used', async () => {
    const opened = await openDoor()
    const first = await open(opened.url)
    await breakOff(first.peer, opened)
    const second = await open(opened.url, { of: first.welcome })
    // That the client has the next one is known by its first frame.
    second.peer.send({ type: 'ping', nonce: 1 })
    await second.peer.next('pong')
    await expectNew(opened, first.welcome)
    // Nor does that do anything to the session.
    second.peer.send(invoke(1))
    await second.peer.next('result', 1)
    second.peer.terminate()
  })

  test('with a token that is wrong, empty, or of another session', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call })
    const a = await open(opened.url)
    const b = await open(opened.url)
    a.peer.send(invoke(1))
    await calls.reached(1)
    await breakOff(a.peer, opened)
    const { windowMs } = a.welcome.resume ?? { windowMs: 0 }
    for (const resumeToken of ['', 'x', 'x'.repeat(32), b.welcome.resume?.resumeToken ?? '']) {
      await expectNew(opened, { ...a.welcome, resume: { resumeToken, windowMs, isResumed: false } })
    }
    expect(calls.at(0).call.cancellation.signal.aborted).toBe(false)
    const again = await open(opened.url, { of: a.welcome })
    expect(again.welcome.resume?.isResumed).toBe(true)
    for (const { peer } of [again, b]) peer.terminate()
  })

  test('to another caller, even with the token', async () => {
    const opened = await openDoor()
    const first = await open(opened.url)
    await breakOff(first.peer, opened)
    await expectNew(opened, first.welcome, 'o-2')
    const own = await open(opened.url, { of: first.welcome })
    expect(own.welcome.resume?.isResumed).toBe(true)
    own.peer.terminate()
  })

  test('to who does not log in', async () => {
    const tokens = new Map([['t', { openid: 'o-1' }]])
    const opened = await openDoor({ authenticate: tokenAuthenticator(tokens) })
    const peer = await RawPeer.connect(opened.url)
    peer.send({ type: 'hello', versions: [1], token: 't', isResumable: true })
    const { sessionId, resume } = await peer.next('welcome')
    await breakOff(peer, opened)
    tokens.clear()
    const again = await RawPeer.connect(opened.url)
    again.send({
      ...{ type: 'hello', versions: [1], token: 't' },
      resume: { sessionId, resumeToken: resume?.resumeToken ?? '', receivedCount: 0 },
    })
    expect((await again.closed).code).toBe(4401)
  })

  test('when the window has passed: calls are aborted', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call, resumeWindowMs: 100 })
    const first = await open(opened.url)
    first.peer.send(invoke(1))
    await calls.reached(1)
    await breakOff(first.peer, opened)
    await expect.poll(() => opened.door.brokenSessionCount).toBe(0)
    expect(calls.at(0).call.cancellation.signal.aborted).toBe(true)
    await expectNew(opened, first.welcome)
  })

  test('after a goodbye, and after the protocol was broken', async () => {
    const opened = await openDoor()
    const polite = await open(opened.url)
    polite.peer.send({ type: 'goodbye' })
    await polite.peer.closed
    await expectNew(opened, polite.welcome)
    const rude = await open(opened.url)
    rude.peer.sendBytes(Buffer.from([0xc1]))
    expect((await rude.peer.closed).code).toBe(4400)
    await expectNew(opened, rude.welcome)
    const large = await open(opened.url)
    large.peer.sendBytes(new Uint8Array(25 * 1024 * 1024))
    expect((await large.peer.closed).code).toBe(1009)
    await expectNew(opened, large.welcome)
  })

  test('by a door that closes', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call, drainTimeoutMs: 50 })
    const first = await open(opened.url)
    first.peer.send(invoke(1))
    await calls.reached(1)
    await breakOff(first.peer, opened)
    const closed = opened.door.close()
    await expect(open(opened.url, { of: first.welcome })).rejects.toThrow()
    await closed
    expect(calls.at(0).call.cancellation.signal.aborted).toBe(true)
    expect(opened.door.brokenSessionCount).toBe(0)
  })
})

describe('a session that still has a socket', () => {
  test('is taken over: the old socket is closed, its calls go on', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call })
    const first = await open(url)
    first.peer.send(invoke(1))
    await calls.reached(1)
    const second = await open(url, { of: first.welcome })
    expect(second.welcome.resume).toMatchObject({ isResumed: true, lastCallId: 1 })
    expect((await first.peer.closed).code).toBe(4409)
    calls.at(0).resolve('to the new one')
    expect(await second.peer.next('result', 1)).toMatchObject({ result: 'to the new one' })
    await expect.poll(() => door.sessionCount).toBe(1)
    expect(door.brokenSessionCount).toBe(0)
    second.peer.terminate()
  })

  test('goes to one of many who come at once with its token', async () => {
    const { url, door } = await openDoor()
    const first = await open(url)
    const all = await Promise.all(Array.from({ length: 10 }, () => open(url, { of: first.welcome })))
    const codes = all.map(({ peer }) => Promise.race([peer.closed.then(({ code }) => code), setTimeout(500)]))
    const others = Array.from({ length: 9 }, () => 4409)
    expect((await Promise.all(codes)).toSorted()).toEqual([...others, undefined])
    expect(door.brokenSessionCount).toBe(0)
    for (const { peer } of all) peer.terminate()
  })
})

describe('what is kept', () => {
  test('is bounded in sessions: the oldest goes', async () => {
    const opened = await openDoor({ maxKeptSessions: 2 })
    const sessions = [await open(opened.url), await open(opened.url), await open(opened.url)]
    for (const { peer } of sessions) {
      peer.terminate()
      await setTimeout(20)
    }
    await expect.poll(() => opened.door.sessionCount).toBe(0)
    expect(opened.door.brokenSessionCount).toBe(2)
    const resumed = []
    const peers = []
    for (const { welcome } of sessions) {
      const { peer, welcome: again } = await open(opened.url, { of: welcome })
      resumed.push(again.resume?.isResumed)
      peers.push(peer)
    }
    expect(resumed).toEqual([false, true, true])
    for (const peer of peers) peer.terminate()
  })

  test('is bounded in bytes: of all, who keeps most does without, and another resumes', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call, maxKeptBytes: 20_000 })
    const { url, door } = opened
    const quiet = await open(url, { openid: 'o-quiet' })
    quiet.peer.send(invoke(1))
    await calls.reached(1)
    await breakOff(quiet.peer, opened)
    calls.at(0).resolve('x'.repeat(3000))
    // Each of these keeps less than that, all together more.
    const many = []
    for (let n = 1; n <= 20; n++) {
      const one = await open(url, { openid: 'o-many' })
      many.push(one)
      one.peer.send(invoke(1))
      await calls.reached(n + 1)
      calls.at(n).resolve('x'.repeat(2000))
      await one.peer.next('result', 1)
    }
    expect(door.brokenSessionCount).toBe(1)
    const again = await open(url, { openid: 'o-quiet', of: quiet.welcome })
    expect(again.welcome.resume?.isResumed).toBe(true)
    expect(await again.peer.next('result', 1)).toMatchObject({ result: 'x'.repeat(3000) })
    for (const { peer } of [...many, again]) peer.terminate()
  })

  test('is bounded in bytes: a broken session over them ends', async () => {
    const calls = new HeldCalls()
    const opened = await openDoor({ call: calls.call, maxKeptBytes: 10_000 })
    const { peer } = await open(opened.url)
    const other = await open(opened.url)
    for (let id = 1; id <= 3; id++) peer.send(invoke(id))
    await calls.reached(3)
    await breakOff(other.peer, opened)
    await breakOff(peer, opened)
    calls.at(0).resolve('x'.repeat(9000))
    await setTimeout(20)
    expect(opened.door.brokenSessionCount).toBe(2)
    calls.at(1).resolve('x'.repeat(2000))
    await expect.poll(() => opened.door.brokenSessionCount).toBe(1)
    expect(calls.at(2).call.cancellation.signal.aborted).toBe(true)
  })

  test('of a client that never says what it received is forgotten from a bound on', async () => {
    const text = 'x'.repeat(1024 * 1024)
    const opened = await openDoor({ call: async () => text })
    const { peer, welcome } = await open(opened.url)
    const count = Math.ceil(LIMITS.sessionKeptBytes / text.length)
    for (let id = 1; id <= count; id++) {
      peer.send(invoke(id))
      await peer.next('result', id)
    }
    // It goes on, but can't be resumed without what was forgotten.
    peer.send(invoke(count + 1))
    await peer.next('result', count + 1)
    peer.terminate()
    await expect.poll(() => opened.door.sessionCount).toBe(0)
    expect(opened.door.brokenSessionCount).toBe(0)
    const again = await open(opened.url, { of: welcome, receivedCount: 0 })
    expect(again.welcome.resume?.isResumed).toBe(false)
    again.peer.terminate()
  })

  test('makes room: a caller with too many sessions loses a broken one before it is refused', async () => {
    const opened = await openDoor({ maxSessionsPerCaller: 2 })
    const a = await open(opened.url)
    const b = await open(opened.url)
    const refused = await RawPeer.connect(opened.url)
    refused.send({ type: 'hello', versions: [1], openid: 'o-1' })
    expect((await refused.next('error')).error).toMatchObject({
      code: 'CLOUDLET_OVERLOADED',
      retryable: true,
      details: { retryAfterMs: 1000 },
    })
    expect((await refused.closed).code).toBe(4429)
    await breakOff(a.peer, opened)
    const c = await open(opened.url)
    expect(opened.door.brokenSessionCount).toBe(0)
    const other = await open(opened.url, { openid: 'o-2' })
    for (const { peer } of [b, c, other]) peer.terminate()
  })
})
