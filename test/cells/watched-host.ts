import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { CellStats } from '../../src/cells/cells.ts'
import { FunctionHost, type FunctionHostOptions, type InvokeResult } from '../../src/index.ts'

/** What came of a call: its result, or the error's code and whether to try again. */
export interface Answer {
  readonly result?: unknown
  readonly code?: string
  readonly retryable?: boolean
  readonly message?: string
}

/** A host with functions in cells, one shared unless told otherwise, that keeps its warnings. */
export class WatchedHost {
  readonly warnings: string[] = []
  readonly host: FunctionHost

  constructor({ cells, ...options }: Omit<FunctionHostOptions, 'isolation' | 'onWarning'> = {}) {
    this.host = new FunctionHost({
      isolation: 'process',
      cells: { count: 1, ...cells },
      onWarning: message => this.warnings.push(message),
      ...options,
    })
  }

  async deploy(name: string, source: string, config: object = {}): Promise<void> {
    await this.host.deploy(name, { files: { 'index.js': source }, config: { timeout: 20, ...config } })
  }

  invoke(name: string, event: Record<string, unknown> = {}): Promise<InvokeResult> {
    return this.host.invoke(name, event)
  }

  ask(name: string, event: Record<string, unknown> = {}): Promise<Answer> {
    return this.host.invoke(name, event).then(
      ({ result }) => ({ result }),
      ({ code, retryable, message }: { code: string; retryable: boolean; message: string }) => ({
        code,
        retryable,
        message,
      }),
    )
  }

  cells(role?: CellStats['role']): CellStats[] {
    return this.host.stats().cells.filter(cell => role === undefined || cell.role === role)
  }

  /** The first of that role that is up. */
  async cell(role: CellStats['role'] = 'shared'): Promise<CellStats> {
    return until(() => this.cells(role).find(({ isReady }) => isReady))
  }

  /** Kills it, and waits until the host knows. */
  async kill({ pid }: CellStats, signal: NodeJS.Signals = 'SIGSEGV'): Promise<void> {
    process.kill(pid, signal)
    await until(() => this.cells().every(cell => cell.pid !== pid))
  }

  /** So many isolates run, and of all invocations so many are under way. */
  async running(runningCount: number, busyCount = runningCount): Promise<void> {
    const read = (): object => {
      const { instances } = this.host.stats()
      return { runningCount: instances.runningCount, busyCount: instances.busyCount }
    }
    await expect.poll(read, { timeout: 10_000, interval: 5 }).toEqual({ runningCount, busyCount })
    // As far as the host knows they run from the moment they are sent.
    await sleep(50)
  }

  /** As many quick calls as it takes for the function to be entered without a thread of its own. */
  async warmUp(name: string, event: Record<string, unknown> = {}): Promise<void> {
    for (let call = 0; call < 40; call++) await this.invoke(name, event)
  }

  /** What was said of cells that ended, other than in the normal course. */
  warning(pattern: RegExp): Promise<string> {
    return until(() => this.warnings.find(message => pattern.test(message)))
  }
}

/** Waits for something to be there or true, generously. */
export async function until<T>(find: () => T | false | undefined | null): Promise<T> {
  for (const endMs = Date.now() + 15_000; Date.now() < endMs; await sleep(5)) {
    const found = find()
    if (found !== false && found !== undefined && found !== null) return found
  }
  return expect.fail(`it did not come to be: ${find}`)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
