import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import type { InvocationReport } from './invocation.ts'
import type { FunctionHostOptions } from './options.ts'

/** The embedder's listeners. */
export type Listeners = Pick<FunctionHostOptions, 'onInvocation' | 'onWarning' | 'onInternalError'>

/**
 * Tells the embedder what happened; without a listener, faults and warnings are Node process warnings.
 * A listener that fails is its owner's fault: it changes no result, and is told as a fault itself.
 */
export class Notices {
  readonly #listeners: Listeners

  constructor(listeners: Listeners) {
    this.#listeners = listeners
  }

  invocation(report: InvocationReport): void {
    const { onInvocation } = this.#listeners
    if (onInvocation === undefined) return
    tell(
      // A listener may change what it is told: the caller is the session's, and all its calls'.
      () => onInvocation({ ...report, caller: { ...report.caller } }),
      fault => this.fault(fault),
    )
  }

  warning(message: string): void {
    const { onWarning } = this.#listeners
    if (onWarning === undefined) {
      warn(message)
      return
    }
    tell(
      () => onWarning(message),
      fault => {
        warn(message)
        this.fault(fault)
      },
    )
  }

  /** To the listener of one call, if it has one. */
  progress<Progress>(listener: ((progress: Progress) => void) | undefined, progress: Progress): void {
    if (listener === undefined) return
    tell(
      () => listener(progress),
      fault => this.fault(fault),
    )
  }

  /** The cause behind an InternalError that some caller was given the id of. */
  incident(incidentId: string, cause: unknown): void {
    const { onInternalError } = this.#listeners
    if (onInternalError === undefined) {
      warnOfIncident(incidentId, cause)
      return
    }
    tell(
      () => onInternalError(incidentId, cause),
      fault => {
        warnOfIncident(incidentId, cause)
        warn(`onInternalError failed: ${describe(fault)}`)
      },
    )
  }

  /** A fault that no caller was told of. */
  fault(cause: unknown): void {
    this.incident(randomUUID(), cause)
  }
}

/** Calls a listener; what it throws, or a promise it returns rejects with, goes to `onFault`. */
function tell(listener: () => unknown, onFault: (fault: unknown) => void): void {
  try {
    const answer = listener()
    if (answer !== undefined) Promise.resolve(answer).catch(onFault)
  } catch (fault) {
    onFault(fault)
  }
}

function warnOfIncident(incidentId: string, cause: unknown): void {
  warn(`cloudlet incident ${incidentId}: ${describe(cause)}`)
}

function warn(message: string): void {
  process.emitWarning(message, { code: 'CLOUDLET_WARNING' })
}

/** Anything can be thrown, even what fails when it is looked at. */
function describe(cause: unknown): string {
  try {
    return inspect(cause)
  } catch {
    return `a ${typeof cause} that can't be shown`
  }
}
