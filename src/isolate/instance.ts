import { afterMicrotasks } from './after-microtasks.ts'
import { Batch, CancelledJob, ProcessExit } from './batch.ts'
import type { Streamed } from './batching.ts'
import type { Timed } from './clock.ts'
import type { CompiledProgram } from './compile.ts'
import type { Pace, Turn } from './cores.ts'
import { Crossing } from './crossing.ts'
import type { GuestIsolate, Loss } from './guest-isolate.ts'
import { BrokenBridge } from './incoming.ts'
import type { InstanceKeeper } from './instance-keeper.ts'
import type { Job, JobHolder } from './job.ts'
import { type Outcome, type RecycleReason, toDeath } from './outcome.ts'
import { type Run, writeInvocations } from './run.ts'
import { Usage } from './usage.ts'

/**
 * Isolate + context + loaded handler: reused while warm, one invocation at a time. Several may cross together, and
 * run one after the other; if they take unexpectedly long they are told apart by running each on an instance of its own.
 */
export class Instance implements Timed, JobHolder {
  readonly #isolate: GuestIsolate
  readonly #crossing: Crossing
  readonly #keeper: InstanceKeeper<Instance>
  readonly usage: Usage
  #batch: Batch | undefined
  #hasRun = false
  /** The caller's variables as the guest was told them last, while nothing is under way in it. */
  #toldText: string | undefined
  #isEnded = false
  /** What it was at is over, and it goes on as soon as no promise has anything to do. */
  isFreeing = false

