import Type, { type Static, type TProperties, type TSchema } from 'typebox'
import { LIMITS } from '../limits.ts'
import type { Permission } from '../types.ts'
import { CRYPTO_OPS } from './calls-crypto.ts'
import { FILES_OPS } from './calls-files.ts'
import { NETWORK_OPS } from './calls-network.ts'
import { RUNTIME_OPS } from './calls-runtime.ts'
import { STORAGE_OPS } from './calls-storage.ts'
import { WECHAT_OPS } from './calls-wechat.ts'
import { ZLIB_OPS } from './calls-zlib.ts'
import type { Encoded, EncodedObject } from './value.ts'

/**
 * Every op a guest or a client can ask of the host, declared once: its capability, the shape of its
 * arguments and of its result. The host checks each call against `args` before anything runs; guest and
 * client import only the types.
 *
 * Bytes travel beside the JSON in the one field called `content`, as a Uint8Array.
 * Documents, filters and updates are extended JSON (value.ts) in MongoDB's own form.
 */
interface OpShape {
  readonly capability: OpCapability
  readonly args: TSchema
  readonly result: TSchema
}

export const CAPABILITIES = ['database', 'storage', 'functions', 'network', 'wechat', 'webAssembly'] as const
export type Capability = (typeof CAPABILITIES)[number]
/** `runtime`: no power over the world, such as Unicode's tables. Every function has it, and no client. */
export type OpCapability = Capability | 'runtime'

const closed = { additionalProperties: false }
const name = Type.String({ minLength: 1, maxLength: 256 })
const encoded = Type.Unsafe<Encoded>(Type.Unknown())
const encodedObject = Type.Unsafe<EncodedObject>(Type.Object({}))
const rows = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const direction = Type.Union([Type.Literal(1), Type.Literal(-1)])
const id = Type.Union([Type.String(), Type.Number()])
const transactionId = Type.String({ minLength: 1, maxLength: 64 })
/** Paths in order of priority, each with its direction, or `2dsphere` for geometry. */
const indexFields = Type.Array(Type.Tuple([Type.String(), Type.Union([direction, Type.Literal('2dsphere')])]))
/** A mode, or rules; the database reads it. */
const permission = Type.Unsafe<Permission>(Type.Unknown())

/** An op of the database by its arguments, no others, and the fields of its result. */
function databaseOp<Args extends TProperties, Result extends TProperties>(args: Args, result: Result) {
  return { capability: 'database', args: Type.Object(args, closed), result: Type.Object(result) } as const
}

