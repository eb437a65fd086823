import { describe, expect, test } from 'vitest'
import { takeTurns } from '../../bench/harness.ts'
import { countBars, findMissedBars } from '../../bench/report.ts'
import { type Measured, median, quantile, type Table, toRows } from '../../bench/statistics.ts'

describe('bars', () => {
  const floor: Measured = { name: 'raw', samples: [10], parts: [10] }
  const tableOf = (better: Table['better'], measured: Partial<Measured>): Table => ({
    title: 'Work',
    unit: 'ms',
    better,
    rows: toRows([floor, { name: 'ours', samples: [10], parts: [10], ...measured }]),
  })

  test('of latency: met at the bar, missed above it', () => {
    expect(findMissedBars(tableOf('lower', { bar: 1 }))).toEqual([])
    expect(findMissedBars(tableOf('lower', { bar: 0.99 }))).toEqual([
      'Work: ours is 1.00× the floor; the bar is at most 0.99×.',
    ])
  })

  test('of throughput: met at the bar, missed below it', () => {
    expect(findMissedBars(tableOf('higher', { bar: 1 }))).toEqual([])
    expect(findMissedBars(tableOf('higher', { bar: 1.01 }))).toEqual([
      'Work: ours is 1.00× the floor; the bar is at least 1.01×.',
    ])
  })

  test('of p99: met at the bar, missed above it', () => {
    expect(findMissedBars(tableOf('lower', { p99Bar: 10 }))).toEqual([])
    expect(findMissedBars(tableOf('lower', { p99Bar: 9 }))).toEqual([
      'Work: p99 of ours is 10.00 ms; the bar is at most 9.00 ms.',
    ])
  })

  test('are missed by what could not be measured', () => {
    const table = tableOf('lower', { samples: [], parts: [], bar: 1, p99Bar: 1 })
    expect(findMissedBars(table)).toHaveLength(2)
    expect(countBars(table)).toBe(2)
  })
})

describe('toRows', () => {
  test('takes the middle one of the ratios of paired parts', () => {
    const [floor, ours] = toRows([
      { name: 'raw', samples: [1, 2, 4], parts: [1, 2, 4] },
      { name: 'ours', samples: [1, 6, 2], parts: [1, 6, 2] },
    ])
    expect(floor).toMatchObject({ ratio: 1, p50: 2 })
    expect(ours).toMatchObject({ ratio: 1, ratioRange: [0.5, 3], p50: 2 })
  })

  test('interpolates quantiles, and has none for nothing', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([1, 2], 0.99)).toBeCloseTo(1.99)
    expect(median([])).toBeNaN()
  })
})

test('contenders take turns, each goes first as often, and rounds before the first do not count', async () => {
  const order: string[] = []
  const slices = await takeTurns(
    { contenders: ['a', 'b'], rounds: 2, warmUpRounds: 1 },
    async (name, isCounted) => {
      order.push(isCounted ? name : `(${name})`)
      return order.length
    },
  )
  expect(order).toEqual(['(a)', '(b)', 'b', 'a', 'a', 'b'])
  expect([...slices]).toEqual([
    ['a', [4, 5]],
    ['b', [3, 6]],
  ])
})
