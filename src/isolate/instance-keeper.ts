import type { Clock } from './clock.ts'
import type { Cores, Pace } from './cores.ts'
import type { Job } from './job.ts'
import type { Outcome, RecycleReason } from './outcome.ts'
import type { WedgeListener } from './thread-watch.ts'

/** Whom an instance belongs to, and what it needs of them. */
export interface InstanceKeeper<Instance> extends WedgeListener {
  readonly clock: Clock
  readonly cores: Cores
  /** It has nothing to do any more. `cpuMs`: what its last jobs took together; `hasWaited`: one waited for the host. */
  onFree(instance: Instance, jobCount: number, cpuMs: number, hasWaited: boolean): void
  /** A turn is over and its invocation waits for the host: a core is free, the instance is not. */
  onWait(): void
  /** Jobs are over, others that crossed behind them are under way: more may cross. */
  onProgress(): void
  /** Of the function's next turn. */
  takePace(): Pace
  /** Its turns are not to be taken for quick any more: a promise was rejected that nobody handled, or its process ended. */
  onMisjudged(): void
  /** The program did not fit into its isolate, which no job had entered yet. */
  onUnloadable(outcome: Outcome): void
  /** Jobs that have not run, or of which nothing was seen outside the isolate: another instance has to. */
  takeBack(jobs: readonly Job[]): void
  /** It is to be given up, when another serves in its place. Whether one is made for that now. */
  onDisplaced(instance: Instance): boolean
  /** It is to be given up as soon as it is idle. */
  onCondemned(instance: Instance): void
  /** The isolate was ended. */
  onEnd(instance: Instance, why: RecycleReason): void
}
