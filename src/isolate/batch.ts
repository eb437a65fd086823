import type { ToHost } from '../protocol/bridge.ts'
import type { Crossing } from './crossing.ts'
import type { Loss } from './guest-isolate.ts'
import { BrokenBridge, parseCrossing } from './incoming.ts'
import type { Job } from './job.ts'
import { Run, type RunMessage } from './run.ts'
import type { Usage } from './usage.ts'

/**
 * Several jobs that were expected to take a millisecond together are stuck after this, in milliseconds: on a busy
 * machine their thread may have to wait for its first turn.
 */
const SHARED_LIMIT_MS = 200
/** One job by itself is given longer, since to run it again costs as much as it has taken; half its own limit at most. */
const SINGLE_LIMIT_MS = 1000

/** A job that was under way in so many processes when they ended is not run again. */
const MAX_LOSSES = 3

/** A job whose caller gave up has started all the same, and reaches out. */
export class CancelledJob extends Error {}

/** The function ended its process. */
export class ProcessExit extends Error {}

/** What one crossing from the guest brought. */
export interface Received {
  readonly answered: Run[]
  /** Jobs that the guest has not started and won't. */
  readonly unstarted: Job[]
  /** Turns that are over. */
  turnCount: number
  /** What came after all this and ends the isolate: {BrokenBridge}, for what the runtime would never send; {CancelledJob}; {ProcessExit}. */
  problem: unknown
}

/**
 * The jobs that crossed into an instance one crossing behind the other: they run one after the other, each to its
 * end.
 */
export class Batch {
  /** One of them waited for the host, a timer, or nothing. */
  hasWaited = false
  readonly #crossing: Crossing
  #size = 0
  #chars = 0
  /** When the guest was last known to have begun one of them, on the scale of `performance.now()`. */
  #progressMs: number
  /** When the guest was heard of last. */
  #heardMs: number
  /** Those that have not come to their end; the first is the one under way. */
  readonly #jobs: Job[]
  #run: Run | undefined
  #last: Run

  constructor(jobs: readonly [Job, ...Job[]], crossing: Crossing, startMs: number) {
    this.#progressMs = startMs
    this.#heardMs = startMs
    this.#crossing = crossing
    this.#jobs = []
    this.#run = new Run(jobs[0], crossing)
    this.#last = this.#run
    this.append(jobs)
  }

  /** Jobs that have crossed with it so far. */
  get size(): number {
    return this.#size
  }

  /** Characters of their events. */
  get chars(): number {
    return this.#chars
  }

