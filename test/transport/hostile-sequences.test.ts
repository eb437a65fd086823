import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ValueError } from '../../src/errors.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/codec.ts'
import { CLOSE_CODES, parseServerFrame, type ServerFrame } from '../../src/protocol/frames.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import fc from '../random.ts'
import { type OddMessage, oddMessages } from './odd-frames.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

/** Rounds of the property, and clients that send at the same time in each. */
const ROUNDS = 700
const CLIENTS = 4
/** Frames that sessions took, of which this file counts no more than it is sure of. */
const CASES = 50_000
/** What the heap may have grown after all of them, in bytes. */
const GROWTH_BYTES = 48 * 1024 * 1024

/** What the door of these tests does with each op of `OPS`. */
async function answerOdd({ op, args, caller, cancellation: { signal }, emit }: DoorCall): Promise<unknown> {
  if (op === 'later') await setImmediate()
  if (op === 'fail') throw new ValueError('args', 'As it should.')
  if (op === 'hold')
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  if (emit !== undefined) await emit({ openid: caller.openid, args })
  return { openid: caller.openid, args }
}

/** A client that sends what it is given and keeps what it gets. */
class OddPeer {
  readonly #socket: WebSocket
  readonly frames: ServerFrame[] = []
  closeCode: number | undefined
  #onChange = (): void => {}

  constructor(url: string) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false })
    this.#socket.on('message', (data: Buffer) => {
      this.frames.push(parseServerFrame(decodeFrame(data)))
      this.#onChange()
    })
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', code => {
      this.closeCode = code
      this.#onChange()
    })
    this.#socket.on('open', () => this.#onChange())
  }

  async opened(): Promise<void> {
    await this.#until(() => this.#socket.readyState !== WebSocket.CONNECTING)
  }

  async welcomed(): Promise<void> {
    await this.#until(() => this.frames.length > 0 || this.closeCode !== undefined)
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes)
  }

  /** The door has been through all that was sent, or has closed. */
  async settle(nonce: number): Promise<void> {
    this.send(encodeFrame({ type: 'ping', nonce }))
    await this.#until(
      () =>
        this.closeCode !== undefined ||
        this.frames.some(frame => frame.type === 'pong' && frame.nonce === nonce),
    )
  }

  end(): void {
    this.#socket.terminate()
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>(resolve => {
        this.#onChange = resolve
      })
    }
  }
}

/** Tells of one client's session, and throws for whatever is not as it must be. */
async function attack(url: string, openid: string, isResumable: boolean, messages: OddMessage[]) {
  const peer = new OddPeer(url)
  await peer.opened()
  peer.send(encodeFrame({ type: 'hello', versions: [1], openid, isResumable }))
  await peer.welcomed()
  for (const { bytes } of messages) peer.send(bytes)
  await peer.settle(1_000_000)
  const callIds = messages.map(({ callId }) => callId).filter(id => id !== undefined)
  if (peer.closeCode === undefined) {
    for (const id of callIds) peer.send(encodeFrame({ type: 'cancel', id }))
    await peer.settle(1_000_001)
  }
  peer.end()
  const answered: number[] = []
  for (const frame of peer.frames) {
    if (frame.type === 'error' && frame.id === undefined) expect(frame.error.code).toBe('CLOUDLET_PROTOCOL')
    if (frame.type === 'result' || frame.type === 'error') {
      if (frame.id !== undefined) answered.push(frame.id)
    }
    const told = frame.type === 'result' ? frame.result : frame.type === 'event' ? frame.event : { openid }
    expect(told).toHaveProperty('openid', openid)
  }
  const slack = messages.filter(({ isChanged }) => isChanged).length
  expect(answered.length - new Set(answered).size).toBeLessThanOrEqual(slack)
  const { closeCode } = peer
  if (closeCode !== undefined) {
    expect([CLOSE_CODES.protocol, CLOSE_CODES.goodbye]).toContain(closeCode)
    // At least these were taken, and the one that was refused.
    return { taken: answered.length + 1, closeCode }
  }
  // What was changed may be a call still, of whatever id.
  if (slack === 0) expect(answered.toSorted((a, b) => a - b)).toEqual(callIds)
  else expect(answered).toEqual(expect.arrayContaining(callIds))
  return { taken: messages.length, closeCode }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  return process.memoryUsage().heapUsed
}

test(`${CASES} odd frames over sockets: every call has one answer, or the session ends with a code`, async () => {
  const { url, door, faults } = await openDoor({
    call: answerOdd,
    maxCallsInFlight: 1000,
    resumeWindowMs: 20,
  })
  const honest = await RawPeer.welcomed(url, 'o-honest')
  let taken = 0
  let round = 0
  let heapBefore = 0
  const closed = new Map<number | undefined, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(oddMessages, { minLength: CLIENTS, maxLength: CLIENTS }), async sequences => {
      const attacks = sequences.map((messages, index) => attack(url, `o-${index}`, index % 2 === 1, messages))
      const id = round++
      expect(await honest.call(id, 'later', id)).toEqual({ openid: 'o-honest', args: id })
      for (const outcome of await Promise.all(attacks)) {
        taken += outcome.taken
        closed.set(outcome.closeCode, (closed.get(outcome.closeCode) ?? 0) + 1)
      }
      if (round === 50) heapBefore = heapBytes()
    }),
    { numRuns: ROUNDS, endOnFailure: true },
  )
  expect(taken).toBeGreaterThan(CASES)
  expect(faults).toEqual([])
  expect(closed.get(CLOSE_CODES.protocol)).toBeGreaterThan(ROUNDS)
  expect(closed.get(undefined)).toBeGreaterThan(ROUNDS)
  await expect.poll(() => door.sessionCount + door.brokenSessionCount).toBe(1)
  expect(heapBytes() - heapBefore).toBeLessThan(GROWTH_BYTES)
  expect(await honest.call(round, 'echo', 'still')).toEqual({ openid: 'o-honest', args: 'still' })
  honest.terminate()
}, 300_000)
