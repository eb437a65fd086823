import {
  accessSync,
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { guard } from './guard.ts'
import type { UserFiles } from './user-files.ts'
import { createWxApi, createWxFailure, type Report, requireText, type WxApi } from './wx-api.ts'

type Given = Readonly<Record<string, unknown>>
type Work = (api: string, given: Given) => object

interface Operation {
  /** Names of the arguments of the synchronous form, in order. */
  readonly parameters: readonly string[]
  readonly work: Work
  /** What of the result the synchronous form returns. */
  readonly returns?: string
}

/** `wx.getFileSystemManager()`: every operation as `name(options)`, and those that have it as `nameSync(…)`. */
export type FileSystemManager = {
  readonly [Name in OperationName]: WxApi<Record<string, unknown>, Record<string, unknown>>
} & {
  readonly [Name in `${Exclude<OperationName, AsyncOnly>}Sync`]: (...args: unknown[]) => unknown
}

const OPERATION_NAMES = [
  'access',
  'appendFile',
  'copyFile',
  'getFileInfo',
  'mkdir',
  'readdir',
  'readFile',
  'removeSavedFile',
  'rename',
  'rmdir',
  'saveFile',
  'stat',
  'unlink',
  'writeFile',
] as const

type OperationName = (typeof OPERATION_NAMES)[number]
/** On the platform, and so here. */
type AsyncOnly = 'getFileInfo' | 'removeSavedFile'

const ASYNC_ONLY: readonly OperationName[] = ['getFileInfo', 'removeSavedFile'] satisfies AsyncOnly[]

/** The operations of a user's file system, over Node's. */
export function createFileSystemManager(files: UserFiles, report: Report): FileSystemManager {
  const manager: Record<string, unknown> = {}
  const operations = createOperations(files)
  for (const name of OPERATION_NAMES) {
    const { parameters, work, returns } = operations[name]
    manager[name] = createWxApi(name, report, async (given: Given) => run(name, work, given))
    if (ASYNC_ONLY.includes(name)) continue
    manager[`${name}Sync`] = (...args: unknown[]): unknown => {
      const given = Object.fromEntries(parameters.map((parameter, index) => [parameter, args[index]]))
      const result = run(`${name}Sync`, work, given)
      return returns === undefined ? undefined : Reflect.get(result, returns)
    }
  }
  return guard('FileSystemManager', manager, () => '') as FileSystemManager
}

function createOperations(files: UserFiles): Record<OperationName, Operation> {
  const from = (api: string, given: Given, name: string): string =>
    files.toReadable(requireText(api, name, given[name]))
  const to = (api: string, given: Given, name: string): string =>
    files.toWritable(api, requireText(api, name, given[name]))
  return {
    access: one('path', (api, given) => accessSync(from(api, given, 'path'))),
    mkdir: {
      parameters: ['dirPath', 'recursive'],
      work: (api, given) =>
        nothing(mkdirSync(to(api, given, 'dirPath'), { recursive: given['recursive'] === true })),
    },
    rmdir: {
      parameters: ['dirPath', 'recursive'],
      work: (api, given) => {
        const path = to(api, given, 'dirPath')
        return nothing(given['recursive'] === true ? rmSync(path, { recursive: true }) : rmdirSync(path))
      },
    },
    unlink: one('filePath', (api, given) => unlinkSync(to(api, given, 'filePath'))),
    removeSavedFile: one('filePath', (api, given) => unlinkSync(to(api, given, 'filePath'))),
    readdir: {
      parameters: ['dirPath'],
      returns: 'files',
      work: (api, given) => ({ files: readdirSync(from(api, given, 'dirPath')) }),
    },
    readFile: {
      parameters: ['filePath', 'encoding', 'position', 'length'],
      returns: 'data',
      work: (api, given) => ({ data: readPart(api, from(api, given, 'filePath'), given) }),
    },
    writeFile: {
      parameters: ['filePath', 'data', 'encoding'],
      work: (api, given) => nothing(writeFileSync(to(api, given, 'filePath'), toBytes(api, given))),
    },
    appendFile: {
      parameters: ['filePath', 'data', 'encoding'],
      work: (api, given) => {
        const path = to(api, given, 'filePath')
        // The platform appends to a file that is there and makes none.
        accessSync(path)
        return nothing(appendFileSync(path, toBytes(api, given)))
      },
    },
    copyFile: {
      parameters: ['srcPath', 'destPath'],
      work: (api, given) => nothing(copyFileSync(from(api, given, 'srcPath'), to(api, given, 'destPath'))),
    },
    rename: {
      parameters: ['oldPath', 'newPath'],
      work: (api, given) => nothing(renameSync(to(api, given, 'oldPath'), to(api, given, 'newPath'))),
    },
    saveFile: {
      parameters: ['tempFilePath', 'filePath'],
      returns: 'savedFilePath',
      work: (api, given) => {
        const source = from(api, given, 'tempFilePath')
        const isNamed = given['filePath'] !== undefined && given['filePath'] !== ''
        const savedFilePath = isNamed ? to(api, given, 'filePath') : files.createSavedPath(source)
        copyFileSync(source, savedFilePath)
        return { savedFilePath }
      },
    },
    getFileInfo: {
      parameters: ['filePath'],
      work: (api, given) => ({ size: statSync(from(api, given, 'filePath')).size }),
    },
    stat: {
      parameters: ['path'],
      returns: 'stats',
      work: (api, given) => ({ stats: describe(from(api, given, 'path')) }),
    },
  }
}

function one(parameter: string, work: (api: string, given: Given) => void): Operation {
  return { parameters: [parameter], work: (api, given) => nothing(work(api, given)) }
}

function nothing(_result: unknown): object {
  return {}
}

/** Node's reasons in the platform's words. */
function run(api: string, work: Work, given: Given): object {
  try {
    return work(api, given)
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    const words = typeof code === 'string' ? REASONS[code] : undefined
    if (words === undefined) throw error
    throw createWxFailure(api, `${words} "${shownPath(given)}"`, error)
  }
}

const REASONS: Readonly<Record<string, string | undefined>> = {
  EACCES: 'permission denied, open',
  EEXIST: 'file already exists',
  EISDIR: 'illegal operation on a directory, open',
  ENOENT: 'no such file or directory, open',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
}

function shownPath(given: Given): string {
  const names = ['path', 'filePath', 'dirPath', 'srcPath', 'oldPath', 'tempFilePath']
  return String(given[names.find(name => typeof given[name] === 'string') ?? 'path'])
}

const ENCODINGS = [
  'ascii',
  'base64',
  'binary',
  'hex',
  'ucs2',
  'ucs-2',
  'utf16le',
  'utf-16le',
  'utf-8',
  'utf8',
  'latin1',
] as const

function readEncoding(
  api: string,
  given: Given,
  otherwise: BufferEncoding | undefined,
): BufferEncoding | undefined {
  const { encoding } = given
  if (encoding === undefined) return otherwise
  const known = ENCODINGS.find(name => name === encoding)
  if (known === undefined) throw createWxFailure(api, `invalid encoding "${encoding}"`)
  return known
}

/** Text if an encoding is given, else an ArrayBuffer. */
function readPart(api: string, path: string, given: Given): string | ArrayBuffer {
  const content = readFileSync(path)
  const start = typeof given['position'] === 'number' ? given['position'] : 0
  const end = typeof given['length'] === 'number' ? start + given['length'] : content.length
  const part = content.subarray(start, end)
  const encoding = readEncoding(api, given, undefined)
  return encoding === undefined ? new Uint8Array(part).buffer : part.toString(encoding)
}

function toBytes(api: string, given: Given): Uint8Array {
  const { data } = given
  if (typeof data === 'string') return Buffer.from(data, readEncoding(api, given, 'utf8'))
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  throw createWxFailure(api, 'data must be a String or an ArrayBuffer')
}

function describe(path: string): object {
  const stats = statSync(path)
  return {
    mode: stats.mode,
    size: stats.size,
    lastAccessedTime: Math.floor(stats.atimeMs / 1000),
    lastModifiedTime: Math.floor(stats.mtimeMs / 1000),
    isFile: () => stats.isFile(),
    isDirectory: () => stats.isDirectory(),
  }
}
