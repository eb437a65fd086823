import { setImmediate as nextTurn } from 'node:timers/promises'

/** Done without a pause, at most, before the host's other work has its turn. */
const SLICE_MS = 1

/** Waits for the next turn of the host's thread when so much of this one is over. */
export function makePause(): () => Promise<void> {
  let sinceMs = performance.now()
  return async () => {
    if (performance.now() - sinceMs <= SLICE_MS) return
    await nextTurn()
    sinceMs = performance.now()
  }
}

/** Gives `take` the bytes slice by slice, which should take some tenths of a millisecond each. */
export async function inSlices(
  bytes: Uint8Array,
  sliceBytes: number,
  take: (slice: Uint8Array) => void,
): Promise<void> {
  const pause = makePause()
  for (let at = 0; at < bytes.byteLength; at += sliceBytes) {
    await pause()
    take(bytes.subarray(at, at + sliceBytes))
  }
}
