/**
 * Measures: 1,000 warm functions against 1,000 bare isolates with the same functions loaded in them, after one call
 * each: the resident memory and the memory maps that one more adds, and the resident memory of the process.
 * Excludes: from what one adds, what a process pays once (Node, the host, the snapshot, the first functions). File
 * pages are counted as the kernel counts them. Each figure is from a process of its own, so that nothing is reused.
 * Run with: npm run bench -- density
 *
 * `--quick` makes 100 of each.
 */
import { runChild } from './child.ts'
import type { Footprint } from './density-process.ts'
import type { Question } from './harness.ts'
import { type Measured, type Table, toRows } from './statistics.ts'

const BAR = 1.5

export const density: Question = {
  name: 'density',
  measure: async ({ isQuick }) => {
    const functionCount = isQuick ? 100 : 1000
    const rounds = isQuick ? 2 : 3
    const bare: Footprint[] = []
    const ours: Footprint[] = []
    for (let round = 0; round < rounds; round++) {
      bare.push(await runChild('density-process.ts', ['raw', String(functionCount)]))
      ours.push(await runChild('density-process.ts', ['cloudlet', String(functionCount)]))
    }
    const toTable = (title: string, unit: Table['unit'], key: keyof Footprint, bar?: number): Table => {
      const row = (name: string, footprints: readonly Footprint[]): Measured => {
        const samples = footprints.map(footprint => footprint[key])
        return { name, samples, parts: samples }
      }
      const others = { ...row('cloudlet', ours), ...(bar === undefined ? undefined : { bar }) }
      return { title, unit, better: 'lower', rows: toRows([row('bare isolate', bare), others]) }
    }
    const functions = `${functionCount.toLocaleString('en')} warm functions`
    const tables = [
      toTable(`Density, ${functions}: resident memory of one more`, 'KB', 'addedKb', BAR),
      toTable(`Density, ${functions}: resident memory of the process`, 'KB', 'totalKb'),
    ]
    const hasMaps = bare.every(({ addedMaps }) => Number.isFinite(addedMaps))
    const maps = toTable(`Density, ${functions}: memory maps of one more`, 'maps', 'addedMaps')
    return hasMaps ? [...tables, maps] : tables
  },
}
