import { randomBytes } from 'node:crypto'
import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { decodeValue, type Encoded, encodeValue, setField, tagOf } from '../protocol/value.ts'
import { compileRegex } from './regex.ts'

/** A decoded document or a plain object in one: dates are Date, non-finite numbers are numbers. */
export type Document = Record<string, unknown>

export type DocumentId = string | number

/** Whether a decoded value is a plain object, whatever its fields are called. */
export function isDocument(value: unknown): value is Document {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof RegExp)
  )
}

/** 32 hexadecimal characters, without order. */
export function newId(): string {
  return randomBytes(16).toString('hex')
}

/** @throws {DatabaseError} INVALID_PARAM unless it is a string or a finite number within the length limit. */
export function checkId(value: unknown): DocumentId {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value !== 'string') {
    throw new DatabaseError('INVALID_PARAM', '_id must be a string or a finite number.')
  }
  if (value.length > LIMITS.documentIdChars) {
    throw new DatabaseError('INVALID_PARAM', `_id may have ${LIMITS.documentIdChars} characters at most.`)
  }
  return value.toWellFormed()
}

/** What `decodeInput` is reading: stored data may hold no operators, filters may. */
export type InputKind = 'document' | 'filter'

/**
 * Decodes and checks what came from outside: server dates become dates at `nowMs`, strings become well-formed
 * Unicode, and in a document a regular expression becomes the plain object the platform stores.
 *
 * @throws {DatabaseError} INVALID_PARAM for a malformed tag, a NUL in a field name, more than 100 levels and,
 *   in a document, a field name that is empty, starts with `$` or holds a dot.
 */
export function decodeInput(value: unknown, kind: InputKind, nowMs: number): unknown {
  return decode(value, { kind, nowMs, names: [] })
}

interface DecodeState {
  readonly kind: InputKind
  readonly nowMs: number
  /** Names on the way down to the value at hand. */
  readonly names: string[]
}

/** The value itself where decoding changes nothing in it, as in nearly all documents: it came from JSON and is ours. */
function decode(value: unknown, state: DecodeState): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value)) {
    const tag = tagOf(value as Record<string, Encoded>)
    if (tag !== undefined && TAGS.has(tag)) return readTag(tag, (value as Document)[tag], state)
  }
  if (state.names.length >= LIMITS.valueDepth) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `The ${state.kind} is nested more than ${LIMITS.valueDepth} levels deep.`,
    )
  }
  return Array.isArray(value) ? decodeItems(value, state) : decodeFields(value as Document, state)
}

function decodeItems(items: readonly unknown[], state: DecodeState): unknown {
  let isSame = true
  state.names.push('[]')
  const decoded = items.map(item => {
    const own = decode(item, state)
    if (own !== item) isSame = false
    return own
  })
  state.names.pop()
  return isSame ? items : decoded
}

function decodeFields(fields: Document, state: DecodeState): unknown {
  let decoded: Document | undefined
  for (const name of Object.keys(fields)) {
    checkFieldName(name, state)
    state.names.push(name)
    const own = decode(fields[name], state)
    state.names.pop()
    const ownName = name.toWellFormed()
    if (decoded === undefined) {
      if (own === fields[name] && ownName === name) continue
      decoded = fieldsBefore(fields, name)
    }
    setField(decoded, ownName, own)
  }
  return decoded ?? fields
}

function fieldsBefore(fields: Document, end: string): Document {
  const before: Document = {}
  for (const name of Object.keys(fields)) {
    if (name === end) break
    setField(before, name, fields[name])
  }
  return before
}

function checkFieldName(name: string, { kind, names }: DecodeState): void {
  const problem = name.includes('\0')
    ? 'holds a NUL character'
    : kind === 'document' && name === ''
      ? 'is empty'
      : kind === 'document' && name.startsWith('$')
        ? 'starts with $'
        : kind === 'document' && name.includes('.')
          ? 'holds a dot; nest objects instead'
          : undefined
  if (problem === undefined) return
  const at = [...names, name].join('.')
  throw new DatabaseError('INVALID_PARAM', `The field name ${JSON.stringify(at)} ${problem}.`)
}

