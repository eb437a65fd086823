import { type Filter, impliedByElement } from './filter.ts'
import { geoCandidates, nearOrder, searchBox } from './geo-index.ts'
import { type IndexScan, orderOfScan, scanFor, scanToSql, wholeScan } from './index-scan.ts'
import type { Index, Indexes } from './indexes.ts'
import { filterToSql } from './query.ts'
import { type SortKey, sortToSql } from './sort.ts'
import { SqlParameters } from './sql.ts'
import type { Sqlite } from './sqlite.ts'

/** How a statement finds the documents of a filter: parts of SQL in which `c` is the collection's table. */
export interface Plan {
  readonly from: string
  readonly where: string
  /** Terms of ORDER BY; empty when no order was asked for. */
  readonly order: string
  readonly summary: PlanSummary
}

export interface PlanSummary {
  /** `id`: by `_id`. `union`: an index for each alternative of an `$or`. `scan`: all documents. */
  readonly kind: 'id' | 'index' | 'union' | 'scan'
  readonly indexes: readonly string[]
  /** What bounds the entries of one index, by its first fields. */
  readonly bounds: readonly FieldBounds[]
  /** Whether the index alone decides; otherwise each document it leads to is tested. */
  readonly isExact: boolean
  /** Whether documents come in order from the index, or are sorted. */
  readonly sort: 'none' | 'index' | 'memory'
}

export interface FieldBounds {
  readonly field: string
  /** So many values, or a range open at neither, one or both ends. */
  readonly kind: 'values' | 'range'
  readonly valueCount?: number
}

/** What a plan is made from. */
export interface PlanSources {
  readonly sqlite: Sqlite
  readonly indexes: Indexes
}

export interface PlanRequest {
  readonly table: string
  readonly filter: Filter
  /** Undefined: any order will do. Empty: by distance if the filter searches by it, else natural order. */
  readonly sort: readonly SortKey[] | undefined
}

/** Alternatives of an `$or` that may each have an index. */
const MAX_ALTERNATIVES = 100

/** Entries counted to compare two indexes. */
const COUNTED_ENTRIES = 1000

/**
 * Chooses how to find the documents of a filter. Whatever it chooses, the documents and their order are the same.
 *
 * With several indexes to choose from, the one with the fewest entries within its bounds is taken.
 */
export function makePlan(sources: PlanSources, request: PlanRequest, parameters: SqlParameters): Plan {
  const { table, filter, sort } = request
  const conditions = conditionsOf(filter)
  const indexes = sources.indexes.of(table)
  const scan = isById(conditions) ? undefined : chooseScan(sources, indexes, conditions, sort)
  if (scan !== undefined) return planOfScan(scan, request, parameters)
  const where = filterToSql(filter, parameters)
  const narrowed = isById(conditions) ? undefined : narrow(sources, request, conditions, parameters)
  const order = orderOf(request, parameters)
  return {
    from: `${table} AS c`,
    where: narrowed === undefined ? where : `${narrowed.where} AND (${where})`,
    order,
    summary: {
      kind: narrowed?.kind ?? (isById(conditions) ? 'id' : 'scan'),
      indexes: narrowed?.indexes ?? (isById(conditions) ? ['_id_'] : []),
      bounds: narrowed?.bounds ?? [],
      isExact: false,
      sort: sort === undefined || order === NATURAL ? 'none' : 'memory',
    },
  }
}

/** Whether an index leads to what a query asks for, and so to few documents it doesn't. */
export function isBounded({ summary: { kind, bounds } }: Plan): boolean {
  return kind === 'id' || kind === 'union' || bounds.length > 0
}

/** The conditions that must all hold, and those that follow from them. */
function conditionsOf(filter: Filter): Filter[] {
  if (filter.kind === 'and') return filter.filters.flatMap(conditionsOf)
  return [filter, ...impliedByElement(filter)]
}

function isById(conditions: readonly Filter[]): boolean {
  return conditions.some(
    condition =>
      condition.kind === 'field' &&
      condition.path.text === '_id' &&
      (condition.test.op === 'eq' || (condition.test.op === 'in' && condition.test.patterns.length === 0)),
  )
}

function chooseScan(
  sources: PlanSources,
  indexes: readonly Index[],
  conditions: readonly Filter[],
  sort: readonly SortKey[] | undefined,
): IndexScan | undefined {
  const candidates = indexes.flatMap(index => (index.isGeo ? [] : (scanFor(index, conditions) ?? [])))
  if (candidates.length === 0) return scanInOrder(indexes, conditions, sort)
  const [only] = candidates
  if (candidates.length === 1) return only
  const costs = candidates.map(scan => costOf(sources, scan, sort))
  return candidates[costs.indexOf(Math.min(...costs))]
}

/** Nothing bounds the entries, but they lie in the order asked for. */
function scanInOrder(
  indexes: readonly Index[],
  conditions: readonly Filter[],
  sort: readonly SortKey[] | undefined,
): IndexScan | undefined {
  if (sort === undefined || sort.length === 0) return undefined
  return indexes
    .flatMap(index => wholeScan(index, conditions) ?? [])
    .find(scan => orderOfScan(scan, sort) !== undefined)
}

/** Entries within the bounds, and half as many again where they would have to be sorted. */
function costOf(sources: PlanSources, scan: IndexScan, sort: readonly SortKey[] | undefined): number {
  const parameters = new SqlParameters()
  const where = scanToSql(scan, parameters)
  const sql = `SELECT count(*) AS total FROM (SELECT 1 FROM ${scan.index.table} AS x WHERE ${where} LIMIT ${COUNTED_ENTRIES})`
  const total = Number(sources.sqlite.get(sql, parameters.values)?.['total'])
  const mustSort = sort !== undefined && sort.length > 0 && orderOfScan(scan, sort) === undefined
  return total * (mustSort ? 1.5 : 1)
}

