import { DatabaseError, type DatabaseReason } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { EncodedObject } from '../protocol/value.ts'

/** The ops of the engine: what the facade asks and the worker answers, as JSON text on the way. */
export interface EngineOps {
  add: { args: OpArgs<'database.add'>; result: OpResult<'database.add'> }
  query: { args: OpArgs<'database.query'>; result: OpResult<'database.query'> }
  count: { args: OpArgs<'database.count'>; result: OpResult<'database.count'> }
  update: { args: OpArgs<'database.update'>; result: OpResult<'database.update'> }
  replace: { args: ReplaceArgs; result: OpResult<'database.replace'> }
  remove: { args: OpArgs<'database.remove'>; result: OpResult<'database.remove'> }
  createCollection: {
    args: OpArgs<'database.createCollection'>
    result: OpResult<'database.createCollection'>
  }
  dropCollection: { args: { readonly collection: string }; result: Record<string, never> }
  listCollections: { args: Record<string, never>; result: { readonly collections: string[] } }
}

export type EngineOp = keyof EngineOps

/** `guard` is a filter: an existing document that doesn't match it may not be replaced. */
export type ReplaceArgs = OpArgs<'database.replace'> & { readonly guard?: EncodedObject }

export interface EngineRequest {
  readonly op: EngineOp
  /** The arguments, JSON text. */
  readonly args: string
}

export type EngineOutcome =
  | { readonly kind: 'done'; readonly result: string }
  | { readonly kind: 'failed'; readonly reason: DatabaseReason; readonly message: string }

/** How the worker is started. */
export interface EngineOptions {
  /** File name, or `file:` address of a database in memory. */
  readonly location: string
  readonly isInMemory: boolean
  readonly autoCreateCollections: boolean
  /** One Int32: the index of the request that runs, or one of the negative states below. */
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
      /** Collections that were used without having been created. */
      readonly missingCollections: readonly string[]
    }
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
