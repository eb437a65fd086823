import { Arrivals } from './arrivals.ts'
import { Batching } from './batching.ts'
import type { Clock, Timed } from './clock.ts'
import type { Claimant, Cores, Pace, Turn } from './cores.ts'
import { Crew } from './crew.ts'
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
/** Who has waited for longer than this did not only wait for a host that was busy, in milliseconds. */
const HELD_UP_MS = 100
/** A function that was called within this time may be called again soon, in milliseconds. */
const IN_USE_MS = 10_000

/**
 * One version of a function: the jobs that wait for it and the instances that run them. Jobs of a function that
 * has proved quick, and answers without waiting for the host, cross in batches (native-notes/isolated-vm.md).
 */
export class Lane implements InstanceKeeper<Instance>, Claimant, JobHolder, Timed {
  readonly key: PoolKey
  readonly clock: Clock
  readonly cores: Cores
  readonly deadlineMs = Number.POSITIVE_INFINITY
  /** A function's share of the cores is all its instances'. */
  readonly group: object = this
  readonly #owner: LaneOwner<Lane>
  readonly #waiting: Job[] = []
  readonly #crew = new Crew()
  /** When it was called last, on the scale of `performance.now()`. */
  #calledMs = Number.NEGATIVE_INFINITY
  readonly #batching: Batching
  #isClaimed = false
  #isPumpDue = false
  readonly #arrivals = new Arrivals()
  #isRetired = false
  /** Threads that its instances left behind and that can't be ended. */
  #wedgedCount = 0

  constructor(key: PoolKey, owner: LaneOwner<Lane>) {
    this.key = key
    this.#owner = owner
    this.clock = owner.clock
    this.cores = owner.cores
    this.#batching = new Batching(key.memoryMb)
  }

  /** Jobs it can take at once, by what is known of their length. */
  get places(): number {
    return this.key.concurrency * this.#batching.size
  }

  /** Instances with something to do; one whose turn is only ending counts as idle. */
  get busyCount(): number {
    return this.#crew.busyCount
  }

  /** One of its instances will be free as soon as its turn has ended. */
  get isAboutToFree(): boolean {
    return this.#crew.isAboutToFree
  }

