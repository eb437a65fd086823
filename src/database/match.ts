import { type Document, isDocument } from './document.ts'
import { compileExpression } from './expression.ts'
import type { Filter, Matcher, Test } from './filter.ts'
import { storedGeometry } from './geo-json.ts'
import { metresTo } from './geo-near.ts'
import { compileJsonSchema } from './json-schema.ts'
import { someValue } from './path.ts'
import { compareValues, equalValues, rankOf } from './value-order.ts'
import { compileTypes } from './value-type.ts'

/**
 * A filter as a predicate on decoded documents. It decides what SQL can't, and is what the SQL is tested against.
 *
 * @throws {DatabaseError} for an `$expr` or `$jsonSchema` that can't be read.
 */
export function compileFilter(filter: Filter): Matcher {
  switch (filter.kind) {
    case 'and': {
      const matchers = filter.filters.map(compileFilter)
      return value => matchers.every(matches => matches(value))
    }
    case 'or': {
      const matchers = filter.filters.map(compileFilter)
      return value => matchers.some(matches => matches(value))
    }
    case 'nor': {
      const matchers = filter.filters.map(compileFilter)
      return value => !matchers.some(matches => matches(value))
    }
    case 'field': {
      const { path, expandLeaf } = filter
      const test = compileTest(filter.test)
      return value => someValue(value, path.segments, expandLeaf, test)
    }
    case 'expression': {
      const matches = compileExpression(filter.expression)
      return value => isDocument(value) && matches(value)
    }
    case 'schema':
      return compileJsonSchema(filter.schema)
  }
}

function compileTest(test: Test): Matcher {
  switch (test.op) {
    case 'eq':
      return equals(test.value)
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return compares(test.op, test.value)
    case 'in':
      return isIn(test.values, test.patterns)
    case 'regex':
      return value => typeof value === 'string' && test.regex.test(value)
    case 'exists':
      return value => value !== undefined
    case 'type':
      return compileTypes(test.types)
    case 'mod':
      return value =>
        typeof value === 'number' &&
        Number.isFinite(value) &&
        Math.trunc(value) % test.divisor === test.remainder
    case 'size':
      return value => Array.isArray(value) && value.length === test.size
    case 'geo':
      return value => {
        const geometry = storedGeometry(value)
        return geometry !== undefined && test.geo.test(geometry)
      }
    case 'near':
      return value => metresTo(value, test.near) !== undefined
    case 'elements': {
      const matches = compileFilter(test.filter)
      if (!test.isObject) return value => Array.isArray(value) && value.some(matches)
      // An array in the array is an object of its positions: the names of what it holds are not its own.
      const matchesItem: Matcher = item =>
        isDocument(item) ? matches(item) : Array.isArray(item) && matches({ ...item })
      return value => Array.isArray(value) && value.some(matchesItem)
    }
  }
}

function equals(expected: unknown): Matcher {
  if (expected === null) return value => value === null || value === undefined
  return value => equalValues(value, expected)
}

/** Only values of one type compare. Null stands for missing too, and is neither above nor below itself. */
function compares(op: 'lt' | 'lte' | 'gt' | 'gte', operand: unknown): Matcher {
  const includesEqual = op === 'lte' || op === 'gte'
  if (operand === null) return includesEqual ? equals(null) : () => false
  const rank = rankOf(operand)
  const sign = op === 'lt' || op === 'lte' ? -1 : 1
  const isOperandNaN = Number.isNaN(operand)
  return value => {
    if (value === undefined || rankOf(value) !== rank) return false
    if (isOperandNaN || Number.isNaN(value)) return includesEqual && isOperandNaN && Number.isNaN(value)
    const order = compareValues(value, operand)
    return order === 0 ? includesEqual : Math.sign(order) === sign
  }
}

function isIn(values: readonly unknown[], patterns: readonly RegExp[]): Matcher {
  // A Set finds primitives as `equalValues` does: NaN equals NaN, and 0 equals -0.
  const primitives = new Set(values.filter(value => typeof value !== 'object'))
  const objects = values.filter(value => typeof value === 'object' && value !== null)
  const hasNull = values.includes(null)
  return value =>
    (hasNull && (value === null || value === undefined)) ||
    (value !== undefined && primitives.has(value)) ||
    objects.some(object => equalValues(value, object)) ||
    (typeof value === 'string' && patterns.some(pattern => pattern.test(value)))
}

/** The value a document sorts by on a path: the least of an array's elements, or the greatest when descending. */
export function sortValue(
  document: Document,
  segments: readonly string[],
  direction: 1 | -1,
): { readonly isNothing: boolean; readonly value: unknown } {
  let best: unknown
  let isFound = false
  let isNothing = false
  const take = (value: unknown): void => {
    if (isFound && compareValues(value ?? null, best) * direction >= 0) return
    best = value ?? null
    isFound = true
  }
  someValue(document, segments, false, value => {
    if (!Array.isArray(value)) take(value)
    else if (value.length === 0) isNothing = true
    else value.forEach(take)
    return false
  })
  // An empty array comes before null, so it counts unless a descending sort found something greater.
  return isNothing && (direction === 1 || !isFound)
    ? { isNothing, value: null }
    : { isNothing: false, value: best ?? null }
}
