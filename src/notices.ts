import { randomUUID } from 'node:crypto'
import type { InvocationReport } from './invocation.ts'

/** The embedder's listeners. */
export interface Listeners {
  readonly onInvocation?: (report: InvocationReport) => void
  readonly onWarning?: (message: string) => void
  readonly onInternalError?: (incidentId: string, cause: unknown) => void
}

/** Tells the embedder what happened; without a listener, faults and warnings are Node process warnings. */
export class Notices {
  readonly #listeners: Listeners

  constructor(listeners: Listeners) {
    this.#listeners = listeners
  }

  invocation(report: InvocationReport): void {
    try {
      this.#listeners.onInvocation?.(report)
    } catch (error) {
      // A listener's fault is its owner's, not the caller's.
      this.fault(error)
    }
  }

  warning(message: string): void {
    const { onWarning } = this.#listeners
    if (onWarning !== undefined) onWarning(message)
    else process.emitWarning(message, { code: 'CLOUDLET_WARNING' })
  }

  /** The cause behind an InternalError that some caller was given the id of. */
  incident(incidentId: string, cause: unknown): void {
    const { onInternalError } = this.#listeners
    if (onInternalError !== undefined) onInternalError(incidentId, cause)
    else process.emitWarning(`cloudlet incident ${incidentId}: ${describe(cause)}`)
  }

  /** A fault that no caller was told of. */
  fault(cause: unknown): void {
    this.incident(randomUUID(), cause)
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
