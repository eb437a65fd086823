import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { afterMicrotasks } from '../../src/isolate/after-microtasks.ts'

test('runs behind all that promises do, and before the event loop goes on', async () => {
  const order: string[] = []
  const answer = async (left: number): Promise<void> => {
    if (left > 0) await answer(left - 1)
    order.push(`answer ${left}`)
  }
  await new Promise<void>(resolve => {
    setImmediate(() => {
      afterMicrotasks(() => order.push('after'))
      void answer(20)
      setImmediate(() => {
        order.push('next turn')
        resolve()
      })
    })
  })
  await turn()
  expect(order.at(-3)).toBe('answer 20')
  expect(order.slice(-2)).toEqual(['after', 'next turn'])
})
