import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * `accessToken` → `access_token`, for every key at any depth: what the SDK does to parameters.
 *
 * @throws {ValueError} nested deeper than `LIMITS.valueDepth`.
 */
export function toSnakeCase<Value>(value: Value): Value {
  return convert(value, toSnakeKey, 0) as Value
}

/** `access_token` → `accessToken`, for every key at any depth: what the SDK does to answers. @throws {ValueError} */
export function toCamelCase<Value>(value: Value): Value {
  return convert(value, toCamelKey, 0) as Value
}

export function toSnakeKey(key: string): string {
  return key.replace(/[A-Z]/g, (letter, index) => `${index === 0 ? '' : '_'}${letter.toLowerCase()}`)
}

function toCamelKey(key: string): string {
  return key.replace(/_[a-z]/g, ([, letter = '']) => letter.toUpperCase())
}

function convert(value: unknown, convertKey: (key: string) => string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= LIMITS.valueDepth) {
    throw new ValueError('params', `params are nested deeper than ${LIMITS.valueDepth} levels.`)
  }
  if (Array.isArray(value)) return value.map(item => convert(item, convertKey, depth + 1))
  // Made by definition, not by assignment, so that a key `__proto__` is a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [convertKey(key), convert(item, convertKey, depth + 1)]),
  )
}
