/**
 * A thread still in its entry so long after `dispose()` is taken for stuck, in milliseconds. Optimised loops of hot
 * functions were seen to go on for up to 4 seconds (native-notes/deadlines.md).
 */
const WEDGED_AFTER_MS = 10_000
/** How often a thread that is stuck is looked at, in milliseconds. */
const CHECK_MS = 1000

export interface WedgeListener {
  /** The isolate was ended but its thread runs on, and costs a core (native-notes/deadlines.md). */
  onWedged(): void
  /** That thread has ended after all. */
  onUnwedged(): void
}

/** Looks whether the thread of an isolate that was disposed comes to its end. */
export function watchThread(isOver: () => boolean, listener: WedgeListener): void {
  setTimeout(() => {
    if (isOver()) return
    listener.onWedged()
    const timer = setInterval(() => {
      if (!isOver()) return
      clearInterval(timer)
      listener.onUnwedged()
    }, CHECK_MS).unref()
  }, WEDGED_AFTER_MS).unref()
}
