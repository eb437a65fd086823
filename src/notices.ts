import { randomUUID } from 'node:crypto'
import type { InvocationReport } from './invocation.ts'
import type { FunctionHostOptions } from './options.ts'

type Listeners = Pick<FunctionHostOptions, 'onInvocation' | 'onWarning' | 'onInternalError'>

/**
 * Tells the embedder what happened; without a listener, faults and warnings are Node process warnings. A listener
 * that throws, or whose promise rejects, is its owner's fault and disturbs no call.
 */
export class Notices {
  readonly #listeners: Listeners

  constructor(listeners: Listeners) {
    this.#listeners = listeners
  }

  invocation(report: InvocationReport): void {
    const { onInvocation } = this.#listeners
    if (onInvocation !== undefined)
      guard(
        () => onInvocation(report),
        error => this.fault(error),
      )
  }

  warning(message: string): void {
    const { onWarning } = this.#listeners
    if (onWarning === undefined) process.emitWarning(message, { code: 'CLOUDLET_WARNING' })
    else
      guard(
        () => onWarning(message),
        error => this.fault(error),
      )
  }

  /** The cause behind an InternalError that some caller was given the id of. */
  incident(incidentId: string, cause: unknown): void {
    const { onInternalError } = this.#listeners
    const warn = (error: unknown): void =>
      process.emitWarning(`cloudlet incident ${incidentId}: ${describe(error)}`)
    if (onInternalError === undefined) {
      warn(cause)
      return
    }
    guard(
      () => onInternalError(incidentId, cause),
      error => {
        warn(cause)
        warn(error)
      },
    )
  }

  /** A fault that no caller was told of. */
  fault(cause: unknown): void {
    this.incident(randomUUID(), cause)
  }
}

function guard(listen: () => unknown, onFault: (error: unknown) => void): void {
  try {
    const heard = listen()
    if (heard instanceof Promise) heard.catch(onFault)
  } catch (error) {
    onFault(error)
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