  /** An invocation is about to come. The thread of its instance wakes, or one is begun, while the host gets ready. */
  prepare(): void {
    if (this.#waiting.length === 0 && this.cores.mayWake) this.#crew.soonest?.isolate.letterbox?.announce()
    if (this.#crew.size === 0 && !this.#isRetired && this.#findRefusal() === undefined) this.#make()
  }

  /** Never rejects: how it ended is the outcome. */
  run(request: InvocationRequest): Promise<RunResult> {
    const job = new Job(request, this)
    this.#calledMs = job.queuedMs
    if (request.cancellation?.isCancelled === true) this.cancel(job)
    else this.#waiting.push(job)
    if (this.#arrivals.add()) this.#pump()
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
    this.#crew.disposeIdle()
  }

  /** Ends everything; what runs or waits ends as cancelled. */
  close(): void {
    this.retire()
    for (const job of this.#waiting.splice(0)) job.drop({ kind: 'cancelled' })
    for (const instance of this.#crew.busy) instance.dispose()
  }

  /** Takes an idle instance away, for the pool to make room. */
  evict(instance: Instance): boolean {
    const isIdle = this.#crew.remove(instance)
    if (isIdle) instance.dispose('evicted')
    return isIdle
  }

  onMade(instance: Instance): void {
    this.#crew.makingCount--
    this.#crew.add(instance)
    this.#pump()
  }

  /** Without an instance to wait for, the jobs can only fail. */
  onMakeFailed(outcome: Outcome): void {
    this.#crew.makingCount--
    if (outcome.kind === 'refused' && this.#crew.size > 0) return
    this.onUnloadable(outcome)
  }

  onUnloadable(outcome: Outcome): void {
    for (const job of this.#waiting.splice(0)) job.drop(outcome)
  }

  onFree(instance: Instance, jobCount: number, cpuMs: number, hasWaited: boolean): void {
    const isFirst = this.#crew.end(instance)
    if (!isFirst) this.#batching.learn(jobCount, cpuMs, hasWaited)
    if (!this.#crew.rest(instance)) return
    this.#owner.onIdle(instance)
    this.#pump()
  }

  onWait(): void {
    this.#batching.reset()
    this.#pump()
  }

  takePace(): Pace {
    return this.#batching.takePace()
  }

  onProgress(): void {
    this.#pump()
  }

  onMisjudged(): void {
    this.#batching.watch()
  }

  takeBack(jobs: readonly Job[]): void {
    if (jobs.some(({ isAlone }) => isAlone)) this.#batching.distrust()
    // Those that were lost with a process say nothing of the function.
    else if (jobs.some(({ lossCount }) => lossCount === 0)) this.#batching.reset()
    this.#waiting.unshift(...jobs.filter(job => job.restart(this)))
    this.#pumpSoon()
  }

  onCondemned(instance: Instance): void {
    if (this.#crew.remove(instance)) instance.dispose()
  }

  onDisplaced(instance: Instance): boolean {
    const isInUse = !this.#isRetired && performance.now() - this.#calledMs < IN_USE_MS
    if (!isInUse) this.onCondemned(instance)
    if (!this.#crew.displace(instance) || !isInUse) return false
    this.#make()
    return true
  }

  onEnd(instance: Instance, why: RecycleReason): void {
    this.#crew.delete(instance)
    if (why === 'lost') this.#crew.noteLoss()
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
    const instance = this.#waiting.length === 0 ? undefined : this.#crew.take()
    const isCold = instance !== undefined && this.#crew.isCold(instance)
    const pace = isCold ? 'slow' : this.#batching.takePace()
    const jobs =
      instance?.isolate.isDisposed === false ? this.#batching.take(this.#waiting, isCold, pace) : undefined
    if (instance === undefined || jobs === undefined) {
      this.cores.release(turn)
      instance?.dispose()
    } else {
      for (const job of jobs) job.isCold = isCold
      this.#crew.begin(instance)
      instance.run(jobs, turn, jobs[0].isAlone ? 'slow' : pace)
    }
    this.#pump()
  }

  /** Called at each tick while jobs wait: none waits longer than it may run. */
  check(): void {
    const nowMs = performance.now()
    const isLate = (job: Job): boolean => nowMs - job.queuedMs > job.request.limitMs
    for (const job of this.#waiting.filter(isLate)) {
      this.#waiting.splice(this.#waiting.indexOf(job), 1)
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
      this.#arrivals.endTick()
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
    if (this.#crew.isAnyIdle) {
      // While one is to be relieved there is one more than there may be at once.
      const isPlace = this.#crew.busy.size < this.key.concurrency
      if (isPlace && !this.#isClaimed && !this.#isStreamEnough) this.#claim()
    } else if (this.#needsInstance) this.#make()
    if (this.#waiting.length > 0) this.clock.add(this)
  }

  #make(): void {
    this.#crew.makingCount++
    this.#owner.make(this)
  }

  #claim(): void {
    this.#isClaimed = true
    const instance = this.#crew.next
    const isShared = instance?.isolate.sharesThread === true && !this.#crew.isCold(instance)
    const isBeside = isShared && this.#batching.nextPace === 'quick' && this.#waiting[0]?.isAlone === false
    if (isBeside) this.cores.enterBeside(this)
    else this.cores.claim(this, false)
  }

  /** It is to run no more: nor are those that waited while others brought it about. */
  #refuseIfBlocked(): void {
    const message = this.#findRefusal()
    if (message !== undefined) this.onUnloadable({ kind: 'crashed', message })
  }

  #findRefusal(): string | undefined {
    return this.#wedgedCount > 0 ? WEDGED : this.#owner.findRefusal(this.key)
  }

  /** Jobs go behind those of an instance whose thread runs: it needs no waking, unless others wait for the core. */
  #stream(): void {
    if (this.#waiting.length === 0 || this.cores.isContended) return
    for (const instance of this.#crew.busy) {
      const { stream } = instance
      const jobs = stream === undefined ? undefined : this.#batching.takeMore(this.#waiting, stream)
      if (jobs !== undefined) instance.append(jobs)
    }
  }

  /** The next crossing of an instance that runs already takes all that wait, and the host can't keep more than one busy. */
  get #isStreamEnough(): boolean {
    if (!this.#batching.isTiny || this.#waiting.length > this.#batching.size) return false
    return this.#crew.isAnyStreaming
  }

  /** Another helps only if a core could run it, and if neither those in the making nor those there are enough. */
  get #needsInstance(): boolean {
    const { count, runningCount } = this.#crew
    if (!this.#crew.hasPlace(this.key.concurrency) || count === 0) return count === 0
    if (this.#crew.freeing !== undefined) return false
    const hasJustCome = performance.now() - (this.#waiting[0]?.queuedMs ?? 0) < HELD_UP_MS
    if ((this.clock.isHeldUp && hasJustCome) || this.#crew.isRecovering) return false
    return runningCount < this.cores.groupLimit && this.#waiting.length > runningCount * this.#batching.size
  }
}
