import Type, { type TSchema } from 'typebox'
import { LIMITS } from '../limits.ts'

const closed = { additionalProperties: false }
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown())
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** So that the end of a chunk is a whole number too. */
const offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER - LIMITS.uploadChunkBytes })
/** SHA-256 as 64 lower-case hexadecimal digits. */
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const uploadId = Type.String({ pattern: '^[0-9a-f]{32}$' })

/** The ops of file storage. */
export const STORAGE_OPS = {
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
  'storage.stat': {
    capability: 'storage',
    args: Type.Object({ fileID: Type.String() }, closed),
    result: Type.Object({
      sizeBytes: count,
      contentType: Type.String(),
      sha256,
      /** Milliseconds since the Unix epoch. */
      modifiedMs: Type.Number(),
    }),
  },
  /**
   * A part of a file, `length` bytes from `offset` on, or fewer at its end; at most `LIMITS.uploadChunkBytes`.
   * `sha256`: of the whole file, as `stat` told it; refused with STORAGE_FILE_NONEXIST when that is no longer so.
   */
  'storage.readChunk': {
    capability: 'storage',
    args: Type.Object({ fileID: Type.String(), offset, length: count, sha256 }, closed),
    result: Type.Object({ content: bytes }),
  },
  /**
   * Begins a file that comes in chunks, of `chunkBytes` at most each. An upload its caller has not finished, of the same
   * path, size and sha256, is the one that is answered, with what is there of it. Without a path, of clients only, it
   * becomes a temporary file: one that has a URL and no fileID, and is gone after `LIMITS.temporaryFileMs`.
   */
  'storage.startUpload': {
    capability: 'storage',
    args: Type.Object(
      { cloudPath: Type.Optional(Type.String()), sizeBytes: count, sha256: Type.Optional(sha256) },
      closed,
    ),
    result: Type.Object({ uploadId, chunkBytes: count, receivedBytes: count }),
  },
  /** Adds bytes at `offset`. What is there already is skipped, so it may be asked again; a gap is refused. */
  'storage.appendUpload': {
    capability: 'storage',
    args: Type.Object({ uploadId, offset, content: bytes }, closed),
    result: Type.Object({ receivedBytes: count }),
  },
  'storage.uploadStatus': {
    capability: 'storage',
    args: Type.Object({ uploadId }, closed),
    result: Type.Object({ receivedBytes: count, sizeBytes: count }),
  },
  /** Makes it the file, if all is there, and of that sha256 if one is given. May be asked again for a while. */
  'storage.finishUpload': {
    capability: 'storage',
    args: Type.Object({ uploadId, sha256: Type.Optional(sha256) }, closed),
    result: Type.Union([Type.Object({ fileID: Type.String() }), Type.Object({ url: Type.String() })]),
  },
  /** Gives it up. Also when there is no such upload (any more). */
  'storage.abortUpload': {
    capability: 'storage',
    args: Type.Object({ uploadId }, closed),
    result: Type.Object({}),
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
} as const satisfies Record<
  string,
  { readonly capability: 'storage'; readonly args: TSchema; readonly result: TSchema }
>
