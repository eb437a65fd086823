import { expect, test } from 'vitest'
import { Arrivals } from '../../src/isolate/arrivals.ts'

/** So many calls come in one tick: what is said of each. */
function tick(arrivals: Arrivals, count: number): boolean[] {
  const said = Array.from({ length: count }, () => arrivals.add())
  arrivals.endTick()
  return said
}

test('who comes after eight ticks of one call each need not wait for the end of its own', () => {
  const arrivals = new Arrivals()
  for (let count = 0; count < 8; count++) expect(tick(arrivals, 1)).toEqual([false])
  expect(tick(arrivals, 1)).toEqual([true])
  tick(arrivals, 0)
  expect(tick(arrivals, 3)).toEqual([true, false, false])
})

test('when several have come together, whoever comes waits again', () => {
  const arrivals = new Arrivals()
  for (let count = 0; count < 9; count++) tick(arrivals, 1)
  tick(arrivals, 2)
  for (let count = 0; count < 8; count++) expect(tick(arrivals, 1)).toEqual([false])
  expect(tick(arrivals, 1)).toEqual([true])
})
