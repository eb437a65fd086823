import { InvalidOptionError } from '../errors.ts'
import type { Call, OpArgs } from '../protocol/calls.ts'

export interface IndexOptions {
  /**
   * Paths in order of priority with their direction, `{ owner: 1, at: -1 }`, or one with `2dsphere` for geometry.
   * A list of pairs says the same.
   */
  readonly fields: Readonly<Record<string, IndexDirection>> | readonly (readonly [string, IndexDirection])[]
  /** @default the paths and directions joined: `owner_1_at_-1` */
  readonly name?: string
  /** Whether no two documents may have the same values; a missing field counts as null. @default false */
  readonly unique?: boolean
  /** Whether documents that have none of the fields are left out. @default false */
  readonly sparse?: boolean
}

export type IndexDirection = 1 | -1 | '2dsphere'

export interface IndexInfo {
  readonly name: string
  readonly fields: readonly (readonly [path: string, direction: IndexDirection])[]
  readonly unique: boolean
  readonly sparse: boolean
}

/** What the platform's console does to indexes. Rejects with CloudletErrors, as the rest of the host's API. */
export interface IndexAdmin {
  /**
   * Makes an index, over what is stored too, and resolves with its name. The same one again is no error. Other
   * requests wait as long: about half a second for 100,000 documents.
   *
   * @throws {DatabaseError} `CLOUDLET_DATABASE`: INVALID_PARAM for a bad definition; DATABASE_REQUEST_FAILED for a
   *   name in use, one index too many, or documents that can't be in it, which are named.
   */
  createIndex(collection: string, options: IndexOptions): Promise<string>
  /** The one on `_id` first. */
  listIndexes(collection: string): Promise<IndexInfo[]>
  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when there is none of that name. */
  dropIndex(collection: string, name: string): Promise<void>
}

/** The op's arguments for an index. @throws {InvalidOptionError} when fields are missing. */
export function toIndexArgs(collection: string, options: IndexOptions): OpArgs<'database.createIndex'> {
  const { fields, name, unique, sparse } = options
  if (typeof fields !== 'object' || fields === null) {
    throw new InvalidOptionError('fields', 'An index needs fields, such as { owner: 1, at: -1 }.')
  }
  const pairs: readonly (readonly [string, IndexDirection])[] = isPairs(fields)
    ? fields
    : Object.entries(fields)
  return {
    collection,
    fields: pairs.map(([path, direction]) => [path, direction]),
    ...(name === undefined ? {} : { name }),
    ...(unique === undefined ? {} : { unique }),
    ...(sparse === undefined ? {} : { sparse }),
  }
}

function isPairs(fields: IndexOptions['fields']): fields is readonly (readonly [string, IndexDirection])[] {
  return Array.isArray(fields) && fields.every(field => Array.isArray(field))
}

export function createIndexAdmin(call: Call): IndexAdmin {
  return {
    createIndex: async (collection, options) => {
      const { name } = await call('database.createIndex', toIndexArgs(collection, options))
      return name
    },
    listIndexes: async collection => {
      const { indexes } = await call('database.listIndexes', { collection })
      return indexes
    },
    dropIndex: async (collection, name) => {
      await call('database.dropIndex', { collection, name })
    },
  }
}
