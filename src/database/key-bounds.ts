import type { Filter, Test } from './filter.ts'
import { NOTHING_KEY, NULL_KEY } from './index-keys.ts'
import { orderBytes, RANKS, rankOf } from './value-order.ts'

/** Where the keys of all values lie that pass a test. What lies there may fail it still, unless it is exact. */
export type KeyBounds = Points | KeyRange

interface Points {
  readonly kind: 'points'
  /** Distinct keys, in no order. */
  readonly keys: readonly Uint8Array[]
  /** Whether every value with a key in the bounds passes the test. */
  readonly isExact: boolean
}

interface KeyRange {
  readonly kind: 'range'
  readonly low: Edge | undefined
  readonly high: Edge | undefined
  readonly isExact: boolean
}

interface Edge {
  readonly key: Uint8Array
  readonly isIncluded: boolean
}

/** Undefined where keys can't narrow the test down. */
export function boundsOf(test: Test): KeyBounds | undefined {
  switch (test.op) {
    case 'eq':
      return points(keysOfEqual(test.value), isExactEqual(test.value))
    case 'in':
      if (test.patterns.length > 0) return undefined
      return points(test.values.flatMap(keysOfEqual), test.values.every(isExactEqual))
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return boundsOfComparison(test.op, test.value)
    case 'regex':
      return boundsOfPrefix(test.regex)
    case 'exists':
      return { kind: 'range', low: undefined, high: undefined, isExact: false }
    case 'elements':
      return test.isObject ? undefined : boundsOfElement(test.filter)
    default:
      return undefined
  }
}

/** Bounds of what lies in both. */
export function intersect(a: KeyBounds, b: KeyBounds): KeyBounds {
  const isExact = a.isExact && b.isExact
  if (a.kind === 'points' && b.kind === 'points') {
    const texts = new Set(b.keys.map(textOf))
    return { kind: 'points', keys: a.keys.filter(key => texts.has(textOf(key))), isExact }
  }
  if (a.kind === 'points') {
    return { kind: 'points', keys: a.keys.filter(key => includesKey(b, key)), isExact }
  }
  if (b.kind === 'points') return intersect(b, a)
  return { kind: 'range', low: tighter(a.low, b.low, 1), high: tighter(a.high, b.high, -1), isExact }
}

function includesKey(bounds: KeyBounds, key: Uint8Array): boolean {
  if (bounds.kind === 'points') return bounds.keys.some(other => compare(other, key) === 0)
  const { low, high } = bounds
  return isWithin(low, key, 1) && isWithin(high, key, -1)
}

/** Whether no document that lacks the field can pass the test, and so one that passes is in a sparse index. */
export function provesPresence(test: Test): boolean {
  if (test.op === 'exists') return true
  const bounds = boundsOf(test)
  return bounds !== undefined && !includesKey(bounds, NULL_KEY)
}

/** An array is equal as a whole, or as an element: entries have its elements, or nothing, or itself. */
function keysOfEqual(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) return [orderBytes(value)]
  return [value.length === 0 ? NOTHING_KEY : orderBytes(value[0]), orderBytes(value)]
}

/** Null equals what is missing, whose key may stand for other things too. */
function isExactEqual(value: unknown): boolean {
  return value !== null && !Array.isArray(value)
}

function points(keys: readonly Uint8Array[], isExact: boolean): Points {
  if (keys.length <= 1) return { kind: 'points', keys, isExact }
  const distinct = new Map(keys.map(key => [textOf(key), key]))
  return { kind: 'points', keys: [...distinct.values()], isExact }
}

function boundsOfComparison(op: 'lt' | 'lte' | 'gt' | 'gte', operand: unknown): KeyBounds | undefined {
  const includesEqual = op === 'lte' || op === 'gte'
  if (operand === null || Number.isNaN(operand)) {
    return points(includesEqual ? [orderBytes(operand)] : [], operand !== null)
  }
  if (Array.isArray(operand) || operand instanceof RegExp) return undefined
  const rank = rankOf(operand)
  const edge = { key: orderBytes(operand), isIncluded: includesEqual }
  // Only values of the operand's type compare with it, and NaN with no number.
  const start = typeof operand === 'number' ? Uint8Array.of(rank, 1) : Uint8Array.of(rank)
  const end = Uint8Array.of(rank + 1)
  return op === 'lt' || op === 'lte'
    ? { kind: 'range', low: { key: start, isIncluded: true }, high: edge, isExact: true }
    : { kind: 'range', low: edge, high: { key: end, isIncluded: false }, isExact: true }
}

/** A pattern such as /^abc/ finds texts that start with it. */
function boundsOfPrefix({ source, flags }: RegExp): KeyBounds | undefined {
  if (/[imv]/.test(flags) || source.includes('|')) return undefined
  const [, text = '', quantifier] = /^\^([\p{L}\p{N} _:,;@#%&=<>~'"!/-]*)([?*{]?)/u.exec(source) ?? []
  const prefix = quantifier ? [...text].slice(0, -1).join('') : text
  if (prefix === '') return undefined
  const key = Buffer.from(`${String.fromCharCode(RANKS.string)}${prefix}`)
  const end = Buffer.concat([key, Uint8Array.of(0xff)])
  const high = { key: end, isIncluded: false }
  return { kind: 'range', low: { key, isIncluded: true }, high, isExact: false }
}

/** All conditions of one $elemMatch hold for the same element, and so for the same entry. */
function boundsOfElement(filter: Filter): KeyBounds | undefined {
  const members = filter.kind === 'and' ? filter.filters : [filter]
  let found: KeyBounds | undefined
  for (const member of members) {
    const isOnElement = member.kind === 'field' && member.path.segments.length === 0
    const bounds = isOnElement ? boundsOf(member.test) : undefined
    if (bounds !== undefined) found = found === undefined ? bounds : intersect(found, bounds)
  }
  return found === undefined ? undefined : { ...found, isExact: false }
}

/** The edge that leaves less: the greater of two lows (sign 1), the lesser of two highs (sign -1). */
function tighter(a: Edge | undefined, b: Edge | undefined, sign: 1 | -1): Edge | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const order = compare(a.key, b.key) * sign
  if (order !== 0) return order > 0 ? a : b
  return a.isIncluded ? b : a
}

function isWithin(edge: Edge | undefined, key: Uint8Array, sign: 1 | -1): boolean {
  if (edge === undefined) return true
  const order = compare(key, edge.key) * sign
  return order > 0 || (order === 0 && edge.isIncluded)
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}
