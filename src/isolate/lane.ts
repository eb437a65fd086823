import { Batching } from './batching.ts'
import type { Clock, Timed } from './clock.ts'
import type { Claimant, Cores, Turn } from './cores.ts'
import type { Instance } from './instance.ts'
import type { InstanceKeeper } from './instance-keeper.ts'
import { type InvocationRequest, Job, type JobHolder, type RunResult } from './job.ts'
import type { LaneOwner } from './lane-owner.ts'
import type { Outcome, RecycleReason } from './outcome.ts'
import type { PoolKey } from './pool-key.ts'

/** Every further invocation of a version that left a thread which can't be ended. */
const WEDGED =
  'an earlier invocation left a thread that could not be ended, and the function is refused. ' +
  'Deploy a corrected version; restart the process to get the core back.'
/** Instances one function may have in the making at once. */
const MAX_MAKING = 3

/**
 * One version of a function: the jobs that wait for it and the instances that run them. Jobs of a function that
 * has proved quick, and answers without waiting for the host, cross in batches (native-notes/isolated-vm.md).
 */
export class Lane implements InstanceKeeper<Instance>, Claimant, JobHolder, Timed {
  readonly key: PoolKey
  readonly deadlineMs = Number.POSITIVE_INFINITY
  readonly #owner: LaneOwner<Lane>
  #waiting: Job[] = []
  readonly #idle: Instance[] = []
  readonly #busy = new Set<Instance>()
  /** Instances that have not run yet: the first job of each is a cold start. */
  readonly #cold = new WeakSet<Instance>()
  #makingCount = 0
  readonly #batching: Batching
  #isClaimed = false
  #isPumpDue = false
  #isRetired = false
  /** Threads that its instances left behind and that can't be ended. */
  #wedgedCount = 0

  constructor(key: PoolKey, owner: LaneOwner<Lane>) {
    this.key = key
    this.#owner = owner
    this.#batching = new Batching(key.memoryMb)
  }

  get clock(): Clock {
    return this.#owner.clock
  }

  get cores(): Cores {
    return this.#owner.cores
  }

  /** A function's share of the cores is all its instances'. */
  get group(): object {
    return this
  }

  /** Jobs it can take at once, by what is known of their length. */
  get places(): number {
    return this.key.concurrency * this.#batching.size
  }

