import type { InvokeMessage } from '../protocol/bridge.ts'
import { closeIfOver, completeDrained, concludeTurn, isOver, start } from './handler.ts'
import { post, setHolding } from './outbox.ts'
import { postWait } from './timers.ts'

/** The invocations that came in one crossing; those from `nextIndex` on have not started. */
let messages: InvokeMessage[] = []
let nextIndex = 0

/** Starts the first of them now, each other in a turn of its own. */
export function invoke(crossing: InvokeMessage[]): void {
  messages = crossing
  nextIndex = 0
  invokeNext()
}

/**
 * The turn before has ended, and with it every microtask: the next invocation starts if that one is over, and
 * those that wait are dropped if it isn't. False if none waits.
 */
export function invokeNext(): boolean {
  if (nextIndex >= messages.length) return false
  completeDrained()
  if (closeIfOver()) {
    const message = messages[nextIndex] as InvokeMessage
    nextIndex++
    setHolding(nextIndex < messages.length)
    start(message)
  } else {
    const count = messages.length - nextIndex
    nextIndex = messages.length
    setHolding(false)
    post(`{"type":"unstarted","count":${count}}`)
  }
  return true
}

/** What a turn has to say may cross, unless it would only interrupt invocations that are about to start. */
export function mayClose(): boolean {
  concludeTurn()
  if (nextIndex < messages.length) return !isOver()
  if (!closeIfOver()) postWait()
  return true
}