export const OPS = {
  'database.add': {
    capability: 'database',
    args: Type.Object({ collection: name, documents: Type.Array(encodedObject, { minItems: 1 }) }, closed),
    result: Type.Object({ ids: Type.Array(id) }),
  },
  'database.query': {
    capability: 'database',
    args: Type.Object(
      {
        collection: name,
        filter: encodedObject,
        projection: Type.Optional(encodedObject),
        /** Sort keys in order of priority. */
        sort: Type.Optional(Type.Array(Type.Tuple([name, direction]), { maxItems: 32 })),
        skip: Type.Optional(rows),
        /** 0 is as if it were left out: the default number of rows. */
        limit: Type.Optional(rows),
      },
      closed,
    ),
    result: Type.Object({ documents: Type.Array(encodedObject) }),
  },
  'database.count': {
    capability: 'database',
    args: Type.Object({ collection: name, filter: encodedObject }, closed),
    result: Type.Object({ total: Type.Number() }),
  },
  /** Stages as MongoDB has them. `isTruncated`: there were more documents than one answer may hold. */
  'database.aggregate': {
    capability: 'database',
    args: Type.Object({ collection: name, pipeline: Type.Array(encodedObject) }, closed),
    result: Type.Object({ documents: Type.Array(encodedObject), isTruncated: Type.Boolean() }),
  },
  /** `update` holds update operators ($set, $inc, …). Never upserts. Counts documents it applied to. */
  'database.update': {
    capability: 'database',
    args: Type.Object(
      { collection: name, filter: encodedObject, update: encodedObject, multi: Type.Boolean() },
      closed,
    ),
    result: Type.Object({ updated: Type.Number() }),
  },
  /** Replaces the document of that id, or creates it. */
  'database.replace': {
    capability: 'database',
    args: Type.Object({ collection: name, id, document: encodedObject }, closed),
    result: Type.Object({ updated: Type.Number(), created: Type.Number() }),
  },
  'database.remove': {
    capability: 'database',
    args: Type.Object({ collection: name, filter: encodedObject, multi: Type.Boolean() }, closed),
    result: Type.Object({ removed: Type.Number() }),
  },
  /**
   * Answers with WatchUpdates (watching.ts) for as long as it runs, and ends when it is cancelled. `have`: what the asker
   * has of an earlier run, in order, each with its version; it is then told the difference only.
   */
  'database.watch': {
    capability: 'database',
    args: Type.Object(
      {
        collection: name,
        filter: encodedObject,
        sort: Type.Optional(Type.Array(Type.Tuple([name, direction]), { maxItems: 32 })),
        /** 0 is as if it were left out: no limit but that of all watches. */
        limit: Type.Optional(rows),
        have: Type.Optional(
          Type.Array(Type.Tuple([id, Type.String({ maxLength: 16 })]), { maxItems: LIMITS.watchDocuments }),
        ),
      },
      closed,
    ),
    result: Type.Object({}),
  },
  'database.createCollection': {
    capability: 'database',
    args: Type.Object({ collection: name }, closed),
    result: Type.Object({}),
  },
  /** For functions and the host. All of a transaction's writes are made at its commit, or none (wxcloud-spec §4.10). */
  'database.startTransaction': databaseOp({}, { transactionId: Type.String() }),
  'database.commitTransaction': databaseOp({ transactionId }, {}),
  /** Of one that has ended it is no error. */
  'database.abortTransaction': databaseOp({ transactionId }, {}),
  'database.getInTransaction': databaseOp(
    { transactionId, collection: name, id, projection: Type.Optional(encodedObject) },
    { document: Type.Union([encodedObject, Type.Null()]) },
  ),
  'database.addInTransaction': databaseOp(
    { transactionId, collection: name, documents: Type.Array(encodedObject, { minItems: 1 }) },
    { ids: Type.Array(id) },
  ),
  'database.updateInTransaction': databaseOp(
    { transactionId, collection: name, id, update: encodedObject },
    { updated: Type.Number() },
  ),
  'database.replaceInTransaction': databaseOp(
    { transactionId, collection: name, id, document: encodedObject },
    { updated: Type.Number(), created: Type.Number() },
  ),
  'database.removeInTransaction': databaseOp(
    { transactionId, collection: name, id },
    { removed: Type.Number() },
  ),
  'database.getPermission': {
    capability: 'database',
    args: Type.Object({ collection: name }, closed),
    result: Type.Object({ permission }),
  },
  'database.setPermission': {
    capability: 'database',
    args: Type.Object({ collection: name, permission }, closed),
    result: Type.Object({}),
  },
  /** Kept by the host alone: on the platform indexes are made in the console. Without a name it gets one. */
  'database.createIndex': databaseOp(
    {
      collection: name,
      name: Type.Optional(Type.String()),
      fields: indexFields,
      unique: Type.Optional(Type.Boolean()),
      sparse: Type.Optional(Type.Boolean()),
    },
    { name: Type.String() },
  ),
  'database.listIndexes': databaseOp(
    { collection: name },
    {
      indexes: Type.Array(
        Type.Object({
          name: Type.String(),
          fields: indexFields,
          unique: Type.Boolean(),
          sparse: Type.Boolean(),
        }),
      ),
    },
  ),
  /** How a query is done, found out by doing it; with a pipeline, how that is done, and the rest doesn't count. */
  'database.explain': databaseOp(
    {
      collection: name,
      filter: encodedObject,
      pipeline: Type.Optional(Type.Array(encodedObject)),
      sort: Type.Optional(Type.Array(Type.Tuple([name, direction]), { maxItems: 32 })),
      skip: Type.Optional(rows),
      limit: Type.Optional(rows),
    },
    {
      /** `id`: by `_id`. `union`: an index per alternative of an `or`. `scan`: through all documents. */
      plan: Type.Union([
        Type.Literal('id'),
        Type.Literal('index'),
        Type.Literal('union'),
        Type.Literal('scan'),
      ]),
      indexes: Type.Array(Type.String()),
      /** What bounds the entries looked at, by field of the index. */
      bounds: Type.Array(
        Type.Object({
          field: Type.String(),
          kind: Type.Union([Type.Literal('values'), Type.Literal('range')]),
          valueCount: Type.Optional(Type.Number()),
        }),
      ),
      /** Whether the index alone decides; otherwise each document it leads to is tested. */
      exact: Type.Boolean(),
      /** Where an order comes from, if one was asked for. */
      sort: Type.Union([Type.Literal('none'), Type.Literal('index'), Type.Literal('memory')]),
      /** Documents looked at. */
      examined: Type.Number(),
      returned: Type.Number(),
      /** Those of a pipeline: done by the storage engine, in memory behind it, or one after the other. */
      stages: Type.Optional(
        Type.Array(
          Type.Object({
            name: Type.String(),
            by: Type.Union([Type.Literal('storage'), Type.Literal('memory'), Type.Literal('both')]),
          }),
        ),
      ),
    },
  ),
  'database.dropIndex': databaseOp({ collection: name, name: Type.String() }, {}),
  ...STORAGE_OPS,
  /**
   * `data` is plain JSON: the event of the called function. `cloudIDs`: fields of it that the host fills with what
   * WeChat sealed for the caller, each with the text of a CloudID.
   */
  'functions.invoke': {
    capability: 'functions',
    args: Type.Object(
      {
        name,
        data: Type.Optional(encoded),
        cloudIDs: Type.Optional(Type.Unsafe<Readonly<Record<string, string>>>(Type.Object({}))),
      },
      closed,
    ),
    result: Type.Object({ result: encoded, requestId: Type.String() }),
  },
  ...NETWORK_OPS,
  ...WECHAT_OPS,
  ...CRYPTO_OPS,
  ...ZLIB_OPS,
  ...FILES_OPS,
  ...RUNTIME_OPS,
} as const satisfies Record<string, OpShape>

export type OpName = keyof typeof OPS
export type OpArgs<Op extends OpName> = Static<(typeof OPS)[Op]['args']>
export type OpResult<Op extends OpName> = Static<(typeof OPS)[Op]['result']>

/**
 * Asks the host for one op. Rejects with a CloudletError (on the far side of a boundary, one rebuilt
 * from ErrorData): CLOUDLET_CAPABILITY_DENIED, CLOUDLET_VALUE for bad arguments, or the op's own.
 */
export type Call = <Op extends OpName>(op: Op, args: OpArgs<Op>) => Promise<OpResult<Op>>

/** The ops that answer with events before their result, and run until they are cancelled. */
export const STREAMING_OPS: ReadonlySet<string> = new Set<OpName>(['database.watch'])
