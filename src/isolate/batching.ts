import type { Job } from './job.ts'

/** Jobs that cross together, at most, and the time of the isolate they may take together, in milliseconds. */
const MAX_JOBS = 64
const MAX_MS = 1
/** One turn in so many is not quick. */
const WATCH_EVERY = 64
/** The share of the newest batch in the running mean of a job's time. */
const MEAN_SHARE = 0.25
/**
 * Characters of events that cross together, for each megabyte the instance may have: what entries carry is not freed
 * before the last of them has run (native-notes/memory.md).
 */
const CHARS_PER_MB = 4096

/** How many jobs of one function cross together: one, and more the quicker it proves to be. */
export class Batching {
  readonly #maxChars: number
  #size = 1
  #meanMs = 0
  #turnCount = 0
  #isWatched = false

  constructor(memoryMb: number) {
    this.#maxChars = memoryMb * CHARS_PER_MB
  }

  get size(): number {
    return this.#size
  }

  /** Its jobs are expected to be over in no time, without waiting for anything. */
  get isQuick(): boolean {
    return this.#size > 1
  }

  /** A rejection nobody handled was seen, which only turns that are not quick tell of: from now on none is. */
  watch(): void {
    this.#isWatched = true
    this.#size = 1
  }

  /** Whether the next turn may be quick: now and then one is not, for the rejections that others would lose. */
  takeQuick(): boolean {
    this.#turnCount++
    return this.isQuick && this.#turnCount % WATCH_EVERY !== 0
  }

  /** A job that waits for the host keeps those behind it waiting too. */
  reset(): void {
    this.#size = 1
  }

  /** Twice as many next time, while they are quick. */
  learn(jobCount: number, cpuMs: number): void {
    if (this.#isWatched) return
    const eachMs = cpuMs / jobCount
    this.#meanMs = this.#meanMs === 0 ? eachMs : this.#meanMs + MEAN_SHARE * (eachMs - this.#meanMs)
    this.#size = Math.max(1, Math.min(this.#size * 2, Math.floor(MAX_MS / this.#meanMs), MAX_JOBS))
  }

  /** Takes the next batch off the front; a cold instance, which has files to load, gets one job. */
  take(waiting: Job[], isCold: boolean): readonly [Job, ...Job[]] | undefined {
    const first = waiting.shift()
    if (first === undefined || first.isAlone || isCold || this.#size === 1) return first && [first]
    let room = this.#maxChars - first.request.eventText.length
    let count = 0
    for (; count < this.#size - 1; count++) {
      const next = waiting[count]
      if (next === undefined || next.isAlone) break
      room -= next.request.eventText.length
      if (room < 0) break
    }
    return [first, ...waiting.splice(0, count)]
  }
}
