import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { encodeValue } from '../protocol/value.ts'
import { type Collections, missingCollection } from './collections.ts'
import {
  checkId,
  type Document,
  type DocumentId,
  decodeInput,
  decodeText,
  encodeText,
  isDocument,
  newId,
} from './document.ts'
import { parseFilter } from './filter.ts'
import { runBounded } from './guard.ts'
import { compileFilter } from './match.ts'
import type { EngineOp, EngineOps } from './messages.ts'
import { type Projection, parseProjection } from './projection.ts'
import { filterToSql } from './query.ts'
import { sortToSql } from './sort.ts'
import { SqlParameters } from './sql.ts'
import { isDuplicate, type Row, type Sqlite } from './sqlite.ts'
import { parseUpdate } from './update.ts'

/** What an op works on. */
export interface Store {
  readonly sqlite: Sqlite
  readonly collections: Collections
  readonly autoCreateCollections: boolean
  /** Must be called before a statement with these parameters runs: its functions work on them. */
  use(parameters: SqlParameters): void
  /** Notes that a collection was used without having been created. */
  noteMissing(name: string): void
}

type Operation<Op extends EngineOp> = (store: Store, args: EngineOps[Op]['args']) => EngineOps[Op]['result']

interface Runnable {
  readonly isWrite: boolean
  /** The result as JSON text. */
  run(store: Store, args: unknown): string
}

/** The ops by name. A write runs within a savepoint and may throw half-way. */
export const OPERATIONS: Readonly<Record<EngineOp, Runnable>> = {
  add: operation<'add'>(true, add),
  query: { isWrite: false, run: (store, args) => query(store, args as EngineOps['query']['args']) },
  count: operation<'count'>(false, count),
  update: operation<'update'>(true, update),
  replace: operation<'replace'>(true, replace),
  remove: operation<'remove'>(true, remove),
  createCollection: operation<'createCollection'>(true, ({ collections }, { collection }) => {
    collections.create(collection)
    return {}
  }),
  dropCollection: operation<'dropCollection'>(true, ({ collections }, { collection }) => {
    collections.drop(collection)
    return {}
  }),
  listCollections: operation<'listCollections'>(false, ({ collections }) => ({
    collections: collections.names(),
  })),
}

function operation<Op extends EngineOp>(isWrite: boolean, run: Operation<Op>): Runnable {
  return { isWrite, run: (store, args) => JSON.stringify(run(store, args as EngineOps[Op]['args'])) }
}

function add(store: Store, { collection, documents }: EngineOps['add']['args']): EngineOps['add']['result'] {
  const table = tableToWrite(store, collection)
  if (!Array.isArray(documents) || documents.length === 0) {
    throw new DatabaseError('INVALID_PARAM', 'documents must be an array with at least one document.')
  }
  const nowMs = Date.now()
  const ids = documents.map(input => {
    const document = decodeDocument(input, nowMs)
    const id = Object.hasOwn(document, '_id') ? checkId(document['_id']) : newId()
    insert(store, { collection, table, id, document })
    return id
  })
  return { ids }
}

