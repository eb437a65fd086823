/**
 * Runs it when promises have nothing more to do, before the event loop goes on. Only from where Node runs ticks behind
 * what runs now: callbacks of isolated-vm are none.
 */
export function afterMicrotasks(run: () => void): void {
  // A tick that is set by a microtask comes behind all of them.
  queueMicrotask(() => process.nextTick(run))
}
