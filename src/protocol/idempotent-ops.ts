import type { OpName } from './calls.ts'

/**
 * Ops that may be run twice for once: those that only read, and the steps of a chunked upload, which know what was
 * done. A client sends them again by itself when it can't know whether they were run.
 */
export const IDEMPOTENT_OPS: ReadonlySet<string> = new Set<OpName>([
  'database.query',
  'database.count',
  'database.aggregate',
  'database.explain',
  'database.listIndexes',
  'database.getPermission',
  'storage.download',
  'storage.getTempUrls',
  'storage.stat',
  'storage.readChunk',
  'storage.uploadStatus',
  'storage.appendUpload',
  'storage.finishUpload',
])
