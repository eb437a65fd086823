import type { Readable } from 'node:stream'
import type { CloudPath } from './cloud-path.ts'

/** What is known of a stored file beside its bytes. */
export interface FileRecord {
  readonly path: CloudPath
  /** openid of the uploader; undefined when the host or a function stored it. */
  readonly owner: string | undefined
  readonly sizeBytes: number
  readonly contentType: string
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string
  /** When these bytes were stored, in milliseconds since the Unix epoch. */
  readonly modifiedMs: number
}

/**
 * Where files live. A driver keeps whole files by path and knows nothing of fileIDs, owners' rights or URLs.
 *
 * `Storage` changes one path one change at a time. Should another process change it too, the last one wins
 * and readers still see one whole version. Every method rejects with `StorageError('STORAGE_REQUEST_FAIL')`
 * when the medium fails, and names no path of the host in the message.
 */
export interface Driver {
  /** Stores the file in place of any older one, whole or not at all. Resolved means it survives a crash, if the driver can. */
  write(record: FileRecord, content: Uint8Array): Promise<void>
  stat(path: CloudPath): Promise<FileRecord | undefined>
  /** The file's bytes; the caller owns them. */
  read(path: CloudPath): Promise<{ record: FileRecord; content: Uint8Array } | undefined>
  /** The bytes as they are now, even if the file is replaced or removed meanwhile. The caller reads a stream to its end or destroys it. */
  open(path: CloudPath): Promise<{ record: FileRecord; content: Readable | Uint8Array } | undefined>
  /** False when there was no such file. */
  remove(path: CloudPath): Promise<boolean>
  /** Every file, in no order. */
  list(): AsyncIterable<FileRecord>
  /** 32 random bytes that stay the same as long as the files do. */
  signingKey(): Promise<Uint8Array>
}
