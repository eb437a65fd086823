import { describe, expect, test } from 'vitest'
import { Cancellation } from '../src/cancellation.ts'

/** How often each was called. */
function counter(): { readonly listener: () => void; readonly count: () => number } {
  let called = 0
  return { listener: () => void called++, count: () => called }
}

describe.each([
  ['of its own', () => ({ cancellation: new Cancellation(), cancel: undefined })],
  [
    'of a signal',
    () => {
      const controller = new AbortController()
      return {
        cancellation: new Cancellation(controller.signal),
        cancel: (why: Error) => controller.abort(why),
      }
    },
  ],
] as const)('a cancellation %s', (_, make) => {
  test('tells who listens, once, and not who has left', () => {
    const { cancellation, cancel = why => cancellation.cancel(why) } = make()
    const [stays, leaves] = [counter(), counter()]
    cancellation.listen(stays.listener)
    cancellation.listen(leaves.listener)
    cancellation.unlisten(leaves.listener)
    cancellation.unlisten(leaves.listener)
    expect(cancellation.isCancelled).toBe(false)
    cancel(new Error('first'))
    cancel(new Error('second'))
    expect(cancellation.isCancelled).toBe(true)
    expect([stays.count(), leaves.count()]).toEqual([1, 0])
  })

  test.each([true, false])('gives a signal with its reason, asked for before: %s', isBefore => {
    const { cancellation, cancel = why => cancellation.cancel(why) } = make()
    const before = isBefore ? cancellation.signal : undefined
    const heard = counter()
    before?.addEventListener('abort', heard.listener)
    const later = counter()
    cancellation.listen(later.listener)
    const why = new Error('given up')
    cancel(why)
    const { signal } = cancellation
    expect(signal).toBe(before ?? signal)
    expect(signal).toBe(cancellation.signal)
    expect([signal.aborted, signal.reason]).toEqual([true, why])
    expect([heard.count(), later.count()]).toEqual([isBefore ? 1 : 0, 1])
  })
})
