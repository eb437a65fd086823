import type { Database } from '../database/database.ts'
import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EncodedObject } from '../protocol/value.ts'
import type { Handlers, Scope } from './capability.ts'

type DatabaseOps = Extract<keyof typeof import('../protocol/calls.ts').OPS, `database.${string}`>

const OWNER = '_openid'

/**
 * The database as functions and clients reach it. A function is an administrator. A client has the cloud's
 * default mode, "creator only" (wxcloud-spec §3.7): it sees and changes the documents whose `_openid` is its own,
 * and what it adds gets that `_openid`.
 */
export function databaseHandlers(database: Database): Handlers<DatabaseOps> {
  return {
    'database.add': (args, scope) => {
      const owner = ownerOf(scope)
      if (owner === undefined) return database.add(args)
      return database.add({ ...args, documents: args.documents.map(document => own(document, owner)) })
    },
    'database.query': (args, scope) =>
      database.query({ ...args, filter: restrict(args.filter, scope), limit: rowLimit(args.limit, scope) }),
    'database.count': (args, scope) => database.count({ ...args, filter: restrict(args.filter, scope) }),
    'database.update': (args, scope) => {
      if (ownerOf(scope) !== undefined) refuseOwnerChange(args.update)
      return database.update({ ...args, filter: restrict(args.filter, scope) })
    },
    'database.replace': (args, scope) => {
      const owner = ownerOf(scope)
      if (owner === undefined) return database.replace(args)
      return database.replace({ ...args, document: own(args.document, owner), guard: { [OWNER]: owner } })
    },
    'database.remove': (args, scope) => database.remove({ ...args, filter: restrict(args.filter, scope) }),
    'database.createCollection': args => database.createCollection(args),
  }
}

/** The openid whose documents a client is held to; undefined for administrators. */
function ownerOf({ kind, caller }: Scope): string | undefined {
  if (kind !== 'client') return undefined
  if (caller.openid !== undefined) return caller.openid
  throw new DatabaseError(
    'DATABASE_PERMISSION_DENIED',
    'A client without an openid has no documents. Authenticate with one, or ask through a function.',
  )
}

function restrict(filter: EncodedObject, scope: Scope): EncodedObject {
  const owner = ownerOf(scope)
  return owner === undefined ? filter : { $and: [filter, { [OWNER]: { $eq: owner } }] }
}

function own(document: EncodedObject, owner: string): EncodedObject {
  if (Object.hasOwn(document, OWNER)) throw ownerDenied()
  return { ...document, [OWNER]: owner }
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

function rowLimit(asked: number | undefined, scope: Scope): number {
  const isClient = scope.kind === 'client'
  // No limit and 0 mean the default, as in the SDK; to the engine they would mean all.
  if (!asked) return isClient ? LIMITS.clientQueryRows : LIMITS.serverQueryRowsDefault
  return Math.min(asked, isClient ? LIMITS.clientQueryRows : LIMITS.serverQueryRows)
}
