import { expect, test } from 'vitest'
import { Patience } from '../src/patience.ts'

/** The numbers of the waits that are tried; `settle` says how each of them ends. */
function triesOf(patience: Patience, count: number, settle: () => void): number[] {
  const tried: number[] = []
  for (let number = 1; number <= count; number++) {
    if (!patience.tries()) continue
    tried.push(number)
    settle()
  }
  return tried
}

test('after each wait in vain but the first twice as many are left out, up to 15', () => {
  const patience = new Patience()
  const tried = triesOf(patience, 80, () => patience.lose())
  expect(tried).toEqual([1, 2, 4, 8, 16, 32, 48, 64, 80])
})

test('after one that was not none is', () => {
  const patience = new Patience()
  for (let count = 0; count < 4; count++) patience.lose()
  expect(triesOf(patience, 11, () => patience.gain())).toEqual([8, 9, 10, 11])
})
