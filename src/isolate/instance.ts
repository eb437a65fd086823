import type { Clock, Timed } from './clock.ts'
import type { CompiledProgram } from './compile.ts'
import { Crossing } from './crossing.ts'
import { BrokenBridge, parseCrossing } from './incoming.ts'
import { type GuestIsolate, makeGuestIsolate, type Receive } from './isolate.ts'
import { type Disposition, KEEP, type Outcome, type RecycleReason, recycle } from './outcome.ts'
import { type InvocationRequest, Run } from './run.ts'

/** What an instance needs of whoever keeps it. */
export interface InstanceKeeper {
  readonly clock: Clock
  /** Told when the isolate was ended but its thread runs on (native-notes/deadlines.md). */
  readonly onWedged: () => void
}

export interface RunResult {
  readonly outcome: Outcome
  /** CPU time the isolate used for this run, in milliseconds. */
  readonly cpuMs: number
  /** Settles when the work the handler left behind is done, or the deadline has ended it. */
  readonly disposition: Promise<Disposition>
}

/** The longest text of an unhandled rejection in the log, in characters. */
const REJECTION_CHARS = 2000
/** A thread still in its entry so long after `dispose()` is taken for stuck for good, in milliseconds. */
const WEDGED_AFTER_MS = 2000

/** Isolate + context + loaded handler: reused while warm, one invocation at a time. */
export class Instance {
  readonly #guest: GuestIsolate
  readonly #crossing: Crossing
  readonly #keeper: InstanceKeeper
  #active: ActiveRun | undefined
  #cpuNs = 0n
  #heapUsedBytes = 0
  #isWatched = false
  #isIntroduced = false

  private constructor(guest: GuestIsolate, keeper: InstanceKeeper) {
    this.#guest = guest
    this.#keeper = keeper
    this.#crossing = new Crossing(guest.isolate, guest.doorIn, {
      onTurnEnd: rejection => this.#endTurn(rejection),
      onDeath: error => this.#die(error.message),
    })
  }

  /**
   * Makes the isolate and puts the program into it; the function's own files load with the first invocation.
   */
  static async create(program: CompiledProgram, memoryMb: number, keeper: InstanceKeeper): Promise<Instance> {
    // The isolate's callback must exist before the instance does; nothing calls it until a run starts.
    let receive: Receive = () => {}
    const guest = await makeGuestIsolate(program, memoryMb, (...crossing) => receive(...crossing))
    const instance = new Instance(guest, keeper)
    receive = (text, ...buffers) => instance.#receive(text, buffers)
    return instance
  }

  get isDisposed(): boolean {
    return this.#guest.isolate.isDisposed
  }

  /** The heap when last measured, buffers outside it included, in bytes. */
  get heapUsedBytes(): number {
    return this.#heapUsedBytes
  }

  /** Runs the handler for one event. Never rejects: how it ended is the outcome. */
  run(request: InvocationRequest): Promise<RunResult> {
    const active = new ActiveRun(request, this.#crossing, this.#readCpuNs(), this.#keeper.clock, {
      onAnswer: () => this.#advance(),
      onAbort: () => this.#end({ kind: 'cancelled' }, 'cancelled'),
      onTick: isPastDeadline => {
        // An isolate that the memory limit ended may say so in no other way (native-notes/memory.md).
        if (this.isDisposed) this.#die('memory limit')
        else if (isPastDeadline) this.#expire()
      },
    })
    this.#active = active
    active.run.start(!this.#isIntroduced)
    this.#isIntroduced = true
    if (request.signal?.aborted === true) this.#end({ kind: 'cancelled' }, 'cancelled')
    return active.settled
  }

  /** Measures the heap on the isolate's own thread. An isolate that dies meanwhile keeps its last figure. */
  async measureHeap(): Promise<void> {
    if (this.isDisposed) return
    try {
      const heap = await this.#guest.isolate.getHeapStatistics()
      this.#heapUsedBytes = heap.used_heap_size + heap.externally_allocated_size
    } catch (error) {
      if (!this.isDisposed) throw error
    }
  }

  /** Ends the isolate. An invocation still running ends as cancelled. */
  dispose(): void {
    if (this.#active === undefined) this.#disposeIsolate()
    else this.#end({ kind: 'cancelled' }, 'replaced')
  }

  #receive(text: unknown, buffers: readonly unknown[]): void {
    const active = this.#active
    // The isolate was ended while this was on its way.
    if (active === undefined || this.isDisposed) return
    try {
      for (const message of parseCrossing(text)) active.run.handle(message, buffers)
    } catch (error) {
      if (!(error instanceof BrokenBridge)) throw error
      this.#end({ kind: 'crashed', message: error.message }, 'crashed')
    }
  }

  #endTurn(rejection: Error | undefined): void {
    const active = this.#active
    if (active === undefined) return
    if (rejection !== undefined) {
      // Said, but no failure by itself, as in the cloud (wxcloud-spec §1.3).
      const text = `Unhandled promise rejection: ${rejection.name}: ${rejection.message}`
      active.run.note({ level: 'error', message: text.slice(0, REJECTION_CHARS), timeMs: Date.now() })
    }
    this.#advance()
  }

  /** Between turns: settles the run once the guest has answered, and finishes it once its loop is empty. */
  #advance(): void {
    const active = this.#active
    if (active === undefined || this.#crossing.isEntered) return
    const { outcome, isDrained } = active.run
    if (outcome !== undefined) active.settle(outcome, this.#readCpuNs())
    if (!isDrained) return
    if (outcome === undefined) active.run.sayDrained()
    else if (outcome.kind === 'unloadable') this.#end(outcome, 'unloadable')
    else this.#finish(active, KEEP)
  }

  /** The deadline: of the invocation, or of the work it left behind. */
  #expire(): void {
    const active = this.#active
    if (active === undefined) return
    if (active.isSettled) this.#end({ kind: 'cancelled' }, 'lingered')
    else this.#end({ kind: 'deadline', waitedMs: active.run.calls.waitedMs() }, 'deadline')
  }

  #die(message: string): void {
    if (message.includes('memory limit')) this.#end({ kind: 'memory' }, 'memory')
    else this.#end({ kind: 'crashed', message }, 'crashed')
  }

  #end(outcome: Outcome, why: RecycleReason): void {
    const active = this.#active
    if (active === undefined) return
    const cpuNs = this.#readCpuNs()
    this.#disposeIsolate()
    active.settle(outcome, cpuNs)
    this.#finish(active, recycle(why))
  }

  #finish(active: ActiveRun, disposition: Disposition): void {
    this.#active = undefined
    active.finish(disposition)
  }

  #disposeIsolate(): void {
    if (!this.isDisposed) this.#guest.isolate.dispose()
    if (!this.#crossing.isEntered || this.#isWatched) return
    this.#isWatched = true
    setTimeout(() => {
      if (this.#crossing.isEntered) this.#keeper.onWedged()
    }, WEDGED_AFTER_MS).unref()
  }

  /** A disposed isolate no longer tells: its last reading stands. */
  #readCpuNs(): bigint {
    if (!this.isDisposed) this.#cpuNs = this.#guest.isolate.cpuTime
    return this.#cpuNs
  }
}

