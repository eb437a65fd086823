import type { ErrorCode } from './errors.ts'
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
  readonly total: FunctionStats
  readonly functions: Readonly<Record<string, FunctionStats>>
}

export interface HostHealth {
  /** False when the process should be drained and replaced. */
  readonly isHealthy: boolean
  readonly status: 'ok' | 'degraded' | 'closed'
  readonly reasons: readonly string[]
}

/** The health of a host with threads that can't be ended; `wedged` counts them by function. */
export function healthOf(isClosed: boolean, wedged: ReadonlyMap<string, number>): HostHealth {
  if (isClosed) return { isHealthy: false, status: 'closed', reasons: ['The host is closed.'] }
  const stuck = [...wedged].filter(([, count]) => count > 0)
  const reasons = stuck.map(
    ([name, count]) =>
      `${count} isolate thread(s) of function "${name}" did not end when told to and may keep a core busy until this ` +
      'process ends. The function is refused. Drain the process and start another (native-notes/deadlines.md).',
  )
  return { isHealthy: reasons.length === 0, status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
}

/** Counts what happened, per function and together. */
export class Counters {
  readonly #byFunction = new Map<string, Counter>()
  readonly #total = new Counter()

  /** A function that was removed meanwhile, or never was, keeps no figures of its own. */
  record({ functionName, durationMs, coldStart, error }: InvocationReport, isDeployed: boolean): void {
    this.#total.record(durationMs, coldStart, error?.code)
    if (!isDeployed) return
    let counter = this.#byFunction.get(functionName)
    if (counter === undefined) {
      counter = new Counter()
      this.#byFunction.set(functionName, counter)
    }
    counter.record(durationMs, coldStart, error?.code)
  }

  /** A function that is gone takes its own figures along; the total keeps them. */
  forget(functionName: string): void {
    this.#byFunction.delete(functionName)
  }

  total(): FunctionStats {
    return this.#total.read()
  }

  byFunction(): Record<string, FunctionStats> {
    return Object.fromEntries([...this.#byFunction].map(([name, counter]) => [name, counter.read()]))
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

/** Bits of a number that are kept, the leading one included: numbers less than 0.8 % apart count as one. */
const KEPT_BITS = 8

/**
 * How often each number up to 2 ** 31 was seen. Only what was seen takes room: Node's own histogram has a place for
 * everything that might be, at first 350 KB and 90 µs for each function, when it is called for the first time.
 */
class Histogram {
  readonly #counts = new Map<number, number>()
  #count = 0
  #max = 0

  get max(): number {
    return this.#max
  }

  record(value: number): void {
    const whole = Math.min(Math.round(value), 2 ** 31 - 1)
    const droppedBits = Math.max(0, 32 - Math.clz32(whole) - KEPT_BITS)
    const kept = (whole >> droppedBits) << droppedBits
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + 1)
    this.#count++
    if (whole > this.#max) this.#max = whole
  }

  /** The number that `percent` of all are not above; 0 of none. */
  percentile(percent: number): number {
    let left = (this.#count * percent) / 100
    for (const [value, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return value
    }
    return 0
  }
}
