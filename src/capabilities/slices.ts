import { setImmediate as nextTurn } from 'node:timers/promises'

/** Done without a pause, at most, before the host's other work has its turn. */
const SLICE_MS = 1

/** Gives `take` the bytes slice by slice, which should take some tenths of a millisecond each. */
export async function inSlices(
  bytes: Uint8Array,
  sliceBytes: number,
  take: (slice: Uint8Array) => void,
): Promise<void> {
  let sinceMs = performance.now()
  for (let at = 0; at < bytes.byteLength; at += sliceBytes) {
    if (performance.now() - sinceMs > SLICE_MS) {
      await nextTurn()
      sinceMs = performance.now()
    }
    take(bytes.subarray(at, at + sliceBytes))
  }
}
