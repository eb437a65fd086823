import { decodeValue, type Encoded, type EncodedObject, encodeValue, setField } from '../protocol/value.ts'
import { requestAccess } from './access.ts'
import { type Document, decodeText, isDocument } from './document.ts'
import type { Filter } from './filter.ts'
import { parseFilter } from './filter-parser.ts'
import { type GroupedPart, groupInSql } from './group-scan.ts'
import type { ClientIdentity } from './messages.ts'
import { type GroupTask, type PipelinePlan, planPipeline } from './pipeline-plan.ts'
import { makePlan, type Plan } from './plan.ts'
import { documentText } from './rows.ts'
import { limitTo, SqlParameters } from './sql.ts'
import type { Row } from './sqlite.ts'
import { type PipelineRun, runStages, type Stage } from './stage.ts'
import { type Store, tableToRead } from './store.ts'

/** Reads collections for one aggregation: finds, sorts and counts in the database, runs the rest in memory. */
export class CollectionReader {
  readonly #store: Store
  readonly #nowMs: number
  /** Undefined for functions and the host, which may read everything. */
  readonly #client: ClientIdentity | undefined
  readonly #onGroup: ((part: GroupedPart) => void) | undefined
  /** Collections whose scans were looked at: lookups scan again and again. */
  readonly #checked = new Set<string>()

  /** `onGroup` is told how much of each `$group` was done in SQL. */
  constructor(
    store: Store,
    nowMs: number,
    client: ClientIdentity | undefined,
    onGroup?: (part: GroupedPart) => void,
  ) {
    this.#store = store
    this.#nowMs = nowMs
    this.#onGroup = onGroup
    this.#client = client
  }

  readonly read: PipelineRun['read'] = (collection, stages, outer) => {
    const run = { ...outer, collection }
    const table = tableToRead(this.#store, collection)
    const plan = planPipeline(stages, run)
    const filter: Filter = { kind: 'and', filters: [...this.#grant(collection, stages), ...plan.filters] }
    const documents = table === undefined ? [] : this.#find({ collection, table, filter, plan }, run)
    return runStages(documents, plan.rest, run)
  }

  readonly geoField: PipelineRun['geoField'] = collection => {
    const table = this.#store.collections.find(collection)
    const fields = table === undefined ? [] : this.#store.indexes.of(table).filter(({ isGeo }) => isGeo)
    return fields.length === 1 ? fields[0]?.fields[0]?.[0] : undefined
  }

  /** What a client may read, from the filters that stand first. */
  #grant(collection: string, stages: readonly Stage[]): Filter[] {
    if (this.#client === undefined) return []
    const written: EncodedObject[] = []
    for (const { task } of stages) {
      if (task?.kind !== 'match' && task?.kind !== 'near') break
      const encoded = encodeValue(task.written)
      if (isEncodedObject(encoded)) written.push(encoded)
    }
    const [only = {}] = written
    const query = written.length > 1 ? { $and: written } : only
    const { filter } = requestAccess(this.#store, { collection, client: this.#client, action: 'read', query })
    return [parseFilter(filter, this.#nowMs)]
  }

  *#find(search: Search, run: PipelineRun): Generator<Document> {
    const { collection, table, filter, plan } = search
    const parameters = new SqlParameters()
    const { countField, sort } = plan
    const found = makePlan(
      this.#store,
      { table, filter, sort: countField === undefined ? sort : undefined },
      parameters,
    )
    if (countField !== undefined) {
      const total = this.#count(found, parameters)
      const count = Math.min(Math.max(0, total - plan.skip), plan.limit)
      if (count > 0) yield { [countField]: count }
    } else if (plan.group !== undefined) {
      yield* this.#groups(search, found, parameters, plan.group, run)
    } else if (plan.limit > 0) {
      yield* this.#documents(table, found, parameters, plan)
    }
    if (this.#checked.has(collection)) return
    this.#checked.add(collection)
    this.#store.scanWarning.check({ collection, table, filter, sort, plan: found, stoppedAt: undefined })
  }

  #count({ from, where }: Plan, parameters: SqlParameters): number {
    this.#store.use(parameters)
    const sql = `SELECT count(*) AS total FROM ${from} WHERE ${where}`
    return Number(this.#store.sqlite.get(sql, parameters.values)?.['total'])
  }

  /** Groups documents within the database until there are some that it can't group as MongoDB does. */
  *#groups(
    { table, plan }: Search,
    found: Plan,
    parameters: SqlParameters,
    task: GroupTask,
    run: PipelineRun,
  ): Generator<Document> {
    const groups = task.start(run)
    try {
      const { part, left } = groupInSql(this.#store, { plan: found, parameters, form: task.form, groups })
      this.#onGroup?.(part)
      if (left !== undefined) groups.add(this.#documents(table, left, parameters, plan), run.variables)
      yield* groups.results()
    } finally {
      groups.release()
    }
  }

  *#documents(
    table: string,
    { from, where, order, summary }: Plan,
    parameters: SqlParameters,
    { columns, skip, limit }: PipelinePlan,
  ): Generator<Document> {
    const wanted = columns?.map(([, at], index) => `c.doc -> ${at} AS f${index}`) ?? ['json(c.doc) AS doc']
    const isSorted = summary.sort === 'memory'
    const decode = (row: Row): Document =>
      columns === undefined ? decodeText(documentText(row)) : decodeColumns(row, columns)
    const most = Number.isSafeInteger(limit) ? limit : -1
    const sql =
      `SELECT ${['c.seq AS seq', ...(isSorted ? [] : wanted)].join(', ')} FROM ${from} WHERE ${where} ` +
      `ORDER BY ${order} ${limitTo(most, skip, parameters)}`
    const rows = this.#rows(sql, parameters)
    if (!isSorted) {
      for (const row of rows) yield decode(row)
      return
    }
    // A sort carries no documents along: it orders row numbers, and the documents are fetched after.
    const one = `SELECT ${['c.seq', ...wanted].join(', ')} FROM ${table} AS c WHERE c.seq = ?1`
    for (const seq of Array.from(rows, row => Number(row['seq']))) {
      const row = this.#store.sqlite.get(one, [seq])
      if (row === undefined) throw new Error('A row was lost within a transaction.')
      yield decode(row)
    }
  }

  /** Statements of lookups run between its rows, so its own parameters are put in place for each. */
  *#rows(sql: string, parameters: SqlParameters): Generator<Row> {
    const rows = this.#store.sqlite.iterate(sql, parameters.values)[Symbol.iterator]()
    try {
      for (;;) {
        this.#store.use(parameters)
        const next = rows.next()
        if (next.done === true) return
        yield next.value
      }
    } finally {
      rows.return?.()
    }
  }
}

interface Search {
  readonly collection: string
  readonly table: string
  readonly filter: Filter
  readonly plan: PipelinePlan
}

/** A document of its needed fields alone. */
function decodeColumns(row: Row, columns: readonly (readonly [name: string, at: string])[]): Document {
  const document: Document = {}
  for (let index = 0; index < columns.length; index++) {
    const text = row[`f${index}`]
    // A column without a value is a missing field; a field that is null has the text of null.
    if (typeof text !== 'string') continue
    const value: Encoded = JSON.parse(text)
    setField(document, columns[index]?.[0] ?? '', text.includes('"$') ? decodeValue(value) : value)
  }
  return document
}

function isEncodedObject(value: Encoded): value is EncodedObject {
  return isDocument(value)
}
