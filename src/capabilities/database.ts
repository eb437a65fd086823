import type { Database } from '../database/database.ts'
import type { ClientIdentity } from '../database/messages.ts'
import { CapabilityDeniedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Handlers, JsonText, requesterOf, type Scope } from './capability.ts'
import { transactionHandlers } from './transactions.ts'

type DatabaseOps = Extract<keyof typeof import('../protocol/calls.ts').OPS, `database.${string}`>

/**
 * The database as functions and clients reach it. A function is an administrator. For a client the database itself
 * applies the collection's permission, within the transaction that does what is asked.
 */
export function databaseHandlers(database: Database): Handlers<DatabaseOps> {
  return {
    'database.add': (args, scope) => database.add(byClient(args, scope), requesterOf(scope)),
    'database.query': (args, scope) => {
      const query = { ...byClient(args, scope), limit: rowLimit(args.limit, scope) }
      const by = requesterOf(scope)
      return isFunction(scope) ? asText(database.readText('query', query, by)) : database.query(query, by)
    },
    'database.count': (args, scope) => database.count(byClient(args, scope), requesterOf(scope)),
    'database.aggregate': (args, scope) => {
      const pipeline = { ...byClient(args, scope), most: LIMITS.aggregateRows }
      const by = requesterOf(scope)
      return isFunction(scope)
        ? asText(database.readText('aggregate', pipeline, by))
        : database.aggregate(pipeline, by)
    },
    'database.update': (args, scope) => database.update(byClient(args, scope), requesterOf(scope)),
    'database.replace': (args, scope) => database.replace(byClient(args, scope), requesterOf(scope)),
    'database.remove': (args, scope) => database.remove(byClient(args, scope), requesterOf(scope)),
    'database.watch': async (args, scope) => {
      const { emit, cancellation } = scope
      if (emit === undefined) throw cannotWatch()
      await database.watch(byClient(args, scope), emit, cancellation?.signal)
      return {}
    },
    'database.createCollection': (args, scope) => database.createCollection(args, requesterOf(scope)),
    'database.getPermission': (args, scope) => database.getPermission(args, requesterOf(scope)),
    'database.setPermission': (args, scope) => database.setPermission(args, requesterOf(scope)),
    'database.createIndex': (args, scope) => database.createIndex(args, requesterOf(scope)),
    'database.listIndexes': (args, scope) => database.listIndexes(args, requesterOf(scope)),
    'database.explain': (args, scope) => database.explain(args, requesterOf(scope)),
    'database.dropIndex': (args, scope) => database.dropIndex(args, requesterOf(scope)),
    ...transactionHandlers(database.transactions),
  }
}

function isFunction({ kind }: Scope): boolean {
  return kind === 'function'
}

async function asText(text: Promise<string>): Promise<JsonText> {
  return new JsonText(await text)
}

function cannotWatch(): CapabilityDeniedError {
  return new CapabilityDeniedError(
    'database',
    'database.watch',
    'Functions can’t watch: an invocation has one answer and ends. Watch from a client, or from the host.',
  )
}

/** Says who asks, if it is a client. */
function byClient<Args extends object>(
  args: Args,
  { kind, caller: { openid } }: Scope,
): Args & { readonly client?: ClientIdentity } {
  if (kind !== 'client') return args
  return { ...args, client: openid === undefined ? {} : { openid } }
}

function rowLimit(asked: number | undefined, scope: Scope): number {
  const isClient = scope.kind === 'client'
  // No limit and 0 mean the default, as in the SDK; to the engine they would mean all.
  if (!asked) return isClient ? LIMITS.clientQueryRows : LIMITS.serverQueryRowsDefault
  return Math.min(asked, isClient ? LIMITS.clientQueryRows : LIMITS.serverQueryRows)
}
