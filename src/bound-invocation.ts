import type { Permit } from './admission.ts'
import type { Cancellation } from './cancellation.ts'
import { bind } from './capabilities/bindings.ts'
import type { Scope } from './capabilities/capability.ts'
import type { Dispatcher } from './capabilities/dispatch.ts'
import { Ending } from './capabilities/ending.ts'
import type { DeployedFunction } from './function-table.ts'
import { writeVariables } from './identity.ts'
import type { HostAnswer, HostCall } from './isolate/host-call.ts'
import type { InvocationLimits, InvocationRequest } from './isolate/job.ts'
import type { Meter } from './isolate/meter.ts'
import type { Caller, LogLine } from './types.ts'

/** What an invocation is, beside the function it is of. */
export interface Particulars {
  readonly requestId: string
  /** On the scale of `performance.now()`, in milliseconds. */
  readonly admittedMs: number
  /** In whose name it runs. */
  readonly caller: Caller
  readonly eventText: string
  /** Gets what the function writes. */
  readonly logs: LogLine[]
  /** Given back when it is over. */
  readonly permit: Permit
}

/**
 * An invocation as its function's lane gets it. Who asks and what they may do are fixed here; what most invocations
 * don't need, since they ask the host for nothing, is made when they do.
 */
export class BoundInvocation implements InvocationRequest {
  readonly requestId: string
  readonly admittedMs: number
  readonly eventText: string
  readonly fixedText: string
  readonly variablesText: string
  readonly limitMs: number
  readonly cpuLimitMs: number
  readonly limits: InvocationLimits
  readonly cancellation: Cancellation | undefined
  readonly isIdempotent: boolean
  readonly meter: Meter = { heapUsedBytes: 0, untakenChars: 0, onTaken: undefined }
  readonly #dispatcher: Dispatcher
  readonly #deployed: DeployedFunction
  readonly #particulars: Particulars
  readonly #depth: number
  #ending: Ending | undefined
  #call: HostCall | undefined

  /** @param scope Of who calls the function. */
  constructor(
    dispatcher: Dispatcher,
    deployed: DeployedFunction,
    { depth, cancellation }: Scope,
    particulars: Particulars,
  ) {
    const { config, identity, limits } = deployed.deployment
    this.requestId = particulars.requestId
    this.admittedMs = particulars.admittedMs
    this.eventText = particulars.eventText
    this.fixedText = identity.fixedText
    this.variablesText = writeVariables(particulars.caller)
    this.limitMs = config.timeoutMs
    this.cpuLimitMs = config.cpuMs
    this.limits = limits
    this.cancellation = cancellation
    this.isIdempotent = config.idempotent
    this.#dispatcher = dispatcher
    this.#deployed = deployed
    this.#particulars = particulars
    this.#depth = depth + 1
  }

  call(op: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<HostAnswer> {
    this.#call ??= this.#bind()
    return this.#call(op, args, signal)
  }

  onLog(line: LogLine): void {
    this.#particulars.logs.push(line)
  }

  /** What it held goes back, and nothing of before is heard of again. */
  onRestart(): void {
    this.#particulars.logs.length = 0
    this.#ending?.run()
    this.#ending = undefined
    this.#call = undefined
  }

  onOver(): void {
    this.#ending?.run()
    this.#particulars.permit.release()
  }

  #bind(): HostCall {
    const { deployment, rights, network } = this.#deployed
    const { caller, permit } = this.#particulars
    this.#ending = new Ending()
    return bind(this.#dispatcher, rights, {
      kind: 'function',
      caller,
      depth: this.#depth,
      place: permit,
      functionName: deployment.name,
      openapi: deployment.config.openapi,
      network,
      files: deployment.files,
      meter: this.meter,
      ending: this.#ending,
    })
  }
}
