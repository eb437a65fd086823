import { LIMITS } from '../limits.ts'
import { missingCollection } from './collections.ts'
import { checkId, type DocumentId, decodeText, newId } from './document.ts'
import { parseFilter } from './filter-parser.ts'
import { runBounded } from './guard.ts'
import type { EngineOps } from './messages.ts'
import { parseProjection, projectText } from './projection.ts'
import { duplicateId, type Place } from './rows.ts'
import type { Store } from './store.ts'
import { parseUpdate } from './update.ts'
import { decodeDocument, decodeReplacement } from './writes.ts'

export function startTransaction(
  { transactions }: Store,
  { transactionId }: EngineOps['startTransaction']['args'],
): EngineOps['startTransaction']['result'] {
  transactions.start(transactionId)
  return {}
}

export function commitTransaction(
  { transactions, rows }: Store,
  { transactionId }: EngineOps['commitTransaction']['args'],
): EngineOps['commitTransaction']['result'] {
  transactions.commit(transactionId, rows)
  return {}
}

export function abortTransaction(
  { transactions }: Store,
  { transactionId, expiredAfterMs }: EngineOps['abortTransaction']['args'],
): EngineOps['abortTransaction']['result'] {
  transactions.abort(transactionId, expiredAfterMs)
  return {}
}

/** The result as JSON text: the document is passed on as it is stored. */
export function getInTransaction(
  store: Store,
  { transactionId, collection, id, projection }: EngineOps['getInTransaction']['args'],
): string {
  const project = projection === undefined ? undefined : parseProjection(projection, Date.now())
  const found = store.transactions.read(transactionId, placeOf(store, collection), checkId(id))
  if (found === undefined) return '{"document":null}'
  const { text } = found
  // A projection may hold a pattern, in $elemMatch.
  const shown =
    project === undefined ? text : runBounded(LIMITS.databasePatternMs, () => projectText(text, project))
  return `{"document":${shown}}`
}

export function addInTransaction(
  store: Store,
  { transactionId, collection, documents }: EngineOps['addInTransaction']['args'],
): EngineOps['addInTransaction']['result'] {
  const place = placeOf(store, collection)
  const nowMs = Date.now()
  const ids: DocumentId[] = []
  for (const input of documents) {
    const document = decodeDocument(input, nowMs)
    const id = Object.hasOwn(document, '_id') ? checkId(document['_id']) : newId()
    store.transactions.write(transactionId, place, id, current => {
      if (current === undefined) return { _id: id, ...document }
      throw duplicateId(collection, id)
    })
    ids.push(id)
  }
  return { ids }
}

export function updateInTransaction(
  store: Store,
  { transactionId, collection, id, update }: EngineOps['updateInTransaction']['args'],
): EngineOps['updateInTransaction']['result'] {
  const place = placeOf(store, collection)
  const nowMs = Date.now()
  const change = parseUpdate(update, parseFilter({ _id: checkId(id) }, nowMs), nowMs)
  let updated = 0
  store.transactions.write(transactionId, place, id, current => {
    if (current === undefined || change.isEmpty) return current
    updated++
    const document = decodeText(current.text)
    // $pull may hold a pattern.
    runBounded(LIMITS.databasePatternMs, () => change.apply(document))
    return document
  })
  return { updated }
}

export function replaceInTransaction(
  store: Store,
  { transactionId, collection, id, document }: EngineOps['replaceInTransaction']['args'],
): EngineOps['replaceInTransaction']['result'] {
  const place = placeOf(store, collection)
  const replacement = decodeReplacement(checkId(id), document, Date.now())
  let result = { updated: 1, created: 0 }
  store.transactions.write(transactionId, place, id, current => {
    if (current === undefined) result = { updated: 0, created: 1 }
    return { _id: id, ...replacement }
  })
  return result
}

export function removeInTransaction(
  store: Store,
  { transactionId, collection, id }: EngineOps['removeInTransaction']['args'],
): EngineOps['removeInTransaction']['result'] {
  let removed = 0
  store.transactions.write(transactionId, placeOf(store, collection), checkId(id), current => {
    if (current !== undefined) removed++
    return undefined
  })
  return { removed }
}

/** Within a transaction collections must exist: making one is no part of it. */
function placeOf({ collections }: Store, collection: string): Place {
  const table = collections.find(collection)
  if (table === undefined) throw missingCollection(collection)
  return { collection, table }
}
