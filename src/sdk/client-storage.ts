import { LIMITS } from '../limits.ts'
import type { Call } from '../protocol/calls.ts'
import { type ClientApi, settle } from './callbacks.ts'
import {
  type CallConfig,
  type DeleteFileOptions,
  type DeleteFileResult,
  deleteFile,
  getTempFileURL,
  readOptions,
  readText,
  type TempUrlOptions,
  type TempUrlResult,
  type UploadFileResult,
} from './storage.ts'
import { type DownloadTask, startTransfer, type Transfer, type UploadTask } from './transfer.ts'
import { createFailure, runApi } from './wx-errors.ts'

/** How a client reaches local files. What a `filePath` may be is the client's own affair. */
export interface FileAccess {
  /** Rejects when the file can't be read. */
  read(filePath: unknown): Promise<Uint8Array>
  /** Keeps bytes under a name of its own choosing and returns the path. `name` is the file's name in the cloud. */
  saveTemporary(name: string, content: Uint8Array): Promise<string>
}

export interface UploadPathOptions extends CallConfig {
  /** Path in the storage, e.g. `avatars/1.png`. An existing file there is replaced. */
  readonly cloudPath: string
  /** A local file, as the client's `files` understand it; at most 20 MB. */
  readonly filePath: unknown
}

export interface DownloadPathOptions extends CallConfig {
  readonly fileID: string
}

export interface DownloadFileResult {
  readonly tempFilePath: string
  readonly statusCode: number
  readonly errMsg: string
}

/** The storage part of `wx.cloud`. In callback style uploadFile and downloadFile return a task. */
export interface ClientStorage {
  readonly uploadFile: ClientApi<UploadPathOptions, UploadFileResult, UploadTask>
  readonly downloadFile: ClientApi<DownloadPathOptions, DownloadFileResult, DownloadTask>
  readonly getTempFileURL: ClientApi<TempUrlOptions, TempUrlResult>
  readonly deleteFile: ClientApi<DeleteFileOptions, DeleteFileResult>
}

export function createClientStorage(call: Call, files: FileAccess): ClientStorage {
  return {
    uploadFile: options => {
      const { task, outcome } = startTransfer('cloud.uploadFile', 'Sent', transfer =>
        upload(call, files, options, transfer),
      )
      return settle(options, outcome, task)
    },
    downloadFile: options => {
      const { task, outcome } = startTransfer('cloud.downloadFile', 'Written', transfer =>
        download(call, files, options, transfer),
      )
      return settle(options, outcome, task)
    },
    getTempFileURL: options => settle(options, getTempFileURL('client', call, options), undefined),
    deleteFile: options => settle(options, deleteFile('client', call, options), undefined),
  }
}

function upload(
  call: Call,
  files: FileAccess,
  options: unknown,
  transfer: Transfer,
): Promise<UploadFileResult> {
  const api = 'cloud.uploadFile'
  return runApi('client', api, async () => {
    const given = readOptions('client', api, options)
    const cloudPath = readText('client', api, 'cloudPath', given['cloudPath'])
    const content = await files.read(given['filePath'])
    const sizeBytes = content.byteLength
    if (sizeBytes > LIMITS.fileBytes) {
      const problem = `The file has ${sizeBytes} bytes and may have ${LIMITS.fileBytes} at most.`
      throw createFailure('client', api, -403001, problem)
    }
    transfer.requireActive()
    transfer.progress(0, sizeBytes)
    const { fileID } = await call('storage.upload', { cloudPath, content })
    transfer.headers()
    transfer.progress(sizeBytes, sizeBytes)
    return { fileID, statusCode: 200, errMsg: `${api}:ok` }
  })
}

function download(
  call: Call,
  files: FileAccess,
  options: unknown,
  transfer: Transfer,
): Promise<DownloadFileResult> {
  const api = 'cloud.downloadFile'
  return runApi('client', api, async () => {
    const given = readOptions('client', api, options)
    const fileID = readText('client', api, 'fileID', given['fileID'])
    const { content } = await call('storage.download', { fileID })
    const sizeBytes = content.byteLength
    transfer.headers()
    transfer.progress(0, sizeBytes)
    const tempFilePath = await files.saveTemporary(fileID.slice(fileID.lastIndexOf('/') + 1), content)
    transfer.progress(sizeBytes, sizeBytes)
    return { tempFilePath, statusCode: 200, errMsg: `${api}:ok` }
  })
}
