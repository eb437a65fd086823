import { CloudletError, retryAfterMsOf } from '../errors.ts'
import { parseWatchUpdate } from '../protocol/watching.ts'
import { Backoff, type BackoffPlan } from '../sdk/backoff.ts'
import { pause } from '../sdk/pause.ts'
import type { OpenWatch, WatchRequest } from '../sdk/watch.ts'
import type { Connection } from './connection.ts'
import { SessionError } from './dial.ts'

/** How often and how soon a watch that lost its session tries again. */
export interface RetryPlan extends BackoffPlan {
  /** Failures in a row before it gives up. */
  readonly attempts: number
}

/** Watches over a connection that may be lost: each time, the host is told what the watch has and sends the difference. */
export function resumingWatches(
  connection: Pick<Connection, 'stream' | 'closing'>,
  plan: RetryPlan,
): OpenWatch {
  return request => {
    const controller = new AbortController()
    return {
      ended: keepOpen(connection, request, plan, controller.signal),
      close: () => controller.abort(),
    }
  }
}

async function keepOpen(
  connection: Pick<Connection, 'stream' | 'closing'>,
  request: WatchRequest,
  plan: RetryPlan,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(plan)
  const onEvent = (event: unknown): void => {
    backoff.reset()
    request.onUpdate(parseWatchUpdate(event))
  }
  for (;;) {
    try {
      await connection.stream('database.watch', request.args(), onEvent, signal)
      return
    } catch (error) {
      if (!isLost(error) || backoff.count === plan.attempts) throw error
      await pause(Math.max(backoff.next(), retryAfterMsOf(error) ?? 0), [signal, connection.closing])
      if (connection.closing.aborted) return
    }
  }
}

/**
 * Whether another connection may do better: also where the door couldn't say for now who the client is, or had no place
 * for it, or says when to ask again. Too many watches in the session is none of these: nobody but the client ends one.
 */
function isLost(error: unknown): boolean {
  if (!(error instanceof CloudletError)) return false
  if (error.code === 'CLOUDLET_HOST_CLOSED') return true
  const isOfConnection = error.code === 'CLOUDLET_CONNECTION' || error.code === 'CLOUDLET_UNAUTHENTICATED'
  const isOfDoor = error instanceof SessionError || retryAfterMsOf(error) !== undefined
  return error.retryable && (isOfConnection || isOfDoor)
}
