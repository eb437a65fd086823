import type { CellStats } from './cells/cells.ts'
import type { ErrorCode } from './errors.ts'
import { Histogram } from './histogram.ts'
import type { InvocationReport } from './invocation.ts'
import type { PoolStats } from './isolate/pool.ts'

/** Running times of one function's invocations, in milliseconds, over the host's life. */
export interface Durations {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface FunctionStats {
  readonly invocationCount: number
  readonly coldStartCount: number
  readonly errorCount: Readonly<Partial<Record<ErrorCode, number>>>
  readonly durations: Durations
}

/** What `host.stats()` tells. */
export interface HostStats {
  readonly functionCount: number
  readonly runningCount: number
  readonly queuedCount: number
  readonly instances: PoolStats
  /** The processes that isolates live in: empty where they live in this one. */
  readonly cells: readonly CellStats[]
  /** Cells that ended otherwise than by plan, and were replaced. */
  readonly replacedCellCount: number
  readonly total: FunctionStats
  readonly functions: Readonly<Record<string, FunctionStats>>
}

export interface HostHealth {
  /** False when the process should be drained and replaced. */
  readonly isHealthy: boolean
  readonly status: 'ok' | 'degraded' | 'closed'
  readonly reasons: readonly string[]
}

/**
 * The health of a host with threads that can't be ended; `wedged` counts them by function. `problem`: why no cells
 * can be started.
 */
export function healthOf(
  isClosed: boolean,
  wedged: ReadonlyMap<string, number>,
  problem: string | undefined,
): HostHealth {
  if (isClosed) return { isHealthy: false, status: 'closed', reasons: ['The host is closed.'] }
  const stuck = [...wedged].filter(([, count]) => count > 0)
  const reasons = stuck.map(
    ([name, count]) =>
      `${count} isolate thread(s) of function "${name}" did not end when told to and may keep a core busy until this ` +
      'process ends. The function is refused. Drain the process and start another (native-notes/deadlines.md).',
  )
  if (problem !== undefined) reasons.push(problem)
  return { isHealthy: reasons.length === 0, status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
}

/** Counts what happened, per function. */
export class Counters {
  readonly #byFunction = new Map<string, Counter>()
  /** Of functions that are gone, or never were. */
  readonly #others = new Counter()

  /** A function that was removed meanwhile, or never was, keeps no figures of its own. */
  record({ functionName, durationMs, coldStart, error }: InvocationReport, isDeployed: boolean): void {
    const counter = isDeployed ? this.#counterOf(functionName) : this.#others
    counter.record(durationMs, coldStart, error?.code)
  }

  /** A function that is gone takes its own figures along; the total keeps them. */
  forget(functionName: string): void {
    const counter = this.#byFunction.get(functionName)
    if (counter !== undefined) this.#others.add(counter)
    this.#byFunction.delete(functionName)
  }

  total(): FunctionStats {
    const total = new Counter()
    for (const counter of [this.#others, ...this.#byFunction.values()]) total.add(counter)
    return total.read()
  }

  byFunction(): Record<string, FunctionStats> {
    return Object.fromEntries([...this.#byFunction].map(([name, counter]) => [name, counter.read()]))
  }

  #counterOf(functionName: string): Counter {
    let counter = this.#byFunction.get(functionName)
    if (counter === undefined) {
      counter = new Counter()
      this.#byFunction.set(functionName, counter)
    }
    return counter
  }
}

class Counter {
  readonly #durations = new Histogram()
  readonly #errors = new Map<ErrorCode, number>()
  #invocationCount = 0
  #coldStartCount = 0

  record(durationMs: number, coldStart: boolean, code: ErrorCode | undefined): void {
    this.#invocationCount++
    if (coldStart) this.#coldStartCount++
    if (code !== undefined) this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
    this.#durations.record(durationMs * 1000)
  }

  add(other: Counter): void {
    this.#invocationCount += other.#invocationCount
    this.#coldStartCount += other.#coldStartCount
    for (const [code, count] of other.#errors) this.#errors.set(code, (this.#errors.get(code) ?? 0) + count)
    this.#durations.add(other.#durations)
  }

  read(): FunctionStats {
    const durations = this.#durations
    return {
      invocationCount: this.#invocationCount,
      coldStartCount: this.#coldStartCount,
      errorCount: Object.fromEntries(this.#errors),
      durations: {
        p50Ms: durations.percentile(50) / 1000,
        p95Ms: durations.percentile(95) / 1000,
        p99Ms: durations.percentile(99) / 1000,
        maxMs: durations.max / 1000,
      },
    }
  }
}
