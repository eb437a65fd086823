import { once } from 'node:events'
import { expect, test } from 'vitest'
import { ValueError } from '../../src/errors.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import fc from '../random.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const INTERLEAVINGS = 10_000
const MOST_CALLS = 4
const MOST_RUNNING = 2

type Outcome = 'result' | 'CLOUDLET_VALUE'
/** What a call does when it is aborted: end at once, end a turn later, or go on until it is settled. */
type Manner = 'obeys' | 'dawdles' | 'ignores'
type Step =
  | { readonly do: 'call'; readonly call: number; readonly manner: Manner }
  | { readonly do: 'cancel'; readonly call: number }
  | { readonly do: 'settle'; readonly call: number; readonly outcome: Outcome }

/** Calls that end as other frames of the same client say: so the order of frames is the order of what happens. */
class SettledCalls {
  readonly #settle = new Map<number, (outcome: Outcome) => void>()
  readonly #early = new Map<number, Outcome>()
  runningCount = 0
  mostRunning = 0

  readonly call = async ({ op, args, cancellation: { signal } }: DoorCall): Promise<unknown> => {
    const { id, outcome, manner } = args as { id: number; outcome: Outcome; manner: Manner }
    // A streaming op, since those wait for no turn.
    if (op === 'database.watch') {
      this.settle(id, outcome)
      return null
    }
    this.mostRunning = Math.max(this.mostRunning, ++this.runningCount)
    try {
      return await this.#run(id, manner, signal)
    } finally {
      this.runningCount--
    }
  }

  settle(id: number, outcome: Outcome): void {
    const settle = this.#settle.get(id)
    if (settle === undefined) this.#early.set(id, outcome)
    else settle(outcome)
  }

  async #run(id: number, manner: Manner, signal: AbortSignal): Promise<unknown> {
    const settled = new Promise<Outcome>(resolve => this.#settle.set(id, resolve))
    const early = this.#early.get(id)
    if (early !== undefined) this.settle(id, early)
    const aborted = once(signal, 'abort').then(async () => {
      if (manner === 'dawdles') await new Promise(resolve => setImmediate(resolve))
      throw signal.reason
    })
    aborted.catch(() => undefined)
    if ((await (manner === 'ignores' ? settled : Promise.race([settled, aborted]))) === 'result')
      return { id }
    throw new ValueError('args', 'As it should.')
  }
}

const stepsOfCall = (call: number): fc.Arbitrary<Step[]> =>
  fc
    .record({
      manner: fc.constantFrom<Manner>('obeys', 'dawdles', 'ignores'),
      outcome: fc.constantFrom<Outcome>('result', 'CLOUDLET_VALUE'),
      cancelCount: fc.nat(2),
      isSettled: fc.boolean(),
    })
    .map(({ manner, outcome, cancelCount, isSettled }) => [
      { do: 'call', call, manner },
      ...Array.from({ length: cancelCount }, () => ({ do: 'cancel', call }) as const),
      ...(isSettled ? [{ do: 'settle', call, outcome } as const] : []),
    ])

/** The steps of a few calls in any order: a cancel may come before its call, while it waits or runs, or after it ended. */
const interleaving = fc
  .tuple(...Array.from({ length: MOST_CALLS }, (_, call) => stepsOfCall(call)))
  .map(steps => steps.flat())
  .chain(steps => fc.shuffledSubarray(steps, { minLength: steps.length, maxLength: steps.length }))

/** What a call may be answered with, by the order of what was done to it. */
function findAnswers(steps: readonly Step[], call: number): string[] {
  const own = steps.filter(step => step.call === call)
  const after = own.slice(own.findIndex(step => step.do === 'call') + 1)
  const settle = own.find(step => step.do === 'settle')
  const settled = settle?.do === 'settle' ? settle.outcome : 'result'
  const firstCancel = after.findIndex(step => step.do === 'cancel')
  if (firstCancel < 0) return [settled]
  // Settled before it was cancelled: whichever the door came to first, and it may still have waited for its turn.
  const isSettledFirst = settle !== undefined && !after.slice(firstCancel).includes(settle)
  return isSettledFirst ? [settled, 'CLOUDLET_CANCELLED'] : ['CLOUDLET_CANCELLED']
}

test(`${INTERLEAVINGS} interleavings of calls, cancels and answers: each call has one answer, and the right one`, async () => {
  const calls = new SettledCalls()
  const { url, faults } = await openDoor({ call: calls.call, maxCallsRunning: MOST_RUNNING })
  const peer = await RawPeer.welcomed(url)
  let nextId = 0
  let count = 0
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(interleaving, async steps => {
      count++
      const first = nextId
      nextId += 100
      const idOf = (call: number): number => first + call
      let settleId = first + MOST_CALLS
      const settle = (call: number, outcome: Outcome): void =>
        peer.send({ type: 'call', id: settleId++, op: 'database.watch', args: { id: idOf(call), outcome } })
      for (const step of steps) {
        const id = idOf(step.call)
        if (step.do === 'call') peer.send({ type: 'call', id, op: 'x', args: { id, manner: step.manner } })
        else if (step.do === 'cancel') peer.send({ type: 'cancel', id })
        else settle(step.call, step.outcome)
      }
      const settled = new Set(steps.filter(step => step.do === 'settle').map(step => step.call))
      for (let call = 0; call < MOST_CALLS; call++) if (!settled.has(call)) settle(call, 'result')
      const answers = new Map<number, string>()
      while (answers.size < settleId - first) {
        if (peer.frames.length === 0) await once(peer.socket, 'message')
        for (const frame of peer.frames.splice(0)) {
          if (frame.type !== 'result' && frame.type !== 'error') throw new Error(`A ${frame.type} came.`)
          const { id = -1 } = frame
          expect(answers.has(id)).toBe(false)
          if (frame.type === 'result' && id < first + MOST_CALLS) expect(frame.result).toEqual({ id })
          answers.set(id, frame.type === 'result' ? 'result' : frame.error.code)
        }
      }
      for (let call = 0; call < MOST_CALLS; call++) {
        const answer = answers.get(idOf(call)) ?? ''
        expect(findAnswers(steps, call)).toContain(answer)
        seen.set(answer, (seen.get(answer) ?? 0) + 1)
      }
    }),
    { numRuns: INTERLEAVINGS },
  )
  expect(count).toBe(INTERLEAVINGS)
  for (const answer of ['result', 'CLOUDLET_VALUE', 'CLOUDLET_CANCELLED']) {
    expect(seen.get(answer), answer).toBeGreaterThan(INTERLEAVINGS / 10)
  }
  expect(calls.mostRunning).toBe(MOST_RUNNING)
  await expect.poll(() => calls.runningCount).toBe(0)
  // No place was lost, and none made.
  for (let id = nextId; id < nextId + MOST_RUNNING + 1; id++) {
    peer.send({ type: 'call', id, op: 'x', args: { id, manner: 'obeys' } })
  }
  peer.send({ type: 'ping', nonce: 1 })
  await peer.next('pong')
  expect(calls.runningCount).toBe(MOST_RUNNING)
  expect(faults).toEqual([])
  peer.terminate()
}, 300_000)