  private constructor(isolate: GuestIsolate, keeper: InstanceKeeper<Instance>) {
    this.#isolate = isolate
    this.#keeper = keeper
    this.usage = new Usage(isolate)
    this.#crossing = new Crossing(isolate, keeper, keeper.cores, {
      takePace: () => keeper.takePace(),
      onTurnEnd: rejection => this.#endTurn(rejection),
      onDeath: error => this.#die(error),
    })
    isolate.listener = {
      isBusy: () => this.#batch?.run !== undefined,
      onSent: (text, buffers) => this.#receive(text, buffers),
      onLetter: text => this.#receive(text, [], true),
      onLeft: error => this.#crossing.leave(error),
      onRejection: error => this.#noteRejection(error),
      onDeath: error => this.#die(error),
      onLost: loss => this.#lose(loss),
      onDisplaced: () => keeper.onDisplaced(this),
      onCondemned: () => keeper.onCondemned(this),
      onWedged: () => keeper.onWedged(),
      onUnwedged: () => keeper.onUnwedged(),
    }
  }

  /** The program is on its way into the isolate; the function's own files load with the first invocation. */
  static async create(
    isolate: GuestIsolate,
    program: CompiledProgram,
    keeper: InstanceKeeper<Instance>,
  ): Promise<Instance> {
    const instance = new Instance(isolate, keeper)
    await isolate.load(program)
    return instance
  }

  /** What others may know of it. */
  get isolate(): Pick<GuestIsolate, 'isDisposed' | 'isCondemned' | 'sharesThread' | 'letterbox'> {
    return this.#isolate
  }

  /** Its jobs are over, and only the turn has not come to its end. */
  get isDone(): boolean {
    return this.#batch !== undefined && this.#batch.run === undefined
  }

  /** It runs, or would if it had a core; busy without it, it waits for the host, or goes on though its jobs are over. */
  get wantsCore(): boolean {
    return this.#crossing.wantsCore && !(this.isDone && this.#isStuck)
  }

  get deadlineMs(): number {
    return this.#batch?.deadlineMs ?? Number.POSITIVE_INFINITY
  }

  /** Runs the handler for each of the jobs, in their order. How each ended is settled with the job. `pace`: of the turn. */
  run(jobs: readonly [Job, ...Job[]], turn: Turn, pace: Pace): void {
    this.#batch = new Batch(jobs, this.#crossing, turn.startMs)
    this.usage.begin()
    this.#keeper.clock.add(this)
    this.#crossing.start(this.#write(jobs, this.#toldText), turn, pace)
  }

  /** Jobs may cross into it one crossing behind the other: all of them have been quick so far. */
  get isStreaming(): boolean {
    return this.#crossing.isQuick && this.#batch?.isQuick === true
  }

  /** What crossed since the isolate's thread paused last, if more may: no crossing waits behind the one under way. */
  get stream(): Streamed | undefined {
    return this.isStreaming && this.#crossing.quickCount < 2 ? this.#batch : undefined
  }

  /** Runs more jobs behind those under way, on the core they have. */
  append(jobs: readonly [Job, ...Job[]]): void {
    this.#batch?.append(jobs)
    this.#crossing.append(this.#write(jobs))
  }

  #write(jobs: readonly Job[], toldText?: string): string[] {
    for (const job of jobs) {
      job.holder = this
      job.request.meter.heapUsedBytes = this.usage.heapBytes
    }
    const texts = writeInvocations(jobs, !this.#hasRun, toldText)
    this.#hasRun = true
    return texts
  }

  /** Ends the isolate. Invocations still running end as cancelled. */
  dispose(why: 'replaced' | 'evicted' = 'replaced'): void {
    for (const job of this.#batch?.jobs ?? []) this.#settle(job, { kind: 'cancelled' }, 0)
    this.#end(why)
  }

  cancel(job: Job): void {
    this.#settle(job, { kind: 'cancelled' }, 0)
    const [first, second] = this.#batch?.jobs ?? []
    // With others in its crossing, nobody can say whose turn it is; it is ended when its turn shows.
    if (first === job && second === undefined) this.#end('cancelled')
  }

  /** The clock's tick. */
  check(isPastDeadline: boolean): void {
    // An isolate that the memory limit ended may say so in no other way (native-notes/memory.md).
    if (this.#isolate.isDisposed) {
      this.#die('memory limit')
      return
    }
    const isPastLimit = isPastDeadline || this.#batch?.isPastCpuLimit(this.usage) === true
    if (!this.#isStuck && !isPastLimit) return
    // From then on it is known whose turn it is, and V8 tells when it ends.
    if (this.#isUnclear) this.#tellApart()
    else if (this.#crossing.isQuick) this.#crossing.awaitEnd()
    else if (isPastLimit) this.#expire(isPastDeadline ? 'deadline' : 'cpu')
  }

  get #isStuck(): boolean {
    return this.#batch?.isStuck(this.#crossing.enteredMs) === true
  }

  get #isUnclear(): boolean {
    return this.#batch?.isUnclear(this.#crossing) === true
  }

  /** `isLetter`: what an answer doesn't need is done when it is on its way. */
  #receive(text: unknown, buffers: readonly unknown[], isLetter = false): void {
    const batch = this.#batch
    // The isolate was ended while this was on its way.
    if (batch === undefined || this.#isEnded) return
    const { answered, unstarted, turnCount, problem } = batch.receive(text, buffers)
    if (unstarted.length > 0) this.#keeper.takeBack(unstarted)
    if (answered.length > 0) this.#settleAnswered(answered)
    if (problem !== undefined) this.#fail(problem)
    this.isFreeing = isLetter && answered.length > 0
    if (this.isFreeing) afterMicrotasks(() => this.#goOn(batch, turnCount))
    else this.#goOn(batch, turnCount)
  }

  #goOn(batch: Batch, turnCount: number): void {
    this.isFreeing = false
    if (turnCount > 0 && !this.#isEnded) this.#crossing.leaveQuick(turnCount)
    if (this.#batch !== batch) return
    if (batch.run === undefined) {
      this.#freeIfDone()
    } else if (this.isStreaming) {
      this.#keeper.onProgress()
    } else {
      batch.hasWaited = true
      if (batch.isForNobody) this.#end('cancelled')
      else if (!this.#crossing.isEntered) this.#keeper.onWait()
    }
  }

  #settleAnswered(answered: readonly Run[]): void {
    const cpuMs = this.usage.split() / answered.length
    for (const { job, outcome } of answered) {
      if (outcome === undefined) continue
      this.#settle(job, outcome, cpuMs)
      if (outcome.kind === 'unloadable') this.#end('unloadable')
    }
  }

  #settle(job: Job, outcome: Outcome, cpuMs: number): void {
    job.settle({ outcome, coldStart: job.isCold, cpuMs, heapUsedBytes: this.usage.heapBytes })
  }

  #freeIfDone(): void {
    const batch = this.#batch
    if (this.#isEnded || batch === undefined || batch.run !== undefined || this.#crossing.isEntered) return
    this.#batch = undefined
    this.#toldText = batch.lastJob.request.variablesText
    this.#keeper.clock.delete(this)
    this.#keeper.onFree(this, batch.size, this.usage.totalCpuMs, batch.hasWaited)
  }

  #endTurn(rejection: Error | undefined): void {
    if (rejection !== undefined) this.#noteRejection(rejection)
    this.#batch?.run?.calls.endTurn()
    if (this.#batch?.run === undefined) this.#freeIfDone()
    else if (this.#batch.isForNobody) this.#end('cancelled')
    else if (this.#batch.hasWaited) this.#keeper.onWait()
  }

  #noteRejection(rejection: Error): void {
    this.#batch?.noteRejection(rejection)
    this.#keeper.onMisjudged()
  }

  /**
   * Jobs that crossed together take too long, or one of them ended the isolate: nobody can say which. What they did
   * stayed in the isolate, so each runs again, by itself; only one that has made a host call is known, and stays.
   */
  #tellApart(): void {
    const batch = this.#batch
    if (batch === undefined) return
    const isKnown = batch.run?.calls.hasStarted === true
    const jobs = batch.take(isKnown ? 1 : 0)
    for (const job of jobs) job.isAlone = true
    this.#keeper.takeBack(jobs)
    if (!isKnown) this.#end('stalled')
  }

  /** The limit of the invocation, or of the work it left behind. */
  #expire(kind: 'deadline' | 'cpu'): void {
    const run = this.#batch?.run
    if (run === undefined || run.outcome !== undefined) {
      this.#end('lingered')
    } else {
      this.#settle(run.job, { kind, waitedMs: run.calls.waitedMs() }, this.usage.cpuMs())
      this.#end(kind)
    }
  }

  #die(error: unknown): void {
    if (this.#isEnded) return
    const death = toDeath(error)
    if (this.#batch === undefined && !this.#hasRun) this.#keeper.onUnloadable(death)
    // Of the end of a quick turn nobody would hear; run again, the job is told apart, and its thread watched.
    if (this.#isUnclear || this.#crossing.isQuick) this.#tellApart()
    if (this.#isEnded) return
    const job = this.#batch?.jobs[0]
    if (job !== undefined) this.#settle(job, death, this.usage.cpuMs())
    this.#end(death.kind)
  }

  /** Its process is gone. */
  #lose({ part, message }: Loss): void {
    if (this.#isEnded) return
    const lost = this.#batch?.lose(part)
    const outcome = { kind: 'crashed', message, isRetryable: part === 'innocent' } as const
    if (lost?.failed !== undefined) this.#settle(lost.failed, outcome, this.usage.cpuMs())
    if (part !== 'innocent') this.#keeper.onMisjudged()
    this.#keeper.takeBack(lost?.again ?? [])
    this.#end('lost')
  }

  #fail(error: unknown): void {
    if (error instanceof BrokenBridge) {
      const job = this.#batch?.jobs[0]
      if (job !== undefined)
        this.#settle(job, { kind: 'crashed', message: error.message }, this.usage.cpuMs())
      this.#end('crashed')
    } else if (error instanceof CancelledJob) this.#end('cancelled')
    else if (error instanceof ProcessExit) this.#end('exited')
    else throw error
  }

  /** Disposes the isolate. The job under way has been settled; what has not started goes back. */
  #end(why: RecycleReason): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.usage.read()
    this.#crossing.awaitEnd()
    this.#isolate.dispose()
    this.#crossing.abandon()
    const batch = this.#batch
    this.#batch = undefined
    batch?.run?.end()
    const [first] = batch?.jobs ?? []
    if (batch !== undefined) this.#keeper.takeBack(batch.take(first?.isSettled === true ? 1 : 0))
    if (first?.isSettled === true) first.over()
    this.#keeper.clock.delete(this)
    this.#keeper.onEnd(this, why)
  }
}
