import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EncodedObject } from '../protocol/value.ts'
import type { Action } from '../rules/permission.ts'
import type { RuleNode } from '../rules/syntax.ts'
import { type Document, type DocumentId, decodeText } from './document.ts'
import { parseFilter } from './filter-parser.ts'
import { compileFilter } from './match.ts'
import type { ClientIdentity } from './messages.ts'
import { documentData, NO_DATA, type RequestData } from './request-data.ts'
import { documentText } from './rows.ts'
import { type RuleContext, ruleToFilter } from './rule.ts'
import { isWithin, pinnedValues } from './rule-proof.ts'
import { EVERY, NONE } from './rule-verdict.ts'
import type { Store } from './store.ts'

/** The field of a document that names the client who made it. */
export const OWNER = '_openid'

/** What a client wants to do with the documents a condition selects. */
export interface AccessRequest {
  readonly collection: string
  readonly client: ClientIdentity
  readonly action: Exclude<Action, 'create'>
  readonly query: EncodedObject
  /** Default: none. */
  readonly data?: RequestData
}

/** A client's leave, and what it hangs on besides the collection's permission. */
export interface Grant {
  /** The documents it holds for. To be joined to the client's own condition. */
  readonly filter: EncodedObject
  /** Documents that the rule read: when one of them changes, the grant may too. */
  readonly readDocuments: readonly { readonly collection: string; readonly id: string }[]
  /** Whether the rule compares with the time of the request. */
  readonly usesTime: boolean
}

/**
 * Whether a client may do that, and with which documents. A mode narrows what is selected; a rule demands that the
 * condition itself keeps within it (wxcloud-spec §3.7, §3.8). What the database holds has no part in a refusal,
 * so a refusal tells nothing about it.
 *
 * @throws {DatabaseError} DATABASE_PERMISSION_DENIED.
 */
export function requestAccess(store: Store, request: AccessRequest): Grant {
  const { collection, client, action, query } = request
  const permission = store.permissions.compiled(collection)
  if (permission.kind === 'mode') {
    const isRead = action === 'read'
    const isOpen = isRead && (permission.mode === 'READONLY' || permission.mode === 'ADMINWRITE')
    if (isOpen) return { filter: EVERY, readDocuments: [], usesTime: false }
    const isOwners = permission.mode === 'PRIVATE' || (permission.mode === 'READONLY' && !isRead)
    if (!isOwners) throw denied(request, `its permission is ${permission.mode}`)
    const openid = requireOpenid(client)
    if (!isRead && !pinnedValues(parseFilter(query, Date.now())).has('_id')) {
      throw denied(
        request,
        'a client writes one document at a time by its _id, unless security rules allow more',
      )
    }
    return { filter: { [OWNER]: { $eq: openid } }, readDocuments: [], usesTime: false }
  }
  const rule = permission.rules[action]
  if (rule === true) return { filter: EVERY, readDocuments: [], usesTime: false }
  if (rule === false) throw denied(request, `its rule "${action}" is false`)
  const nowMs = Date.now()
  const parsed = parseFilter(query, nowMs)
  const pins = pinnedValues(parsed)
  const reader = new RuleReader(store)
  let usesTime = false
  const context: RuleContext = {
    openid: client.openid,
    get nowMs() {
      usesTime = true
      return nowMs
    },
    requestData: request.data ?? NO_DATA,
    pinned: path => pins.get(path),
    read: reader.read,
  }
  const filter = ruleToFilter(rule, context)
  if (filter === NONE || !isWithin(parsed, parseFilter(filter, nowMs))) {
    throw denied(request, `the condition does not keep within its rule "${action}"`)
  }
  return { filter, readDocuments: reader.documents, usesTime }
}

/**
 * Checks documents that a client wants to add. They have their `_id` and owner already.
 *
 * @throws {DatabaseError} DATABASE_PERMISSION_DENIED when one of them may not be.
 */
export function requestCreation(
  store: Store,
  { collection, client }: { readonly collection: string; readonly client: ClientIdentity },
  documents: () => readonly Document[],
): void {
  const permission = store.permissions.compiled(collection)
  const request = { collection, action: 'create' } as const
  if (permission.kind === 'mode') {
    const isOpen = permission.mode === 'PRIVATE' || permission.mode === 'READONLY'
    if (!isOpen) throw denied(request, `its permission is ${permission.mode}`)
    requireOpenid(client)
    return
  }
  const rule = permission.rules.create
  if (rule === true) return
  if (rule === false) throw denied(request, 'its rule "create" is false')
  const reader = new RuleReader(store)
  for (const document of documents()) {
    if (!allowsNew(rule, client, document, reader)) {
      throw denied(request, 'the document does not keep to its rule "create"')
    }
  }
}

/** @throws {DatabaseError} DATABASE_PERMISSION_DENIED for a client without an openid. */
export function requireOpenid({ openid }: ClientIdentity): string {
  if (openid !== undefined) return openid
  throw new DatabaseError(
    'DATABASE_PERMISSION_DENIED',
    'permission denied: a client without an openid has no documents. Authenticate with one, or ask through a function.',
  )
}

function allowsNew(rule: RuleNode, client: ClientIdentity, document: Document, reader: RuleReader): boolean {
  const nowMs = Date.now()
  const data = documentData(document)
  const filter = ruleToFilter(rule, {
    openid: client.openid,
    nowMs,
    requestData: data,
    pinned: path => {
      const value = data(path.split('.'))?.value
      return typeof value === 'string' || typeof value === 'number' ? value : undefined
    },
    read: reader.read,
  })
  return filter !== NONE && compileFilter(parseFilter(filter, nowMs))(document)
}

function denied(
  request: { readonly collection: string; readonly action: Action },
  why: string,
): DatabaseError {
  return new DatabaseError(
    'DATABASE_PERMISSION_DENIED',
    `permission denied: this client may not ${request.action} in collection "${request.collection}": ${why}.`,
  )
}

/** Reads what `get()` of one request's rule names, each document once and so many at most. */
class RuleReader {
  readonly #store: Store
  readonly #answers = new Map<string, { readonly value: unknown }>()
  readonly documents: { readonly collection: string; readonly id: string }[] = []

  constructor(store: Store) {
    this.#store = store
  }

  readonly read: RuleContext['read'] = (collection, id) => {
    const key = JSON.stringify([collection, id])
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    if (this.#answers.size >= LIMITS.ruleDocuments) return undefined
    const answer = { value: this.#find(collection, id) }
    this.#answers.set(key, answer)
    this.documents.push({ collection, id })
    return answer
  }

  /** The path is text; a document whose `_id` is that number is found too. */
  #find(collection: string, id: string): Document | undefined {
    const { collections, sqlite } = this.#store
    const table = collections.find(collection)
    if (table === undefined) return undefined
    const ids: DocumentId[] = String(Number(id)) === id ? [id, Number(id)] : [id]
    for (const candidate of ids) {
      const row = sqlite.get(`SELECT json(doc) AS doc FROM ${table} WHERE id = ?1`, [candidate])
      if (row !== undefined) return decodeText(documentText(row))
    }
    return undefined
  }
}
