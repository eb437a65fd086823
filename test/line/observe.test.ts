import { describe, expect, test } from 'vitest'
import type { InvocationReport } from '../../src/invocation.ts'
import { Counters } from '../../src/observe.ts'

const report = (durationMs: number): InvocationReport => ({
  functionName: 'f',
  requestId: '1',
  caller: { source: 'internal' },
  durationMs,
  cpuMs: 0,
  coldStart: false,
  heapUsedBytes: 0,
  logs: [],
})

describe('durations', () => {
  test('none are zeros', () => {
    expect(new Counters().total().durations).toEqual({ p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 })
  })

  test.each([1, 0.037, 20_000])('percentiles of numbers up to %d ms are within one percent', scale => {
    const counters = new Counters()
    for (let index = 1000; index >= 1; index--) counters.record(report((index / 1000) * scale), true)
    const { durations } = counters.byFunction().f ?? expect.unreachable()
    const round = Math.max(0.01 * scale, 0.001)
    expect(Math.abs(durations.p50Ms - 0.5 * scale)).toBeLessThanOrEqual(round)
    expect(Math.abs(durations.p95Ms - 0.95 * scale)).toBeLessThanOrEqual(round)
    expect(Math.abs(durations.p99Ms - 0.99 * scale)).toBeLessThanOrEqual(round)
    expect(durations.maxMs).toBe(scale)
  })

  test('longer ones than half an hour count as that', () => {
    const counters = new Counters()
    counters.record(report(1e9), false)
    expect(counters.total().durations.maxMs).toBeCloseTo(2 ** 31 / 1000, 0)
  })
})

test('the total is of all functions, those that are gone and those that never were included', () => {
  const counters = new Counters()
  counters.record(report(1), true)
  counters.record({ ...report(2), functionName: 'gone', coldStart: true }, true)
  counters.forget('gone')
  counters.record({ ...report(4), functionName: 'never' }, false)
  expect(Object.keys(counters.byFunction())).toEqual(['f'])
  const { invocationCount, coldStartCount, durations } = counters.total()
  expect({ invocationCount, coldStartCount }).toEqual({ invocationCount: 3, coldStartCount: 1 })
  expect(durations).toEqual({ p50Ms: 2, p95Ms: 4, p99Ms: 4, maxMs: 4 })
})
