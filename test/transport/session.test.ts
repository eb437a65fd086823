import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { CancelledError, FunctionNotFoundError, InternalError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { encodeFrame } from '../../src/protocol/codec.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

describe('hello', () => {
  test('is answered with the version, a session id and the limits', async () => {
    const { url } = await openDoor({ maxCallsInFlight: 3, maxFrameBytes: 4096 })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [7, 1], openid: 'o-1' })
    const welcome = await peer.next('welcome')
    expect(welcome).toMatchObject({ version: 1, limits: { frameBytes: 4096, callsInFlight: 3 } })
    expect(welcome.sessionId).toMatch(/^[0-9a-f-]{36}$/)
    peer.terminate()
  })

  test('that never comes closes with 4408', async () => {
    const { url } = await openDoor({ helloTimeoutMs: 30 })
    const peer = await RawPeer.connect(url)
    expect(await peer.closed).toEqual({ code: 4408, reason: 'No hello came within 30 ms.' })
  })

  test('without a version in common closes with 4426', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [2, 3], openid: 'o-1' })
    expect((await peer.next('error')).error.code).toBe('CLOUDLET_PROTOCOL')
    expect((await peer.closed).code).toBe(4426)
  })

  test('said twice closes with 4400', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'hello', versions: [1], openid: 'o-2' })
    expect((await peer.closed).code).toBe(4400)
  })

  test.each([
    ['a call', { type: 'call', id: 1, op: 'x', args: {} }],
    ['a cancel', { type: 'cancel', id: 1 }],
    ['a ping', { type: 'ping', nonce: 1 }],
  ] as const)('comes first: %s before it closes with 4400', async (_, frame) => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.connect(url)
    peer.send(frame)
    expect((await peer.closed).code).toBe(4400)
    expect(calls.count).toBe(0)
  })

  test('must be welcomed before a call is sent', async () => {
    const { url } = await openDoor({ authenticate: () => new Promise(() => {}), authenticateTimeoutMs: 5000 })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1] })
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    expect(await peer.closed).toMatchObject({ code: 4400, reason: 'A call frame came before the welcome.' })
  })

  test('may take 64 KB and not a byte more', async () => {
    const { url } = await openDoor()
    const sized = (bytes: number) => {
      const hello = { type: 'hello', versions: [1], openid: 'o-1' } as const
      // Fields that a later version may bring are let be.
      const empty = encodeFrame({ ...hello, later: 'x'.repeat(60_000) } as typeof hello).length
      return encodeFrame({ ...hello, later: 'x'.repeat(60_000 + bytes - empty) } as typeof hello)
    }
    const largest = sized(LIMITS.helloBytes)
    expect(largest).toHaveLength(LIMITS.helloBytes)
    const fits = await RawPeer.connect(url)
    fits.sendBytes(largest)
    await fits.next('welcome')
    fits.terminate()
    const over = await RawPeer.connect(url)
    over.sendBytes(sized(LIMITS.helloBytes + 1))
    expect((await over.closed).code).toBe(1009)
  })

  test('that is never finished is cut off when it has sent more than a hello may be', async () => {
    const { url, door } = await openDoor()
    const peer = await RawPeer.connect(url)
    // A frame header that promises 20 MB, and then only the first of it.
    const { socket } = peer as unknown as { socket: { _socket: import('node:net').Socket } }
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x01, 0x40, 0, 0, 0, 0, 0, 0])
    socket._socket.write(Buffer.concat([header, Buffer.alloc(LIMITS.helloBytes + 2048)]))
    expect((await peer.closed).code).toBe(1009)
    await expect.poll(() => door.sessionCount).toBe(0)
  })
})

