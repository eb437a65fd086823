import { LIMITS } from '../limits.ts'

/**
 * Whether a value is JSON already, as what was parsed from JSON is: plain objects and arrays of text, finite numbers,
 * booleans and null, within the bounds of a frame. Such a value needs no copy to be packed. False for whatever isn't
 * certain.
 */
export function isPlainData(value: unknown): boolean {
  valuesLeft = LIMITS.frameValues
  return isPlain(value, 0)
}

/** One check runs at a time, to its end: no code of the value's runs in it, but for a getter, which may only cost it the shortcut. */
let valuesLeft = 0

function isPlain(value: unknown, depth: number): boolean {
  if (--valuesLeft < 0) return false
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return value === null || (depth < LIMITS.frameDepth && isPlainObject(value, depth + 1))
    default:
      return false
  }
}

function isPlainObject(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) {
    const list = value as readonly unknown[]
    if (hasToJson(list)) return false
    for (let index = 0; index < list.length; index++) if (!isPlain(list[index], depth)) return false
    return true
  }
  if (prototype !== Object.prototype && prototype !== null) return false
  const fields = value as Readonly<Record<string, unknown>>
  if (hasToJson(fields)) return false
  // As the packer goes through them, inherited ones too: one there would make the value not plain.
  for (const key in fields) {
    valuesLeft--
    if (!isPlain(fields[key], depth)) return false
  }
  return true
}

/** Wherever it is, seen by `for in` or not. */
function hasToJson(value: object): boolean {
  return (value as { toJSON?: unknown }).toJSON !== undefined
}
