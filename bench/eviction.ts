/**
 * Measures: the first call of a function whose instance was evicted, with 10,000 functions deployed and at most 200
 * instances alive; and checks each answer, also with 16 calls in flight, half of them to the functions used most.
 * Excludes: deploying.
 * Run with: npm run bench -- eviction
 *
 * The floor loads and calls the same function in a new isolate. `--quick` has 1,000 functions and 100 instances.
 */
import { runChild } from './child.ts'
import type { Eviction } from './eviction-process.ts'
import { type Question, splitRun } from './harness.ts'
import { type Measured, median, toRows } from './statistics.ts'

export const eviction: Question = {
  name: 'eviction',
  measure: async ({ isQuick }) => {
    const [functionCount, instanceCount, callCount] = isQuick ? [1000, 100, 250] : [10_000, 200, 4000]
    const { rawMs, reloadMs, checkedCount, evictedCount } = await runChild<Eviction>(
      'eviction-process.ts',
      [functionCount, instanceCount, callCount].map(String),
    )
    const [functions, checked, evicted] = [functionCount, checkedCount, evictedCount].map(count =>
      count.toLocaleString('en'),
    )
    const row = (name: string, samples: readonly number[]): Measured => ({
      name,
      samples,
      parts: splitRun(samples).map(median),
    })
    return [
      {
        title:
          `Eviction: reload with ${functions} functions deployed and ${instanceCount} warm ` +
          `(${checked} answers checked, ${evicted} evictions)`,
        unit: 'ms',
        better: 'lower',
        rows: toRows([row('raw isolated-vm, loaded anew', rawMs), row('cloudlet, evicted before', reloadMs)]),
      },
    ]
  },
}
