import { LIMITS } from '../limits.ts'
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

/** A file as a driver keeps it: its bytes, and behind them those that check its blocks. */
export interface StoredRecord extends FileRecord {
  /** Bytes behind the file's own; 0 for a file of one block, which `sha256` checks. */
  readonly checkBytes: number
}

/** A version of a file, open: its bytes stay what they are, even if the file is replaced or removed meanwhile. */
export interface OpenFile {
  readonly record: StoredRecord
  /**
   * Those from `start` to before `end`, in pieces; the last `checkBytes` of `sizeBytes + checkBytes` are the checks.
   * Breaks with `STORAGE_REQUEST_FAIL` when there are fewer.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Bytes on their way to be a file, which nobody sees before they are published. One call at a time. */
export interface Stage {
  /** 32 hexadecimal digits, drawn at random. */
  readonly id: string
  readonly path: CloudPath
  /** Bytes that are there. */
  readonly sizeBytes: number
  /** Writes at `position`, which is nowhere behind the end. Resolved: they outlive this process, if the stage lasts. */
  write(position: number, bytes: Uint8Array): Promise<void>
  /** The first so many bytes. */
  read(sizeBytes: number): AsyncIterable<Uint8Array>
  /**
   * Makes the bytes the file, in place of any older one, whole or not at all. Resolved means it survives a crash of
   * the machine, if the driver can. A stage that lasts stays known until it is discarded, and may be published again.
   */
  publish(record: StoredRecord): Promise<void>
  /** Gives up the bytes, unless they are the file now. */
  discard(): Promise<void>
}

/** A stage that lasts, and what was noted with it. */
export interface LastingStage {
  readonly stage: Stage
  readonly note: string
  /** SHA-256 of what it was published with, if that is known. */
  readonly publishedSha256?: string | undefined
}

/** Files behind `after` in the order of their paths as UTF-8, that start with `prefix`. */
export interface Listing {
  readonly prefix: string
  readonly after: string
  readonly limit: number
}

/** Names of the few things a driver keeps beside files. */
export type SettingName = 'signing-key' | 'permission' | 'temporary'

/**
 * Where files live. A driver keeps whole files by path and knows nothing of fileIDs, owners' rights, checks or URLs.
 *
 * `Storage` changes one path one change at a time. Should another process change it too, the last one wins
 * and readers still see one whole version. Every method rejects with `StorageError('STORAGE_REQUEST_FAIL')`
 * when the medium fails, and names no path of the host in the message.
 */
export interface Driver {
  /** A place for the bytes of a new file. With a note it lasts: it is found again, also after a restart. */
  createStage(path: CloudPath, note?: string): Promise<Stage>
  /** Ids of the stages that last: those of before a restart, and of others that share the medium. */
  lastingIds(): Promise<string[]>
  /** The one of that id. */
  lastingStage(id: string): Promise<LastingStage | undefined>
  stat(path: CloudPath): Promise<StoredRecord | undefined>
  /** The caller closes it. */
  open(path: CloudPath): Promise<OpenFile | undefined>
  /** False when there was no such file. */
  remove(path: CloudPath): Promise<boolean>
  list(listing: Listing): Promise<StoredRecord[]>
  /** What all files take together: the sum of `takenBytes`. */
  usedBytes(): Promise<number>
  readSetting(name: SettingName): Promise<Uint8Array | undefined>
  /** With `isFirst`, an older one stays as it is. */
  writeSetting(name: SettingName, value: Uint8Array, isFirst?: boolean): Promise<void>
  /** Lets go of what it holds open. No other call comes after it. */
  close(): Promise<void>
}

/** What a file takes: its bytes, and something beside them, so that empty ones fill a storage too. */
export function takenBytes({ sizeBytes }: Pick<FileRecord, 'sizeBytes'>): number {
  return sizeBytes + LIMITS.fileOverheadBytes
}