interface ActiveRunEvents {
  readonly onAnswer: () => void
  readonly onAbort: () => void
  readonly onTick: (isPastDeadline: boolean) => void
}

/** A run with its clock and its two endings: settled for the caller, finished for the instance. */
class ActiveRun implements Timed {
  readonly run: Run
  readonly deadlineMs: number
  readonly #startCpuNs: bigint
  readonly #clock: Clock
  readonly #events: ActiveRunEvents
  readonly #settled = Promise.withResolvers<RunResult>()
  readonly #disposition = Promise.withResolvers<Disposition>()
  #isSettled = false

  constructor(
    request: InvocationRequest,
    crossing: Crossing,
    startCpuNs: bigint,
    clock: Clock,
    events: ActiveRunEvents,
  ) {
    this.run = new Run(request, crossing, events.onAnswer)
    this.deadlineMs = performance.now() + request.limitMs
    this.#startCpuNs = startCpuNs
    this.#events = events
    this.#clock = clock
    clock.add(this)
    request.signal?.addEventListener('abort', events.onAbort, { once: true })
  }

  get settled(): Promise<RunResult> {
    return this.#settled.promise
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  check(isPastDeadline: boolean): void {
    this.#events.onTick(isPastDeadline)
  }

  settle(outcome: Outcome, cpuNs: bigint): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.run.request.signal?.removeEventListener('abort', this.#events.onAbort)
    const cpuMs = Number(cpuNs - this.#startCpuNs) / 1e6
    this.#settled.resolve({ outcome, cpuMs, disposition: this.#disposition.promise })
  }

  finish(disposition: Disposition): void {
    this.#clock.delete(this)
    this.run.end()
    this.#disposition.resolve(disposition)
  }
}
