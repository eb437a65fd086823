import type { GuestFailure } from '../errors.ts'

/** How one invocation ended on its instance. A value: only the line (invocation.ts) turns it into an error. */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly failure: GuestFailure }
  | { readonly kind: 'unloadable'; readonly failure: GuestFailure }
  | { readonly kind: 'unsendable'; readonly path: string; readonly message: string }
  | { readonly kind: 'deadline' | 'cpu'; readonly waitedMs: Readonly<Record<string, number>> }
  | { readonly kind: 'memory' }
  | { readonly kind: 'cancelled' }
  /** `isRetryable`: by another's doing. */
  | { readonly kind: 'crashed'; readonly message: string; readonly isRetryable?: boolean }
  /** It never ran: there was no instance for it, and no room for another. */
  | { readonly kind: 'refused'; readonly message: string }

/** Why an instance was disposed. */
export type RecycleReason =
  | 'unloadable'
  | 'deadline'
  | 'cpu'
  | 'memory'
  | 'cancelled'
  | 'crashed'
  /** By the function itself, with `process.exit()`. */
  | 'exited'
  /** Work the handler left behind was still going on at the deadline. */
  | 'lingered'
  /** One of several invocations that crossed together took too long, or ended the isolate; nobody could say which. */
  | 'stalled'
  /** A newer version is deployed, the function was removed, or the host closed. */
  | 'replaced'
  /** The process it lived in is gone. */
  | 'lost'
  /** Idle longest when room was needed. */
  | 'evicted'

/**
 * What an isolate died of, or couldn't be made for: isolated-vm says it in the message. To an entry that came too late
 * for that it says no more than that the isolate is disposed, which, if not by us, it is for its memory alone.
 */
export function toDeath(error: unknown): Extract<Outcome, { kind: 'memory' | 'crashed' }> {
  const message = error instanceof Error ? error.message : String(error)
  return /memory limit|disposed/.test(message) ? { kind: 'memory' } : { kind: 'crashed', message }
}
