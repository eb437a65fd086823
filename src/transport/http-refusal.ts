import type { OutgoingHttpHeaders } from 'node:http'
import { CloudletError, type ErrorCode, errorToData } from '../errors.ts'

/** A request that is answered with an error. */
export class HttpRefusal extends Error {
  readonly status: number
  readonly body: HttpErrorBody
  readonly headers: OutgoingHttpHeaders

  constructor(status: number, error: CloudletError | HttpErrorBody, headers: OutgoingHttpHeaders = {}) {
    super(error.message)
    this.status = status
    this.body = error instanceof CloudletError ? toErrorBody(error) : error
    this.headers = headers
  }
}

/** Body of an error over HTTP. */
export interface HttpErrorBody {
  readonly code: ErrorCode
  readonly message: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** The invocation that failed, if there was one. */
  readonly requestId?: string
  /** The code's own fields (docs/errors.md). */
  readonly details?: Readonly<Record<string, unknown>>
}

function toErrorBody(error: CloudletError): HttpErrorBody {
  const { code, message, retryable, details } = errorToData(error)
  const { requestId, ...fields } = details
  return {
    code,
    message,
    retryable,
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(Object.keys(fields).length === 0 ? {} : { details: fields }),
  }
}

/** Of what a function or the host did wrong; the request was right. docs/http.md has the table. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  CLOUDLET_PROTOCOL: 400,
  CLOUDLET_UNAUTHENTICATED: 401,
  CLOUDLET_CAPABILITY_DENIED: 403,
  CLOUDLET_FUNCTION_NOT_FOUND: 404,
  CLOUDLET_DEADLINE: 504,
  CLOUDLET_OVERLOADED: 503,
  CLOUDLET_HOST_CLOSED: 503,
  CLOUDLET_CANCELLED: 503,
}

/** What an error is answered with. @param status Default: the one that fits its code. */
export function toRefusal(error: CloudletError, status: number = statusOf(error)): HttpRefusal {
  return new HttpRefusal(status, error, MAY_PASS.has(status) ? { 'Retry-After': retryAfter(error) } : {})
}

const MAY_PASS: ReadonlySet<number> = new Set([429, 503])

/** In whole seconds, at least one: most of it passes in a moment, or lasts. */
function retryAfter(error: CloudletError): string {
  const { retryAfterMs } = error.details()
  return typeof retryAfterMs === 'number' ? String(Math.max(1, Math.ceil(retryAfterMs / 1000))) : '1'
}

function statusOf(error: CloudletError): number {
  if (error.code === 'CLOUDLET_VALUE') return isAboutResult(error) ? 500 : 422
  if (error.code === 'CLOUDLET_ISOLATE_CRASHED') return error.retryable ? 503 : 500
  return STATUS[error.code] ?? 500
}

/** The function's answer can't be sent; any other value that can't was the client's. */
function isAboutResult(error: CloudletError): boolean {
  const { path } = error.details()
  return typeof path === 'string' && /^result\b/.test(path)
}
