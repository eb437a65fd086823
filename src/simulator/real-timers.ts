/** Node's own timers, also while a test has put false ones in their place: what is awaited of a simulator has to come. */
const { setImmediate, setTimeout, clearTimeout } = globalThis

/** Runs work after the present turn. */
export function runNextTurn(work: () => void): void {
  setImmediate(work)
}

/** Resolves after the present turn, and after what it has left for the next. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

/**
 * Resolves once `isReached` says so: now, or at one of the changes of which `watch` tells.
 *
 * @throws {Error} that `describe` makes when it doesn't within `timeoutMs`.
 */
export async function waitUntil(
  isReached: () => unknown,
  watch: (check: () => void) => () => void,
  timeoutMs: number,
  describe: () => string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const check = (): void => {
    try {
      if (isReached()) resolve()
    } catch (error) {
      reject(error)
    }
  }
  const timer = setTimeout(() => reject(new Error(`${describe()} (after ${timeoutMs} ms)`)), timeoutMs)
  const stop = watch(check)
  try {
    check()
    await promise
  } finally {
    clearTimeout(timer)
    stop()
  }
}
