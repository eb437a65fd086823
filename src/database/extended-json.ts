import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Encoded, type EncodedObject, setField } from '../protocol/value.ts'

/**
 * A document as MongoDB's tools and the platform's console write it (extended JSON, relaxed or canonical), in the
 * form of the database's ops. Dotted names express nesting.
 *
 * @throws {DatabaseError} INVALID_PARAM for a type there isn't here, a name that is none, or an ambiguous one.
 */
export function readExtendedDocument(json: unknown): EncodedObject {
  if (!isPlainObject(json)) throw invalid('A document must be a JSON object.')
  return readFields(json, [])
}

/** The same for a value that is not a whole document. */
export function readExtended(json: unknown, names: readonly string[] = []): Encoded {
  if (json === null || typeof json === 'boolean' || typeof json === 'number' || typeof json === 'string')
    return json
  if (names.length >= LIMITS.valueDepth)
    throw invalid(`The document is nested more than ${LIMITS.valueDepth} levels deep.`)
  if (Array.isArray(json))
    return json.map((item: unknown, index) => readExtended(item, [...names, String(index)]))
  if (!isPlainObject(json)) throw invalid(`"${names.join('.')}" is no JSON.`)
  const [first] = Object.keys(json)
  return first?.startsWith('$') === true ? readTag(first, json, names) : readFields(json, names)
}

/** A stored document as one line of extended JSON: its dates are written so that people can read them. */
export function writeExtended(text: string): string {
  // Most documents hold none, and are passed on as they are stored.
  if (!text.includes('"$date"')) return text
  return JSON.stringify(
    JSON.parse(text, (_name, value: unknown) => (isDateTag(value) ? writeDate(value.$date) : value)),
  )
}

function isDateTag(value: unknown): value is { readonly $date: number } {
  return isPlainObject(value) && typeof value['$date'] === 'number'
}

/** ISO's form has years of four digits only. */
function writeDate(ms: number): Encoded {
  const year = new Date(ms).getUTCFullYear()
  return year >= 0 && year <= 9999
    ? { $date: new Date(ms).toISOString() }
    : { $date: { $numberLong: String(ms) } }
}

function readFields(json: Readonly<Record<string, unknown>>, names: readonly string[]): EncodedObject {
  const fields: Record<string, Encoded> = {}
  for (const [name, value] of Object.entries(json)) {
    const at = [...names, name]
    if (name.startsWith('$')) throw invalid(`The field name ${JSON.stringify(at.join('.'))} starts with $.`)
    placeField(fields, name, readExtended(value, at))
  }
  return fields
}

/**
 * Sets a field by its name, in which dots express nesting.
 *
 * @throws {DatabaseError} INVALID_PARAM for an empty name between dots, and for one that says what another said.
 */
export function placeField(fields: Record<string, Encoded>, name: string, value: Encoded): void {
  const segments = name.split('.')
  if (segments.length > 1 && segments.includes('')) {
    throw invalid(`The field name ${JSON.stringify(name)} begins or ends with a dot, or has two in a row.`)
  }
  const last = segments.pop() ?? ''
  let target = fields
  for (const segment of segments) {
    const existing = Object.hasOwn(target, segment) ? target[segment] : undefined
    const inner: Record<string, Encoded> = existing === undefined ? {} : copyOfFields(existing, name)
    setField(target, segment, inner)
    target = inner
  }
  if (Object.hasOwn(target, last)) throw ambiguous(name)
  setField(target, last, value)
}

function copyOfFields(value: Encoded, name: string): Record<string, Encoded> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isTagged(value))
    throw ambiguous(name)
  const copy: Record<string, Encoded> = {}
  for (const [field, inner] of Object.entries(value)) setField(copy, field, inner)
  return copy
}

function isTagged(value: object): boolean {
  return Object.keys(value)[0]?.startsWith('$') === true
}

function ambiguous(name: string): DatabaseError {
  return invalid(`The field name ${JSON.stringify(name)} is ambiguous: another says what is there.`)
}

function readTag(tag: string, json: Readonly<Record<string, unknown>>, names: readonly string[]): Encoded {
  const value = json[tag]
  const count = Object.keys(json).length
  if (tag === '$regex' && count === 2 && typeof json['$options'] === 'string') {
    return readRegex({ pattern: value, options: json['$options'] }, names)
  }
  const read = count === 1 && Object.hasOwn(TAGS, tag) ? TAGS[tag] : undefined
  if (read === undefined)
    throw invalid(`"${names.join('.')}" holds ${tag}, which is no type this database has.`)
  return read(value, names)
}

type ReadTag = (value: unknown, names: readonly string[]) => Encoded

const TAGS: Readonly<Record<string, ReadTag>> = {
  $date: readDate,
  $numberInt: readInteger,
  $numberLong: readInteger,
  $numberDouble: (value, names) => {
    const text = String(value)
    if (/^-?Infinity$|^NaN$/.test(text)) return { $numberDouble: text }
    return readNumber(text, names)
  },
  $oid: (value, names) => {
    if (typeof value === 'string' && value !== '') return value
    throw malformed('$oid', names)
  },
  $regularExpression: readRegex,
  $undefined: () => null,
}

function readDate(value: unknown, names: readonly string[]): Encoded {
  const isLong = isPlainObject(value) && typeof value['$numberLong'] === 'string'
  const ms = isLong
    ? Number(readInteger(value['$numberLong'], names))
    : typeof value === 'string'
      ? Date.parse(value)
      : value
  if (typeof ms === 'number' && !Number.isNaN(new Date(ms).getTime())) return { $date: ms }
  throw malformed('$date', names)
}

function readInteger(value: unknown, names: readonly string[]): number {
  const text = String(value)
  if (/^-?\d+$/.test(text)) return readNumber(text, names)
  throw malformed('an integer', names)
}

function readNumber(text: string, names: readonly string[]): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number)) return number
  throw malformed('a number', names)
}

/** Stored as the platform stores one: as a plain object. */
function readRegex(value: unknown, names: readonly string[]): Encoded {
  const { pattern, options = '' } = isPlainObject(value) ? value : {}
  if (typeof pattern === 'string' && typeof options === 'string') return { pattern, options }
  throw malformed('$regularExpression', names)
}

function malformed(what: string, names: readonly string[]): DatabaseError {
  return invalid(`"${names.join('.')}" holds ${what} that can't be read.`)
}

function invalid(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
