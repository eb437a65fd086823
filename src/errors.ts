import { CloudletError } from './cloudlet-error.ts'

export {
  CloudletError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorData,
  errorToData,
  RemoteError,
  retryAfterMsOf,
} from './cloudlet-error.ts'
export { NetworkError } from './network-error.ts'
export { WechatError } from './wechat-error.ts'

/** An option, argument or file name the embedder passed is not acceptable. */
export class InvalidOptionError extends CloudletError {
  override readonly name = 'InvalidOptionError'
  /** Path of the offending option, e.g. `memoryMb`. */
  readonly option: string

  constructor(option: string, message: string) {
    super('CLOUDLET_INVALID_OPTION', message)
    this.option = option
  }
}

/** The host was closed before or during the call. */
export class HostClosedError extends CloudletError {
  override readonly name = 'HostClosedError'

  constructor(message = 'The host is closed. Make a new FunctionHost to go on.') {
    super('CLOUDLET_HOST_CLOSED', message)
  }
}

/** Where in a function's own files something is wrong. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** A function's files can't be deployed or don't load. */
export class DeployError extends CloudletError {
  override readonly name = 'DeployError'
  readonly functionName: string
  readonly file: string | undefined
  readonly line: number | undefined
  readonly column: number | undefined
  /** Stack inside the function's own files, when its top level threw. */
  readonly guestStack: string | undefined
  /** The package that can't be installed. */
  readonly packageName: string | undefined

  constructor(
    functionName: string,
    message: string,
    at: SourceLocation & { guestStack?: string; packageName?: string; cause?: unknown } = {},
  ) {
    super('CLOUDLET_DEPLOY', message, { cause: at.cause })
    this.functionName = functionName
    this.file = at.file
    this.line = at.line
    this.column = at.column
    this.guestStack = at.guestStack
    this.packageName = at.packageName
  }
}

/** No function of that name is deployed. */
export class FunctionNotFoundError extends CloudletError {
  override readonly name = 'FunctionNotFoundError'
  readonly functionName: string
  /** Deployed names that look alike, best first, at most three. */
  readonly nearMatches: readonly string[]

  constructor(functionName: string, nearMatches: readonly string[]) {
    const hint =
      nearMatches.length > 0
        ? `Did you mean ${nearMatches.map(name => `"${name}"`).join(' or ')}?`
        : 'Deploy it first with host.deploy(name, source).'
    super('CLOUDLET_FUNCTION_NOT_FOUND', `No function named "${functionName}" is deployed. ${hint}`)
    this.functionName = functionName
    this.nearMatches = nearMatches
  }
}

/** What a guest threw, as data: its own name, message, stack and enumerable fields. */
export interface GuestFailure {
  readonly name: string
  readonly message: string
  /** Stack inside the function's own files, as `/var/user/...`; no host frames. */
  readonly stack: string
  /** Own enumerable fields, JSON values only (`errCode`, `errMsg`, `code`, …). */
  readonly fields: Readonly<Record<string, unknown>>
}

/** The function's own code failed: it threw, rejected, or called back with an error. */
export class FunctionError extends CloudletError {
  override readonly name = 'FunctionError'
  readonly functionName: string
  readonly guest: GuestFailure

  constructor(functionName: string, guest: GuestFailure) {
    super('CLOUDLET_FUNCTION_THREW', guest.message)
    this.functionName = functionName
    this.guest = guest
  }
}

/** A value can't cross: circular, BigInt, binary where text is needed, or too large. */
export class ValueError extends CloudletError {
  override readonly name = 'ValueError'
  /** Where in the value, e.g. `event.list[3].price`. */
  readonly path: string

  constructor(path: string, message: string) {
    super('CLOUDLET_VALUE', message)
    this.path = path
  }
}

/** The deployment's bindings, or the session's rights, don't include this op. */
export class CapabilityDeniedError extends CloudletError {
  override readonly name = 'CapabilityDeniedError'
  readonly capability: string
  readonly op: string

  constructor(capability: string, op: string, message: string) {
    super('CLOUDLET_CAPABILITY_DENIED', message)
    this.capability = capability
    this.op = op
  }
}

/** Why a database op failed. The names are the platform's own string codes; sdk/wx-errors.ts numbers them. */
export const DATABASE_REASONS = [
  'INVALID_PARAM',
  'DATABASE_REQUEST_FAILED',
  'DATABASE_INVALID_OPERATOR',
  'DATABASE_PERMISSION_DENIED',
  'DATABASE_COLLECTION_NOT_EXIST',
  'DATABASE_TRANSACTION_CONFLICT',
] as const

export type DatabaseReason = (typeof DATABASE_REASONS)[number]

export class DatabaseError extends CloudletError {
  override readonly name = 'DatabaseError'
  readonly reason: DatabaseReason

  constructor(reason: DatabaseReason, message: string, options: { cause?: unknown } = {}) {
    super('CLOUDLET_DATABASE', message, { ...options, retryable: reason === 'DATABASE_TRANSACTION_CONFLICT' })
    this.reason = reason
  }
}

