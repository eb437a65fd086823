import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of seconds. */
const TICK_MS = 10
/** Of a page of memory: at least, where pages are larger than usual. */
const PAGE_BYTES = 4096

/** What a process has used of the CPU, in milliseconds, where the system tells; undefined elsewhere, if it is gone, and if it can't be read. */
export function readCpuMs(pid: number | undefined): number | undefined {
  return cpuMsOf(readProcess(pid, 'stat'))
}

/** The same, of its main thread alone. */
export function readMainThreadCpuMs(pid: number | undefined): number | undefined {
  return cpuMsOf(readProcess(pid, `task/${pid}/stat`))
}

/**
 * For how long each thread of a process but the main one has wanted the CPU, whether it had it or waited for it, by
 * their ids, in milliseconds. Empty where the system doesn't tell.
 */
export function readThreadsWantedMs(pid: number | undefined): Map<number, number> {
  const times = new Map<number, number>()
  for (const thread of listThreads(pid)) {
    const [ranNs, waitedNs] = readProcess(pid, `task/${thread}/schedstat`)?.split(' ') ?? []
    if (waitedNs !== undefined) times.set(thread, (Number(ranNs) + Number(waitedNs)) / 1e6)
  }
  return times
}

/** Whether a thread has the name of its main one, as those do that were made without one of their own. */
export function isNamelessThread(pid: number | undefined, thread: number): boolean {
  const name = readProcess(pid, `task/${thread}/comm`)
  return name !== undefined && name === readProcess(pid, 'comm')
}

/** Whether a thread is at work, or would be if it had a core. False where the system doesn't tell. */
export function isThreadRunning(pid: number | undefined, thread: number): boolean {
  const stat = readProcess(pid, `task/${thread}/stat`)
  // D: in the system's code, such as for what it unmaps.
  return stat !== undefined && 'RD'.includes(fieldsOf(stat)[0] as string)
}

function listThreads(pid: number | undefined): readonly number[] {
  if (process.platform !== 'linux' || pid === undefined) return []
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .filter(thread => thread !== pid)
  } catch {
    // As with readProcess.
    return []
  }
}

/** What a process has of memory, in bytes, where the system tells; 0 elsewhere, and if it can't be read. */
export function readRssBytes(pid: number | undefined): number {
  const [, pages = '0'] = readProcess(pid, 'statm')?.split(' ') ?? []
  return Number(pages) * PAGE_BYTES
}

function cpuMsOf(stat: string | undefined): number | undefined {
  if (stat === undefined) return undefined
  const fields = fieldsOf(stat)
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Behind the name, which may hold anything, parentheses too. */
function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readProcess(pid: number | undefined, file: string): string | undefined {
  if (process.platform !== 'linux' || pid === undefined) return undefined
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    // It is gone, or can't be looked at: who asks goes by the clock then, or by the cell's own word.
    return undefined
  }
}
