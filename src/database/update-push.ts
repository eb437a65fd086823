import { DatabaseError } from '../errors.ts'
import { decodeInput, isDocument } from './document.ts'
import { isOperators } from './filter.ts'
import { sortValue } from './match.ts'
import { parsePath } from './path.ts'
import { compareValues, RANKS, rankOf } from './value-order.ts'

/** The array after a push. */
type Insert = (array: readonly unknown[]) => unknown[]

/**
 * Reads the operand of `$push`: a value, or `$each` with `$position`, `$sort` and `$slice`, which apply in that order.
 *
 * @throws {DatabaseError} INVALID_PARAM for a modifier there isn't or one of the wrong type.
 */
export function pushModifiers(operand: unknown, nowMs: number): Insert {
  if (!isOperators(operand) || !Object.hasOwn(operand, '$each')) {
    const value = decodeInput(operand, 'document', nowMs)
    return array => [...array, structuredClone(value)]
  }
  const { $each: each, $position: position, $sort: sort, $slice: slice, ...others } = operand
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`there is no modifier ${unknown}.`)
  const items = decodeInput(each, 'document', nowMs)
  if (!Array.isArray(items)) throw invalid('$each needs an array.')
  const start = optionalInteger('$position', decodeInput(position, 'document', nowMs))
  const length = optionalInteger('$slice', decodeInput(slice, 'document', nowMs))
  // A filter, for its keys are paths.
  const compare = sort === undefined ? undefined : elementOrder(decodeInput(sort, 'filter', nowMs))
  return array => {
    const pushed = [...array]
    const at = start === undefined ? pushed.length : start
    const before = at < 0 ? Math.max(0, pushed.length + at) : Math.min(at, pushed.length)
    const result = pushed.slice(0, before).concat(structuredClone(items), pushed.slice(before))
    if (compare !== undefined) result.sort(compare)
    if (length === undefined) return result
    if (length === 0) return []
    return length < 0 ? result.slice(length) : result.slice(0, length)
  }
}

function invalid(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}

function optionalInteger(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw invalid(`${name} needs an integer.`)
}

/** `1` or `-1` for whole elements, or an object of paths and directions for elements that are objects. */
function elementOrder(sort: unknown): (a: unknown, b: unknown) => number {
  if (isDirection(sort)) return (a, b) => compareValues(a, b) * sort
  const keys = isDocument(sort) ? Object.entries(sort) : []
  if (keys.length === 0) throw invalid('$sort needs 1, -1, or an object of paths with 1 or -1.')
  const orders = keys.map(([text, direction]) => {
    const { segments } = parsePath(text)
    if (!isDirection(direction)) throw invalid(`$sort of "${text}" needs 1 or -1.`)
    return (a: unknown, b: unknown): number => compareByPath(a, b, segments, direction) * direction
  })
  return (a, b) => {
    for (const order of orders) {
      const difference = order(a, b)
      if (difference !== 0) return difference
    }
    return 0
  }
}

function isDirection(value: unknown): value is 1 | -1 {
  return value === 1 || value === -1
}

function compareByPath(a: unknown, b: unknown, segments: readonly string[], direction: 1 | -1): number {
  const left = isDocument(a) ? sortValue(a, segments, direction) : MISSING
  const right = isDocument(b) ? sortValue(b, segments, direction) : MISSING
  const rank = (key: typeof left): number => (key.isNothing ? RANKS.nothing : rankOf(key.value))
  return rank(left) - rank(right) || compareValues(left.value, right.value)
}

const MISSING = { isNothing: false, value: null }
