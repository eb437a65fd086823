import { LINGER_AWAKE, LINGER_IN_VAIN, LINGER_LOOKS, LINGER_NEWEST } from '../protocol/bridge.ts'
import { AtomicsLoad, AtomicsStore, Int32ArrayCtor } from './intrinsics.ts'

let view: Int32Array | undefined
let pause: () => void

/** Takes it before user code runs: while the snapshot is made, there is none. */
export function keepPause(): void {
  // Node 24 has it; TypeScript's library doesn't know it yet.
  pause = (Atomics as unknown as { pause(): void }).pause
}

/**
 * Keeps the thread from going to sleep behind a crossing, until the next one is there or that takes too long.
 * The first time, the host's memory came last beside it.
 */
export function linger(crossing: number, beside: readonly unknown[]): void {
  view ??= new Int32ArrayCtor(beside[beside.length - 1] as SharedArrayBuffer)
  AtomicsStore(view, LINGER_AWAKE, crossing)
  let looks = 0
  while (looks < LINGER_LOOKS && AtomicsLoad(view, LINGER_NEWEST) === crossing) {
    pause()
    looks++
  }
  if (looks === LINGER_LOOKS) AtomicsStore(view, LINGER_IN_VAIN, crossing)
  AtomicsStore(view, LINGER_AWAKE, 0)
}
