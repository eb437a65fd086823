/**
 * Measures: resident memory that one more warm function adds to a process, against one more bare isolate with
 * the same function loaded in it, after one call each.
 * Excludes: what a process pays once (Node, the host, the snapshot, the first functions); file pages are counted
 * as the kernel counts them. Each figure is from a process of its own, so that nothing is reused.
 * Run with: npm run bench -- density
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Question } from './harness.ts'
import { type Measured, toRows } from './statistics.ts'

const PROCESS = fileURLToPath(new URL('./density-process.ts', import.meta.url))
const run = promisify(execFile)

export const density: Question = {
  name: 'density',
  measure: async ({ isQuick }) => {
    const functionCount = isQuick ? 50 : 200
    const rounds = isQuick ? 3 : 5
    const rawKb: number[] = []
    const cloudletKb: number[] = []
    for (let round = 0; round < rounds; round++) {
      rawKb.push(await measureInProcess('raw', functionCount))
      cloudletKb.push(await measureInProcess('cloudlet', functionCount))
    }
    const row = (name: string, samples: readonly number[]): Measured => ({ name, samples, parts: samples })
    return [
      {
        title: `Density: resident memory per warm function, ${functionCount} functions`,
        unit: 'KB',
        better: 'lower',
        rows: toRows([row('bare isolate', rawKb), row('cloudlet', cloudletKb)]),
      },
    ]
  },
}

async function measureInProcess(kind: 'raw' | 'cloudlet', functionCount: number): Promise<number> {
  const args = ['--no-node-snapshot', '--expose-gc', PROCESS, kind, String(functionCount)]
  const { stdout } = await run(process.execPath, args)
  const kilobytes = Number(stdout)
  if (!Number.isFinite(kilobytes))
    throw new Error(`The ${kind} process said "${stdout}", which is no number.`)
  return kilobytes
}
