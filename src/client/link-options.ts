import type { BackoffPlan } from '../sdk/backoff.ts'
import type { Credentials } from './credentials.ts'
import type { OpenSocket } from './socket.ts'

export interface LinkOptions {
  readonly url: string
  /** What the link says hello with, and what keeps the token a welcome brings. */
  readonly credentials: Credentials
  readonly openSocket: OpenSocket
  /** Milliseconds from the first packet to the welcome. */
  readonly connectTimeoutMs: number
  /** Milliseconds for a pong after a call timed out, before the link counts as dead for new calls. */
  readonly pongTimeoutMs: number
  /** Milliseconds between looks at whether the door is still there, while a call streams. */
  readonly heartbeatMs: number
  /** Pauses between attempts to take a broken session up again. */
  readonly reconnect: BackoffPlan
  /** Hears of every change of state after `open`. */
  readonly onChange: (state: LinkState) => void
}

export interface LinkCall {
  readonly op: string
  readonly args: unknown
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** It may be sent again when it isn't known whether it was run. */
  readonly isIdempotent: boolean
  /** Its time begins anew whenever something comes from the door: what comes may be what its answer waits behind. */
  readonly isPatient?: boolean
  /** Makes it a streaming call: it takes no place among the calls in flight, and its time ends with the first event. */
  readonly onEvent?: (event: unknown) => void
}

/**
 * Broken: the socket is gone, and another one is tried, to go on with the session. Retired: answers still come, new calls
 * belong on another link.
 */
export type LinkState = 'connecting' | 'open' | 'broken' | 'retired' | 'closed'