const TAGS: ReadonlySet<string> = new Set([
  '$date',
  '$numberDouble',
  '$numberInt',
  '$numberLong',
  '$oid',
  '$regularExpression',
  '$tcb_server_date',
])

/** A value that can't be read is told by its field. */
function readTag(tag: string, content: unknown, state: DecodeState): unknown {
  try {
    return decodeTag(tag, content, state)
  } catch (error) {
    if (!(error instanceof DatabaseError) || state.names.length === 0) throw error
    throw new DatabaseError(error.reason, `"${state.names.join('.')}": ${error.message}`, { cause: error })
  }
}

function decodeTag(tag: string, content: unknown, { kind, nowMs }: DecodeState): unknown {
  switch (tag) {
    case '$date':
      return readDate(content)
    case '$tcb_server_date': {
      const offset = isDocument(content) ? (content['offset'] ?? 0) : undefined
      return checkDate(typeof offset === 'number' ? new Date(nowMs + offset) : undefined)
    }
    case '$numberDouble':
    case '$numberInt':
    case '$numberLong':
      return readNumber(tag, content)
    case '$oid':
      if (typeof content === 'string') return content.toWellFormed()
      throw new DatabaseError('INVALID_PARAM', '$oid must be a string.')
    default: {
      const { pattern, options = '' } = isDocument(content) ? content : {}
      const regex = compileRegex(pattern, options)
      return kind === 'filter' ? regex : { pattern, options }
    }
  }
}

/** Milliseconds, as a number or in canonical form, or ISO 8601 text. */
function readDate(content: unknown): Date {
  const isCanonical = isDocument(content) && Object.hasOwn(content, '$numberLong')
  const value = isCanonical ? readNumber('$numberLong', content['$numberLong']) : content
  return checkDate(typeof value === 'number' || typeof value === 'string' ? new Date(value) : undefined)
}

/** Numbers as text: what genuine SDKs and MongoDB's tools write. A long beyond 2^53 loses its last digits. */
function readNumber(tag: string, content: unknown): number {
  const isInfinite = content === 'NaN' || content === 'Infinity' || content === '-Infinity'
  if (tag === '$numberDouble' && isInfinite) return Number(content)
  const form = tag === '$numberDouble' ? /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/ : /^-?\d{1,19}$/
  if (typeof content === 'string' && form.test(content)) {
    const number = Number(content)
    if (Number.isFinite(number)) return number
  }
  throw new DatabaseError(
    'INVALID_PARAM',
    `${tag} must be a number as text${tag === '$numberDouble' ? ', "NaN", "Infinity" or "-Infinity"' : ''}.`,
  )
}

function checkDate(date: Date | undefined): Date {
  if (date === undefined || Number.isNaN(date.getTime())) {
    throw new DatabaseError(
      'INVALID_PARAM',
      'A date must be a number of milliseconds JavaScript can represent.',
    )
  }
  return date
}

/** A stored document as read from SQLite, decoded. */
export function decodeText(text: string): Document {
  const parsed: unknown = JSON.parse(text)
  // Only a tag puts a `$` first in a string of JSON, or a harmless string value does.
  const decoded = text.includes('"$') ? decodeValue(parsed as Encoded) : parsed
  return isDocument(decoded) ? decoded : {}
}

/**
 * A document as the text that is stored.
 *
 * @throws {DatabaseError} INVALID_PARAM over the depth or size limit.
 */
export function encodeText(document: Document): string {
  const text = JSON.stringify(isJson(document, 0) ? document : encodeValue(document, 'document'))
  // A UTF-16 unit is three bytes at most, so most documents need no counting.
  if (text.length * 3 > LIMITS.documentBytes && Buffer.byteLength(text) > LIMITS.documentBytes) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `The document has ${Buffer.byteLength(text)} bytes; a document may have ${LIMITS.documentBytes}.`,
    )
  }
  return text
}

/** Whether a value is what its JSON says, so that it needs no encoding: nearly all documents are. */
function isJson(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean'
  if (value === null) return true
  if (depth === LIMITS.valueDepth || value instanceof Date || value instanceof RegExp) return false
  if (Array.isArray(value)) return value.every(item => isJson(item, depth + 1))
  for (const name in value) if (!isJson((value as Document)[name], depth + 1)) return false
  return true
}
