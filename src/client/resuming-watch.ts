import { CloudletError } from '../errors.ts'
import { parseWatchUpdate } from '../protocol/watching.ts'
import type { OpenWatch, WatchRequest } from '../sdk/watch.ts'
import { Backoff, type BackoffPlan } from './backoff.ts'
import type { Connection } from './connection.ts'

/** How often and how soon a watch that lost its session tries again. */
export interface RetryPlan extends BackoffPlan {
  /** Failures in a row before it gives up. */
  readonly attempts: number
}

/** Watches over a connection that may be lost: each time, the host is told what the watch has and sends the difference. */
export function resumingWatches(connection: Pick<Connection, 'stream'>, plan: RetryPlan): OpenWatch {
  return request => {
    const controller = new AbortController()
    return {
      ended: keepOpen(connection, request, plan, controller.signal),
      close: () => controller.abort(),
    }
  }
}

async function keepOpen(
  connection: Pick<Connection, 'stream'>,
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
      await waitFor(backoff.next(), signal)
    }
  }
}

/** Whether another connection may do better: also where nobody could say for now who the client is. */
function isLost(error: unknown): boolean {
  if (!(error instanceof CloudletError)) return false
  const { code, retryable } = error
  return (
    code === 'CLOUDLET_CONNECTION' ||
    code === 'CLOUDLET_HOST_CLOSED' ||
    (code === 'CLOUDLET_UNAUTHENTICATED' && retryable)
  )
}

/** Resolves after the delay, or as soon as the signal aborts. */
function waitFor(delayMs: number, signal: AbortSignal): Promise<void> {
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
