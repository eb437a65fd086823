import { setImmediate } from 'node:timers/promises'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { decodeFrame, decodeMessage, encodeFrame } from '../../src/protocol/codec.ts'
import { type ClientFrame, parseServerFrame, type ServerFrame } from '../../src/protocol/frames.ts'
import { developmentAuthenticator } from '../../src/transport/auth.ts'
import { resolveDoorOptions } from '../../src/transport/door-options.ts'
import { Session } from '../../src/transport/session.ts'
import type { SessionPeer } from '../../src/transport/session-peer.ts'
import { Sessions } from '../../src/transport/sessions.ts'
import fc from '../random.ts'

/** Cases of each property. */
const CASES = 60_000

const text = fc.oneof(fc.string(), fc.constantFrom('content', '__proto__', 'x'.repeat(70), '\u0000', 'é😀'))
const value = fc.oneof(fc.jsonValue(), fc.uint8Array({ maxLength: 20 }), text)
const id = fc.oneof(fc.nat(5), fc.constantFrom(-1, 1.5, 2 ** 53 - 1, 2 ** 53, 2 ** 31, '1', null))

/** Frames of either side, right and wrong ones. */
const frame = fc.oneof(
  fc.record(
    { type: fc.constant('call'), id, op: fc.oneof(text, fc.constant('database.watch')), args: value },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constantFrom('cancel', 'ping', 'received', 'pong'), id, nonce: id, count: id }),
  fc.record({ type: fc.constantFrom('cancel'), id }),
  fc.record({ type: fc.constantFrom('ping', 'pong'), nonce: id }),
  fc.record({ type: fc.constant('received'), count: id }),
  fc.record({ type: fc.constant('ack'), id, sequence: id }),
  fc.record({
    type: fc.constant('hello'),
    versions: fc.oneof(value, fc.array(id)),
    token: value,
    resume: value,
  }),
  fc.record({ type: fc.constant('event'), id, sequence: id, event: value }),
  fc.record({ type: fc.constant('result'), id, result: value }),
  fc.record({ type: fc.constant('error'), id, error: value }),
  fc.record({
    type: fc.constant('welcome'),
    version: id,
    sessionId: text,
    limits: value,
    resume: value,
    login: value,
  }),
  value,
)

/** Alone, or in a list. */
const sendable = fc.oneof(
  { weight: 4, arbitrary: frame },
  { weight: 1, arbitrary: fc.array(frame, { maxLength: 5 }) },
)

const packr = new Packr({ useRecords: false, moreTypes: true })

/** Their bytes, whole, changed, cut and put together wrongly; and bytes that never were a frame. */
const message = fc.oneof(
  { weight: 4, arbitrary: sendable.map(it => Uint8Array.from(packr.pack(it))) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(sendable, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(6), fc.nat(3))
      .map(([it, changes, cut, added]) => {
        const bytes = Uint8Array.from([...packr.pack(it), ...new Uint8Array(added)])
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes.subarray(0, Math.max(0, bytes.length - cut))
      }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
)

/** Takes what a session sends, and looks whether a client could read it. */
class ReadingPeer implements SessionPeer {
  readonly slowBytes = 0
  readonly unfinishedBytes = 0
  count = 0
  hasLeft = false

  send(sent: ServerFrame): void {
    this.sendMessage(encodeFrame(sent))
  }

  sendMessage(sent: Uint8Array): void {
    parseServerFrame(decodeFrame(sent))
    this.count++
  }

  holdCalls(): void {}
  cut(): void {}
  leave(): void {
    this.hasLeft = true
  }

  fail(): void {}
}

async function openSession(isResumable: boolean) {
  const faults: unknown[] = []
  const sessions = new Sessions(
    resolveDoorOptions({
      authenticate: developmentAuthenticator(),
      call: async ({ args, emit, cancellation: { signal } }) => {
        if (emit !== undefined) await emit(args)
        if (signal.aborted) throw signal.reason
        return args
      },
      serveFile: async () => ({ kind: 'refused', status: 404, message: '' }),
      health: () => ({}),
      onInternalError: error => faults.push(error),
    }),
    { onWelcome: () => {}, onGone: () => {} },
  )
  const { context } = sessions
  const caller = { openid: 'o-1' }
  const peer = new ReadingPeer()
  const open = (): Session => {
    const load = context.callers.find(caller)
    context.callers.addSession(load)
    const session = new Session(context, load, caller, isResumable)
    peer.hasLeft = false
    session.attach(peer)
    return session
  }
  return { open, faults, peer, context }
}

describe.each([false, true])('a session (resumable: %s)', isResumable => {
  test(`takes ${CASES} frames, right, wrong and mutated, and nothing but its own end comes of them`, async () => {
    const { open, faults, peer, context } = await openSession(isResumable)
    let session = open()
    let refusedCount = 0
    let runCount = 0
    await fc.assert(
      fc.asyncProperty(message, async bytes => {
        try {
          session.receive(bytes)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          refusedCount++
          peer.hasLeft = true
        }
        if (peer.hasLeft || session.lastCallId === 2 ** 53 - 1) {
          session.end()
          session = open()
        }
        if (runCount++ % 100 === 0) await setImmediate()
      }),
      { numRuns: CASES },
    )
    session.end()
    await setImmediate()
    expect(faults).toEqual([])
    expect(refusedCount).toBeGreaterThan(CASES / 10)
    expect(peer.count).toBeGreaterThan(100)
    // Nothing of all those sessions and calls is left.
    const load = context.callers.find({ openid: 'o-1' })
    for (const kind of ['incoming', 'outgoing', 'kept'] as const) expect(load[kind].usedBytes).toBe(0)
    expect(load).toMatchObject({ sessionCount: 0, inFlightCount: 0 })
  })
})

test(`a client reads ${CASES} frames of a false door and refuses them with nothing but a ProtocolError`, () => {
  let readCount = 0
  fc.assert(
    fc.property(message, bytes => {
      try {
        for (const value of decodeMessage(bytes).frames) {
          const read = parseServerFrame(value)
          readCount++
          expect(encodeFrame(read)).toBeInstanceOf(Uint8Array)
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
      }
    }),
    { numRuns: CASES },
  )
  expect(readCount).toBeGreaterThan(100)
})

test('what one side writes the other reads as it was', () => {
  const plain = fc
    .jsonValue()
    .filter(it => !JSON.stringify(it).includes('__proto__') && !JSON.stringify(it).includes('-0'))
  fc.assert(
    fc.property(fc.nat(), fc.string({ maxLength: 64 }), plain, (number, op, args) => {
      const sent: ClientFrame = { type: 'call', id: number, op, args }
      expect(decodeFrame(encodeFrame(sent))).toEqual(JSON.parse(JSON.stringify(sent)))
    }),
    { numRuns: 5000 },
  )
})
