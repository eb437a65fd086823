import { expect, test } from 'vitest'
import { Backoff } from '../../src/sdk/backoff.ts'

test('pauses double up to the longest, half of each at random, and begin anew when it went well', () => {
  const backoff = new Backoff({ firstDelayMs: 100, longestDelayMs: 1000 })
  for (let round = 0; round < 50; round++) {
    for (const [attempt, longest] of [100, 200, 400, 800, 1000, 1000].entries()) {
      expect(backoff.count).toBe(attempt)
      const delayMs = backoff.next()
      expect(delayMs).toBeGreaterThanOrEqual(longest / 2)
      expect(delayMs).toBeLessThanOrEqual(longest)
    }
    backoff.reset()
  }
  const first = Array.from({ length: 100 }, () => {
    backoff.reset()
    return backoff.next()
  })
  expect(new Set(first).size).toBeGreaterThan(90)
})
