import { isCloudPath } from './cloud-path.ts'
import { DamageError } from './damage.ts'
import type { StoredRecord } from './driver.ts'

/** What the metadata file of one path says: the record, and which blob holds the bytes. */
export interface FileMetadata {
  readonly record: StoredRecord
  readonly blob: string
}

/** Version 1 had no `checkBytes`: files were of 20 MB at most, and checked as a whole. */
const VERSION = 2

export function formatMetadata({ record, blob }: FileMetadata): string {
  return `${JSON.stringify({ version: VERSION, ...record, blob }, undefined, 2)}\n`
}

/**
 * @param key Hash of the path, which the file is named after and its blob's name starts with.
 * @throws {DamageError} when the text is not what `formatMetadata` wrote for that key.
 */
export function parseMetadata(text: string, key: string): FileMetadata {
  const fields = parseObject(text)
  if (fields === undefined) throw damaged(key, 'is not JSON')
  const { version, path, owner, sizeBytes, contentType, sha256, modifiedMs, blob } = fields
  if (version !== VERSION && version !== 1) {
    throw damaged(key, `has version ${String(version)}, not ${VERSION}`)
  }
  const checkBytes = version === 1 ? 0 : fields['checkBytes']
  if (
    !isCloudPath(path) ||
    !(owner === undefined || typeof owner === 'string') ||
    !isCount(sizeBytes) ||
    typeof contentType !== 'string' ||
    typeof sha256 !== 'string' ||
    !isCount(modifiedMs) ||
    !isCount(checkBytes) ||
    typeof blob !== 'string' ||
    // Nothing but a blob of this very path may be read through it.
    !/^[0-9a-f]{64}-[0-9a-f]{32}$/.test(blob) ||
    !blob.startsWith(`${key}-`)
  ) {
    throw damaged(key, 'lacks fields or has wrong ones')
  }
  return { record: { path, owner, sizeBytes, contentType, sha256, modifiedMs, checkBytes }, blob }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    // The caller reports it with the file's name; the parser's own text would add a piece of the file.
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function damaged(key: string, fault: string): DamageError {
  const advice = `files/${key}.json in the storage directory is damaged: it ${fault}. Restore it from a backup, or remove it to give the file up.`
  return new DamageError('What is known of this file is damaged. The warnings of the host tell more.', {
    subject: key,
    advice,
  })
}
