import type { Readable } from 'node:stream'

/** Bytes of a file, from `start` to before `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What the HTTP door answers to a signed URL. */
export type SignedFile =
  | {
      readonly kind: 'found'
      readonly contentType: string
      readonly sizeBytes: number
      readonly sha256: string
      readonly modifiedMs: number
      /** When the URL expires, in milliseconds since the Unix epoch. */
      readonly expiresMs: number
      /**
       * Opens the bytes; before, nothing is. A stream must be read to its end or destroyed. Rejects with
       * `STORAGE_FILE_NONEXIST` when the file was replaced or removed since.
       *
       * @param range @default all of it
       */
      readonly open: (range?: ByteRange) => Promise<Readable | Uint8Array>
    }
  | { readonly kind: 'refused'; readonly status: 403 | 404; readonly message: string }
