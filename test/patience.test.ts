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

test('after each wait in vain twice as many are left out, up to 63', () => {
  const patience = new Patience()
  const tried = triesOf(patience, 400, () => patience.lose())
  expect(tried.slice(0, 6)).toEqual([1, 3, 7, 15, 31, 63])
  expect(tried.slice(6)).toEqual([127, 191, 255, 319, 383])
})

test('after one that was not none is', () => {
  const patience = new Patience()
  for (let count = 0; count < 3; count++) patience.lose()
  expect(triesOf(patience, 11, () => patience.gain())).toEqual([8, 9, 10, 11])
})
