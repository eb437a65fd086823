import { StorageError } from '../errors.ts'
import type { CloudPath } from './cloud-path.ts'
import { damagedFile } from './damage.ts'
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

/** @throws {StorageError} STORAGE_REQUEST_FAIL when the object is not one of this storage, or not of this path */
export function parseHead(path: CloudPath, bytes: Uint8Array): StoredRecord {
  if (bytes.byteLength < HEAD_BYTES) throw damagedFile(path, 'its head')
  const { record } = parseMetadata(Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString(), keyOf(path))
  if (record.path !== path) throw damagedFile(path, 'its head')
  return record
}

/** @throws {StorageError} INVALID_PARAM for a path that listings of S3, which are XML, can't tell */
export function checkS3Path(path: CloudPath): void {
  if (path === path.trimEnd() && !/[\ufffe\uffff]/.test(path)) return
  throw new StorageError(
    'INVALID_PARAM',
    `cloudPath ${JSON.stringify(path)} ends with space or has a character that XML does not; files in an S3 bucket can't have such names.`,
  )
}
