import { readFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of seconds. */
const TICK_MS = 10

/** What a process has used of the CPU, in milliseconds, where the system tells; undefined elsewhere, and if it is gone. */
export function readCpuMs(pid: number | undefined): number | undefined {
  return pid === undefined ? undefined : read(`/proc/${pid}/stat`)
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
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined
    throw error
  }
}
