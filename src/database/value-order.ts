import { isDocument } from './document.ts'

/**
 * The order of all values, as MongoDB has it: first by rank, then within the rank.
 * `nothing` is what an empty array sorts as; a missing field ranks with null.
 */
export const RANKS = Object.freeze({
  nothing: 1,
  null: 2,
  number: 3,
  string: 4,
  object: 5,
  array: 6,
  boolean: 8,
  date: 9,
  regex: 11,
})

export function rankOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return RANKS.number
    case 'string':
      return RANKS.string
    case 'boolean':
      return RANKS.boolean
  }
  if (value === null || value === undefined) return RANKS.null
  if (Array.isArray(value)) return RANKS.array
  if (value instanceof Date) return RANKS.date
  if (value instanceof RegExp) return RANKS.regex
  return RANKS.object
}

/** Negative, zero or positive, as `a` comes before, with or after `b`. NaN equals itself and precedes every number. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  if (typeof a === 'boolean') return a ? 1 : -1
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime()
  if (a instanceof RegExp && b instanceof RegExp) {
    return compareStrings(a.source, b.source) || compareStrings(a.flags, b.flags)
  }
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b)
  return isDocument(a) && isDocument(b) ? compareObjects(a, b) : 0
}

/** Equality of MongoDB: by type and content; fields of an object in the same order. */
export function equalValues(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === typeof b && compareValues(a, b) === 0)
}

function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1
  if (Number.isNaN(b)) return 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** By code point, which is the order of UTF-8 bytes and so also SQLite's. */
function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return liftSurrogate(left) - liftSurrogate(right)
  }
  return a.length - b.length
}

/** UTF-16 puts surrogates below U+E000; code points put them above. */
function liftSurrogate(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = compareValues(a[index], b[index])
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Field by field in stored order: rank of the value, then name, then value, as BSON compares. */
function compareObjects(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const left = Object.entries(a)
  const right = Object.entries(b)
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const [leftName, leftValue] = left[index] ?? ['', null]
    const [rightName, rightValue] = right[index] ?? ['', null]
    const difference =
      rankOf(leftValue) - rankOf(rightValue) ||
      compareStrings(leftName, rightName) ||
      compareValues(leftValue, rightValue)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** Bytes whose order is `compareValues`'s, for values that SQLite has no order for. */
export function orderBytes(value: unknown): Uint8Array {
  // One allocation for the texts that most keys are.
  if (typeof value === 'string' && !value.includes('\0')) return Buffer.from(`${STRING_RANK}${value}\0\0`)
  if (typeof value === 'number') return numberBytes(value, RANKS.number)
  const chunks: Uint8Array[] = []
  writeValue(value, chunks)
  return Buffer.concat(chunks)
}

const END = Uint8Array.of(0)
const STRING_RANK = String.fromCharCode(RANKS.string)

function writeValue(value: unknown, chunks: Uint8Array[]): void {
  const rank = rankOf(value)
  if (typeof value === 'number') {
    chunks.push(numberBytes(value, rank))
    return
  }
  if (value instanceof Date) {
    chunks.push(numberBytes(value.getTime(), rank))
    return
  }
  chunks.push(Uint8Array.of(rank))
  if (typeof value === 'string') writeString(value, chunks)
  else if (typeof value === 'boolean') chunks.push(Uint8Array.of(value ? 1 : 0))
  else if (value instanceof RegExp) {
    writeString(value.source, chunks)
    writeString(value.flags, chunks)
  } else if (Array.isArray(value)) {
    for (const item of value) writeValue(item, chunks)
    chunks.push(END)
  } else if (isDocument(value)) {
    for (const [name, field] of Object.entries(value)) {
      chunks.push(Uint8Array.of(rankOf(field)))
      writeString(name, chunks)
      writeValue(field, chunks)
    }
    chunks.push(END)
  }
}

/** The rank, then a big-endian double with the sign folded in; NaN below all. */
function numberBytes(value: number, rank: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(10)
  bytes[0] = rank
  if (Number.isNaN(value)) return bytes.fill(0, 1)
  bytes[1] = 1
  // Adding zero turns -0 into 0: the two are equal.
  bytes.writeDoubleBE(value + 0, 2)
  const isNegative = value < 0
  if (!isNegative) bytes[2] = (bytes[2] ?? 0) ^ 0x80
  else for (let index = 2; index < 10; index++) bytes[index] = ~(bytes[index] ?? 0)
  return bytes
}

/** UTF-8 with NUL doubled up, ended so that a prefix comes first. */
function writeString(value: string, chunks: Uint8Array[]): void {
  chunks.push(Buffer.from(value.replaceAll('\0', '\0\u{10ffff}')), Uint8Array.of(0, 0))
}
