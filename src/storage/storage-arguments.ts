import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { FileRecord } from './driver.ts'
import type { ByteRange } from './signed-file.ts'
import { URL_AGE_SECONDS_MAX } from './signed-url.ts'

/** @throws {StorageError} `INVALID_PARAM`, or `STORAGE_FILE_TOO_LARGE` above `LIMITS.fileBytes` */
export function checkContent(content: unknown): Uint8Array {
  if (!(content instanceof Uint8Array)) {
    throw new StorageError('INVALID_PARAM', `content must be a Uint8Array, not ${typeof content}.`)
  }
  if (content.byteLength > LIMITS.fileBytes) {
    throw fileTooLarge(LIMITS.fileBytes, content.byteLength)
  }
  return content
}

export function fileTooLarge(maxBytes: number, sizeBytes?: number): StorageError {
  const size = sizeBytes === undefined ? 'more' : `${sizeBytes}`
  return new StorageError(
    'STORAGE_FILE_TOO_LARGE',
    `The file has ${size} bytes; at most ${maxBytes} can be stored in one upload${
      maxBytes === LIMITS.fileBytes ? '. Give a larger one as a stream, or upload it in chunks' : ''
    }.`,
  )
}

/** @throws {StorageError} `STORAGE_FILE_TOO_LARGE` when it is not given in one call */
export function checkReadable({ sizeBytes }: FileRecord): void {
  if (sizeBytes <= LIMITS.fileBytes) return
  throw new StorageError(
    'STORAGE_FILE_TOO_LARGE',
    `The file has ${sizeBytes} bytes; at most ${LIMITS.fileBytes} are given in one call. Read it in chunks, as a stream, or from a temporary URL.`,
  )
}

/**
 * That part of a file which there is of the range.
 *
 * @throws {StorageError} `INVALID_PARAM` for what is no range
 */
export function checkRange(range: ByteRange, file: FileRecord): ByteRange {
  return clipRange(checkWholeNumbers(range), file)
}

/** What of a range a file has. */
export function clipRange({ start, end }: ByteRange, { sizeBytes }: FileRecord): ByteRange {
  return { start: Math.min(start, sizeBytes), end: Math.min(end, sizeBytes) }
}

/** @throws {StorageError} `INVALID_PARAM` for what is no range of any file */
export function checkWholeNumbers({ start, end }: ByteRange): ByteRange {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) {
    return { start, end }
  }
  throw new StorageError(
    'INVALID_PARAM',
    `A range has a start and an end that are whole numbers from 0 on, not ${start} and ${end}.`,
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

/** Whether content comes as a stream; anything else must be bytes. */
export function isStream(content: unknown): content is AsyncIterable<unknown> {
  return typeof content === 'object' && content !== null && Symbol.asyncIterator in content
}
