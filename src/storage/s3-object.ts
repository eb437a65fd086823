import { StorageError } from '../errors.ts'
import { type CloudPath, isCloudPath } from './cloud-path.ts'
import { DamageError, damagedFile } from './damage.ts'
import { keyOf } from './disk-layout.ts'
import type { StoredRecord } from './driver.ts'
import { formatMetadata, parseMetadata } from './file-metadata.ts'

/** What an object has before the bytes of its file: the record as JSON, filled up with spaces. */
export const HEAD_BYTES = 4096

const NO_BLOB = '0'.repeat(32)

/** Key of the object of a file. */
export function fileKey(path: CloudPath): string {
  return `files/${path}`
}

/** The first bytes of an object. */
export function formatHead(record: StoredRecord): Uint8Array {
  const text = formatMetadata({ record, blob: `${keyOf(record.path)}-${NO_BLOB}` })
  const head = Buffer.alloc(HEAD_BYTES, ' ')
  if (head.write(text) < Buffer.byteLength(text)) throw new RangeError('A head of an object is too long.')
  return head
}

/** @throws {DamageError} when the object is not one of this storage, or not of this path */
export function parseHead(path: CloudPath, bytes: Uint8Array): StoredRecord {
  if (bytes.byteLength < HEAD_BYTES) throw damagedFile(path, 'its head')
  try {
    const { record } = parseMetadata(Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString(), keyOf(path))
    if (record.path === path) return record
  } catch (error) {
    // The message speaks of files in a directory.
    if (!(error instanceof DamageError)) throw error
  }
  const message = `${JSON.stringify(path)} is damaged, or was not put there by this storage.`
  const advice = `The object of ${message} Remove it from the bucket to give the file up.`
  throw new DamageError(message, { subject: path, advice })
}

/**
 * The paths a key of a listing may stand for. Services write quotes in their XML in several ways, of which s3mini reads
 * some: then the key is either what it says, or has quotes there.
 */
export function pathsOfKey(key: string): CloudPath[] {
  const path = key.slice('files/'.length)
  const quoted = path.replaceAll(/&#(?:39|x27);/gi, "'").replaceAll(/&#(?:34|x22);/gi, '"')
  // What somebody else has put there is no file of this storage.
  return [...new Set([path, quoted])].filter(isCloudPath)
}

/** @throws {StorageError} INVALID_PARAM for a path that listings of S3, which are XML, can't tell */
export function checkS3Path(path: CloudPath): void {
  if (path === path.trimEnd() && !/[\ufffe\uffff]/.test(path)) return
  throw new StorageError(
    'INVALID_PARAM',
    `cloudPath ${JSON.stringify(path)} ends with space or has a character that XML does not; files in an S3 bucket can't have such names.`,
  )
}
