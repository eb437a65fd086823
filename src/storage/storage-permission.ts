import { StorageError } from '../errors.ts'
import { RuleFault } from '../rules/fault.ts'
import { isAllowed } from '../rules/judgement.ts'
import { type Action, type CompiledPermission, readPermission } from '../rules/permission.ts'
import type { RuleWords } from '../rules/syntax.ts'
import type { Permission } from '../types.ts'
import type { CloudPath } from './cloud-path.ts'
import type { FileRecord } from './driver.ts'

/** On whose behalf something is asked: a client, who may have an openid. Functions and the host may do everything. */
export interface StorageClient {
  readonly openid?: string | undefined
}

/** A file as rules see it (`resource`), or one that is to be. */
export type RuledFile = Pick<FileRecord, 'path' | 'owner'> & Partial<FileRecord>

/** What a client asks to do with one file. */
export interface FileRequest {
  readonly client: StorageClient
  readonly action: Action
  readonly file: RuledFile
  /** What is uploaded (`request`). */
  readonly upload?: { readonly sizeBytes: number; readonly contentType: string } | undefined
  readonly nowMs: number
}

/** What files have until they are given another (wxcloud-spec §5.6): everyone reads, the uploader writes. */
export const DEFAULT_PERMISSION: Permission = 'READONLY'

const WORDS: RuleWords = { variables: ['auth', 'resource', 'request', 'now'], hasGet: false }

/** @throws {StorageError} INVALID_PARAM for what is no mode and no object of rules, naming the rule at fault. */
export function compilePermission(permission: unknown): CompiledPermission {
  try {
    return readPermission(permission, WORDS)
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    throw new StorageError('INVALID_PARAM', error.message, { cause: error })
  }
}

/** Whether the permission of the storage lets a client do that. */
export function permits(permission: CompiledPermission, request: FileRequest): boolean {
  const { client, action, file, upload, nowMs } = request
  if (permission.kind === 'rules') {
    const { openid } = client
    return isAllowed(permission.rules[action], {
      auth: openid === undefined ? undefined : { openid },
      resource: resourceOf(file),
      request: upload && { size: upload.sizeBytes, contentType: upload.contentType },
      now: nowMs,
    })
  }
  const isOwn = client.openid !== undefined && file.owner === client.openid
  switch (permission.mode) {
    case 'READONLY':
      return action === 'read' || isOwn
    case 'PRIVATE':
      return isOwn
    case 'ADMINWRITE':
      return action === 'read'
    case 'ADMINONLY':
      return false
  }
}

export function deniedFile(path: CloudPath, action: Action): StorageError {
  const what = { read: 'read', create: 'store', update: 'replace', delete: 'remove' }[action]
  return new StorageError(
    'STORAGE_EXCEED_AUTHORITY',
    `The permission of the storage does not let this client ${what} ${JSON.stringify(path)}.`,
  )
}

function resourceOf(file: RuledFile): object {
  const { path, owner, sizeBytes, contentType } = file
  return {
    path,
    /** The folders it lies in, from the outermost. */
    folders: path.split('/').slice(0, -1),
    openid: owner,
    size: sizeBytes,
    contentType,
  }
}
