/**
 * Which of the two wx surfaces speaks: `wx-server-sdk` inside functions (and `host.database`), or `wx.cloud`
 * in clients. They differ in prefixes, row limits and error texts.
 */
export type Surface = 'server' | 'client'

/**
 * The error of every wx API: a real `Error` named `Error`, whose own enumerable keys are exactly `errCode`,
 * `errMsg` and, from callFunction, `requestID`. `message` equals `errMsg`.
 */
export interface WxError extends Error {
  readonly errCode: number
  readonly errMsg: string
  readonly requestID?: string
}

export function createWxError(errCode: number, errMsg: string, requestId?: string): WxError {
  const fields = requestId === undefined ? { errCode, errMsg } : { errCode, errMsg, requestID: requestId }
  return Object.assign(new Error(errMsg), fields)
}

/** A failed wx error for an argument the SDK itself refuses, in the words of the surface. */
export function createFailure(surface: Surface, api: string, errCode: number, detail: string): WxError {
  return createWxError(errCode, composeMessage(surface, api, errCode, detail))
}

/** Runs one API and turns whatever it rejects with into its wx error. */
export async function runApi<Result>(
  surface: Surface,
  api: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw toWxError(error, surface, api)
  }
}

/**
 * The only map from cloudlet's errors to the platform's numbers and texts (wxcloud-spec §6).
 * Errors are recognised by `code` and `details()`: they may have crossed the bridge or the wire.
 */
export function toWxError(error: unknown, surface: Surface, api: string): WxError {
  if (!isCoded(error)) {
    return isWxError(error) ? error : createFailure(surface, api, -1, messageOf(error))
  }
  const details = error.details()
  const { errCode, detail } = describe(surface, api, error, details)
  // The real SDK passes this one on as the backend has it, and programs decide by it whether to try again.
  if (details['reason'] === 'DATABASE_TRANSACTION_CONFLICT') {
    return Object.assign(createFailure(surface, api, errCode, detail), { code: details['reason'] })
  }
  const requestId = api.endsWith('callFunction') ? details['requestId'] : undefined
  if (typeof requestId !== 'string') return createFailure(surface, api, errCode, detail)
  const errMsg = composeMessage(surface, api, errCode, `requestID ${requestId}, ${detail}`)
  return createWxError(errCode, errMsg, requestId)
}

/** Status and text of one file in a list, by the reason the storage gave. */
export function describeFile(reason: string | undefined): { status: number; errMsg: string } {
  if (reason === undefined) return { status: 0, errMsg: 'ok' }
  const status = Object.hasOwn(REASON_CODES, reason) ? (REASON_CODES[reason] ?? -503001) : -503001
  return { status, errMsg: TEXTS[status] ?? 'storage request fail' }
}

/** `callFunction` on the server, `cloud.callFunction` on clients. Database APIs have no prefix anywhere. */
export function nameApi(surface: Surface, name: string): string {
  return surface === 'client' ? `cloud.${name}` : name
}

/** The SDK's constant text of each code it can give. Codes without one are shown by number alone. */
const TEXTS: Readonly<Record<number, string>> = Object.freeze({
  [-401001]: 'api permission denied',
  [-401002]: 'api parameter error',
  [-401003]: 'api parameter type error',
  [-402002]: 'realtime listener init watch fail',
  [-402003]: 'realtime listener reconnect watch fail',
  [-402006]: 'realtime listener receive server error msg',
  [-403001]: 'max upload file size exceeded',
  [-501001]: 'resource system error',
  [-501004]: 'exceed concurrent request limit',
  [-501007]: 'invalid parameters',
  [-501018]: 'resource unavailable',
  [-501019]: 'unauthorized operation',
  [-501021]: 'operation unsupported',
  [-502001]: 'database request fail',
  [-502002]: 'database invalid command',
  [-502003]: 'database permission denied',
  [-502005]: 'database collection not exists',
  [-503001]: 'storage request fail',
  [-503002]: 'storage permission denied',
  [-503003]: 'storage file not exists',
  [-503004]: 'storage invalid sign parameter',
  [-504002]: 'functions execute fail',
  [-601001]: 'system error',
  [-601002]: 'system args error',
  [-601004]: 'api permission denied',
  [-601005]: 'invalid cloudID',
  [-601006]: 'cloudID expired',
  [-601007]: 'cloudID and calling user does not match',
  [-601018]: 'unauthorized API',
  [-604100]: 'API not found',
  [-604101]: 'function has no permission to call this API',
  [-604102]: 'call open API timeout',
  [-604103]: 'call open API system error',
})

/** By the `reason` of a database or storage error. */
const REASON_CODES: Readonly<Record<string, number>> = Object.freeze({
  INVALID_PARAM: -501007,
  DATABASE_REQUEST_FAILED: -502001,
  DATABASE_INVALID_OPERATOR: -502002,
  DATABASE_PERMISSION_DENIED: -502003,
  DATABASE_COLLECTION_NOT_EXIST: -502005,
  DATABASE_TRANSACTION_CONFLICT: -502001,
  STORAGE_REQUEST_FAIL: -503001,
  STORAGE_EXCEED_AUTHORITY: -503002,
  STORAGE_FILE_NONEXIST: -503003,
  STORAGE_SIGN_PARAM_INVALID: -503004,
  STORAGE_FILE_TOO_LARGE: -403001,
})

