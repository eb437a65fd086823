import type { Admission } from './admission.ts'
import { BoundInvocation } from './bound-invocation.ts'
import type { Scope } from './capabilities/capability.ts'
import type { Dispatcher } from './capabilities/dispatch.ts'
import type { Deployment } from './deployment.ts'
import {
  CancelledError,
  type CloudletError,
  DeadlineError,
  DeployError,
  FunctionError,
  type GuestFailure,
  IsolateCrashedError,
  MemoryLimitError,
  OverloadedError,
  ValueError,
} from './errors.ts'
import type { DeployedFunction } from './function-table.ts'
import { callerOfNested, identifyEvent } from './identity.ts'
import type { RunResult } from './isolate/job.ts'
import type { Pool } from './isolate/pool.ts'
import { LIMITS } from './limits.ts'
import { nextRequestId } from './request-id.ts'
import type { Caller, LogLine } from './types.ts'

/** What the line needs of the host. */
export interface Line {
  readonly admission: Admission
  readonly pool: Pool
  readonly dispatcher: Dispatcher
  /** @throws {FunctionNotFoundError} */
  readonly findDeployment: (name: string) => DeployedFunction
  readonly report: (report: InvocationReport) => void
}

export interface InvocationInput {
  readonly functionName: string
  readonly event: Readonly<Record<string, unknown>>
  readonly scope: Scope
  /** Default: a new one. */
  readonly requestId?: string
}

export interface InvokeResult {
  /** What the handler returned, as JSON has it: undefined becomes null, dates become text (wxcloud-spec §1.9). */
  readonly result: unknown
  readonly requestId: string
  /** Whether an instance had to be made. */
  readonly coldStart: boolean
  /** Wall time from the call to the result, waiting for a place included, in milliseconds. */
  readonly durationMs: number
  /** CPU time of the isolate, in milliseconds. */
  readonly cpuMs: number
  /** The instance's heap when last measured, at most a second of work ago, in bytes; 0 before the first measurement. */
  readonly heapUsedBytes: number
  /** What the function wrote with `console.*`. Work it left behind may still add lines. */
  readonly logs: readonly LogLine[]
}

/** One finished invocation, as `onInvocation` hears of it, before its caller does. */
export interface InvocationReport extends Omit<InvokeResult, 'result'> {
  readonly functionName: string
  readonly caller: Caller
  readonly error?: CloudletError
}

/** One run of a handler for one event: the line of docs/architecture.md, from the call to its settling. */
export async function invoke(line: Line, input: InvocationInput): Promise<InvokeResult> {
  const { functionName, scope } = input
  const run = new Progress(input.requestId ?? nextRequestId())
  try {
    // 1 find
    const deployed = line.findDeployment(functionName)
    const { deployment } = deployed
    const lane = line.pool.open(deployment.key)
    if (line.admission.hasRoom(scope)) lane.prepare()
    const isDirect = scope.depth === 0
    const caller = isDirect ? scope.caller : callerOfNested(scope.caller)
    const eventText = writeEvent(identifyEvent(input.event, caller, isDirect))
    // 2 admit
    const admitted = line.admission.admit({
      functionName,
      lane,
      maxWaitMs: deployment.config.timeoutMs,
      parent: scope.place,
      cancellation: scope.cancellation,
    })
    // Most need not wait, and the wait for nothing would be a twentieth of a quick call.
    const hasWaited = admitted instanceof Promise
    const permit = hasWaited ? await admitted : admitted
    // 3 bind
    const bound = new BoundInvocation(line.dispatcher, deployed, scope, {
      requestId: run.requestId,
      admittedMs: hasWaited ? performance.now() : run.startMs,
      logs: run.logs,
      caller,
      eventText,
      permit,
    })
    // 4 to 6 acquire, run, release: the lane's, which gives the permit back when nothing is left to do
    run.ran = await lane.run(bound)
    // 7 settle
    const result = settle(deployment, run.ran)
    const report = describe(input, run)
    line.report(report)
    const { requestId, coldStart, durationMs, cpuMs, heapUsedBytes, logs } = report
    return { result, requestId, coldStart, durationMs, cpuMs, heapUsedBytes, logs }
  } catch (error) {
    const typed = line.dispatcher.ensureTyped(error)
    typed.requestId ??= run.requestId
    line.report({ ...describe(input, run), error: typed })
    throw typed
  }
}

