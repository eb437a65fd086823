import type { EngineOptions } from './engine.ts'
import type { S3Options } from './s3-options.ts'

export interface StorageOptions {
  /** Where files are kept; made if missing. Omitted: in memory, gone with the process. */
  readonly directory?: string | undefined
  /** A bucket to keep files in, rather than in the directory. */
  readonly s3?: S3Options | undefined
  readonly envId: string
  /** Becomes the last part of the bucket's name in fileIDs. */
  readonly appid?: string | undefined
  /** Base address of the HTTP door, e.g. `http://127.0.0.1:7780`; undefined while none is open. */
  readonly publicUrl?: (() => string | undefined) | undefined
  /**
   * Bytes of one file that comes in chunks or as a stream.
   * @default 1073741824
   */
  readonly maxFileBytes?: number | undefined
  /** What all files may take together (`takenBytes`). Omitted: as much as the medium holds. */
  readonly maxStorageBytes?: number | undefined
  /**
   * Milliseconds without a chunk after which an upload is given up.
   * @default 3600000
   */
  readonly uploadIdleMs?: number | undefined
  /** The clock, in milliseconds since the Unix epoch. @default Date.now */
  readonly now?: (() => number) | undefined
  /** Hears of damaged files and of what else an operator should know. @default process.emitWarning */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** Every default, once. */
export function engineOptions(options: StorageOptions): EngineOptions {
  return {
    directory: options.directory,
    s3: options.s3,
    maxFileBytes: options.maxFileBytes ?? 1024 ** 3,
    maxStorageBytes: options.maxStorageBytes,
    uploadIdleMs: options.uploadIdleMs ?? 3_600_000,
    publicUrl: options.publicUrl ?? (() => undefined),
    now: options.now ?? Date.now,
    onWarning: warner(options.onWarning),
  }
}

/** Who is warned may throw: mostly nobody waits for what is told, and the process must not end of it. */
function warner(onWarning: StorageOptions['onWarning']): (message: string) => void {
  if (onWarning === undefined) return message => process.emitWarning(message)
  return message => {
    try {
      onWarning(message)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}
