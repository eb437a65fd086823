import { join } from 'node:path'
import type { ResolvedOptions } from './options.ts'
import { Storage } from './storage/storage.ts'
import { STORAGE_DEFAULTS } from './storage-options.ts'

const MEGABYTE = 1024 * 1024

/** The file storage of a host: in memory, in its data directory, or in a bucket. */
export function createHostStorage(
  options: Pick<ResolvedOptions, 'appid' | 'dataDirectory' | 'envId' | 'publicUrl' | 'storage'>,
  httpUrl: () => string | undefined,
  onWarning: (message: string) => void,
): Storage {
  const { appid, dataDirectory: root, envId, publicUrl } = options
  const { s3, maxStorageMb, maxFileMb, uploadIdleMs } = { ...STORAGE_DEFAULTS, ...options.storage }
  return new Storage({
    directory: root === undefined ? undefined : join(root, 'storage'),
    s3,
    envId,
    appid,
    publicUrl: () => publicUrl ?? httpUrl(),
    maxFileBytes: maxFileMb * MEGABYTE,
    maxStorageBytes: maxStorageMb === undefined ? undefined : maxStorageMb * MEGABYTE,
    uploadIdleMs,
    onWarning,
  })
}
