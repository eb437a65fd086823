import type { InvokeMessage } from '../protocol/bridge.ts'
import { closeIfOver, completeDrained, concludeTurn, failUncaught, isOver, start } from './handler.ts'
import { runMicrotasks } from './microtasks.ts'
import { post, setHolding } from './outbox.ts'
import { postWait } from './timers.ts'

/** Invocations of the crossing under way that have not started. */
let waitingCount = 0

/**
 * Runs the invocations that came in one crossing, each when every microtask of the one before has run, and if that is
 * over; if it isn't, those that wait are dropped.
 */
export function invoke(messages: readonly InvokeMessage[]): void {
  for (let index = 0; index < messages.length; index++) {
    if (index > 0) runMicrotasks()
    completeDrained()
    if (!closeIfOver()) {
      drop(messages.length - index)
      return
    }
    waitingCount = messages.length - index - 1
    setHolding(waitingCount > 0)
    try {
      start(messages[index] as InvokeMessage)
    } catch (error) {
      failUncaught(error)
    }
  }
}

function drop(count: number): void {
  waitingCount = 0
  setHolding(false)
  post(`{"type":"unstarted","count":${count}}`)
}

/** What a turn has to say may cross, unless it would only interrupt invocations that are about to start. */
export function mayClose(): boolean {
  concludeTurn()
  if (waitingCount > 0) return !isOver()
  if (!closeIfOver()) postWait()
  return true
}
