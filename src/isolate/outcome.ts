import type { GuestFailure } from '../errors.ts'

/** How one invocation ended on its instance. A value: only the line (invocation.ts) turns it into an error. */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly failure: GuestFailure }
  | { readonly kind: 'unloadable'; readonly failure: GuestFailure }
  | { readonly kind: 'unsendable'; readonly path: string; readonly message: string }
  | { readonly kind: 'deadline'; readonly waitedMs: Readonly<Record<string, number>> }
  | { readonly kind: 'memory' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'crashed'; readonly message: string }

/** What becomes of the instance: kept warm, or disposed, and why. */
export type Disposition =
  | { readonly kind: 'keep' }
  | { readonly kind: 'recycle'; readonly why: RecycleReason }

export type RecycleReason =
  | 'unloadable'
  | 'deadline'
  | 'memory'
  | 'cancelled'
  | 'crashed'
  /** Work the handler left behind was still going on at the deadline. */
  | 'lingered'
  /** A newer version is deployed, the function was removed, or the host closed. */
  | 'replaced'

export const KEEP: Disposition = Object.freeze({ kind: 'keep' })

export function recycle(why: RecycleReason): Disposition {
  return { kind: 'recycle', why }
}
