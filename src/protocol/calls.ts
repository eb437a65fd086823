import Type, { type Static, type TSchema } from 'typebox'
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
  readonly capability: Capability
  readonly args: TSchema
  readonly result: TSchema
}

export const CAPABILITIES = ['database', 'storage', 'functions'] as const
export type Capability = (typeof CAPABILITIES)[number]

const closed = { additionalProperties: false }
const name = Type.String({ minLength: 1, maxLength: 256 })
const encoded = Type.Unsafe<Encoded>(Type.Unknown())
const encodedObject = Type.Unsafe<EncodedObject>(Type.Object({}))
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown())
const rows = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const direction = Type.Union([Type.Literal(1), Type.Literal(-1)])
const id = Type.Union([Type.String(), Type.Number()])

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
  'database.createCollection': {
    capability: 'database',
    args: Type.Object({ collection: name }, closed),
    result: Type.Object({}),
  },
  'storage.upload': {
    capability: 'storage',
    args: Type.Object({ cloudPath: Type.String(), content: bytes }, closed),
    result: Type.Object({ fileID: Type.String() }),
  },
  'storage.download': {
    capability: 'storage',
    args: Type.Object({ fileID: Type.String() }, closed),
    result: Type.Object({ content: bytes, contentType: Type.String() }),
  },
  /** Resolves as a whole; each file has its own outcome, in the order asked. `reason` is a StorageReason. */
  'storage.getTempUrls': {
    capability: 'storage',
    args: Type.Object(
      {
        files: Type.Array(
          Type.Object({ fileID: Type.String(), maxAgeSeconds: Type.Optional(Type.Number()) }, closed),
        ),
      },
      closed,
    ),
    result: Type.Object({
      files: Type.Array(
        Type.Union([
          Type.Object({ fileID: Type.String(), url: Type.String(), maxAgeSeconds: Type.Number() }),
          Type.Object({ fileID: Type.String(), reason: Type.String() }),
        ]),
      ),
    }),
  },
  'storage.remove': {
    capability: 'storage',
    args: Type.Object({ fileIDs: Type.Array(Type.String()) }, closed),
    result: Type.Object({
      files: Type.Array(Type.Object({ fileID: Type.String(), reason: Type.Optional(Type.String()) })),
    }),
  },
  /** `data` is plain JSON: the event of the called function. */
  'functions.invoke': {
    capability: 'functions',
    args: Type.Object({ name, data: Type.Optional(encoded) }, closed),
    result: Type.Object({ result: encoded, requestId: Type.String() }),
  },
} as const satisfies Record<string, OpShape>

export type OpName = keyof typeof OPS
export type OpArgs<Op extends OpName> = Static<(typeof OPS)[Op]['args']>
export type OpResult<Op extends OpName> = Static<(typeof OPS)[Op]['result']>

/**
 * Asks the host for one op. Rejects with a CloudletError (on the far side of a boundary, one rebuilt
 * from ErrorData): CLOUDLET_CAPABILITY_DENIED, CLOUDLET_VALUE for bad arguments, or the op's own.
 */
export type Call = <Op extends OpName>(op: Op, args: OpArgs<Op>) => Promise<OpResult<Op>>