  /** Instances with something to do; one whose turn is only ending counts as idle. */
  get busyCount(): number {
    let count = 0
    for (const instance of this.#busy) if (!instance.isDone) count++
    return count
  }

  /** One of its instances will be free as soon as its turn has ended. */
  get isAboutToFree(): boolean {
    for (const instance of this.#busy) if (instance.isDone) return true
    return false
  }

  /** Never rejects: how it ended is the outcome. */
  run(request: InvocationRequest): Promise<RunResult> {
    const job = new Job(request, this)
    if (request.signal?.aborted === true) this.cancel(job)
    else this.#waiting.push(job)
    this.#pumpSoon()
    return job.result
  }

  cancel(job: Job): void {
    const index = this.#waiting.indexOf(job)
    if (index >= 0) this.#waiting.splice(index, 1)
    job.drop({ kind: 'cancelled' })
  }

  /** Ends the idle instances now and the busy ones when they are free; no job comes after those that wait. */
  retire(): void {
    this.#isRetired = true
    for (const instance of this.#idle.splice(0)) instance.dispose()
  }

  /** Ends everything; what runs or waits ends as cancelled. */
  close(): void {
    this.retire()
    for (const job of this.#waiting.splice(0)) job.drop({ kind: 'cancelled' })
    for (const instance of this.#busy) instance.dispose()
  }

  /** Takes an idle instance away, for the pool to make room. */
  evict(instance: Instance): boolean {
    const index = this.#idle.indexOf(instance)
    if (index < 0) return false
    this.#idle.splice(index, 1)
    instance.dispose('evicted')
    return true
  }

  onMade(instance: Instance): void {
    this.#makingCount--
    this.#cold.add(instance)
    this.#idle.push(instance)
    this.#pump()
  }

  /** Without an instance to wait for, the jobs can only fail. */
  onMakeFailed(outcome: Outcome): void {
    this.#makingCount--
    if (outcome.kind === 'refused' && this.#busy.size + this.#idle.length + this.#makingCount > 0) return
    this.onUnloadable(outcome)
  }

  onUnloadable(outcome: Outcome): void {
    for (const job of this.#waiting.splice(0)) job.drop(outcome)
  }

  onFree(instance: Instance, jobCount: number, cpuMs: number, hasWaited: boolean): void {
    this.#busy.delete(instance)
    const isFirst = this.#cold.delete(instance)
    if (!isFirst) this.#batching.learn(jobCount, cpuMs, hasWaited)
    if (instance.isCondemned) {
      instance.dispose()
      return
    }
    this.#idle.push(instance)
    this.#owner.onIdle(instance)
    this.#pump()
  }

  onWait(): void {
    this.#batching.reset()
    this.#pump()
  }

  isNextQuick(): boolean {
    return this.#batching.isNextQuick()
  }

  onProgress(): void {
    this.#pump()
  }

  onMisjudged(): void {
    this.#batching.watch()
  }

  takeBack(jobs: readonly Job[]): void {
    if (jobs.some(({ isAlone }) => isAlone)) this.#batching.distrust()
    else this.#batching.reset()
    const wanted: Job[] = []
    for (const job of jobs) {
      job.holder = this
      job.isCold = false
      if (job.isSettled) job.over()
      else {
        job.request.onRestart()
        job.queuedMs = performance.now()
        wanted.push(job)
      }
    }
    this.#waiting.unshift(...wanted)
    this.#pumpSoon()
  }

  onCondemned(instance: Instance): void {
    const index = this.#idle.indexOf(instance)
    if (index < 0) return
    this.#idle.splice(index, 1)
    instance.dispose()
  }

  onEnd(instance: Instance, why: RecycleReason): void {
    this.#busy.delete(instance)
    const index = this.#idle.indexOf(instance)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#owner.onEnd(instance, why)
    this.#pumpSoon()
  }

  /** A program that wedged one thread would wedge the next: it gets none. */
  onWedged(): void {
    this.#wedgedCount++
    this.#refuseIfBlocked()
    this.#owner.onWedged(this.key, 1)
  }

  onUnwedged(): void {
    this.#wedgedCount--
    this.#owner.onWedged(this.key, -1)
  }

  /** A core for one of the idle instances. */
  enter(turn: Turn): void {
    this.#isClaimed = false
    const instance = this.#waiting.length === 0 ? undefined : this.#idle.pop()
    const isCold = instance !== undefined && this.#cold.has(instance)
    const isQuick = !isCold && this.#batching.isNextQuick()
    const jobs =
      instance?.isDisposed === false ? this.#batching.take(this.#waiting, isCold, isQuick) : undefined
    if (instance === undefined || jobs === undefined) {
      this.cores.release(turn)
      instance?.dispose()
    } else {
      for (const job of jobs) job.isCold = isCold
      this.#busy.add(instance)
      instance.run(jobs, turn, isQuick && !jobs[0].isAlone)
    }
    this.#pump()
  }

  /** Called at each tick while jobs wait: none waits longer than it may run. */
  check(): void {
    const nowMs = performance.now()
    const isLate = (job: Job): boolean => nowMs - job.queuedMs > job.request.limitMs
    const late = this.#waiting.filter(isLate)
    if (late.length > 0) this.#waiting = this.#waiting.filter(job => !isLate(job))
    for (const job of late) {
      const message = `Function "${this.key.name}" waited ${job.request.limitMs} ms for an instance and got none.`
      job.drop({ kind: 'refused', message })
    }
    this.#pump()
  }

  /** At the end of the tick: what it brings more crosses together. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    queueMicrotask(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  #pump(): void {
    this.#refuseIfBlocked()
    this.#stream()
    if (this.#waiting.length === 0) {
      this.clock.delete(this)
      if (this.#isRetired) this.retire()
      return
    }
    if (this.#idle.length > 0) {
      if (!this.#isClaimed && !this.#isStreamEnough) {
        this.#isClaimed = true
        this.cores.claim(this, false)
      }
    } else if (this.#needsInstance) {
      this.#makingCount++
      this.#owner.make(this)
    }
    if (this.#waiting.length > 0) this.clock.add(this)
  }

  /** It is to run no more: nor are those that waited while others brought it about. */
  #refuseIfBlocked(): void {
    const message = this.#wedgedCount > 0 ? WEDGED : this.#owner.findRefusal(this.key)
    if (message !== undefined) this.onUnloadable({ kind: 'crashed', message })
  }

  /** Jobs go behind those of an instance whose thread runs: it needs no waking, unless others wait for the core. */
  #stream(): void {
    if (this.#waiting.length === 0 || this.cores.isContended) return
    for (const instance of this.#busy) {
      const { stream } = instance
      const jobs = stream === undefined ? undefined : this.#batching.takeMore(this.#waiting, stream)
      if (jobs !== undefined) instance.append(jobs)
    }
  }

  /** The next crossing of an instance that runs already takes all that wait, and the host can't keep more than one busy. */
  get #isStreamEnough(): boolean {
    if (!this.#batching.isTiny || this.#waiting.length > this.#batching.size) return false
    for (const instance of this.#busy) if (instance.isStreaming) return true
    return false
  }

  /** Another helps only if a core could run it, and if those in the making are not enough. */
  get #needsInstance(): boolean {
    const count = this.#busy.size + this.#makingCount
    if (this.#makingCount >= MAX_MAKING || count >= this.key.concurrency) return false
    if (count === 0) return true
    let runningCount = this.#makingCount
    for (const instance of this.#busy) if (instance.wantsCore) runningCount++
    return runningCount < this.cores.groupLimit && this.#waiting.length > runningCount * this.#batching.size
  }
}
