import type { Pace } from './cores.ts'
import type { Job } from './job.ts'
import { MAX_UNPAUSED_ENTRIES, maxUnpausedChars } from './pause-bounds.ts'

type Jobs = readonly [Job, ...Job[]]

/** Jobs that cross together, at most, and the time of the isolate they may take together, in milliseconds. */
const MAX_JOBS = 64
const MAX_MS = 1
/** A job that takes less of the isolate's time has quick turns, in milliseconds. */
const QUICK_MS = 1
/** One turn in so many is not quick, and fewer of a function that has had some without a rejection. */
const WATCH_EVERY = 16
const WATCH_TRUSTED_EVERY = 64
const TRUSTED_TURNS = 1024
/** Turns for which a function is not trusted to be quick after it was not. */
const DISTRUST_TURNS = 256
/** What a job costs the host's thread, about, in milliseconds (bench/warm-start.ts). */
const TINY_MS = 0.004
/** The share of the newest batch in the running mean of a job's time. */
const MEAN_SHARE = 0.25
/** What a job crosses with beside its event, in characters; some have more to say of their caller. */
const ENVELOPE_CHARS = 128
/** From so many waiting jobs on, half cross first, so that the thread and the host's both have something to do. */
const HALVE_FROM_JOBS = 40

/** What has crossed so far. */
export interface Streamed {
  readonly size: number
  readonly chars: number
}

/** How many jobs of one function cross together: one, and more the quicker it proves to be. */
export class Batching {
  readonly #maxChars: number
  #size = 1
  #meanMs = 0
  #turnCount = 0
  #trustedFrom = 0
  #isWatched = false

  constructor(memoryMb: number) {
    this.#maxChars = maxUnpausedChars(memoryMb)
  }

  get size(): number {
    return this.#size
  }

  /** The host's thread takes longer for a job than the isolate's. */
  get isTiny(): boolean {
    return this.#meanMs < TINY_MS
  }

  /** From now on no turn is quick: only others tell of rejections that nobody handled, and run on a thread of their own. */
  watch(): void {
    this.#isWatched = true
    this.#size = 1
  }

  /** Of the next turn. Now and then one is watched, for the rejections that would be lost otherwise. */
  takePace(): Pace {
    const pace = this.nextPace
    this.#turnCount++
    return pace
  }

  /** What `takePace` is going to give. */
  get nextPace(): Pace {
    const turn = this.#turnCount + 1
    const isBrief = this.#meanMs > 0 && this.#meanMs < QUICK_MS && turn >= this.#trustedFrom
    if (!isBrief) return 'slow'
    const every = turn > TRUSTED_TURNS ? WATCH_TRUSTED_EVERY : WATCH_EVERY
    return this.#isWatched || turn % every === 0 ? 'watched' : 'quick'
  }

  /** A job that waits for the host keeps those behind it waiting too. */
  reset(): void {
    this.#size = 1
  }

  /** A turn that was expected to be quick was not: for some time none is. */
  distrust(): void {
    this.#size = 1
    this.#trustedFrom = this.#turnCount + DISTRUST_TURNS
  }

  /** Twice as many next time, while they are quick and wait for nothing. */
  learn(jobCount: number, cpuMs: number, hasWaited: boolean): void {
    const eachMs = cpuMs / jobCount
    this.#meanMs = this.#meanMs === 0 ? eachMs : this.#meanMs + MEAN_SHARE * (eachMs - this.#meanMs)
    if (hasWaited || this.#isWatched) return
    this.#size = Math.max(1, Math.min(this.#size * 2, Math.floor(MAX_MS / this.#meanMs), MAX_JOBS))
  }

  /**
   * Takes the next batch off the front; a cold instance, which has files to load, gets one job. While a quick
   * turn runs more may follow.
   */
  take(waiting: Job[], isCold: boolean, pace: Pace): Jobs | undefined {
    const isOne = waiting[0]?.isAlone === true || isCold
    const count =
      pace === 'quick' && waiting.length >= HALVE_FROM_JOBS ? Math.ceil(waiting.length / 2) : waiting.length
    return this.#splice(waiting, isOne ? 1 : count, this.#maxChars)
  }

  /** Takes those that may cross behind what has crossed since the isolate's thread paused last. */
  takeMore(waiting: Job[], { size, chars }: Streamed): Jobs | undefined {
    const roomChars = this.#maxChars - chars - size * ENVELOPE_CHARS
    const [first] = waiting
    if (first === undefined || first.isAlone || size >= MAX_UNPAUSED_ENTRIES || charsOf(first) > roomChars)
      return undefined
    return this.#splice(waiting, MAX_UNPAUSED_ENTRIES - size, roomChars)
  }

  /** At least the first, however large it is. */
  #splice(waiting: Job[], maxCount: number, roomChars: number): Jobs | undefined {
    const most = Math.min(maxCount, this.#size, waiting.length)
    let count = 0
    for (let leftChars = roomChars; count < most; count++) {
      const job = waiting[count] as Job
      leftChars -= charsOf(job)
      if (count > 0 && (job.isAlone || leftChars < 0)) break
    }
    const [first, ...others] = waiting.splice(0, count)
    return first && [first, ...others]
  }
}

function charsOf({ request }: Job): number {
  return request.eventText.length + ENVELOPE_CHARS
}
