import { checkKnownOptions } from './known-options.ts'
import { checkRanges } from './option-ranges.ts'
import { checkS3Options, type S3Options } from './storage/s3-options.ts'

/** Where files are kept and what they may take. */
export interface HostStorageOptions {
  /**
   * Keeps files in a bucket of an S3-compatible service instead of `dataDirectory`, with the package s3mini, which is
   * installed beside this one. See docs/storage.md.
   */
  readonly s3?: S3Options
  /**
   * Megabytes of one file that comes in chunks or as a stream. In one call at most 20 MB come.
   * @default 1024
   */
  readonly maxFileMb?: number
  /** Megabytes of all files together, 4096 bytes for each beside its own. Omitted: as many as the medium holds. */
  readonly maxStorageMb?: number
  /**
   * Time without a chunk after which an upload is given up, in milliseconds.
   * @default 3600000
   */
  readonly uploadIdleMs?: number
}

export const STORAGE_DEFAULTS = Object.freeze({ maxFileMb: 1024, uploadIdleMs: 3_600_000 })

const RANGES = {
  maxFileMb: [1, 65_536],
  maxStorageMb: [1, 1_073_741_824],
  uploadIdleMs: [1000, 86_400_000],
} as const

/** @throws {InvalidOptionError} for an unknown option, a wrong type, or a number out of range. */
export function checkStorageOptions(given: HostStorageOptions): void {
  checkKnownOptions('storage', given, ['s3', ...Object.keys(RANGES)])
  checkRanges('storage.', given, RANGES)
  if (given.s3 !== undefined) checkS3Options(given.s3)
}
