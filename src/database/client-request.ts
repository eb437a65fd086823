import { DatabaseError } from '../errors.ts'
import { type Encoded, type EncodedObject, setField } from '../protocol/value.ts'
import { type AccessRequest, OWNER, requestAccess, requestCreation } from './access.ts'
import { checkId, type Document, decodeInput, isDocument, newId } from './document.ts'
import type { ClientIdentity, EngineOp, EngineOps } from './messages.ts'
import { documentData, updateData } from './request-data.ts'
import type { Store } from './store.ts'

/**
 * The arguments of a request as its asker may have them run: unchanged for functions and the host; for a client
 * narrowed to what the collection's permission allows, with the client as owner of what it adds.
 *
 * @throws {DatabaseError} DATABASE_PERMISSION_DENIED.
 */
export function applyPermission(store: Store, op: EngineOp, args: unknown): unknown {
  const client = isDocument(args) ? args['client'] : undefined
  if (client === undefined) return args
  switch (op) {
    case 'add':
      return allowAdd(store, args as ClientArgs<'add'>)
    case 'query':
    case 'count':
      return allowFilter(store, 'read', args as ClientArgs<'query'>)
    case 'update':
      return allowUpdate(store, args as ClientArgs<'update'>)
    case 'replace':
      return allowReplace(store, args as ClientArgs<'replace'>)
    case 'remove':
      return allowFilter(store, 'delete', args as ClientArgs<'remove'>)
    case 'aggregate':
      // It may read several collections, and asks for each when it does.
      return args
    case 'watch':
      // Looked at when it opens, and again whenever its access may have changed.
      return args
    default:
      throw new DatabaseError('DATABASE_PERMISSION_DENIED', `permission denied: clients may not use ${op}.`)
  }
}

type ClientOp = 'add' | 'query' | 'count' | 'update' | 'replace' | 'remove'
type ClientArgs<Op extends ClientOp> = EngineOps[Op]['args'] & { readonly client: ClientIdentity }

/** The text that stands for the caller's openid in a client's condition (wxcloud-spec §3.8). */
const OPENID_PLACEHOLDER = '{openid}'

/** A client's condition with its openid in place of the placeholder. */
export function fillOpenid<Value extends Encoded>(value: Value, { openid }: ClientIdentity): Value
export function fillOpenid(value: Encoded, client: ClientIdentity): Encoded {
  if (value === OPENID_PLACEHOLDER) return client.openid ?? value
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map(item => fillOpenid(item, client))
  const filled: Record<string, Encoded> = {}
  for (const [name, field] of Object.entries(value)) setField(filled, name, fillOpenid(field, client))
  return filled
}

function isList(value: Encoded): value is readonly Encoded[] {
  return Array.isArray(value)
}

function allowFilter<Args extends Narrowed>(store: Store, action: AccessRequest['action'], args: Args): Args {
  const { collection, client } = args
  const query = fillOpenid(args.filter, client)
  const { filter } = requestAccess(store, { collection, client, action, query })
  return { ...args, filter: { $and: [query, filter] } }
}

interface Narrowed {
  readonly collection: string
  readonly filter: EncodedObject
  readonly client: ClientIdentity
}

function allowUpdate(store: Store, args: ClientArgs<'update'>): ClientArgs<'update'> {
  const { collection, client } = args
  refuseOwnerChange(args.update)
  const query = fillOpenid(args.filter, client)
  const data = updateData(args.update, Date.now())
  const { filter } = requestAccess(store, { collection, client, action: 'update', query, data })
  return { ...args, filter: { $and: [query, filter] } }
}

function allowAdd(store: Store, args: ClientArgs<'add'>): ClientArgs<'add'> {
  const documents = args.documents.map(document => ownNew(document, args.client))
  requestCreation(store, args, () => documents.map(decodeNew))
  return { ...args, documents }
}

/** An existing document must also fulfil the guard, which is looked at together with the write. */
function allowReplace(store: Store, args: ClientArgs<'replace'>): ClientArgs<'replace'> {
  const { collection, client } = args
  const id = checkId(args.id)
  const document = own(args.document, client)
  const data = documentData(decodeNew(document))
  const query = { _id: id }
  const { filter } = requestAccess(store, { collection, client, action: 'update', query, data })
  const table = store.collections.find(collection)
  const isThere =
    table !== undefined && store.sqlite.get(`SELECT 1 FROM ${table} WHERE id = ?1`, [id]) !== undefined
  if (!isThere) requestCreation(store, args, () => [decodeNew({ _id: id, ...document })])
  return { ...args, document, guard: filter }
}

/** With its `_id`, since a rule may look at it. */
function ownNew(document: EncodedObject, client: ClientIdentity): EncodedObject {
  const owned = own(document, client)
  return Object.hasOwn(owned, '_id') ? owned : { _id: newId(), ...owned }
}

function own(document: EncodedObject, { openid }: ClientIdentity): EncodedObject {
  if (Object.hasOwn(document, OWNER)) throw ownerDenied()
  return openid === undefined ? document : { ...document, [OWNER]: openid }
}

function decodeNew(document: EncodedObject): Document {
  const decoded = decodeInput(document, 'document', Date.now())
  if (isDocument(decoded)) return decoded
  throw new DatabaseError('INVALID_PARAM', 'A document must be an object.')
}

function refuseOwnerChange(update: EncodedObject): void {
  for (const [operator, fields] of Object.entries(update)) {
    if (typeof fields !== 'object' || fields === null) continue
    const targets =
      operator === '$rename' ? [...Object.keys(fields), ...Object.values(fields)] : Object.keys(fields)
    if (targets.some(path => path === OWNER || String(path).startsWith(`${OWNER}.`))) throw ownerDenied()
  }
}

function ownerDenied(): DatabaseError {
  return new DatabaseError(
    'DATABASE_PERMISSION_DENIED',
    `permission denied: clients can't write ${OWNER}; the host sets it to the caller's openid.`,
  )
}