function query(store: Store, args: EngineOps['query']['args']): string {
  const table = tableToRead(store, args.collection)
  const nowMs = Date.now()
  const filter = parseFilter(args.filter, nowMs)
  const project = args.projection === undefined ? undefined : parseProjection(args.projection, nowMs)
  const parameters = new SqlParameters()
  const condition = filterToSql(filter, parameters)
  const order = sortToSql(args.sort ?? [], parameters)
  // LIMIT -1 is no limit; so is 0 in MongoDB.
  const [limit, skip] = [rowCount('limit', args.limit) || -1, rowCount('skip', args.skip)]
  if (table === undefined) return '{"documents":[]}'
  const isSorted = args.sort !== undefined && args.sort.length > 0
  // A sort carries no documents along: it orders row numbers, and the documents are fetched after.
  const sql =
    `SELECT ${isSorted ? 'seq' : 'json(doc) AS doc'} FROM ${table} WHERE ${condition} ` +
    `ORDER BY ${order} LIMIT ${parameters.bind(limit)} OFFSET ${parameters.bind(skip)}`
  // A projection may hold a pattern of its own, in $elemMatch.
  parameters.isGuarded ||= project?.hasConditions === true
  return bounded(store, parameters, () => {
    const texts: string[] = []
    let sizeChars = 0
    for (const row of store.sqlite.iterate(sql, parameters.values)) {
      const text = isSorted ? '' : documentText(row)
      sizeChars += text.length
      texts.push(isSorted ? String(row['seq']) : text)
      checkResultSize(sizeChars)
    }
    const stored = isSorted ? fetchAll(store, table, texts) : texts
    const results = project === undefined ? stored : stored.map(text => projectText(text, project))
    return `{"documents":[${results.join(',')}]}`
  })
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

function count(
  store: Store,
  { collection, filter }: EngineOps['count']['args'],
): EngineOps['count']['result'] {
  const table = tableToRead(store, collection)
  const parameters = new SqlParameters()
  const condition = filterToSql(parseFilter(filter, Date.now()), parameters)
  if (table === undefined) return { total: 0 }
  const sql = `SELECT count(*) AS total FROM ${table} WHERE ${condition}`
  return bounded(store, parameters, () => ({
    total: Number(store.sqlite.get(sql, parameters.values)?.['total']),
  }))
}

function update(store: Store, args: EngineOps['update']['args']): EngineOps['update']['result'] {
  const table = tableToWrite(store, args.collection)
  const nowMs = Date.now()
  const filter = parseFilter(args.filter, nowMs)
  const change = parseUpdate(args.update, filter, nowMs)
  if (change.isEmpty) return { updated: 0 }
  const parameters = new SqlParameters()
  const condition = filterToSql(filter, parameters)
  const sql = `SELECT seq FROM ${table} WHERE ${condition} ORDER BY seq LIMIT ${args.multi === true ? -1 : 1}`
  // $pull may hold a pattern, which the statement's parameters don't know of.
  parameters.isGuarded ||= Object.hasOwn(args.update, '$pull')
  return bounded(store, parameters, () => {
    // All row numbers first: a changed document must not be found again by the same statement.
    const seqs = Array.from(store.sqlite.iterate(sql, parameters.values), row => Number(row['seq']))
    for (const seq of seqs) {
      const before = fetchText(store.sqlite, table, seq)
      const document = decodeText(before)
      change.apply(document)
      const after = encodeText(document)
      if (after !== before)
        store.sqlite.run(`UPDATE ${table} SET doc = jsonb(?1) WHERE seq = ?2`, [after, seq])
    }
    return { updated: seqs.length }
  })
}

function replace(store: Store, args: EngineOps['replace']['args']): EngineOps['replace']['result'] {
  const table = tableToWrite(store, args.collection)
  const id = checkId(args.id)
  const nowMs = Date.now()
  if (isDocument(args.document) && Object.keys(args.document).some(name => name.startsWith('$'))) {
    throw new DatabaseError('DATABASE_REQUEST_FAILED', 'update operator complicit')
  }
  const document = decodeDocument(args.document, nowMs)
  if (Object.hasOwn(document, '_id') && document['_id'] !== id) {
    throw new DatabaseError('INVALID_PARAM', '不能更新_id的值')
  }
  const row = store.sqlite.get(`SELECT seq, json(doc) AS doc FROM ${table} WHERE id = ?1`, [id])
  if (row === undefined) {
    insert(store, { collection: args.collection, table, id, document })
    return { updated: 0, created: 1 }
  }
  if (args.guard !== undefined) {
    const isAllowed = compileFilter(parseFilter(args.guard, nowMs))
    if (!isAllowed(decodeText(documentText(row)))) {
      throw new DatabaseError(
        'DATABASE_PERMISSION_DENIED',
        `permission denied: the document ${id} may not be replaced.`,
      )
    }
  }
  const text = encodeText({ _id: id, ...document })
  store.sqlite.run(`UPDATE ${table} SET doc = jsonb(?1) WHERE seq = ?2`, [text, Number(row['seq'])])
  return { updated: 1, created: 0 }
}

function remove(store: Store, args: EngineOps['remove']['args']): EngineOps['remove']['result'] {
  const table = tableToWrite(store, args.collection)
  const parameters = new SqlParameters()
  const condition = filterToSql(parseFilter(args.filter, Date.now()), parameters)
  const rows =
    args.multi === true
      ? condition
      : `seq = (SELECT seq FROM ${table} WHERE ${condition} ORDER BY seq LIMIT 1)`
  const sql = `DELETE FROM ${table} WHERE ${rows}`
  return bounded(store, parameters, () => ({ removed: store.sqlite.run(sql, parameters.values) }))
}

function bounded<Result>(store: Store, parameters: SqlParameters, run: () => Result): Result {
  store.use(parameters)
  return parameters.isGuarded ? runBounded(LIMITS.databasePatternMs, run) : run()
}

function tableToRead(
  { collections, autoCreateCollections, noteMissing }: Store,
  name: string,
): string | undefined {
  const table = collections.find(name)
  if (table !== undefined) return table
  if (!autoCreateCollections) throw missingCollection(name)
  noteMissing(name)
  return undefined
}

function tableToWrite(store: Store, name: string): string {
  return tableToRead(store, name) ?? store.collections.create(name)
}

function decodeDocument(input: unknown, nowMs: number): Document {
  const document = decodeInput(input, 'document', nowMs)
  if (isDocument(document)) return document
  throw new DatabaseError('INVALID_PARAM', 'A document must be an object.')
}

interface Insertion {
  readonly collection: string
  readonly table: string
  readonly id: DocumentId
  readonly document: Document
}

/** `_id` comes first in what is stored, as it does on the platform. */
function insert({ sqlite }: Store, { collection, table, id, document }: Insertion): void {
  const text = encodeText({ _id: id, ...document })
  try {
    sqlite.run(`INSERT INTO ${table} (id, doc) VALUES (?1, jsonb(?2))`, [id, text])
  } catch (error) {
    if (!isDuplicate(error)) throw error
    throw new DatabaseError(
      'DATABASE_REQUEST_FAILED',
      `E11000 duplicate key error collection: ${collection} index: _id_ dup key: { _id: ${JSON.stringify(id)} }`,
      { cause: error },
    )
  }
}

function documentText(row: Row): string {
  const { doc } = row
  if (typeof doc !== 'string') throw new Error('A stored document is not JSON.')
  return doc
}

function fetchText(sqlite: Sqlite, table: string, seq: number): string {
  const row = sqlite.get(`SELECT json(doc) AS doc FROM ${table} WHERE seq = ?1`, [seq])
  if (row === undefined) throw new Error('A row was lost within a transaction.')
  return documentText(row)
}

function projectText(text: string, project: Projection): string {
  return JSON.stringify(encodeValue(project.apply(decodeText(text))))
}

function rowCount(name: string, value: unknown): number {
  if (value === undefined) return 0
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new DatabaseError('INVALID_PARAM', `${name} must be a non-negative integer.`)
}

function checkResultSize(sizeChars: number): void {
  if (sizeChars <= LIMITS.databaseMessageChars) return
  throw new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    `The result is larger than ${LIMITS.databaseMessageChars} characters. Ask for fewer documents with limit, or fewer fields with field.`,
  )
}
