import { CancelledError } from '../errors.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'

/** A client's `call`: the host gives the op up when the signal aborts. */
export type ClientCall = <Op extends OpName>(
  op: Op,
  args: OpArgs<Op>,
  options?: { readonly signal?: AbortSignal },
) => Promise<OpResult<Op>>

/** @throws {CancelledError} once the signal has aborted. */
export function requireActive(signal: AbortSignal): void {
  if (signal.aborted) throw new CancelledError()
}

/** Whether another connection may do better. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  // What a closed client says is not retryable.
  const isLost = error.code === 'CLOUDLET_CONNECTION' && 'retryable' in error && error.retryable === true
  return isLost || error.code === 'CLOUDLET_HOST_CLOSED'
}

/** How often, and after what pause, what a lost connection interrupted is tried again. */
export const RETRIES = Object.freeze({ attempts: 8, firstDelayMs: 250, longestDelayMs: 5000 })

/** Resolves after the pause before that attempt (from 1), or at once when the signal aborts. */
export function pauseBefore(attempt: number, signal: AbortSignal): Promise<void> {
  const { firstDelayMs, longestDelayMs } = RETRIES
  const longestMs = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs)
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    // Not the same for all clients, who may have lost one host at one moment.
    const timer = setTimeout(done, longestMs * (0.5 + Math.random() / 2))
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })
}
