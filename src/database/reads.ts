import { DatabaseError } from '../errors.ts'
import { type DocumentId, isDocument } from './document.ts'
import { type Filter, nearOf } from './filter.ts'
import { parseFilter } from './filter-parser.ts'
import { nearSteps } from './geo-index.ts'
import type { EngineOps } from './messages.ts'
import { isBounded, makePlan } from './plan.ts'
import { type Projection, parseProjection, projectText } from './projection.ts'
import { filterToSql } from './query.ts'
import { documentText, fetchText } from './rows.ts'
import { type SortKey, sortToSql } from './sort.ts'
import { limitTo, SqlParameters } from './sql.ts'
import { bounded, checkResultSize, type Store, tableToRead } from './store.ts'

/** The result as JSON text: documents are passed on as they are stored. */
export function query(store: Store, args: EngineOps['query']['args']): string {
  const table = tableToRead(store, args.collection)
  const nowMs = Date.now()
  const project = args.projection === undefined ? undefined : parseProjection(args.projection, nowMs)
  const id = idOf(args)
  if (id !== undefined && table !== undefined) return findById(store, table, id, project)
  const filter = parseFilter(args.filter, nowMs)
  const sort = args.sort ?? []
  // LIMIT -1 is no limit; so is 0 in MongoDB.
  const [limit, skip] = [rowCount('limit', args.limit) || -1, rowCount('skip', args.skip)]
  if (table === undefined) {
    checkQuery(filter, sort)
    return '{"documents":[]}'
  }
  const search = { collection: args.collection, table, sort, limit, skip, project }
  const results = usesSteps(store, search, filter)
    ? findInSteps(store, search, filter)
    : find(store, search, filter)
  return `{"documents":[${results.join(',')}]}`
}

/** The id that is all a query asks for, as nearly all queries of functions do: there is nothing to plan then. */
function idOf({ filter, sort, skip = 0, limit = 0 }: EngineOps['query']['args']): DocumentId | undefined {
  if (!isDocument(filter) || (sort ?? []).length > 0 || skip !== 0 || !Number.isSafeInteger(limit))
    return undefined
  const { _id: id } = filter
  if (limit < 0 || Object.keys(filter).length !== 1) return undefined
  return typeof id === 'string' ? id.toWellFormed() : typeof id === 'number' ? id : undefined
}

function findById(store: Store, table: string, id: DocumentId, project: Projection | undefined): string {
  const row = store.sqlite.get(`SELECT json(doc) AS doc FROM ${table} WHERE id = ?1`, [id])
  if (row === undefined) return '{"documents":[]}'
  const text = documentText(row)
  if (project === undefined) return `{"documents":[${text}]}`
  const parameters = new SqlParameters()
  parameters.isGuarded = project.hasConditions
  return bounded(store, parameters, () => `{"documents":[${projectText(text, project)}]}`)
}

interface Search {
  readonly collection: string
  readonly table: string
  readonly sort: readonly SortKey[]
  readonly limit: number
  readonly skip: number
  readonly project: Projection | undefined
}

/** Documents read at once, before their size is known: of the largest, what the worker's heap holds a few times. */
const SHORT_ROWS = 20

/** The documents as JSON texts. */
function find(store: Store, search: Search, filter: Filter): string[] {
  const { collection, table, sort, limit, skip, project } = search
  const parameters = new SqlParameters()
  const plan = makePlan(store, { table, filter, sort }, parameters)
  const isSorted = plan.summary.sort === 'memory'
  const isShort = limit > 0 && limit <= SHORT_ROWS && !isSorted && isBounded(plan)
  // A sort carries no documents along: it orders row numbers, and the documents are fetched after.
  const columns = isShort ? 'json(doc)' : isSorted ? 'c.seq AS seq' : 'c.seq AS seq, json(doc) AS doc'
  const sql =
    `SELECT ${columns} FROM ${plan.from} WHERE ${plan.where} ` +
    `ORDER BY ${plan.order} ${limitTo(limit, skip, parameters)}`
  // A projection may hold a pattern of its own, in $elemMatch.
  parameters.isGuarded ||= project?.hasConditions === true
  return bounded(store, parameters, () => {
    if (isShort) {
      const found = store.sqlite.column(sql, parameters.values).map(String)
      checkResultSize(found.reduce((sum, text) => sum + text.length, 0))
      return project === undefined ? found : found.map(text => projectText(text, project))
    }
    const texts: string[] = []
    let sizeChars = 0
    let last: number | undefined
    for (const row of store.sqlite.iterate(sql, parameters.values)) {
      const text = isSorted ? '' : documentText(row)
      sizeChars += text.length
      last = Number(row['seq'])
      texts.push(isSorted ? String(row['seq']) : text)
      checkResultSize(sizeChars)
    }
    const stoppedAt = texts.length === limit && !isSorted ? last : undefined
    store.scanWarning.check({ collection, table, filter, sort, plan, stoppedAt })
    const stored = isSorted ? fetchAll(store, table, texts) : texts
    return project === undefined ? stored : stored.map(text => projectText(text, project))
  })
}

/** Whether the nearest are asked for, and an index of geometry can find them without measuring all. */
function usesSteps(store: Store, { table, sort, limit }: Search, filter: Filter): boolean {
  const near = nearOf(filter)
  if (near === undefined || sort.length > 0 || limit < 0) return false
  return store.indexes.of(table).some(({ isGeo, fields }) => isGeo && fields[0]?.[0] === near.path.text)
}

function findInSteps(store: Store, search: Search, filter: Filter): string[] {
  let found: string[] = []
  for (const step of nearSteps(filter)) {
    found = find(store, search, step)
    if (found.length === search.limit) break
  }
  return found
}

function fetchAll({ sqlite }: Store, table: string, seqs: readonly string[]): string[] {
  let sizeChars = 0
  return seqs.map(seq => {
    const text = fetchText(sqlite, table, Number(seq))
    sizeChars += text.length
    checkResultSize(sizeChars)
    return text
  })
}

export function count(
  store: Store,
  { collection, filter }: EngineOps['count']['args'],
): EngineOps['count']['result'] {
  const table = tableToRead(store, collection)
  const parsed = parseFilter(filter, Date.now())
  if (table === undefined) {
    checkQuery(parsed, [])
    return { total: 0 }
  }
  const parameters = new SqlParameters()
  const plan = makePlan(store, { table, filter: parsed, sort: undefined }, parameters)
  const sql = `SELECT count(*) AS total FROM ${plan.from} WHERE ${plan.where}`
  return bounded(store, parameters, () => {
    const total = Number(store.sqlite.get(sql, parameters.values)?.['total'])
    store.scanWarning.check({ collection, table, filter: parsed, sort: [], plan, stoppedAt: undefined })
    return { total }
  })
}

/** What would be refused if the collection existed is refused. */
function checkQuery(filter: Filter, sort: readonly SortKey[]): void {
  filterToSql(filter, new SqlParameters())
  sortToSql(sort, new SqlParameters())
}

function rowCount(name: string, value: unknown): number {
  if (value === undefined) return 0
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new DatabaseError('INVALID_PARAM', `${name} must be a non-negative integer.`)
}
