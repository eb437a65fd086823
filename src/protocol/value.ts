import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * Document values as JSON: extended JSON with the tags of wxcloud-spec Appendix A.
 *
 * `{"$date": ms}`, `{"$numberDouble": "NaN" | "Infinity" | "-Infinity"}`,
 * `{"$regularExpression": {pattern, options}}` and `{"$tcb_server_date": {offset}}`;
 * numbers, strings, booleans, null, arrays and objects are themselves, and geometry is plain GeoJSON.
 * A user's own key can't collide: keys starting with `$` are refused in documents.
 */
export type Encoded = null | boolean | number | string | readonly Encoded[] | EncodedObject
export interface EncodedObject {
  readonly [key: string]: Encoded
}

/** A value that writes its own encoding (server date, RegExp, geometry, query and update commands). */
export interface Encodable {
  encodeValue(): Encoded
}

function isEncodable(value: object): value is Encodable {
  return typeof (value as Partial<Encodable>).encodeValue === 'function'
}

/**
 * Encodes a plain JavaScript value. `undefined` properties, functions and symbols are dropped, and
 * become null in arrays, as on the platform.
 *
 * @throws {ValueError} `CLOUDLET_VALUE` for a cycle, BigInt, binary data, or more than 100 levels.
 */
export function encodeValue(value: unknown, path = 'value'): Encoded {
  return encode(value, path, []) ?? null
}

function encode(value: unknown, path: string, parents: object[]): Encoded | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : { $numberDouble: String(value) }
    case 'bigint':
      throw new ValueError(path, `${path} is a BigInt, which can't be stored. Use a number or a string.`)
    case 'object':
      return value === null ? null : encodeObject(value, path, parents)
    default:
      return undefined
  }
}

function encodeObject(value: object, path: string, parents: object[]): Encoded {
  if (value instanceof Date) {
    const ms = value.getTime()
    if (Number.isNaN(ms)) throw new ValueError(path, `${path} is an invalid Date.`)
    return { $date: ms }
  }
  if (value instanceof RegExp) {
    return { $regularExpression: { pattern: value.source, options: value.flags } }
  }
  if (isEncodable(value)) return value.encodeValue()
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw new ValueError(
      path,
      `${path} is binary data. Put it in file storage with uploadFile and keep the fileID, or store it as base64 text.`,
    )
  }
  if (parents.includes(value))
    throw new ValueError(path, `${path} refers back to itself (circular structure).`)
  if (parents.length >= LIMITS.valueDepth) {
    throw new ValueError(path, `${path} is nested more than ${LIMITS.valueDepth} levels deep.`)
  }
  parents.push(value)
  const encoded = Array.isArray(value)
    ? encodeArray(value, path, parents)
    : encodeFields(value, path, parents)
  parents.pop()
  return encoded
}

function encodeArray(value: readonly unknown[], path: string, parents: object[]): Encoded {
  const encoded: Encoded[] = []
  for (let index = 0; index < value.length; index++) {
    encoded.push(encode(value[index], `${path}[${index}]`, parents) ?? null)
  }
  return encoded
}

function encodeFields(value: object, path: string, parents: object[]): Encoded {
  const encoded: Record<string, Encoded> = {}
  for (const key of Object.keys(value)) {
    const field = encode((value as Record<string, unknown>)[key], `${path}.${key}`, parents)
    if (field !== undefined) setField(encoded, key, field)
  }
  return encoded
}

/** Own property even for `__proto__`, which plain assignment would take for the prototype. */
export function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}

/** The tag of an encoded object, if it is one: its single key when that starts with `$`. */
export function tagOf(value: EncodedObject): string | undefined {
  let tag: string | undefined
  for (const key in value) {
    if (tag !== undefined || key.charCodeAt(0) !== 0x24) return undefined
    tag = key
  }
  return tag
}

/**
 * Decodes what `encodeValue` wrote: dates, non-finite numbers and regular expressions become JavaScript's own.
 * `revive` may turn a plain object (GeoJSON, say) into something else; it sees each object after its fields.
 */
export function decodeValue(value: Encoded, revive?: (object: Record<string, unknown>) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isEncodedArray(value)) return value.map(item => decodeValue(item, revive))
  switch (tagOf(value)) {
    case '$date':
      return new Date(value['$date'] as number | string)
    case '$numberDouble':
      return Number(value['$numberDouble'])
    case '$regularExpression': {
      const { pattern, options } = value.$regularExpression as { pattern: string; options: string }
      return new RegExp(pattern, options)
    }
    default: {
      const decoded: Record<string, unknown> = {}
      for (const key of Object.keys(value)) setField(decoded, key, decodeValue(value[key] as Encoded, revive))
      return revive ? revive(decoded) : decoded
    }
  }
}

function isEncodedArray(value: Encoded): value is readonly Encoded[] {
  return Array.isArray(value)
}
