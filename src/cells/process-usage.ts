import { readFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of seconds. */
const TICK_MS = 10
/** Of a page of memory: at least, where pages are larger than usual. */
const PAGE_BYTES = 4096

/** What a process has used of the CPU, in milliseconds, where the system tells; undefined elsewhere, if it is gone, and if it can't be read. */
export function readCpuMs(pid: number | undefined): number | undefined {
  return pid === undefined ? undefined : read(`/proc/${pid}/stat`)
}

/** What a process has of memory, in bytes, where the system tells; 0 elsewhere, and if it can't be read. */
export function readRssBytes(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')
    return Number(pages) * PAGE_BYTES
  } catch {
    return 0
  }
}

/** The same, of its main thread alone. */
export function readMainThreadCpuMs(pid: number | undefined): number | undefined {
  return pid === undefined ? undefined : read(`/proc/${pid}/task/${pid}/stat`)
}

function read(path: string): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const stat = readFileSync(path, 'latin1')
    // The name before may hold anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    // It is gone, or can't be looked at: who asks goes by the clock then.
    return undefined
  }
}
