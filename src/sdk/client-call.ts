import { CancelledError, CloudletError, retryAfterMsOf } from '../errors.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'

/**
 * A client's `call`: the host gives the op up when the signal aborts. The time of a patient one begins anew whenever
 * something comes from the host.
 */
export type ClientCall = <Op extends OpName>(
  op: Op,
  args: OpArgs<Op>,
  options?: { readonly signal?: AbortSignal; readonly isPatient?: boolean },
) => Promise<OpResult<Op>>

/** @throws {CancelledError} once the signal has aborted. */
export function requireActive(signal: AbortSignal): void {
  if (signal.aborted) throw new CancelledError()
}

/** Codes of what may go better in a moment, where they are said to be retryable: the connection, its login, and load. */
const PASSING = ['CLOUDLET_CONNECTION', 'CLOUDLET_UNAUTHENTICATED', 'CLOUDLET_OVERLOADED']

/** Whether the same may do better in a moment, maybe on another connection. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof CloudletError)) return false
  return error.code === 'CLOUDLET_HOST_CLOSED' || (error.retryable && PASSING.includes(error.code))
}

/** How often, and after what pause, what was interrupted is tried again. */
export const RETRIES = Object.freeze({ attempts: 8, firstDelayMs: 250, longestDelayMs: 5000 })

/** Asks for what may be asked twice, until there is an answer, or an error that does not pass. */
export async function askAgain<Answer>(
  signal: AbortSignal,
  ask: () => Promise<Answer>,
  isWorthwhile: (error: unknown) => boolean = isPassing,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (!isWorthwhile(error) || attempt > RETRIES.attempts) throw error
      await pauseAfter(error, attempt, signal)
      requireActive(signal)
    }
  }
}

/** Resolves after the pause that follows that failure, as long as the host asks for it at least, or when the signal aborts. */
export function pauseAfter(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
  const { firstDelayMs, longestDelayMs } = RETRIES
  const longestMs = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs)
  // Not the same for all clients, who may have lost one host at one moment.
  const delayMs = Math.max(longestMs * (0.5 + Math.random() / 2), retryAfterMsOf(error) ?? 0)
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })
}
