import { readdirSync, readFileSync } from 'node:fs'

/**
 * Resident memory of this process and all it started, in kilobytes, with pages that several share counted in parts.
 * Linux only.
 */
export function readTreeMemoryKb(): number {
  return listTree().reduce((sum, id) => sum + readProportionalKb(id), 0)
}

/** Linux counts CPU time for programs in hundredths of a second, whatever its clock. */
const MS_PER_TICK = 10

/** CPU time of this process and all it started, also of those that have ended, in milliseconds. Linux only. */
export function readTreeCpuMs(): number {
  return listTree().reduce((sum, id) => sum + readCpuTicks(id) * MS_PER_TICK, 0)
}

/** This process and all it started that live. */
function listTree(): number[] {
  const parents = new Map<number, number>()
  for (const name of listProcesses()) {
    const parent = readParent(name)
    if (parent !== undefined) parents.set(Number(name), parent)
  }
  const isOurs = (id: number | undefined): boolean =>
    id !== undefined && (id === process.pid || isOurs(parents.get(id)))
  return [...parents.keys()].filter(isOurs)
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

/** Of a process itself, and of its children that have ended. */
function readCpuTicks(id: number): number {
  const [, fields = ''] = readStatus(String(id), 'stat').split(') ')
  const [user, system, childrenUser, childrenSystem] = fields.split(' ').slice(11).map(Number)
  return (user ?? 0) + (system ?? 0) + (childrenUser ?? 0) + (childrenSystem ?? 0)
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
