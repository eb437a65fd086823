import { InvalidOptionError, StorageError } from '../errors.ts'
import { type CloudPath, isCloudPath, isTemporaryPath, quote } from './cloud-path.ts'

/** Makes the fileIDs of one environment: `cloud://<envId>.<bucket>/<path>` (wxcloud-spec §5.1). */
export class FileIdFormat {
  readonly #prefix: string

  /**
   * @param appid Ends the bucket's name when given; the platform has its account number there.
   * @throws {InvalidOptionError} when an id could not stand in a fileID.
   */
  constructor(envId: string, appid?: string) {
    checkId('envId', envId)
    if (appid !== undefined) checkId('appid', appid)
    const letters = Buffer.from(envId.slice(0, 2)).toString('hex')
    const bucket = [letters, envId, ...(appid === undefined ? [] : [appid])].join('-')
    this.#prefix = `cloud://${envId}.${bucket}/`
  }

  fileIdOf(path: CloudPath): string {
    return this.#prefix + path
  }
}

/** Why no file can be found by a fileID. */
export type FileIdFault = 'INVALID_PARAM' | 'STORAGE_FILE_NONEXIST'

/** The path a fileID names, or why no file can be found by it. */
export type FileIdTarget =
  | { readonly path: CloudPath }
  | { readonly path: undefined; readonly fault: FileIdFault }

/**
 * Reads a fileID of the long or the short form (`cloud://<envId>/<path>`), whichever environment made it:
 * there is only this one, and real projects carry their author's environment id.
 */
export function parseFileId(fileID: string): FileIdTarget {
  const path = /^cloud:\/\/[^/]+\/(.+)$/s.exec(fileID)?.[1]
  if (isCloudPath(path) && !isTemporaryPath(path)) return { path }
  return { path: undefined, fault: path === undefined ? 'INVALID_PARAM' : 'STORAGE_FILE_NONEXIST' }
}

export function fileIdError(fileID: string, fault: FileIdFault): StorageError {
  return fault === 'INVALID_PARAM' ? malformedFileId(fileID) : missingFile(fileID)
}

export function missingFile(fileID: string): StorageError {
  return new StorageError(
    'STORAGE_FILE_NONEXIST',
    `There is no file ${quote(fileID)}. It was never stored, or was removed.`,
  )
}

function malformedFileId(fileID: string): StorageError {
  return new StorageError(
    'INVALID_PARAM',
    `${quote(fileID)} is not a fileID. A fileID reads "cloud://<environment>.<bucket>/<path>", as uploadFile returned it.`,
  )
}

function checkId(option: string, id: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) return
  throw new InvalidOptionError(
    option,
    `${option} ${quote(id)} can't stand in a fileID. Use 1 to 64 letters, digits, "-" or "_", starting with a letter or digit.`,
  )
}
