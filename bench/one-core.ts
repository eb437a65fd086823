import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { type Comparison, compare } from './harness.ts'
import type { Table } from './statistics.ts'

/** As `compare`, with all threads of this process, and of the others named, on one core. */
export async function compareOnOneCore(comparison: Comparison, pids: readonly number[] = []): Promise<Table> {
  using _core = new OneCore([process.pid, ...pids])
  return await compare(comparison)
}

/**
 * Holds all threads of this process to one core, where the system can (Linux with taskset). For questions in which
 * two threads take turns: left alone, the scheduler keeps a pair on one core or spreads it, for a whole run, and to wake
 * a thread on another core takes longer than a small read. The ratio of a pair on one core to a pair on two says nothing
 * of either.
 */
class OneCore implements Disposable {
  readonly #allowed = readAllowedCores()

  readonly #pids: readonly number[]

  constructor(pids: readonly number[]) {
    this.#pids = pids
    const [last] = this.#allowed?.match(/\d+$/) ?? []
    if (last !== undefined) for (const pid of pids) holdTo(last, pid)
  }

  [Symbol.dispose](): void {
    if (this.#allowed !== undefined) for (const pid of this.#pids) holdTo(this.#allowed, pid)
  }
}

/** Such as `0-3,6`. */
function readAllowedCores(): string | undefined {
  const path = '/proc/self/status'
  return existsSync(path) ? /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(path, 'utf8'))?.[1] : undefined
}

/** Threads that start later are held as the one that starts them. Without taskset nothing is held. */
function holdTo(cores: string, pid: number): void {
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], {
    stdio: 'ignore',
  })
}