/** How far an invocation has come. */
class Progress {
  readonly requestId: string
  /** On the scale of `performance.now()`. */
  readonly startMs = performance.now()
  readonly logs: LogLine[] = []
  ran: RunResult | undefined

  constructor(requestId: string) {
    this.requestId = requestId
  }
}

function describe(
  { functionName, scope }: InvocationInput,
  { requestId, startMs, logs, ran }: Progress,
): InvocationReport {
  return {
    functionName,
    caller: scope.caller,
    requestId,
    coldStart: ran?.coldStart ?? false,
    durationMs: performance.now() - startMs,
    cpuMs: ran?.cpuMs ?? 0,
    heapUsedBytes: ran?.heapUsedBytes ?? 0,
    logs,
  }
}

/** @throws {ValueError} when the event is no JSON or too large. */
function writeEvent(event: Readonly<Record<string, unknown>>): string {
  let text: string
  try {
    text = JSON.stringify(event)
  } catch (error) {
    throw new ValueError('event', `The event can't be made JSON: ${(error as Error).message}`)
  }
  if (text.length <= LIMITS.valueChars) return text
  throw new ValueError(
    'event',
    `The event is ${text.length} characters of JSON; the limit is ${LIMITS.valueChars}. Upload large data to storage and pass its fileID.`,
  )
}

/** The result, or the typed error. */
function settle(deployment: Deployment, { outcome, cpuMs, heapUsedBytes }: RunResult): unknown {
  const { name, config } = deployment
  switch (outcome.kind) {
    case 'completed':
      return outcome.result
    case 'threw':
      throw new FunctionError(name, outcome.failure)
    case 'unloadable':
      throw loadError(name, outcome.failure)
    case 'unsendable':
      throw new ValueError(outcome.path, `The result of "${name}" can't be sent: ${outcome.message}`)
    case 'deadline':
      throw new DeadlineError(name, config.timeoutMs, { cpuMs, waitedMs: outcome.waitedMs })
    case 'cpu':
      throw new DeadlineError(name, config.cpuMs, { cpuMs, waitedMs: outcome.waitedMs }, 'cpu')
    case 'memory':
      throw new MemoryLimitError(name, config.memoryMb * 1024 * 1024, heapUsedBytes || undefined)
    case 'cancelled':
      throw new CancelledError()
    case 'refused':
      throw new OverloadedError(`${outcome.message} Retry later, or raise the limit.`)
    case 'crashed':
      throw new IsolateCrashedError(`The isolate of "${name}" ended: ${outcome.message}`, {
        retryable: outcome.isRetryable === true,
      })
    default:
      return outcome satisfies never
  }
}

const PLACE = /\/var\/user\/(?<file>[^\s():]{1,512}):(?<line>\d+):(?<column>\d+)/
/** As much of a stack as is searched for it, in characters: the function's own frames come first. */
const PLACE_WITHIN_CHARS = 4096

/** The function's files threw while loading: the first place in its own files is where. */
function loadError(name: string, failure: GuestFailure): DeployError {
  const place = PLACE.exec(failure.stack.slice(0, PLACE_WITHIN_CHARS))?.groups
  const at =
    place?.file === undefined
      ? {}
      : { file: place.file, line: Number(place.line), column: Number(place.column) }
  const where = place === undefined ? '' : ` (${place.file}:${place.line}:${place.column})`
  return new DeployError(
    name,
    `Function "${name}" does not load: ${failure.name}: ${failure.message}${where}`,
    {
      ...at,
      guestStack: failure.stack,
    },
  )
}
