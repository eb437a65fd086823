import { readdirSync, readFileSync } from 'node:fs'

/**
 * Resident memory of this process and all it started, in kilobytes, with pages that several share counted in parts.
 * Linux only.
 */
export function readTreeMemoryKb(): number {
  const parents = new Map<number, number>()
  for (const name of listProcesses()) {
    const parent = readParent(name)
    if (parent !== undefined) parents.set(Number(name), parent)
  }
  const isOurs = (id: number | undefined): boolean =>
    id !== undefined && (id === process.pid || isOurs(parents.get(id)))
  return [...parents.keys()].filter(isOurs).reduce((sum, id) => sum + readProportionalKb(id), 0)
}

function listProcesses(): string[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name))
}

/** Undefined for a process that has ended meanwhile. */
function readParent(id: string): number | undefined {
  const [, parent] = /^PPid:\s*(\d+)$/m.exec(readStatus(id, 'status')) ?? []
  return parent === undefined ? undefined : Number(parent)
}

/** Of one process; 0 for one that has ended. */
export function readProportionalKb(id: number): number {
  const [, size] = /^Pss:\s*(\d+) kB$/m.exec(readStatus(String(id), 'smaps_rollup')) ?? []
  return Number(size ?? 0)
}

/** Empty for a process that has ended meanwhile. */
function readStatus(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8')
  } catch (error) {
    const isGone =
      error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))
    if (isGone) return ''
    throw error
  }
}
