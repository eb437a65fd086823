import { ERROR_CODES, type ErrorCode, type ErrorData, ProtocolError } from '../errors.ts'

/** A received map. Only its own fields count. */
export type Fields = Readonly<Record<string, unknown>>

/** @throws {ProtocolError} for what is no ErrorData. */
export function parseErrorData(value: unknown): ErrorData {
  const error = requireMap(value, '"error" of an error frame')
  const code = ownField(error, 'code')
  const message = ownField(error, 'message')
  const retryable = ownField(error, 'retryable')
  if (!isErrorCode(code) || typeof message !== 'string' || typeof retryable !== 'boolean') {
    throw new ProtocolError('"error" of an error frame needs a known code, a message and retryable.')
  }
  return {
    code,
    message,
    retryable,
    details: requireMap(ownField(error, 'details'), '"details" of an error'),
  }
}

/** @throws {ProtocolError} */
export function requireMap(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new ProtocolError(`${what} must be a map.`)
  }
  return value as Fields
}

export function ownField(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isErrorCode(value: unknown): value is ErrorCode {
  return ERROR_CODES.some(code => code === value)
}

/** @throws {ProtocolError} for anything but text of at most so many UTF-16 units. `what` names it. */
export function checkText(value: unknown, maxChars: number, what: string): string {
  if (typeof value !== 'string' || value.length > maxChars) {
    throw new ProtocolError(`${what} must be text of at most ${maxChars} characters.`)
  }
  return value
}
