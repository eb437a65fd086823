import type { Encodable } from '../protocol/value.ts'
import { createWxError } from './wx-errors.ts'

/** The platform's name of a value's type, as its messages print it: `object`, `array`, `null`, `date`, … */
export function nameType(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1).toLowerCase()
}

/** An object that isn't of a built-in type with a meaning of its own (array, Date, RegExp, Map, bytes, …). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return nameType(value) === 'object'
}

/** An object that is walked field by field: no command, geometry or other value that encodes itself. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !isEncodable(value)
}

function isEncodable(value: object): value is Encodable {
  return 'encodeValue' in value && typeof value.encodeValue === 'function'
}

/**
 * The options of an API as an object of unknown fields.
 *
 * @throws {WxError} errCode -1 when they are not an object.
 */
export function requireOptions(options: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(options)) {
    throw createWxError(-1, `parameter should be object instead of ${nameType(options)};`)
  }
  return options
}

/**
 * One option that must be an object, in the SDK's own words.
 *
 * @throws {WxError} errCode -1
 */
export function requireObject(value: unknown, name: string): Record<string, unknown> {
  if (!isObject(value)) {
    throw createWxError(-1, `parameter.${name} should be object instead of ${nameType(value)};`)
  }
  return value
}
