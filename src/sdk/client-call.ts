import { CancelledError, CloudletError, retryAfterMsOf } from '../errors.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import { Backoff } from './backoff.ts'
import { pause } from './pause.ts'

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
  const backoff = new Backoff(RETRIES)
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isWorthwhile(error) || backoff.count === RETRIES.attempts) throw error
      await pauseAfter(error, backoff, signal)
      requireActive(signal)
    }
  }
}

/** Resolves after the pause that follows that failure, as long as the host asks for it at least, or when the signal aborts. */
export function pauseAfter(error: unknown, backoff: Backoff, signal: AbortSignal): Promise<void> {
  return pause(Math.max(backoff.next(), retryAfterMsOf(error) ?? 0), [signal])
}
