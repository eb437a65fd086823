import { type ClientApi, createClientApi } from './callbacks.ts'
import type { ClientCall } from './client-call.ts'
import { downloadFile } from './client-download.ts'
import { uploadFile } from './client-upload.ts'
import type { FetchUrl, FileAccess } from './local-files.ts'
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
import { createFailure, describeFile, runApi } from './wx-errors.ts'

export interface UploadPathOptions extends CallConfig {
  /** Path in the storage, e.g. `avatars/1.png`. An existing file there is replaced. */
  readonly cloudPath: string
  /** A local file, as the client's `files` understand it; as large as the host allows. */
  readonly filePath: unknown
  /** Accepted for compatibility: the wire has no HTTP headers. */
  readonly header?: object
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

export function createClientStorage(
  call: ClientCall,
  files: FileAccess,
  fetchUrl: FetchUrl | undefined,
): ClientStorage {
  return {
    uploadFile: createClientApi(options => {
      const { task, outcome } = startTransfer('cloud.uploadFile', 'Sent', transfer =>
        upload(call, files, options, transfer),
      )
      return { outcome, otherwise: task }
    }),
    downloadFile: createClientApi(options => {
      const { task, outcome } = startTransfer('cloud.downloadFile', 'Written', transfer =>
        download(
          options,
          fetchUrl === undefined ? fetchByCalls(call, files) : fetchByUrl(call, fetchUrl),
          transfer,
        ),
      )
      return { outcome, otherwise: task }
    }),
    getTempFileURL: createClientApi(options => ({
      outcome: getTempFileURL('client', call, options),
      otherwise: undefined,
    })),
    deleteFile: createClientApi(options => ({
      outcome: deleteFile('client', call, options),
      otherwise: undefined,
    })),
  }
}

function upload(
  call: ClientCall,
  files: FileAccess,
  options: unknown,
  { signal, progress }: Transfer,
): Promise<UploadFileResult> {
  const api = 'cloud.uploadFile'
  return runApi('client', api, async () => {
    const given = readOptions('client', api, options)
    const cloudPath = readText('client', api, 'cloudPath', given['cloudPath'])
    const file = await files.open(given['filePath'])
    try {
      const { sizeBytes } = file
      const onProgress = (doneBytes: number): void => progress(doneBytes, sizeBytes)
      const { createHash } = files
      const fileID = await uploadFile({ call, file, createHash, signal, onProgress }, cloudPath)
      return { fileID, statusCode: 200, errMsg: `${api}:ok` }
    } finally {
      await file.close()
    }
  })
}

/** Fetches a file and resolves with its path. */
type Fetch = (fileID: string, transfer: Transfer) => Promise<string>

function fetchByCalls(call: ClientCall, files: FileAccess): Fetch {
  return (fileID, { signal, progress }) => downloadFile({ call, files, fileID, signal, onProgress: progress })
}

function fetchByUrl(call: ClientCall, fetchUrl: FetchUrl): Fetch {
  return async (fileID, { signal, progress }) => {
    const [file] = (await call('storage.getTempUrls', { files: [{ fileID }] }, { signal })).files
    if (file !== undefined && 'url' in file) return fetchUrl(file.url, { signal, onProgress: progress })
    const { status, errMsg } = describeFile(file?.reason ?? 'STORAGE_REQUEST_FAIL')
    throw createFailure('client', 'cloud.downloadFile', status, `${fileID}: ${errMsg}`)
  }
}

function download(options: unknown, fetch: Fetch, transfer: Transfer): Promise<DownloadFileResult> {
  const api = 'cloud.downloadFile'
  return runApi('client', api, async () => {
    const given = readOptions('client', api, options)
    const fileID = readText('client', api, 'fileID', given['fileID'])
    const tempFilePath = await fetch(fileID, transfer)
    return { tempFilePath, statusCode: 200, errMsg: `${api}:ok` }
  })
}
