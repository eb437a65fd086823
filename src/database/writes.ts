import { DatabaseError } from '../errors.ts'
import {
  checkId,
  type Document,
  type DocumentId,
  decodeInput,
  decodeText,
  isDocument,
  newId,
} from './document.ts'
import { parseFilter } from './filter-parser.ts'
import { compileFilter } from './match.ts'
import type { EngineOps } from './messages.ts'
import { makePlan } from './plan.ts'
import { documentText, fetchText, StoredDocument } from './rows.ts'
import { SqlParameters } from './sql.ts'
import { bounded, type Store, tableToWrite } from './store.ts'
import { parseUpdate } from './update.ts'

export function add(
  store: Store,
  { collection, documents }: EngineOps['add']['args'],
): EngineOps['add']['result'] {
  const table = tableToWrite(store, collection)
  if (!Array.isArray(documents) || documents.length === 0) {
    throw new DatabaseError('INVALID_PARAM', 'documents must be an array with at least one document.')
  }
  const nowMs = Date.now()
  const ids = documents.map((input, index) => {
    const insert = (): DocumentId => {
      const document = decodeDocument(input, nowMs)
      const id = Object.hasOwn(document, '_id') ? checkId(document['_id']) : newId()
      store.rows.insert({ collection, table }, id, document)
      return id
    }
    return oneOfMany(insert, documents.length, () => `documents[${index}]`, 'added')
  })
  return { ids }
}

function nameOf({ document }: StoredDocument): string {
  return `the document ${JSON.stringify(document['_id'])}`
}

/** One part of a write that is made whole or not at all: its failure tells which part it was, and that nothing was done. */
function oneOfMany<Result>(
  write: () => Result,
  count: number,
  nameIt: () => string,
  done: 'added' | 'updated',
): Result {
  try {
    return write()
  } catch (error) {
    if (count === 1 || !(error instanceof DatabaseError)) throw error
    const message = `${error.message.replace(/\.$/, '')}. This was ${nameIt()}; none of the ${count} documents was ${done}.`
    throw new DatabaseError(error.reason, message, { cause: error })
  }
}

export function update(store: Store, args: EngineOps['update']['args']): EngineOps['update']['result'] {
  const { collection } = args
  const table = tableToWrite(store, collection)
  const nowMs = Date.now()
  const filter = parseFilter(args.filter, nowMs)
  const change = parseUpdate(args.update, filter, nowMs)
  if (change.isEmpty) return { updated: 0 }
  const parameters = new SqlParameters()
  const plan = makePlan(store, { table, filter, sort: [] }, parameters)
  const sql = `SELECT c.seq AS seq FROM ${plan.from} WHERE ${plan.where} ORDER BY ${plan.order} LIMIT ${args.multi === true ? -1 : 1}`
  // $pull may hold a pattern, which the statement's parameters don't know of.
  parameters.isGuarded ||= Object.hasOwn(args.update, '$pull')
  return bounded(store, parameters, () => {
    // All row numbers first: a changed document must not be found again by the same statement.
    const seqs = Array.from(store.sqlite.iterate(sql, parameters.values), row => Number(row['seq']))
    for (const seq of seqs) {
      const before = new StoredDocument(fetchText(store.sqlite, table, seq))
      const changeIt = (): void => {
        const document = decodeText(before.text)
        change.apply(document)
        store.rows.update({ collection, table }, seq, before, document)
      }
      oneOfMany(changeIt, seqs.length, () => nameOf(before), 'updated')
    }
    return { updated: seqs.length }
  })
}

export function replace(store: Store, args: EngineOps['replace']['args']): EngineOps['replace']['result'] {
  const { collection } = args
  const table = tableToWrite(store, collection)
  const id = checkId(args.id)
  const nowMs = Date.now()
  const document = decodeReplacement(id, args.document, nowMs)
  const row = store.sqlite.get(`SELECT seq, json(doc) AS doc FROM ${table} WHERE id = ?1`, [id])
  if (row === undefined) {
    store.rows.insert({ collection, table }, id, document)
    return { updated: 0, created: 1 }
  }
  const before = new StoredDocument(documentText(row))
  if (args.guard !== undefined) {
    const isAllowed = compileFilter(parseFilter(args.guard, nowMs))
    if (!isAllowed(before.document)) {
      throw new DatabaseError(
        'DATABASE_PERMISSION_DENIED',
        `permission denied: the document ${id} may not be replaced.`,
      )
    }
  }
  store.rows.update({ collection, table }, Number(row['seq']), before, { _id: id, ...document })
  return { updated: 1, created: 0 }
}

export function remove(store: Store, args: EngineOps['remove']['args']): EngineOps['remove']['result'] {
  const { collection } = args
  const table = tableToWrite(store, collection)
  const parameters = new SqlParameters()
  const filter = parseFilter(args.filter, Date.now())
  const plan = makePlan(store, { table, filter, sort: [] }, parameters)
  const isMulti = args.multi === true
  const sql = `SELECT c.seq AS seq FROM ${plan.from} WHERE ${plan.where} ORDER BY ${plan.order} LIMIT ${isMulti ? -1 : 1}`
  const place = { collection, table }
  return bounded(store, parameters, () => {
    if (isMulti && !store.rows.concernsAnyone(place)) {
      const all = `DELETE FROM ${table} WHERE seq IN (${sql})`
      return { removed: store.sqlite.run(all, parameters.values) }
    }
    const seqs = Array.from(store.sqlite.iterate(sql, parameters.values), row => Number(row['seq']))
    for (const seq of seqs)
      store.rows.remove(place, seq, new StoredDocument(fetchText(store.sqlite, table, seq)))
    return { removed: seqs.length }
  })
}

/** @throws {DatabaseError} INVALID_PARAM for another `_id`, DATABASE_REQUEST_FAILED for update operators. */
export function decodeReplacement(id: DocumentId, input: unknown, nowMs: number): Document {
  if (isDocument(input) && Object.keys(input).some(name => name.startsWith('$'))) {
    throw new DatabaseError('DATABASE_REQUEST_FAILED', 'update operator complicit')
  }
  const document = decodeDocument(input, nowMs)
  if (Object.hasOwn(document, '_id') && document['_id'] !== id) {
    throw new DatabaseError('INVALID_PARAM', '不能更新_id的值')
  }
  return document
}

export function decodeDocument(input: unknown, nowMs: number): Document {
  const document = decodeInput(input, 'document', nowMs)
  if (isDocument(document)) return document
  throw new DatabaseError('INVALID_PARAM', 'A document must be an object.')
}
