/**
 * For questions in which two threads take turns. Left alone, the scheduler keeps a pair on one core or spreads it, for a
 * whole run, and to wake a thread on another core takes several times as long as a small call: the ratio of a pair on
 * one core to a pair on two says nothing of either. So both are asked for, each for all contenders alike: all threads on
 * one core, as on a machine that is busy elsewhere; and the main thread on a core of its own, as on an idle one. Where
 * the system can't hold threads (other than Linux with taskset) they are left alone.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { type Comparison, compare } from './harness.ts'
import type { Table } from './statistics.ts'

/** As `compare`, with all threads of this process, and of the others named, on one core. */
export async function compareOnOneCore(comparison: Comparison, pids: readonly number[] = []): Promise<Table> {
  using _held = new HeldThreads([process.pid, ...pids])
  return await compare({ ...comparison, title: `${comparison.title}, all on one core` })
}

/** The same, and before it with this process's main thread on a core, and its others and the others named on another. */
export async function compareByPlacement(
  comparison: Comparison,
  pids: readonly number[] = [],
): Promise<Table[]> {
  return [await compareOnTwoCores(comparison, pids), await compareOnOneCore(comparison, pids)]
}

async function compareOnTwoCores(comparison: Comparison, pids: readonly number[]): Promise<Table> {
  using _held = new HeldThreads([process.pid, ...pids], process.pid)
  return await compare({ ...comparison, title: `${comparison.title}, two cores` })
}

/** Holds threads to the last core they may run on, and one of them to the first. */
class HeldThreads implements Disposable {
  readonly #allowed = readAllowedCores()
  readonly #pids: readonly number[]

  constructor(pids: readonly number[], apart?: number) {
    this.#pids = pids
    const cores = listAllowedCores()
    const [first] = cores
    const last = cores.at(-1)
    if (last === undefined || first === undefined) return
    for (const pid of pids) holdTo(last, pid)
    if (apart !== undefined) hold(['--cpu-list', '--pid', String(first), String(apart)])
  }

  [Symbol.dispose](): void {
    const cores = this.#allowed
    if (cores === undefined) return
    for (const pid of this.#pids) hold(['--all-tasks', '--cpu-list', '--pid', cores, String(pid)])
  }
}

/** Numbers of the cores this process may run on; none where the system doesn't say. */
export function listAllowedCores(): number[] {
  const ranges = readAllowedCores()?.split(',') ?? []
  return ranges.flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** Holds a process to one core, with all its threads and those that it starts. */
export function holdTo(core: number, pid: number): void {
  hold(['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)])
}

/** Such as `0-3,6`. */
function readAllowedCores(): string | undefined {
  const path = '/proc/self/status'
  return existsSync(path) ? /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(path, 'utf8'))?.[1] : undefined
}

/** Threads that start later are held as the one that starts them. */
function hold(args: readonly string[]): void {
  spawnSync('taskset', args, { stdio: 'ignore' })
}
