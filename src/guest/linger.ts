import { LINGER_AWAKE, LINGER_IN_VAIN, LINGER_LOOKS, LINGER_NEWEST } from '../protocol/bridge.ts'
import { AtomicsLoad, AtomicsPause, AtomicsStore, Int32ArrayCtor } from './intrinsics.ts'

let view: Int32Array

/**
 * Keeps the thread from going to sleep behind a crossing, until the next one is there or that takes too long.
 * `shared`: the host's, the first time.
 */
export function linger(crossing: number, shared: SharedArrayBuffer | undefined): void {
  if (shared !== undefined) view = new Int32ArrayCtor(shared)
  AtomicsStore(view, LINGER_AWAKE, crossing)
  let looks = 0
  while (looks < LINGER_LOOKS && AtomicsLoad(view, LINGER_NEWEST) === crossing) {
    AtomicsPause()
    looks++
  }
  if (looks === LINGER_LOOKS) AtomicsStore(view, LINGER_IN_VAIN, crossing)
  AtomicsStore(view, LINGER_AWAKE, 0)
}
