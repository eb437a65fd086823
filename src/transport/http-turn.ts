import type { CallerLoad, Callers } from './callers.ts'
import type { QueuedCall, Turns } from './turns.ts'

/** What requests share with the sessions of their door. */
export interface HttpShared {
  readonly callers: Callers
  readonly functionTurns: Turns
}

/** Calls a function when its caller's turn has come. Rejects with the signal's reason if that aborts before. */
export async function takeTurn<Result>(
  turns: Turns,
  load: CallerLoad,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  const { promise: turn, resolve, reject } = Promise.withResolvers<void>()
  const call: QueuedCall = { run: resolve }
  const onAbort = (): void => {
    if (turns.withdraw(load.functions, call)) reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort)
  turns.start(load.functions, call)
  try {
    await turn
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  try {
    return await work()
  } finally {
    turns.finish()
  }
}
