import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Admission, type Permit, type Ticket } from '../src/admission.ts'

const LANE = { places: 1 }
const TICKET: Ticket = {
  functionName: 'f',
  lane: LANE,
  maxWaitMs: 20_000,
  parent: undefined,
  cancellation: undefined,
}

let admission: Admission
/** Who was admitted, in order, and not yet let go. */
let admitted: { readonly name: number; readonly permit: Permit }[]

beforeEach(() => {
  vi.useFakeTimers()
  admission = new Admission({ maxConcurrency: 10, maxQueued: 1000 })
  admitted = []
})
afterEach(() => {
  vi.useRealTimers()
})

function come(name: number): void {
  void Promise.resolve(admission.admit(TICKET)).then(permit => admitted.push({ name, permit }))
}

/** Whoever runs is done after so many milliseconds. Who that was. */
async function finishOne(tookMs: number): Promise<number> {
  await vi.advanceTimersByTimeAsync(tookMs)
  const first = admitted.shift()
  if (first === undefined) throw new Error('Nobody runs.')
  first.permit.release()
  await vi.advanceTimersByTimeAsync(0)
  return first.name
}

test('callers who come again as soon as they are done are served in order, however long some have waited in all', async () => {
  for (let name = 0; name < 4; name++) come(name)
  const order: number[] = []
  for (let call = 0; call < 2000; call++) {
    const name = await finishOne(2)
    order.push(name)
    come(name)
  }
  expect(order).toEqual(Array.from({ length: 2000 }, (_, index) => index % 4))
})

test('when the oldest has waited for a second the newest go first, and every eighth time the oldest', async () => {
  for (let name = 0; name < 30; name++) come(name)
  await vi.advanceTimersByTimeAsync(1001)
  const order: number[] = []
  for (let call = 0; call < 17; call++) order.push(await finishOne(1))
  const [running, ...rest] = order
  expect(running).toBe(0)
  // Of those who waited, the first of each eight is the oldest.
  expect(rest).toEqual([1, 29, 28, 27, 26, 25, 24, 23, 2, 22, 21, 20, 19, 18, 17, 16])
})

test('after a hold-up those who waited get through, though others come again and again', async () => {
  for (let name = 0; name < 6; name++) come(name)
  await vi.advanceTimersByTimeAsync(1500)
  const calls = new Map<number, number>()
  for (let call = 0; call < 400; call++) {
    const name = await finishOne(2)
    calls.set(name, (calls.get(name) ?? 0) + 1)
    come(name)
  }
  expect(calls.size).toBe(6)
  expect(Math.min(...calls.values())).toBeGreaterThan(50)
})
