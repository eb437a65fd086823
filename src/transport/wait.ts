/** Longest delay a timer can hold, in milliseconds. */
export const MAX_DELAY_MS = 2 ** 31 - 1

/** Waits for a promise to settle, but no longer than `delayMs`. A rejection is passed on. */
export async function waitAtMost(delayMs: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, delayMs)
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