describe('calls', () => {
  test('are answered out of order, each under its id', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    for (const id of [1, 2, 3]) peer.send({ type: 'call', id, op: 'x', args: id })
    await calls.reached(3)
    calls.at(2).resolve('third')
    expect(await peer.next('result')).toMatchObject({ id: 3, result: 'third' })
    calls.at(0).resolve('first')
    expect(await peer.next('result')).toMatchObject({ id: 1, result: 'first' })
    calls.at(1).resolve(undefined)
    expect(await peer.next('result')).toMatchObject({ id: 2, result: null })
    peer.terminate()
  })

  test('carry the caller of their session and nothing a client says of itself', async () => {
    const { url } = await openDoor({ call: async ({ caller }) => caller })
    const peer = await RawPeer.welcomed(url, 'o-7')
    expect(await peer.call(1, 'x', { caller: { openid: 'admin' } })).toEqual({
      openid: 'o-7',
      clientIp: '127.0.0.1',
    })
    peer.terminate()
  })

  test('of two sessions are never mixed', async () => {
    const { url } = await openDoor({
      call: async ({ args, caller }) => {
        await new Promise(resolve => setImmediate(resolve))
        return { args, openid: caller.openid }
      },
    })
    const peers = await Promise.all(['o-a', 'o-b'].map(openid => RawPeer.welcomed(url, openid)))
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, id) => {
        const peer = peers[id % 2]
        return peer?.call(id, 'x', id)
      }),
    )
    expect(answers).toEqual(answers.map((_, id) => ({ args: id, openid: id % 2 === 0 ? 'o-a' : 'o-b' })))
    for (const peer of peers) peer.terminate()
  })

  test('that fail send their code and fields, and no stack', async () => {
    const { url, faults } = await openDoor({
      call: async () => {
        throw new FunctionNotFoundError('sun', ['sum'])
      },
    })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'functions.invoke', args: {} })
    expect(await peer.next('error', 1)).toEqual({
      type: 'error',
      id: 1,
      error: {
        code: 'CLOUDLET_FUNCTION_NOT_FOUND',
        message: 'No function named "sun" is deployed. Did you mean "sum"?',
        retryable: false,
        details: { functionName: 'sun', nearMatches: ['sum'] },
      },
    })
    expect(faults).toEqual([])
    peer.terminate()
  })

  test('that fail for reasons of our own send an incident id only', async () => {
    const cause = new TypeError('secret of /home/host/db.ts')
    const { url, faults } = await openDoor({
      call: () => {
        throw cause
      },
    })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    const { error } = await peer.next('error', 1)
    expect(error.code).toBe('CLOUDLET_INTERNAL')
    expect(JSON.stringify(error)).not.toContain('secret')
    expect(faults).toEqual([expect.any(InternalError)])
    expect(faults[0]).toMatchObject({ cause, incidentId: error.details['incidentId'] })
    peer.terminate()
  })

  test.each([
    ['a BigInt', 1n, 'CLOUDLET_VALUE'],
    ['more than a frame', 'x'.repeat(5000), 'CLOUDLET_VALUE'],
  ])('whose result is %s fail, and the session goes on', async (_, result, code) => {
    const { url } = await openDoor({
      maxFrameBytes: 4096,
      call: async ({ op }) => (op === 'bad' ? { result } : 'fine'),
    })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'bad', args: {} })
    expect((await peer.next('error', 1)).error.code).toBe(code)
    expect(await peer.call(2, 'good', {})).toBe('fine')
    peer.terminate()
  })

  test('up to the limit run at once; one more is refused and nothing else', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, maxCallsInFlight: 256 })
    const peer = await RawPeer.welcomed(url)
    for (let id = 1; id <= 257; id++) peer.send({ type: 'call', id, op: 'x', args: {} })
    const refused = await peer.next('error')
    expect(refused).toMatchObject({ id: 257, error: { code: 'CLOUDLET_OVERLOADED', retryable: true } })
    expect(calls.count).toBe(256)
    calls.at(0).resolve('done')
    await peer.next('result', 1)
    peer.send({ type: 'call', id: 258, op: 'x', args: {} })
    await calls.reached(257)
    calls.finishAll()
    await peer.next('result', 258)
    peer.terminate()
  })

  test('with an id still in flight close the session with 4400', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    expect(await peer.closed).toEqual({ code: 4400, reason: 'Call id 1 is still in flight.' })
    expect(calls.at(0).call.cancellation.signal.aborted).toBe(true)
  })

  test('may use an id again once it is answered', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    await peer.call(1, 'x', 'a')
    expect(await peer.call(1, 'x', 'b')).toMatchObject({ args: 'b' })
    peer.terminate()
  })
})

