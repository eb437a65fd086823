import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Machine } from './machine.ts'
import type { Table } from './statistics.ts'

/** What one run measured, and on what. */
export interface BenchRecord {
  /** ISO 8601. */
  readonly measuredAt: string
  readonly isQuick: boolean
  /** Whether idle cores were kept from sleeping (awake.ts). */
  readonly isKeptAwake: boolean
  /** With the load average before and after. */
  readonly machine: Machine & { readonly loadBefore: number; readonly loadAfter: number }
  readonly results: readonly { readonly question: string; readonly tables: readonly Table[] }[]
  /** Who was measured beside cloudlet, and where a function runs there. */
  readonly peers?: readonly { readonly name: string; readonly place: string }[]
  readonly unmeasured?: readonly UnmeasuredPeer[]
}

/** A peer that could not be started, and why. */
export interface UnmeasuredPeer {
  readonly name: string
  readonly reason: string
}

export type RecordKind = 'bench' | 'peers'

const FOLDER = new URL('./results/', import.meta.url)

/**
 * Where a run's results go. Complete runs are kept with the source, and README's tables are made of them; a quick or
 * partial one doesn't take their place.
 */
export function resultsPath(kind: RecordKind, isComplete: boolean): string {
  return fileURLToPath(new URL(isComplete ? `${kind}.json` : `latest-${kind}.json`, FOLDER))
}

export async function writeRecord(path: string, record: BenchRecord): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(path, `${JSON.stringify(roundFigures(record), undefined, 1)}\n`)
}

/** The last complete run. */
export async function readRecord(kind: RecordKind): Promise<BenchRecord> {
  return JSON.parse(await readFile(resultsPath(kind, true), 'utf8'))
}

/** Five digits are more than any of it is exact to. */
function roundFigures(record: BenchRecord): unknown {
  return JSON.parse(JSON.stringify(record), (_key, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  )
}
