import { aggregate } from './aggregate.ts'
import { explain } from './explain.ts'
import { createIndex, dropIndex, listIndexes } from './index-operations.ts'
import type { EngineOp, EngineOps } from './messages.ts'
import { count, query } from './reads.ts'
import { scan } from './scan.ts'
import type { Store } from './store.ts'
import {
  abortTransaction,
  addInTransaction,
  commitTransaction,
  getInTransaction,
  removeInTransaction,
  replaceInTransaction,
  startTransaction,
  updateInTransaction,
} from './transaction-operations.ts'
import { add, remove, replace, update } from './writes.ts'

type Operation<Op extends EngineOp> = (store: Store, args: EngineOps[Op]['args']) => EngineOps[Op]['result']

interface Runnable {
  readonly isWrite: boolean
  /** The result as JSON text. */
  run(store: Store, args: unknown): string
}

/** The ops by name. A write may throw half-way: the engine undoes what it had done. */
export const OPERATIONS: Readonly<Record<EngineOp, Runnable>> = {
  add: operation<'add'>(true, add),
  query: { isWrite: false, run: (store, args) => query(store, args as EngineOps['query']['args']) },
  count: operation<'count'>(false, count),
  scan: { isWrite: false, run: (store, args) => scan(store, args as EngineOps['scan']['args']) },
  aggregate: {
    isWrite: false,
    run: (store, args) => aggregate(store, args as EngineOps['aggregate']['args']),
  },
  update: operation<'update'>(true, update),
  replace: operation<'replace'>(true, replace),
  remove: operation<'remove'>(true, remove),
  createCollection: operation<'createCollection'>(true, ({ collections }, { collection }) => {
    collections.create(collection)
    return {}
  }),
  dropCollection: operation<'dropCollection'>(
    true,
    ({ collections, indexes, permissions, transactions }, { collection }) => {
      const table = collections.find(collection)
      if (table !== undefined) {
        transactions.requireUnlocked(table)
        indexes.dropAll(table)
      }
      collections.drop(collection)
      permissions.version++
      return {}
    },
  ),
  watch: operation<'watch'>(false, ({ watches }, args) => {
    watches.open(args)
    return {}
  }),
  acknowledge: operation<'acknowledge'>(false, ({ watches }, { watchId }) => {
    watches.acknowledge(watchId)
    return {}
  }),
  unwatch: operation<'unwatch'>(false, ({ watches }, { watchId }) => {
    watches.close(watchId)
    return {}
  }),
  getPermission: operation<'getPermission'>(false, ({ permissions }, { collection }) => ({
    permission: permissions.get(collection),
  })),
  setPermission: operation<'setPermission'>(true, ({ permissions }, { collection, permission }) => {
    permissions.set(collection, permission)
    return {}
  }),
  startTransaction: operation<'startTransaction'>(false, startTransaction),
  commitTransaction: operation<'commitTransaction'>(true, commitTransaction),
  abortTransaction: operation<'abortTransaction'>(false, abortTransaction),
  getInTransaction: {
    isWrite: false,
    run: (store, args) => getInTransaction(store, args as EngineOps['getInTransaction']['args']),
  },
  addInTransaction: operation<'addInTransaction'>(false, addInTransaction),
  updateInTransaction: operation<'updateInTransaction'>(false, updateInTransaction),
  replaceInTransaction: operation<'replaceInTransaction'>(false, replaceInTransaction),
  removeInTransaction: operation<'removeInTransaction'>(false, removeInTransaction),
  createIndex: operation<'createIndex'>(true, createIndex),
  listIndexes: operation<'listIndexes'>(false, listIndexes),
  explain: operation<'explain'>(false, explain),
  dropIndex: operation<'dropIndex'>(true, dropIndex),
  listCollections: operation<'listCollections'>(false, ({ collections }) => ({
    collections: collections.names(),
  })),
  backup: operation<'backup'>(false, () => {
    throw new Error('A backup takes its time, so the engine runs it by itself.')
  }),
}

/** Those that leave nothing behind but rows, so that, once undone, they may be run again. */
export const REPEATABLE_OPS: ReadonlySet<EngineOp> = new Set([
  'add',
  'query',
  'count',
  'scan',
  'aggregate',
  'update',
  'replace',
  'remove',
])

function operation<Op extends EngineOp>(isWrite: boolean, run: Operation<Op>): Runnable {
  return { isWrite, run: (store, args) => JSON.stringify(run(store, args as EngineOps[Op]['args'])) }
}