  /** What was expected to be over in no time is not. `enteredMs`: when the entry under way began, if one is. */
  isStuck(enteredMs: number | undefined): boolean {
    if (enteredMs === undefined) return false
    const limitMs =
      this.#jobs.length > 1 ? SHARED_LIMIT_MS : Math.min(SINGLE_LIMIT_MS, this.#last.job.request.limitMs / 2)
    return performance.now() - Math.max(enteredMs, this.#progressMs) > limitMs
  }

  /** A limit no shorter than the deadline is the deadline's to keep: the two would race. */
  isPastCpuLimit(usage: Usage): boolean {
    const request = this.#run?.job.request
    if (request === undefined || request.cpuLimitMs >= request.limitMs) return false
    return usage.cpuMs() > request.cpuLimitMs
  }

  /** Nobody can say whose turn it is: one of several, or, if the only one has said nothing, what the last left behind. */
  isUnclear({ isEntered, isUncertain }: Crossing): boolean {
    const isShared = this.#jobs.length > 1
    if (this.#run === undefined || isShared) return isShared
    return isEntered && isUncertain && !this.#run.hasSpoken && !this.#run.job.isAlone
  }

  /**
   * Of the job under way and of all that it leaves behind, on the scale of `performance.now()`, in milliseconds. The
   * guest says how far it has come once for many.
   */
  get deadlineMs(): number {
    return this.#progressMs + this.#last.job.request.limitMs
  }

  /** The one under way has said nothing so far, and those before it said no more than their answers. */
  get isQuick(): boolean {
    return this.#run !== undefined && !this.#run.hasSpoken && !this.hasWaited
  }

  /** Its one job is not answered, and the caller has given up. */
  get isForNobody(): boolean {
    const run = this.#run
    return run?.job.isSettled === true && run.outcome === undefined && this.#jobs.length === 1
  }

  /** They have crossed, behind the others. */
  append(jobs: readonly Job[]): void {
    this.#size += jobs.length
    for (const job of jobs) {
      this.#chars += job.request.eventText.length
      this.#jobs.push(job)
    }
  }

  /** The one under way; undefined when all are over. */
  get run(): Run | undefined {
    return this.#run
  }

  /** The last that has run, or runs. */
  get lastJob(): Job {
    return this.#last.job
  }

  /** Of several jobs that crossed together nobody can say whose promise it was: after it each crosses by itself. */
  noteRejection(rejection: Error): void {
    if (this.#size === 1) this.#last.noteRejection(rejection)
  }

  get jobs(): readonly Job[] {
    return this.#jobs
  }

  /** Takes in what the guest says. Jobs that were over before something that ends the isolate have their answers. */
  receive(text: unknown, buffers: readonly unknown[]): Received {
    this.#heardMs = performance.now()
    const received: Received = { answered: [], unstarted: [], turnCount: 0, problem: undefined }
    try {
      this.#receiveAll(parseCrossing(text), buffers, received, String(text).length)
    } catch (error) {
      received.problem = error
      if (received.answered.at(-1) === this.#run) received.answered.pop()
    }
    return received
  }

  #receiveAll(messages: ToHost[], buffers: readonly unknown[], received: Received, chars: number): void {
    this.#run?.calls.addText(chars)
    for (const message of messages) {
      const run = this.#run
      if (message.type === 'turned' || (message.type === 'results' && message.turned === true))
        received.turnCount++
      if (message.type === 'exit') received.problem = new ProcessExit()
      // Without an invocation under way: said after it was over, and nobody's.
      else if (message.type === 'turned' || run === undefined) continue
      else if (message.type === 'results') this.#completeAll(message.results, received)
      else if (message.type === 'over') this.#close(run)
      else if (message.type === 'unstarted') received.unstarted.push(...this.#jobs.splice(1, message.count))
      else this.#hand(message, buffers, run, received)
    }
  }

  #completeAll(results: readonly unknown[], received: Received): void {
    for (const result of results) {
      if (this.#run === undefined) return
      this.#hand({ type: 'done', result, over: true }, [], this.#run, received)
    }
  }

  #hand(message: RunMessage, buffers: readonly unknown[], run: Run, { answered }: Received): void {
    const wasAnswered = run.outcome !== undefined
    if (run.job.isSettled && message.type === 'call' && !wasAnswered) throw new CancelledJob()
    run.handle(message, buffers)
    if (!wasAnswered && run.outcome !== undefined) answered.push(run)
    if ('over' in message) this.#close(run)
  }

  /** Takes the jobs away that wait behind the one under way, or that one too. */
  take(from: 0 | 1): Job[] {
    return this.#jobs.splice(from)
  }

  /**
   * The process is gone: which jobs run again, and whether the one under way fails. Again runs what has
   * changed nothing outside, or says that it may run twice; what may have brought the process down does so by itself.
   */
  lose(part: Loss['part']): { readonly again: Job[]; readonly failed: Job | undefined } {
    const run = this.#run
    if (run === undefined || run.job.isSettled) return { again: this.take(1), failed: undefined }
    const hasActed = run.calls.hasActed && !run.job.request.isIdempotent
    // One of several that crossed together brought it down: one that has called is known to be the one under way.
    const isKnown = part === 'culprit' && (this.#jobs.length === 1 || run.calls.hasStarted)
    const isFailed = hasActed || isKnown || run.job.lossCount >= MAX_LOSSES
    const again = this.take(isFailed ? 1 : 0)
    for (const job of again) {
      job.lossCount++
      if (part !== 'innocent') job.isAlone = true
    }
    return { again, failed: isFailed ? run.job : undefined }
  }

  /** The guest says that nothing is left of the invocation; what the host knows of it has to agree. */
  #close(run: Run): void {
    if (run.outcome === undefined || run.calls.count > 0) throw new BrokenBridge('An end before the end.')
    run.end()
    run.job.over()
    this.#jobs.shift()
    const next = this.#jobs[0]
    if (next !== undefined) this.#progressMs = this.#heardMs
    this.#run = next === undefined ? undefined : new Run(next, this.#crossing)
    this.#last = this.#run ?? run
  }
}
