import type { Cancellation } from '../cancellation.ts'
import type { GuestLimits } from '../protocol/bridge.ts'
import type { LogLine } from '../types.ts'
import type { HostCall } from './host-call.ts'
import type { HostCallLimits } from './host-calls.ts'
import type { Meter } from './meter.ts'
import type { Outcome } from './outcome.ts'

/** One invocation as the engine sees it: no deployment, no capability, no caller. */
export interface InvocationRequest {
  readonly requestId: string
  /** When it was admitted, on the scale of `performance.now()`, in milliseconds. */
  readonly admittedMs: number
  /** Of protocol/bridge.ts's InvokeMessage, as JSON text; they cross as they are. */
  readonly eventText: string
  readonly fixedText: string
  readonly variablesText: string
  readonly call: HostCall
  readonly onLog: (line: LogLine) => void
  /** Wall-clock limit from the start of the run, in milliseconds. */
  readonly limitMs: number
  /** Limit of the isolate's own time, across awaits, in milliseconds. */
  readonly cpuLimitMs: number
  readonly limits: InvocationLimits
  readonly cancellation: Cancellation | undefined
  /** It may run again though it may have changed something outside. */
  readonly isIdempotent: boolean
  /** It runs again, from its beginning: what it has logged so far is forgotten. */
  readonly onRestart: () => void
  /** Told of its instance. */
  readonly meter: Meter
  /** Nothing of it is left: its answer came, and the work it left behind is done or was ended. Called once. */
  readonly onOver: () => void
}

/** What one invocation may have of the bridge. The guest keeps to those of its runtime; the host checks. */
export interface InvocationLimits extends GuestLimits, HostCallLimits {}

export interface RunResult {
  readonly outcome: Outcome
  /** Whether its instance was made for it. */
  readonly coldStart: boolean
  /** Time the isolate ran for it, in milliseconds; of invocations that crossed together, an equal share. */
  readonly cpuMs: number
  /** The instance's heap when last measured, in bytes. */
  readonly heapUsedBytes: number
}

/** Whoever has the job at the moment. */
export interface JobHolder {
  /** Its caller gave up. */
  cancel(job: Job): void
}

/** One invocation on its way through a lane and an instance, until it is settled and over. */
export class Job {
  readonly request: InvocationRequest
  readonly result: Promise<RunResult>
  /** On the scale of `performance.now()`, in milliseconds. */
  queuedMs: number
  holder: JobHolder
  /** It shared a crossing that went wrong, and had done nothing yet that could be seen: it runs again, by itself. */
  isAlone = false
  /** Processes that ended while it was running, or behind one that was. */
  lossCount = 0
  /** Its instance was made for it. */
  isCold = false
  #settle: ((result: RunResult) => void) | undefined
  #isOver = false

  constructor(request: InvocationRequest, holder: JobHolder) {
    this.request = request
    this.queuedMs = request.admittedMs
    this.holder = holder
    this.result = new Promise(resolve => {
      this.#settle = resolve
    })
    request.cancellation?.listen(this.#onCancel)
  }

  get isSettled(): boolean {
    return this.#settle === undefined
  }

  /** The first outcome counts. */
  settle(result: RunResult): void {
    const settle = this.#settle
    if (settle === undefined) return
    this.#settle = undefined
    this.request.cancellation?.unlisten(this.#onCancel)
    settle(result)
  }

  /** It is to run again, from its beginning, by another's doing. False if nobody waits for it any more. */
  restart(holder: JobHolder): boolean {
    this.holder = holder
    this.isCold = false
    if (this.isSettled) {
      this.over()
      return false
    }
    this.request.onRestart()
    this.queuedMs = performance.now()
    return true
  }

  /** It never ran. */
  drop(outcome: Outcome): void {
    this.settle({ outcome, coldStart: false, cpuMs: 0, heapUsedBytes: 0 })
    this.over()
  }

  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.request.onOver()
  }

  readonly #onCancel = (): void => this.holder.cancel(this)
}
