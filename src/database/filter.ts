import { DatabaseError } from '../errors.ts'
import { isDocument } from './document.ts'
import type { Near } from './geo-near.ts'
import type { GeoTest } from './geo-relation.ts'
import type { Path } from './path.ts'

/** What a filter asks of a document, free of spelling: the matcher and the SQL planner both work from it. */
export type Filter =
  | { readonly kind: 'and' | 'or' | 'nor'; readonly filters: readonly Filter[] }
  | { readonly kind: 'field'; readonly path: Path; readonly expandLeaf: boolean; readonly test: Test }
  | { readonly kind: 'expression'; readonly expression: unknown }
  | { readonly kind: 'schema'; readonly schema: unknown }

/** What a filter asks of the values one path leads to: that any of them passes. `undefined` is a missing field. */
export type Test =
  | { readonly op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte'; readonly value: unknown }
  | { readonly op: 'in'; readonly values: readonly unknown[]; readonly patterns: readonly RegExp[] }
  | { readonly op: 'regex'; readonly regex: RegExp }
  | { readonly op: 'exists' }
  | { readonly op: 'type'; readonly types: readonly unknown[] }
  | { readonly op: 'mod'; readonly divisor: number; readonly remainder: number }
  | { readonly op: 'size'; readonly size: number }
  | { readonly op: 'elements'; readonly filter: Filter; readonly isObject: boolean }
  | { readonly op: 'geo'; readonly geo: GeoTest }
  | { readonly op: 'near'; readonly near: Near }

/** Whether a decoded document, or an element of an array, fulfils a filter. */
export type Matcher = (value: unknown) => boolean

/** A search by distance, which also orders what is found. */
export interface NearFilter {
  readonly path: Path
  readonly near: Near
}

/** The one search by distance of a filter. */
export function nearOf(filter: Filter): NearFilter | undefined {
  return nearsOf(filter)[0]
}

function nearsOf(filter: Filter): NearFilter[] {
  if (filter.kind === 'and') return filter.filters.flatMap(nearsOf)
  if (filter.kind !== 'field' || filter.test.op !== 'near') return []
  return [{ path: filter.path, near: filter.test.near }]
}

/**
 * A second order, or one for some documents only, would make no sense.
 *
 * @throws {DatabaseError} INVALID_PARAM for more searches by distance than `most`, or one that isn't required.
 */
export function refuseNear(filter: Filter, most: 0 | 1): void {
  if (countNears(filter) === nearsOf(filter).length && nearsOf(filter).length <= most) return
  throw new DatabaseError(
    'INVALID_PARAM',
    'A filter may hold one $nearSphere, beside its other conditions: not within $or, $nor, $not, $elemMatch or $pull.',
  )
}

function countNears(filter: Filter): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return filter.filters.reduce((count, inner) => count + countNears(inner), 0)
    case 'field':
      if (filter.test.op === 'elements') return countNears(filter.test.filter)
      return filter.test.op === 'near' ? 1 : 0
    default:
      return 0
  }
}

/**
 * What follows from an `$elemMatch` of fields for the paths through the array: that some value there passes. An index
 * on such a path leads to the documents, and the `$elemMatch` itself finds out whether one element has it all.
 */
export function impliedByElement(filter: Filter): Filter[] {
  if (filter.kind !== 'field' || filter.test.op !== 'elements' || !filter.test.isObject) return []
  const { path, test } = filter
  return requiredFields(test.filter).flatMap(inner => {
    const segments = [...path.segments, ...inner.path.segments]
    const implied: Filter = { ...inner, path: { text: segments.join('.'), segments } }
    return [implied, ...impliedByElement(implied)]
  })
}

function requiredFields(filter: Filter): (Filter & { readonly kind: 'field' })[] {
  if (filter.kind === 'and') return filter.filters.flatMap(requiredFields)
  return filter.kind === 'field' ? [filter] : []
}

/** Whether an object holds operators (`{$gt: 1}`) and isn't a value to compare with. */
export function isOperators(value: unknown): value is Record<string, unknown> {
  return isDocument(value) && Object.keys(value)[0]?.startsWith('$') === true
}

export function unknownOperator(name: string): DatabaseError {
  return new DatabaseError('DATABASE_INVALID_OPERATOR', `Unknown or unsupported operator ${name}.`)
}
