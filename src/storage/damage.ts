import { StorageError } from '../errors.ts'
import type { CloudPath } from './cloud-path.ts'

/** The stored bytes of a file are not those that were stored. The operator hears of it as well. */
export class DamageError extends StorageError {}

/** @param part Which part of it, if that is known. */
export function damagedFile(path: CloudPath, part?: string): DamageError {
  const where = part === undefined ? '' : ` (${part})`
  return new DamageError(
    'STORAGE_REQUEST_FAIL',
    `The stored bytes of ${JSON.stringify(path)} are damaged or missing${where}. Upload the file again.`,
  )
}

/** Bytes of an upload that had come are there no more: it can't become its file. */
export class LostUploadError extends StorageError {}

export function lostUpload(path: CloudPath): LostUploadError {
  return new LostUploadError(
    'STORAGE_REQUEST_FAIL',
    `Bytes of ${JSON.stringify(path)} that had come are there no more. Upload the file again.`,
  )
}
