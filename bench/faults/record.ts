import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Machine } from '../machine.ts'
import type { Isolation } from './host-process.ts'
import type { Run } from './supervisor.ts'

/** What one run found, and on what. */
export interface FaultRecord extends Run {
  /** ISO 8601. */
  readonly measuredAt: string
  readonly isolation: Isolation
  readonly machine: Machine
}

const FOLDER = new URL('../results/', import.meta.url)

/** A complete run with cells is kept with the source, and docs/threat-model.md has its table. Others stay on this machine. */
export function recordPath(isKept: boolean): string {
  return fileURLToPath(new URL(isKept ? 'faults.json' : 'latest-faults.json', FOLDER))
}

export async function writeFaultRecord(path: string, record: FaultRecord): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const shorten = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Math.round(value * 100) / 100 : value
  await writeFile(path, `${JSON.stringify(record, shorten, 1)}\n`)
}

/** The last complete run. */
export async function readFaultRecord(): Promise<FaultRecord> {
  return JSON.parse(await readFile(recordPath(true), 'utf8'))
}
