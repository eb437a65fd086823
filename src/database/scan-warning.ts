import { LIMITS } from '../limits.ts'
import { type Filter, impliedByElement } from './filter.ts'
import type { IndexField } from './index-definition.ts'
import { arrayIndex } from './path.ts'
import { isBounded, type Plan } from './plan.ts'
import type { Place } from './rows.ts'
import type { SortKey } from './sort.ts'
import type { Sqlite } from './sqlite.ts'

/** Shapes of queries remembered as told; a program that makes up more has been told enough. */
const MAX_SHAPES = 1000

/** One query that ran, as far as it matters to whether an index was missing. */
export interface FinishedScan extends Place {
  readonly filter: Filter
  readonly sort: readonly SortKey[]
  readonly plan: Plan
  /** The row it stopped at, having found enough; undefined when it went through all. */
  readonly stoppedAt: number | undefined
}

/** Tells once per shape of query that it looks at many documents for want of an index. */
export class ScanWarning {
  readonly #sqlite: Sqlite
  readonly #warn: (message: string) => void
  readonly #shapes = new Set<string>()

  constructor(sqlite: Sqlite, warn: (message: string) => void) {
    this.#sqlite = sqlite
    this.#warn = warn
  }

  check(scan: FinishedScan): void {
    const { collection, plan, filter, sort } = scan
    if (isBounded(plan) || this.#shapes.size >= MAX_SHAPES) return
    const fields = fieldsOf(filter)
    if (fields.length === 0 && plan.summary.sort !== 'memory') return
    const shape = JSON.stringify([collection, fields.map(({ path }) => path).sort(), sort])
    if (this.#shapes.has(shape)) return
    const count = this.#countExamined(scan)
    if (count <= LIMITS.unindexedDocuments) return
    this.#shapes.add(shape)
    this.#warn(
      `A query of "${collection}" looked at ${count} documents, because no index leads to those it asks for. ${advise(collection, fields, sort)}`,
    )
  }

  #countExamined({ table, stoppedAt, plan }: FinishedScan): number {
    // The greatest row number is found at once, and no less than the number of rows.
    const most = Number(this.#sqlite.get(`SELECT max(seq) AS most FROM ${table}`, [])?.['most'])
    if (most <= LIMITS.unindexedDocuments) return 0
    // Rows in the order of an index are not in natural order, so where it stopped says nothing.
    if (stoppedAt !== undefined && plan.summary.sort === 'index') return 0
    const [sql, values] =
      stoppedAt === undefined
        ? [`SELECT count(*) AS total FROM ${table}`, []]
        : [`SELECT count(*) AS total FROM ${table} WHERE seq <= ?1`, [stoppedAt]]
    return Number(this.#sqlite.get(sql, values)?.['total'])
  }
}

interface ConditionField {
  readonly path: string
  readonly isEquality: boolean
  readonly isGeo: boolean
}

/** The fields a filter has conditions on, each once. */
function fieldsOf(filter: Filter): ConditionField[] {
  const fields = new Map<string, ConditionField>()
  const collect = (part: Filter): void => {
    if (part.kind === 'and' || part.kind === 'or' || part.kind === 'nor') part.filters.forEach(collect)
    if (part.kind !== 'field') return
    const implied = impliedByElement(part)
    if (implied.length > 0) {
      implied.forEach(collect)
      return
    }
    const path = part.path.text
    const isEquality = part.test.op === 'eq' || part.test.op === 'in' || fields.get(path)?.isEquality === true
    fields.set(path, { path, isEquality, isGeo: part.test.op === 'geo' || part.test.op === 'near' })
  }
  collect(filter)
  return [...fields.values()]
}

/** Equality first, then the order, then ranges: so the entries of an index lie as the query wants them. */
function advise(collection: string, fields: readonly ConditionField[], sort: readonly SortKey[]): string {
  const place = fields.find(({ isGeo }) => isGeo)
  if (place !== undefined) return adviseFields(collection, [[place.path, '2dsphere']])
  const keys = new Map<string, 1 | -1>()
  const add = (path: string, direction: 1 | -1): void => {
    const isIndexable = !path.split('.').some(segment => arrayIndex(segment) !== undefined)
    if (isIndexable && !keys.has(path) && keys.size < LIMITS.indexFields) keys.set(path, direction)
  }
  for (const { path, isEquality } of fields) if (isEquality) add(path, 1)
  for (const [path, direction] of sort) add(path, direction)
  for (const { path } of fields) add(path, 1)
  if (keys.size === 0) return 'No index can serve its conditions; use others, or limit what is asked for.'
  return adviseFields(collection, [...keys])
}

function adviseFields(collection: string, fields: readonly IndexField[]): string {
  return `Give "${collection}" one with the fields ${JSON.stringify(fields)}, by createIndex or in collections.json.`
}
