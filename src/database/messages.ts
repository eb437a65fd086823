import { DatabaseError, type DatabaseReason } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { EncodedObject } from '../protocol/value.ts'

/** The ops of the engine: what the facade asks and the worker answers, as JSON text on the way. */
export interface EngineOps {
  add: { args: ByClient<OpArgs<'database.add'>>; result: OpResult<'database.add'> }
  query: { args: ByClient<OpArgs<'database.query'>>; result: OpResult<'database.query'> }
  count: { args: ByClient<OpArgs<'database.count'>>; result: OpResult<'database.count'> }
  aggregate: {
    /** `most`: documents to return at most. */
    args: ByClient<OpArgs<'database.aggregate'>> & { readonly most?: number }
    result: OpResult<'database.aggregate'>
  }
  update: { args: ByClient<OpArgs<'database.update'>>; result: OpResult<'database.update'> }
  replace: { args: ReplaceArgs; result: OpResult<'database.replace'> }
  remove: { args: ByClient<OpArgs<'database.remove'>>; result: OpResult<'database.remove'> }
  createCollection: {
    args: OpArgs<'database.createCollection'>
    result: OpResult<'database.createCollection'>
  }
  dropCollection: { args: { readonly collection: string }; result: Record<string, never> }
  watch: { args: WatchArgs; result: Record<string, never> }
  acknowledge: { args: { readonly watchId: number }; result: Record<string, never> }
  unwatch: { args: { readonly watchId: number }; result: Record<string, never> }
  getPermission: { args: OpArgs<'database.getPermission'>; result: OpResult<'database.getPermission'> }
  setPermission: { args: OpArgs<'database.setPermission'>; result: OpResult<'database.setPermission'> }
  startTransaction: { args: { readonly transactionId: string }; result: Record<string, never> }
  commitTransaction: { args: { readonly transactionId: string }; result: Record<string, never> }
  abortTransaction: {
    args: { readonly transactionId: string; readonly expiredAfterMs?: number }
    result: Record<string, never>
  }
  getInTransaction: {
    args: OpArgs<'database.getInTransaction'>
    result: OpResult<'database.getInTransaction'>
  }
  addInTransaction: {
    args: OpArgs<'database.addInTransaction'>
    result: OpResult<'database.addInTransaction'>
  }
  updateInTransaction: {
    args: OpArgs<'database.updateInTransaction'>
    result: OpResult<'database.updateInTransaction'>
  }
  replaceInTransaction: {
    args: OpArgs<'database.replaceInTransaction'>
    result: OpResult<'database.replaceInTransaction'>
  }
  removeInTransaction: {
    args: OpArgs<'database.removeInTransaction'>
    result: OpResult<'database.removeInTransaction'>
  }
  createIndex: { args: OpArgs<'database.createIndex'>; result: OpResult<'database.createIndex'> }
  listIndexes: { args: OpArgs<'database.listIndexes'>; result: OpResult<'database.listIndexes'> }
  explain: { args: OpArgs<'database.explain'>; result: OpResult<'database.explain'> }
  dropIndex: { args: OpArgs<'database.dropIndex'>; result: OpResult<'database.dropIndex'> }
  /** A page of documents after a row, in natural order. */
  scan: {
    args: { readonly collection: string; readonly filter: EncodedObject; readonly after: number }
    result: { readonly documents: EncodedObject[]; readonly last?: number }
  }
  listCollections: { args: Record<string, never>; result: { readonly collections: string[] } }
  /** Into a file there isn't yet. It is a batch of its own, and goes on beside others. */
  backup: { args: { readonly file: string; readonly partial: string }; result: Record<string, never> }
}

export type EngineOp = keyof EngineOps

/** `guard` is a filter: an existing document that doesn't match it may not be replaced. */
export type ReplaceArgs = ByClient<OpArgs<'database.replace'>> & { readonly guard?: EncodedObject }

/** A watch as the worker knows it; the id is the asker's own, unique. */
export type WatchArgs = ByClient<OpArgs<'database.watch'>> & { readonly watchId: number }

/** What the worker tells of a watch on its own: a WatchUpdate as JSON text, or how it ended. */
export type WatchMessage =
  | { readonly watchId: number; readonly update: string }
  | {
      readonly watchId: number
      readonly failure: { readonly reason: DatabaseReason; readonly message: string }
    }

/** Who asks, when it is a client: the collection's permission then applies. */
export interface ClientIdentity {
  readonly openid?: string
}

/** Without `client` it is a function or the host, which may do everything. */
export type ByClient<Args> = Args & { readonly client?: ClientIdentity }

export interface EngineRequest {
  readonly op: EngineOp
  /** The arguments, JSON text. */
  readonly args: string
}

/** A result as JSON text, bare as nearly all outcomes are results, and an object for each would be copied. */
export type EngineOutcome =
  | string
  | { readonly kind: 'failed'; readonly reason: DatabaseReason; readonly message: string }
  /** Not done: a transaction holds a document it would change. To be asked again when one has released some. */
  | { readonly kind: 'locked' }
  /** A backup goes on beside other requests. A message of its own tells when the first of them has ended. */
  | { readonly kind: 'begun' }

/** How the worker is started. */
export interface EngineOptions {
  /** File name, or `file:` address of a database in memory. */
  readonly location: string
  readonly isInMemory: boolean
  readonly autoCreateCollections: boolean
  /**
   * Two Int32: the index of the request that runs, or one of the negative states below; and a number that changes
   * while work of no fixed length, such as making an index, goes on as it should.
   */
  readonly progress: SharedArrayBuffer
}

/** No request runs. */
export const IDLE = -1
/** All requests ran; their transaction is being committed, so whether it holds is not known. */
export const COMMITTING = -2

export type ToWorker =
  | { readonly kind: 'batch'; readonly requests: readonly EngineRequest[] }
  | { readonly kind: 'close' }

export type FromWorker =
  | {
      readonly kind: 'outcomes'
      readonly outcomes: readonly EngineOutcome[]
      /** Whether the batch wrote, and so was committed to disk. */
      readonly isCommit: boolean
      /** Whether transactions released documents they held. */
      readonly hasReleased: boolean
      /** Collections that were used without having been created. */
      readonly missingCollections: readonly string[]
      /** What whoever runs the host should know. */
      readonly warnings: readonly string[]
    }
  | {
      readonly kind: 'watched'
      readonly messages: readonly WatchMessage[]
      /** Whether there is more to tell than one message holds. Any request brings the rest. */
      readonly isBehind: boolean
    }
  | { readonly kind: 'ended'; readonly outcome: EngineOutcome }
  | { readonly kind: 'unopened'; readonly message: string }

/**
 * Arguments as they travel.
 *
 * @throws {DatabaseError} INVALID_PARAM for what isn't JSON, or over the size limit.
 */
export function encodeArgs(args: unknown): string {
  let text: string
  try {
    text = JSON.stringify(args)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new DatabaseError('INVALID_PARAM', `The arguments can't be written as JSON: ${why}`, {
      cause: error,
    })
  }
  if (text.length <= LIMITS.databaseMessageChars) return text
  throw new DatabaseError(
    'INVALID_PARAM',
    `The arguments have ${text.length} characters of JSON; ${LIMITS.databaseMessageChars} are allowed in one call.`,
  )
}
