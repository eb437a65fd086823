import type { PoolKey } from '../isolate/pool-key.ts'

/** Strikes within the window that block a function. */
export const MAX_STRIKES = 3
/** How long a strike counts, in milliseconds. */
export const STRIKE_WINDOW_MS = 10 * 60_000
/** How long a suspect is kept from others, in milliseconds: time enough to run again, and be charged or not. */
const SUSPICION_MS = 30_000

/** How often within the window a function may be none of the suspects though it was running. */
const MAX_EXCUSES = 3

interface Record {
  /** When it was excused. */
  excuses: number[]
  /** When it brought a cell down, on the scale of `performance.now()`. */
  strikes: number[]
  suspectUntilMs: number
}

/**
 * Which functions have brought their cell down, or may have. A deployment starts with a clean record, since a corrected
 * version is another one.
 */
export class Blame {
  readonly #records = new WeakMap<PoolKey, Record>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** One more cell is gone by its doing. How many there were within the window. */
  charge(key: PoolKey): number {
    const record = this.#recordOf(key)
    record.strikes.push(this.#now())
    return record.strikes.length
  }

  /** It was running when a cell ended, and so were others. */
  suspect(key: PoolKey): void {
    this.#recordOf(key).suspectUntilMs = this.#now() + SUSPICION_MS
  }

  /** It was running, but others had hardly left it anything to do with it. Whether that is believed. */
  excuse(key: PoolKey): boolean {
    const { excuses } = this.#recordOf(key)
    if (excuses.length === MAX_EXCUSES) return false
    excuses.push(this.#now())
    return true
  }

  /** Whether it has to run in a cell of its own. */
  isQuarantined(key: PoolKey): boolean {
    const record = this.#records.get(key)
    if (record === undefined) return false
    return this.#recordOf(key).strikes.length > 0 || record.suspectUntilMs > this.#now()
  }

  /** Why the function is to run no more, and until when. */
  findRefusal(key: PoolKey): string | undefined {
    if (!this.#records.has(key)) return undefined
    const { strikes } = this.#recordOf(key)
    if (strikes.length < MAX_STRIKES) return undefined
    const oldestMs = strikes[strikes.length - MAX_STRIKES] as number
    const until = new Date(Date.now() + oldestMs + STRIKE_WINDOW_MS - this.#now())
    return (
      `it ended its process ${strikes.length} times within ${STRIKE_WINDOW_MS / 60_000} minutes and is blocked until ` +
      `${until.toISOString()}. Deploy a corrected version to have it run at once.`
    )
  }

  #recordOf(key: PoolKey): Record {
    let record = this.#records.get(key)
    if (record === undefined) {
      record = { excuses: [], strikes: [], suspectUntilMs: 0 }
      this.#records.set(key, record)
    }
    const sinceMs = this.#now() - STRIKE_WINDOW_MS
    record.strikes = record.strikes.filter(strikeMs => strikeMs > sinceMs)
    record.excuses = record.excuses.filter(excuseMs => excuseMs > sinceMs)
    return record
  }
}