interface Coded extends Error {
  readonly code: string
  details(): Record<string, unknown>
}

interface Description {
  readonly errCode: number
  readonly detail: string
}

function describe(
  surface: Surface,
  api: string,
  error: Coded,
  details: Readonly<Record<string, unknown>>,
): Description {
  const { code, message } = error
  switch (code) {
    case 'CLOUDLET_DATABASE':
      return { errCode: codeOfReason(details['reason'], -502001), detail: message }
    case 'CLOUDLET_WECHAT':
      return { errCode: Number(details['errCode']), detail: String(details['errMsg']) }
    case 'CLOUDLET_STORAGE':
      return { errCode: codeOfReason(details['reason'], -503001), detail: message }
    case 'CLOUDLET_FUNCTION_NOT_FOUND':
      return {
        errCode: surface === 'client' ? -501000 : -504002,
        detail: `FunctionName parameter could not be found. ${message}`,
      }
    case 'CLOUDLET_FUNCTION_THREW':
      return { errCode: -504002, detail: surface === 'client' ? withErrorName(message, details) : message }
    case 'CLOUDLET_DEADLINE':
      return { errCode: surface === 'client' ? -504003 : -504002, detail: describeTimeout(message, details) }
    case 'CLOUDLET_MEMORY_LIMIT':
    case 'CLOUDLET_DEPLOY':
    case 'CLOUDLET_ISOLATE_CRASHED':
      return { errCode: -504002, detail: message }
    case 'CLOUDLET_VALUE':
      return { errCode: isResultPath(details['path']) ? -504002 : -501007, detail: message }
    case 'CLOUDLET_CAPABILITY_DENIED':
      return { errCode: codeOfDenial(api), detail: message }
    default:
      return { errCode: PLAIN_CODES[code] ?? -501001, detail: message }
  }
}

/** Codes whose number depends on nothing else. What is not listed is a resource system error. */
const PLAIN_CODES: Readonly<Record<string, number | undefined>> = Object.freeze({
  CLOUDLET_INVALID_OPTION: -501007,
  CLOUDLET_HOST_CLOSED: -501018,
  CLOUDLET_OVERLOADED: -501004,
  CLOUDLET_CANCELLED: -1,
  CLOUDLET_UNAUTHENTICATED: -401001,
  CLOUDLET_CONNECTION: -1,
})

function codeOfReason(reason: unknown, otherwise: number): number {
  if (typeof reason !== 'string' || !Object.hasOwn(REASON_CODES, reason)) return otherwise
  return REASON_CODES[reason] ?? otherwise
}

function codeOfDenial(api: string): number {
  if (api.endsWith('callFunction')) return -501019
  if (/^(?:openapi|cloudPay)\.|^get\w*(?:Sign|OpenData)$/.test(api)) return -601004
  return api.endsWith('File') || api.endsWith('FileURL') ? -503002 : -502003
}

/** A value that couldn't leave the called function is that function's failure, not the caller's. */
function isResultPath(path: unknown): boolean {
  return typeof path === 'string' && /^result\b/.test(path)
}

function withErrorName(message: string, details: Readonly<Record<string, unknown>>): string {
  const guest = details['guest']
  if (typeof guest !== 'object' || guest === null || !('name' in guest)) return message
  return typeof guest.name === 'string' && guest.name !== '' ? `${guest.name}: ${message}` : message
}

function describeTimeout(message: string, details: Readonly<Record<string, unknown>>): string {
  const limitMs = details['limitMs']
  if (typeof limitMs !== 'number') return message
  return `Invoking task timed out after ${limitMs / 1000} seconds. ${message}`
}

/** The forms of SDK 2.4 to 3.x and of newer clients (wxcloud-spec §6.5, §1.10). */
function composeMessage(surface: Surface, api: string, errCode: number, detail: string): string {
  // WeChat's own numbers, which are above 0, have their own texts.
  if (errCode >= -1) return `${api}:fail ${detail}`
  const text = TEXTS[errCode]
  const numbered = text === undefined ? String(errCode) : `${errCode} ${text}`
  return surface === 'client' && api.startsWith('cloud.')
    ? `${api}:fail Error: errCode: ${numbered} | errMsg: ${detail}`
    : `${api}:fail ${numbered}. ${detail}`
}

function isWxError(error: unknown): error is WxError {
  return (
    error instanceof Error &&
    'errCode' in error &&
    typeof error.errCode === 'number' &&
    'errMsg' in error &&
    typeof error.errMsg === 'string'
  )
}

function isCoded(error: unknown): error is Coded {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('CLOUDLET_') &&
    'details' in error &&
    typeof error.details === 'function'
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
