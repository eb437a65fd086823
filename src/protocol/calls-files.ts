import Type, { type Static } from 'typebox'
import { LIMITS } from '../limits.ts'

const closed = { additionalProperties: false }
/** Within the function's folder, which is `/`. */
const path = Type.String({ minLength: 1, maxLength: 4096 })
const fileKind = Type.Union([Type.Literal('file'), Type.Literal('directory')])
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown())

const look = Type.Object({
  /** `missing` also for what is neither file nor directory, or leads out of the folder. */
  state: Type.Union([fileKind, Type.Literal('missing')]),
  sizeBytes: Type.Number(),
  modifiedMs: Type.Number(),
})
export type FileLook = Static<typeof look>

/** The function's own files, which it reads and nobody writes. */
export const FILES_OPS = {
  'files.look': { capability: 'runtime', args: Type.Object({ path }, closed), result: look },
  /** `missing` for what is no directory. */
  'files.list': {
    capability: 'runtime',
    args: Type.Object({ path }, closed),
    result: Type.Object({
      state: Type.Union([Type.Literal('directory'), Type.Literal('missing')]),
      entries: Type.Array(Type.Object({ name: Type.String(), kind: fileKind })),
    }),
  },
  /** Fewer bytes than asked for at the file's end. `changed`: it is not what it was when it was first looked at. */
  'files.read': {
    capability: 'runtime',
    args: Type.Object(
      {
        path,
        offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
        length: Type.Integer({ minimum: 0, maximum: LIMITS.fileSliceBytes }),
      },
      closed,
    ),
    result: Type.Object({
      state: Type.Union([Type.Literal('file'), Type.Literal('missing'), Type.Literal('changed')]),
      content: bytes,
    }),
  },
} as const