export const STORAGE_REASONS = [
  'INVALID_PARAM',
  'STORAGE_REQUEST_FAIL',
  'STORAGE_EXCEED_AUTHORITY',
  'STORAGE_FILE_NONEXIST',
  'STORAGE_SIGN_PARAM_INVALID',
  'STORAGE_FILE_TOO_LARGE',
] as const

export type StorageReason = (typeof STORAGE_REASONS)[number]

export class StorageError extends CloudletError {
  override readonly name = 'StorageError'
  readonly reason: StorageReason

  constructor(reason: StorageReason, message: string, options: { cause?: unknown } = {}) {
    super('CLOUDLET_STORAGE', message, options)
    this.reason = reason
  }
}

/** The invocation's wall-clock limit passed, or its CPU limit. The instance it ran on is gone. */
export class DeadlineError extends CloudletError {
  override readonly name = 'DeadlineError'
  readonly limitMs: number
  /** CPU time the guest used, in milliseconds. */
  readonly cpuMs: number
  /** Wall time spent waiting for host calls, in milliseconds, by op. */
  readonly waitedMs: Readonly<Record<string, number>>

  constructor(
    functionName: string,
    limitMs: number,
    spent: { cpuMs: number; waitedMs: Readonly<Record<string, number>> },
    kind: 'wall' | 'cpu' = 'wall',
  ) {
    const waits = Object.entries(spent.waitedMs).map(([op, ms]) => `${Math.round(ms)} ms waiting for ${op}`)
    const where = [`${Math.round(spent.cpuMs)} ms of CPU`, ...waits].join(', ')
    super(
      'CLOUDLET_DEADLINE',
      kind === 'wall'
        ? `Function "${functionName}" timed out after ${limitMs / 1000} seconds (${where}). ` +
            'Raise "timeout" (seconds) in its config.json or timeoutMs on the host if it needs longer.'
        : `Function "${functionName}" used more than its ${limitMs} ms of CPU (${where}). ` +
            'Raise "cpuMs" in its config.json or on the host if it needs more.',
    )
    this.limitMs = limitMs
    this.cpuMs = spent.cpuMs
    this.waitedMs = spent.waitedMs
  }
}

/** The function outgrew its heap cap. The instance it ran on is gone. */
export class MemoryLimitError extends CloudletError {
  override readonly name = 'MemoryLimitError'
  readonly limitBytes: number
  /** Last heap size seen before the end, in bytes; undefined if it grew within one turn. */
  readonly usedBytes: number | undefined

  constructor(functionName: string, limitBytes: number, usedBytes?: number) {
    super(
      'CLOUDLET_MEMORY_LIMIT',
      `Function "${functionName}" outgrew its memory limit of ${limitBytes / 1_048_576} MB. ` +
        'Raise "memorySize" (MB) in its config.json or memoryMb on the host if it needs more.',
    )
    this.limitBytes = limitBytes
    this.usedBytes = usedBytes
  }
}

/** Too much is in flight; nothing was run. Retry later, or raise the limit the message names. */
export class OverloadedError extends CloudletError {
  override readonly name = 'OverloadedError'
  /** When to try again, in milliseconds from now, where that is known. */
  declare readonly retryAfterMs?: number

  constructor(message: string, retryAfterMs?: number) {
    super('CLOUDLET_OVERLOADED', message, { retryable: true })
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs
  }
}

/** The caller gave up: its signal aborted or its session sent `cancel` or closed. */
export class CancelledError extends CloudletError {
  override readonly name = 'CancelledError'

  constructor(message = 'The call was cancelled by its caller.') {
    super('CLOUDLET_CANCELLED', message)
  }
}

/** The peer broke the wire protocol. The session it came on is closed. */
export class ProtocolError extends CloudletError {
  override readonly name = 'ProtocolError'

  constructor(message: string, options: { cause?: unknown } = {}) {
    super('CLOUDLET_PROTOCOL', message, options)
  }
}

/** The token or credentials in `hello` were missing or not accepted. */
export class UnauthenticatedError extends CloudletError {
  override readonly name = 'UnauthenticatedError'

  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super('CLOUDLET_UNAUTHENTICATED', message, options)
  }
}

/** The connection to the host could not be made or was lost before the answer. */
export class ConnectionError extends CloudletError {
  override readonly name = 'ConnectionError'

  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super('CLOUDLET_CONNECTION', message, { retryable: true, ...options })
  }
}

/** The isolate ended for a reason that is neither its deadline nor its memory limit. */
export class IsolateCrashedError extends CloudletError {
  override readonly name = 'IsolateCrashedError'

  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super('CLOUDLET_ISOLATE_CRASHED', message, options)
  }
}

/** A fault of cloudlet itself. `incidentId` finds the cause in the host's log; the cause never leaves the host. */
export class InternalError extends CloudletError {
  override readonly name = 'InternalError'
  readonly incidentId: string

  constructor(incidentId: string, options: { cause?: unknown } = {}) {
    super(
      'CLOUDLET_INTERNAL',
      `Internal error, incident ${incidentId}. The host's log has the cause.`,
      options,
    )
    this.incidentId = incidentId
  }
}
