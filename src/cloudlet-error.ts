/** Stable codes: match on these, never on messages. Ordered as docs/errors.md, and a test compares the two. */
export const ERROR_CODES = [
  'CLOUDLET_INVALID_OPTION',
  'CLOUDLET_HOST_CLOSED',
  'CLOUDLET_DEPLOY',
  'CLOUDLET_FUNCTION_NOT_FOUND',
  'CLOUDLET_FUNCTION_THREW',
  'CLOUDLET_VALUE',
  'CLOUDLET_CAPABILITY_DENIED',
  'CLOUDLET_DATABASE',
  'CLOUDLET_STORAGE',
  'CLOUDLET_NETWORK',
  'CLOUDLET_WECHAT',
  'CLOUDLET_DEADLINE',
  'CLOUDLET_MEMORY_LIMIT',
  'CLOUDLET_OVERLOADED',
  'CLOUDLET_CANCELLED',
  'CLOUDLET_PROTOCOL',
  'CLOUDLET_UNAUTHENTICATED',
  'CLOUDLET_CONNECTION',
  'CLOUDLET_ISOLATE_CRASHED',
  'CLOUDLET_INTERNAL',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** An error as plain data: what crosses the bridge and the wire. Never holds a host stack or path. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  /** The class's own fields (`reason`, `limitMs`, …), JSON values only. */
  readonly details: Readonly<Record<string, unknown>>
}

/** The base of every error cloudlet throws. `code` is stable; `retryable` says whether the same call may succeed later. */
export class CloudletError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  /** The invocation this error ended, if it ended one; the host sets it. */
  requestId: string | undefined

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
  }

  /** The class's own fields, which cross a boundary beside code and message. */
  details(): Record<string, unknown> {
    const { name, code, retryable, requestId, ...fields } = this
    return fields
  }
}

/** An error as it crosses the bridge or the wire. Stack and cause stay behind. */
export function errorToData(error: CloudletError): ErrorData {
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    details:
      error.requestId === undefined ? error.details() : { ...error.details(), requestId: error.requestId },
  }
}

/** In how many milliseconds to try again, if the error says so: a minute at most, whatever it says. */
export function retryAfterMsOf(error: unknown): number | undefined {
  if (!(error instanceof CloudletError) || !error.retryable) return undefined
  const { retryAfterMs } = error.details()
  return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? Math.min(retryAfterMs, 60_000) : undefined
}

/** A received error as a throwable one: same code, message, retryability and fields; matched by `code`, not by class. */
export class RemoteError extends CloudletError {
  override readonly name = 'RemoteError'
  readonly #details: Readonly<Record<string, unknown>>

  constructor(data: ErrorData) {
    super(data.code, data.message, { retryable: data.retryable })
    this.#details = data.details
  }

  override details(): Record<string, unknown> {
    return { ...this.#details }
  }
}
