import type { Filter } from './filter.ts'
import type { Index } from './indexes.ts'
import { boundsOf, intersect, type KeyBounds, provesPresence } from './key-bounds.ts'
import type { SortKey } from './sort.ts'
import type { SqlParameters } from './sql.ts'

export type FieldFilter = Filter & { readonly kind: 'field' }

/** A walk through part of an index: the entries within the bounds of its first fields. */
export interface IndexScan {
  readonly index: Index
  /** Of the first fields of the index, in order; none means all entries. */
  readonly bounds: readonly KeyBounds[]
  /** Whether the documents of these entries are the ones the conditions match, and no others. */
  readonly isExact: boolean
  /** Whether no document can have two entries within the bounds. */
  readonly isSingle: boolean
}

/**
 * The part of an index in which all documents lie that fulfil the conditions; undefined when that is all of it.
 * The conditions are those of one filter, joined by `and`.
 */
export function scanFor(index: Index, conditions: readonly Filter[]): IndexScan | undefined {
  const bounds: KeyBounds[] = []
  const covered = new Set<Filter>()
  for (const [at, path] of index.paths.entries()) {
    if (!mayBound(index, at, bounds.length)) break
    const own = conditions.filter(condition => isOn(condition, path.text))
    const found = hasArrays(index, at) ? bestOf(own) : allOf(own)
    if (found === undefined) break
    bounds.push(found.bounds)
    if (found.bounds.isExact) for (const condition of found.from) covered.add(condition)
    if (found.bounds.kind === 'range') break
  }
  const isUseful = bounds.some(
    one => one.kind === 'points' || one.low !== undefined || one.high !== undefined,
  )
  if (!isUseful && !index.sparse) return undefined
  if (!hasAllOf(index, conditions)) return undefined
  if (bounds.length === 0) return undefined
  return {
    index,
    bounds,
    isExact: conditions.every(condition => covered.has(condition)),
    isSingle: index.paths.every((_, at) => !hasArrays(index, at) || isOnePoint(bounds[at])),
  }
}

/** All of an index, for its order; undefined when documents that match may not be in it, or may be in it twice. */
export function wholeScan(index: Index, conditions: readonly Filter[]): IndexScan | undefined {
  if (index.isGeo || index.arrays !== 0 || !hasAllOf(index, conditions)) return undefined
  return { index, bounds: [], isExact: conditions.length === 0, isSingle: true }
}

/**
 * How an index gives the order of a sort: SQL terms on its columns, with ties in natural order; undefined when its
 * entries don't lie in that order, forwards or backwards.
 */
export function orderOfScan(
  { index, bounds, isSingle }: IndexScan,
  sort: readonly SortKey[],
): string[] | undefined {
  if (!isSingle) return undefined
  const terms: string[] = []
  let at = 0
  let turn: number | undefined
  for (const [path, direction] of sort) {
    const place = index.fields.findIndex(([name]) => name === path)
    // The value is the same in all entries, so it orders nothing.
    if (place >= 0 && isOnePoint(bounds[place]) && !hasArrays(index, place)) continue
    while (at < index.fields.length && isOnePoint(bounds[at]) && at !== place) at++
    const [, kept] = index.fields[at] ?? []
    if (at !== place || hasArrays(index, at) || typeof kept !== 'number') return undefined
    turn ??= kept * direction
    if (turn !== kept * direction) return undefined
    terms.push(`x.k${at + 1} ${direction === 1 ? 'ASC' : 'DESC'}`)
    at++
  }
  return terms
}

/** SQL conditions on the columns of the entries, called `x`. */
export function scanToSql({ bounds }: IndexScan, parameters: SqlParameters): string {
  const terms = bounds.flatMap((one, at) => boundsToSql(`x.k${at + 1}`, one, parameters))
  return terms.length === 0 ? '1' : terms.join(' AND ')
}

function boundsToSql(column: string, bounds: KeyBounds, parameters: SqlParameters): string[] {
  if (bounds.kind === 'points') {
    const [only] = bounds.keys
    if (only === undefined) return ['0']
    if (bounds.keys.length === 1) return [`${column} = ${parameters.bind(only)}`]
    const texts = bounds.keys.map(key => Buffer.from(key).toString('hex'))
    return [`${column} IN (SELECT unhex(value) FROM json_each(${parameters.bind(JSON.stringify(texts))}))`]
  }
  const terms: string[] = []
  const { low, high } = bounds
  if (low !== undefined) terms.push(`${column} ${low.isIncluded ? '>=' : '>'} ${parameters.bind(low.key)}`)
  if (high !== undefined) terms.push(`${column} ${high.isIncluded ? '<=' : '<'} ${parameters.bind(high.key)}`)
  return terms
}

/**
 * Whether the field at `at` may be bounded after those before it. Fields of the same array have an entry per
 * element, but two conditions may hold for two elements: then only one of the fields may be bounded.
 */
function mayBound(index: Index, at: number, boundCount: number): boolean {
  if (at !== boundCount) return false
  if (!hasArrays(index, at)) return true
  const root = index.paths[at]?.segments[0]
  return !index.paths.slice(0, at).some((path, other) => hasArrays(index, other) && path.segments[0] === root)
}

function hasArrays({ arrays }: Index, at: number): boolean {
  return (arrays & (1 << at)) !== 0
}

interface Found {
  readonly bounds: KeyBounds
  readonly from: readonly Filter[]
}

/** A field without arrays has one value, which all conditions hold for. */
function allOf(conditions: readonly FieldFilter[]): Found | undefined {
  let found: Found | undefined
  for (const condition of conditions) {
    const bounds = boundsOf(condition.test)
    if (bounds === undefined) continue
    found =
      found === undefined
        ? { bounds, from: [condition] }
        : { bounds: intersect(found.bounds, bounds), from: [...found.from, condition] }
  }
  return found
}

/** In an array each condition may hold for another element, so only one of them bounds the entries. */
function bestOf(conditions: readonly FieldFilter[]): Found | undefined {
  let best: Found | undefined
  for (const condition of conditions) {
    const bounds = boundsOf(condition.test)
    if (bounds === undefined) continue
    if (best === undefined || widthOf(bounds) < widthOf(best.bounds)) best = { bounds, from: [condition] }
  }
  return best
}

/** A guess at how much lies within: points by number, then ranges by their open ends. */
function widthOf(bounds: KeyBounds): number {
  if (bounds.kind === 'points') return bounds.keys.length
  return 1e9 * (1 + Number(bounds.low === undefined) + Number(bounds.high === undefined))
}

/** Whether the index has every document that fulfils the conditions: a sparse one lacks those without its fields. */
function hasAllOf(index: Index, conditions: readonly Filter[]): boolean {
  if (!index.sparse) return true
  return index.paths.some(path =>
    conditions.some(condition => isOn(condition, path.text) && provesPresence(condition.test)),
  )
}

function isOn(condition: Filter, path: string): condition is FieldFilter {
  if (condition.kind !== 'field' || condition.path.text !== path) return false
  return condition.expandLeaf || condition.test.op === 'elements'
}

function isOnePoint(bounds: KeyBounds | undefined): boolean {
  return bounds?.kind === 'points' && bounds.keys.length === 1
}