function planOfScan(scan: IndexScan, request: PlanRequest, parameters: SqlParameters): Plan {
  const { table, filter, sort } = request
  const { index, isExact, isSingle } = scan
  const entries = scanToSql(scan, parameters)
  const tested = isExact ? undefined : filterToSql(filter, parameters)
  const terms = sort === undefined ? undefined : orderFromIndex(scan, request)
  const isOrdered = terms !== undefined
  const summary: PlanSummary = {
    kind: 'index',
    indexes: [index.name],
    bounds: scan.bounds.map((one, at) => ({
      field: index.fields[at]?.[0] ?? '',
      ...(one.kind === 'points'
        ? { kind: 'values' as const, valueCount: one.keys.length }
        : { kind: 'range' as const }),
    })),
    isExact,
    sort: sort === undefined || sort.length === 0 ? 'none' : isOrdered ? 'index' : 'memory',
  }
  if (isOrdered || (sort === undefined && isSingle)) {
    return {
      // The order of the two tables is ours to choose: CROSS JOIN holds SQLite to it.
      from: `${index.table} AS x CROSS JOIN ${table} AS c ON c.seq = x.seq`,
      where: tested === undefined ? entries : `${entries} AND (${tested})`,
      order: isOrdered ? [...terms, NATURAL_OF_INDEX].join(', ') : '',
      summary,
    }
  }
  const rows = `c.seq IN (SELECT x.seq FROM ${index.table} AS x WHERE ${entries})`
  return {
    from: `${table} AS c`,
    where: tested === undefined ? rows : `${rows} AND (${tested})`,
    order: orderOf(request, parameters),
    summary,
  }
}

/** ORDER BY terms when the index has the order; natural order it has where all entries have the same keys. */
function orderFromIndex(scan: IndexScan, { filter, sort = [] }: PlanRequest): string[] | undefined {
  const { index, bounds, isSingle } = scan
  if (sort.length > 0) return orderOfScan(scan, sort)
  const isOneKey =
    bounds.length === index.fields.length &&
    bounds.every(one => one.kind === 'points' && one.keys.length === 1)
  return isSingle && isOneKey && nearOrder(filter, new SqlParameters()) === undefined ? [] : undefined
}

interface Narrowing {
  readonly kind: 'index' | 'union'
  readonly indexes: readonly string[]
  readonly bounds: readonly FieldBounds[]
  readonly where: string
}

/** Where no one index bounds the documents by its keys: by place, or with an index per alternative. */
function narrow(
  sources: PlanSources,
  { table }: PlanRequest,
  conditions: readonly Filter[],
  parameters: SqlParameters,
): Narrowing | undefined {
  const indexes = sources.indexes.of(table)
  for (const condition of conditions) {
    if (condition.kind !== 'field') continue
    const box = searchBox(condition.test)
    const index = indexes.find(({ isGeo, fields }) => isGeo && fields[0]?.[0] === condition.path.text)
    if (box === undefined || index === undefined) continue
    const where = geoCandidates(index.table, box, parameters)
    const bounds = [{ field: condition.path.text, kind: 'range' }] as const
    return { kind: 'index', indexes: [index.name], bounds, where }
  }
  for (const condition of conditions) {
    if (condition.kind !== 'or') continue
    const others = conditions.filter(other => other !== condition)
    const union = unionOf(sources, table, condition.filters, others, parameters)
    if (union !== undefined) return union
  }
  return undefined
}

/** Undefined unless each alternative has an index, or names an `_id`. */
function unionOf(
  sources: PlanSources,
  table: string,
  alternatives: readonly Filter[],
  others: readonly Filter[],
  parameters: SqlParameters,
): Narrowing | undefined {
  if (alternatives.length > MAX_ALTERNATIVES) return undefined
  const indexes = sources.indexes.of(table)
  const parts: { name: string; sql: () => string }[] = []
  for (const alternative of alternatives) {
    const own = conditionsOf(alternative)
    if (isById(own)) {
      const sql = (): string => `SELECT seq FROM ${table} WHERE ${filterToSql(alternative, parameters)}`
      parts.push({ name: '_id_', sql })
      continue
    }
    const scan = chooseScan(sources, indexes, [...own, ...others], undefined)
    if (scan === undefined) return undefined
    const sql = (): string =>
      `SELECT x.seq FROM ${scan.index.table} AS x WHERE ${scanToSql(scan, parameters)}`
    parts.push({ name: scan.index.name, sql })
  }
  return {
    kind: 'union',
    indexes: [...new Set(parts.map(({ name }) => name))],
    bounds: [],
    where: `c.seq IN (${parts.map(({ sql }) => sql()).join(' UNION ALL ')})`,
  }
}

/** The column by which a plan goes through documents in their natural order; undefined for another order. */
export function naturalColumn({ order }: Plan): 'c.seq' | 'x.seq' | undefined {
  return order === NATURAL ? 'c.seq' : order === NATURAL_OF_INDEX ? 'x.seq' : undefined
}

const NATURAL_OF_INDEX = 'x.seq ASC'
const NATURAL = 'c.seq ASC'

function orderOf({ filter, sort }: PlanRequest, parameters: SqlParameters): string {
  if (sort === undefined) return ''
  if (sort.length > 0) return sortToSql(sort, parameters)
  return nearOrder(filter, parameters) ?? NATURAL
}
