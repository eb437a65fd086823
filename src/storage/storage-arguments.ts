import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { FileRecord } from './driver.ts'
import { URL_AGE_SECONDS_MAX } from './signed-url.ts'

/** @throws {StorageError} `INVALID_PARAM`, or `STORAGE_FILE_TOO_LARGE` above `LIMITS.fileBytes` */
export function checkContent(content: unknown): Uint8Array {
  if (!(content instanceof Uint8Array)) {
    throw new StorageError('INVALID_PARAM', `content must be a Uint8Array, not ${typeof content}.`)
  }
  if (content.byteLength > LIMITS.fileBytes) {
    throw new StorageError(
      'STORAGE_FILE_TOO_LARGE',
      `The file has ${content.byteLength} bytes; at most ${LIMITS.fileBytes} can be stored in one upload.`,
    )
  }
  return content
}

/** @throws {StorageError} `STORAGE_EXCEED_AUTHORITY` when the file is there and is someone else's */
export function checkOwner(record: FileRecord | undefined, owner: string): void {
  if (record === undefined || record.owner === owner) return
  throw new StorageError(
    'STORAGE_EXCEED_AUTHORITY',
    `${JSON.stringify(record.path)} belongs to another user. Store the file under another cloudPath.`,
  )
}

/** @throws {StorageError} `INVALID_PARAM` above `LIMITS.fileListItems` */
export function checkItemCount(name: string, itemCount: number): void {
  if (itemCount <= LIMITS.fileListItems) return
  throw new StorageError(
    'INVALID_PARAM',
    `${name} has ${itemCount} items; at most ${LIMITS.fileListItems} are allowed in one call.`,
  )
}

/**
 * The validity asked for, as whole seconds, and never longer than a URL may live.
 *
 * @throws {StorageError} `INVALID_PARAM` when it is no positive number
 */
export function checkMaxAge(maxAgeSeconds: number = URL_AGE_SECONDS_MAX): number {
  if (Number.isFinite(maxAgeSeconds) && maxAgeSeconds > 0) {
    return Math.min(Math.ceil(maxAgeSeconds), URL_AGE_SECONDS_MAX)
  }
  throw new StorageError('INVALID_PARAM', `maxAgeSeconds must be a positive number, not ${maxAgeSeconds}.`)
}

/** @throws {StorageError} `INVALID_PARAM` */
export function checkListLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMITS.serverQueryRows) return
  throw new StorageError(
    'INVALID_PARAM',
    `limit must be an integer from 1 to ${LIMITS.serverQueryRows}, not ${limit}.`,
  )
}
