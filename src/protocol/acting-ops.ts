import { OPS } from './calls.ts'
import { IDEMPOTENT_OPS } from './idempotent-ops.ts'

/**
 * Ops after which an invocation isn't run again by itself: what they did may be seen outside the isolate. Not reads, nor
 * what Node has natively, of which nothing stays when the invocation ends.
 */
export const ACTING_OPS: ReadonlySet<string> = new Set(
  Object.entries(OPS)
    .filter(
      ([op, { capability }]) =>
        capability !== 'runtime' && capability !== 'webAssembly' && !IDEMPOTENT_OPS.has(op),
    )
    .map(([op]) => op),
)