describe('cancel', () => {
  test('aborts that call alone and is answered at once', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    for (const id of [1, 2]) peer.send({ type: 'call', id, op: 'x', args: {} })
    peer.send({ type: 'cancel', id: 1 })
    expect((await peer.next('error', 1)).error.code).toBe('CLOUDLET_CANCELLED')
    expect(calls.at(0).call.cancellation.signal.reason).toBeInstanceOf(CancelledError)
    expect(calls.at(1).call.cancellation.signal.aborted).toBe(false)
    calls.finishAll()
    await peer.next('result', 2)
    peer.send({ type: 'ping', nonce: 9 })
    expect(await peer.next('pong')).toMatchObject({ nonce: 9 })
    // The late result of the cancelled call was dropped.
    expect(peer.frames).toEqual([])
    peer.terminate()
  })

  test('of a call that is not in flight does nothing', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'cancel', id: 99 })
    expect(await peer.call(1, 'x', 'a')).toMatchObject({ args: 'a' })
    peer.terminate()
  })

  test('does not make room for more calls than may run', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, maxCallsInFlight: 1 })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    peer.send({ type: 'cancel', id: 1 })
    await peer.next('error', 1)
    peer.send({ type: 'call', id: 2, op: 'x', args: {} })
    expect((await peer.next('error', 2)).error.code).toBe('CLOUDLET_OVERLOADED')
    calls.finishAll()
    peer.terminate()
  })
})

describe('the end of a session', () => {
  test.each(['terminate', 'close', 'goodbye'] as const)('by %s aborts its calls', async way => {
    const calls = new HeldCalls()
    const { url, door, faults } = await openDoor({ call: calls.call })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    await calls.reached(1)
    const { signal } = calls.at(0).call.cancellation
    const aborted = once(signal, 'abort')
    if (way === 'terminate') peer.terminate()
    else if (way === 'close') peer.socket.close(1000)
    else peer.send({ type: 'goodbye', reason: 'done' })
    await aborted
    calls.at(0).resolve('too late')
    await peer.closed
    await expect.poll(() => door.sessionCount).toBe(0)
    expect(faults).toEqual([])
  })

  test('comes when the peer stops reading and answers pile up', async () => {
    const { url, door } = await openDoor({
      call: async () => 'x'.repeat(1024 * 1024),
      maxBufferedBytes: 4 * 1024 * 1024,
    })
    const other = await RawPeer.welcomed(url, 'o-other')
    const peer = await RawPeer.welcomed(url)
    peer.socket.pause()
    for (let id = 0; id < 64; id++) peer.send({ type: 'call', id, op: 'x', args: {} })
    await expect.poll(() => door.sessionCount).toBe(1)
    expect(await other.call(1, 'x', {})).toHaveLength(1024 * 1024)
    other.terminate()
    peer.terminate()
  })

  test('comes when the peer falls silent, and not while it answers pings', async () => {
    const { url, door } = await openDoor({ heartbeatMs: 200 })
    const alive = await RawPeer.welcomed(url)
    const silent = connect(door.port, '127.0.0.1')
    silent.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await once(silent, 'data')
    silent.resume()
    await once(silent, 'close')
    await expect.poll(() => door.sessionCount).toBe(1)
    expect(await alive.call(1, 'x', 'a')).toMatchObject({ args: 'a' })
    alive.terminate()
  })
})
