import type { StorageReason } from '../errors.ts'
import type { CloudPath } from './cloud-path.ts'
import type { OpenFile, StoredRecord } from './driver.ts'
import type { Engine } from './engine.ts'
import { fileIdError, missingFile, parseFileId } from './file-id.ts'
import type { StorageClient } from './storage-permission.ts'

/** On whose behalf: a client's, within the permission of the storage. Omitted: the host's, which may do everything. */
export interface OnBehalf {
  readonly client?: StorageClient | undefined
}

/** What someone asks of one file. */
export interface FileAsked extends OnBehalf {
  readonly fileID: string
}

/** @throws {StorageError} INVALID_PARAM, STORAGE_FILE_NONEXIST, STORAGE_EXCEED_AUTHORITY */
export async function statReadable(engine: Engine, { fileID, client }: FileAsked): Promise<StoredRecord> {
  const record = await engine.driver.stat(pathOf(fileID))
  if (record === undefined) throw missingFile(fileID)
  if (client !== undefined) await engine.permission.require({ client, action: 'read', file: record })
  return record
}

/**
 * Opens a file; the caller closes it.
 *
 * @param check Refuses what was found, by throwing.
 * @throws {StorageError} as `statReadable`
 */
export async function openReadable(
  engine: Engine,
  { fileID, client }: FileAsked,
  check?: (record: StoredRecord) => void,
): Promise<OpenFile> {
  const file = await engine.reader.open(pathOf(fileID))
  if (file === undefined) throw missingFile(fileID)
  try {
    if (client !== undefined) await engine.permission.require({ client, action: 'read', file: file.record })
    check?.(file.record)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Why a file may not be read, if it may not. */
export async function findRefusal(
  engine: Engine,
  path: CloudPath,
  { client }: OnBehalf,
): Promise<StorageReason | undefined> {
  const file = await engine.driver.stat(path)
  if (file === undefined) return 'STORAGE_FILE_NONEXIST'
  if (client === undefined || (await engine.permission.allows({ client, action: 'read', file })))
    return undefined
  return 'STORAGE_EXCEED_AUTHORITY'
}

function pathOf(fileID: string): CloudPath {
  const target = parseFileId(fileID)
  if (target.path === undefined) throw fileIdError(fileID, target.fault)
  return target.path
}
