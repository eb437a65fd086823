import Type, { type Static } from 'typebox'
import { LIMITS } from '../limits.ts'
import { failure } from './calls-shapes.ts'

const closed = { additionalProperties: false }
const int32 = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })

/** A compression, as `zlib.constants` numbers its modes, levels and parameters. */
const setup = Type.Object(
  {
    mode: Type.Integer({ minimum: 1, maximum: 11 }),
    windowBits: Type.Optional(int32),
    level: Type.Optional(int32),
    memLevel: Type.Optional(int32),
    strategy: Type.Optional(int32),
    /** Those of Brotli and Zstandard, by number. */
    params: Type.Optional(Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), int32]), { maxItems: 64 })),
    pledgedSrcSize: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    rejectGarbageAfterEnd: Type.Optional(Type.Boolean()),
    hasDictionary: Type.Boolean(),
    /** Output made at once by the library. */
    chunkSize: Type.Integer({ minimum: 64, maximum: Number.MAX_SAFE_INTEGER }),
  },
  closed,
)

export const ZLIB_OPS = {
  /**
   * Gives input to a new compression (`create`; bytes: dictionary, input) or to one kept (`id`; bytes: input), and
   * answers what comes out, up to a piece. While `more` is told, the next call without input and without `flush`
   * brings the next piece. `keep` answers an `id` to go on with, if there is anything to go on with.
   */
  'zlib.write': {
    capability: 'runtime',
    args: Type.Object(
      {
        id: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
        create: Type.Optional(setup),
        /** What to flush after the input; none: only take the next piece. */
        flush: Type.Optional(Type.Integer({ minimum: 0, maximum: 5 })),
        keep: Type.Boolean(),
        sizes: Type.Array(Type.Integer({ minimum: 0, maximum: LIMITS.fileBytes }), { maxItems: 2 }),
        content: Type.Unsafe<Uint8Array>(Type.Unknown()),
      },
      closed,
    ),
    result: Type.Object({
      failure: Type.Optional(failure),
      id: Type.Optional(Type.String()),
      content: Type.Optional(Type.Unsafe<Uint8Array>(Type.Unknown())),
      more: Type.Optional(Type.Boolean()),
      /** Bytes of input behind the end of what was compressed. */
      unused: Type.Optional(Type.Number()),
    }),
  },
  /** Another level and strategy from here on. What was given before must be flushed. */
  'zlib.params': {
    capability: 'runtime',
    args: Type.Object(
      { id: Type.String({ minLength: 1, maxLength: 64 }), level: int32, strategy: int32 },
      closed,
    ),
    result: Type.Object({ failure: Type.Optional(failure) }),
  },
  /** Of one that is closed already it is no error. */
  'zlib.close': {
    capability: 'runtime',
    args: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }, closed),
    result: Type.Object({}),
  },
} as const

/** What a compression is made with. */
export type ZlibSetup = NonNullable<Static<(typeof ZLIB_OPS)['zlib.write']['args']>['create']>
