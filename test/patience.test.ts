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

test('after each wait in vain twice as many are left out, up to 255', () => {
  const patience = new Patience()
  const tried = triesOf(patience, 2000, () => patience.lose())
  expect(tried.slice(0, 8)).toEqual([1, 3, 7, 15, 31, 63, 127, 255])
  expect(tried.slice(8)).toEqual([511, 767, 1023, 1279, 1535, 1791])
})

test('after each that was not half as many', () => {
  const patience = new Patience()
  for (let count = 0; count < 3; count++) patience.lose()
  expect(triesOf(patience, 16, () => patience.gain())).toEqual([8, 12, 14, 15, 16])
})
