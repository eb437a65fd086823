import Type, { type TSchema } from 'typebox'

const closed = { additionalProperties: false }
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown())

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
