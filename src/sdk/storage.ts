import { LIMITS } from '../limits.ts'
import type { Call, OpArgs } from '../protocol/calls.ts'
import { uploadBytes } from './content-upload.ts'
import { readContent } from './file-content.ts'
import { isObject, nameType } from './parameters.ts'
import { createFailure, describeFile, nameApi, runApi, type Surface } from './wx-errors.ts'

export interface CallConfig {
  readonly config?: { readonly env?: string | symbol }
}

export interface UploadFileOptions extends CallConfig {
  /** Path in the storage, e.g. `avatars/1.png`. An existing file there is replaced. */
  readonly cloudPath: string
  /** Bytes, text, or a readable stream of either; as large as the host allows, and the function's memory holds. */
  readonly fileContent: Uint8Array | string | AsyncIterable<Uint8Array | string>
}

export interface UploadFileResult {
  readonly fileID: string
  readonly statusCode: number
  readonly errMsg: string
}

export interface DownloadFileOptions extends CallConfig {
  readonly fileID: string
}

export interface DownloadContentResult {
  /** A Buffer where the runtime has one. */
  readonly fileContent: Uint8Array
  readonly statusCode: number
  readonly errMsg: string
}

export interface TempUrlOptions extends CallConfig {
  /** At most 50 fileIDs, each alone or with a `maxAge` in seconds. */
  readonly fileList: readonly (string | { readonly fileID: string; readonly maxAge: number })[]
}

export interface TempUrlItem {
  readonly fileID: string
  /** Empty when it failed. */
  readonly tempFileURL: string
  /** Seconds. Only there with a URL. */
  readonly maxAge: number
  /** 0 is success; otherwise an errCode. */
  readonly status: number
  readonly errMsg: string
}

/** Outcome of each file, in the order asked. */
export interface TempUrlResult {
  readonly fileList: TempUrlItem[]
  readonly errMsg: string
}

export interface DeleteFileOptions extends CallConfig {
  /** At most 50 fileIDs. */
  readonly fileList: readonly string[]
}

/** Outcome of each file, in the order asked. `status` 0 is success; otherwise an errCode. */
export interface DeleteFileResult {
  readonly fileList: { readonly fileID: string; readonly status: number; readonly errMsg: string }[]
  readonly errMsg: string
}

/** `uploadFile` of functions. */
export function uploadContent(
  call: Call,
  encodeText: (text: string) => Uint8Array,
  options: unknown,
): Promise<UploadFileResult> {
  const api = 'uploadFile'
  return runApi('server', api, async () => {
    const given = readOptions('server', api, options)
    const cloudPath = readText('server', api, 'cloudPath', given['cloudPath'])
    const content = await readContent(given['fileContent'], encodeText)
    const fileID = await uploadBytes(call, cloudPath, content)
    return { fileID, statusCode: 200, errMsg: `${api}:ok` }
  })
}

/** `downloadFile` of functions. */
export function downloadContent(
  call: Call,
  toBuffer: ((bytes: Uint8Array) => Uint8Array) | undefined,
  options: unknown,
): Promise<DownloadContentResult> {
  const api = 'downloadFile'
  return runApi('server', api, async () => {
    const given = readOptions('server', api, options)
    const fileID = readText('server', api, 'fileID', given['fileID'])
    const { content } = await call('storage.download', { fileID })
    return { fileContent: toBuffer ? toBuffer(content) : content, statusCode: 200, errMsg: `${api}:ok` }
  })
}

/** `getTempFileURL` of both surfaces. Resolves as a whole even when every file failed. */
export function getTempFileURL(surface: Surface, call: Call, options: unknown): Promise<TempUrlResult> {
  const api = nameApi(surface, 'getTempFileURL')
  return runApi(surface, api, async () => {
    const list = readFileList(surface, api, options)
    const { files } = await call('storage.getTempUrls', {
      files: list.map(item => readTempUrlItem(surface, api, item)),
    })
    const fileList = files.map((file): TempUrlItem | FailedTempUrl =>
      'url' in file
        ? {
            fileID: file.fileID,
            tempFileURL: file.url,
            maxAge: file.maxAgeSeconds,
            ...describeFile(undefined),
          }
        : { fileID: file.fileID, tempFileURL: '', ...describeFile(file.reason) },
    )
    // The platform's own types too say that every item has a maxAge, although the failed have none.
    return { fileList: fileList as TempUrlItem[], errMsg: `${api}:ok` }
  })
}

type FailedTempUrl = Omit<TempUrlItem, 'maxAge'>

/** `deleteFile` of both surfaces. Resolves as a whole even when every file failed. */
export function deleteFile(surface: Surface, call: Call, options: unknown): Promise<DeleteFileResult> {
  const api = nameApi(surface, 'deleteFile')
  return runApi(surface, api, async () => {
    const list = readFileList(surface, api, options)
    const fileIDs = list.map((item, index) => readText(surface, api, `fileList[${index}]`, item))
    const { files } = await call('storage.remove', { fileIDs })
    const fileList = files.map(({ fileID, reason }) => ({ fileID, ...describeFile(reason) }))
    return { fileList, errMsg: `${api}:ok` }
  })
}

/** @throws {WxError} errCode -1 */
export function readOptions(
  surface: Surface,
  api: string,
  options: unknown,
): Readonly<Record<string, unknown>> {
  if (isObject(options)) return options
  throw createFailure(surface, api, -1, `Type of options must be object instead of ${nameType(options)}`)
}

/** @throws {WxError} errCode -1, in the SDK's own words. */
export function readText(surface: Surface, api: string, name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw createFailure(surface, api, -1, `Type of ${name} must be string instead of ${nameType(value)}`)
}

function readFileList(surface: Surface, api: string, options: unknown): readonly unknown[] {
  const { fileList } = readOptions(surface, api, options)
  if (!Array.isArray(fileList)) {
    throw createFailure(surface, api, -501007, 'fileList必须是非空的数组')
  }
  if (fileList.length > LIMITS.fileListItems) {
    throw createFailure(
      surface,
      api,
      -501007,
      `fileList has ${fileList.length} items and may have ${LIMITS.fileListItems} at most. Split it over several calls.`,
    )
  }
  return fileList
}

function readTempUrlItem(
  surface: Surface,
  api: string,
  item: unknown,
): OpArgs<'storage.getTempUrls'>['files'][number] {
  if (typeof item === 'string') return { fileID: item }
  if (isObject(item) && typeof item['fileID'] === 'string' && typeof item['maxAge'] === 'number') {
    return { fileID: item['fileID'], maxAgeSeconds: item['maxAge'] }
  }
  const problem = isObject(item)
    ? 'fileList的元素如果是对象，必须是包含fileID和maxAge的对象'
    : 'fileList的元素必须是字符串或对象'
  throw createFailure(surface, api, -501007, problem)
}
