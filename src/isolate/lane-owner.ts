import type { Clock } from './clock.ts'
import type { Cores } from './cores.ts'
import type { Instance } from './instance.ts'
import type { RecycleReason } from './outcome.ts'
import type { PoolKey } from './pool-key.ts'

/** What a lane needs of the pool. */
export interface LaneOwner<Lane> {
  readonly clock: Clock
  readonly cores: Cores
  /** Makes an instance, then calls `onMade` or `onMakeFailed`. */
  make(lane: Lane): void
  /** Why the function is to run no more, if it isn't. */
  findRefusal(key: PoolKey): string | undefined
  onIdle(instance: Instance): void
  onEnd(instance: Instance, why: RecycleReason): void
  /** One more thread can't be ended, or one fewer. */
  onWedged(key: PoolKey, change: 1 | -1): void
}
