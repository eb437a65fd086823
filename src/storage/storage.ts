import { hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { HostClosedError, StorageError, type StorageReason } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { Closable } from '../types.ts'
import { type CloudPath, checkCloudPath } from './cloud-path.ts'
import { contentTypeOf } from './content-type.ts'
import { DiskDriver } from './disk-driver.ts'
import type { Driver, FileRecord } from './driver.ts'
import { FileIdFormat, fileIdError, missingFile, parseFileId } from './file-id.ts'
import { MemoryDriver } from './memory-driver.ts'
import { PathLock } from './path-lock.ts'
import type { ByteRange, SignedFile } from './signed-file.ts'
import { UrlSigner } from './signed-url.ts'
import { checkContent, checkItemCount, checkListLimit, checkMaxAge, checkOwner } from './storage-arguments.ts'

export interface StorageOptions {
  /** Where files are kept; made if missing. Omitted: in memory, gone with the process. */
  readonly directory?: string | undefined
  readonly envId: string
  /** Becomes the last part of the bucket's name in fileIDs. */
  readonly appid?: string | undefined
  /** Base address of the HTTP door, e.g. `http://127.0.0.1:7780`; undefined while none is open. */
  readonly publicUrl?: (() => string | undefined) | undefined
  /** The clock, in milliseconds since the Unix epoch. @default Date.now */
  readonly now?: (() => number) | undefined
}

/** A stored file as the host's owner sees it. */
export interface StoredFile extends FileRecord {
  readonly fileID: string
}

/**
 * The file storage of one environment. On disk an upload that resolved survives a crash of process or machine.
 * Nothing is opened before the first call. Calls after `close` reject with `CLOUDLET_HOST_CLOSED`.
 */
export class Storage implements Closable {
  readonly #directory: string | undefined
  readonly #fileIds: FileIdFormat
  readonly #publicUrl: () => string | undefined
  readonly #now: () => number
  readonly #lock = new PathLock()
  readonly #running = new Set<Promise<unknown>>()
  #driver: Promise<Driver> | undefined
  #signer: Promise<UrlSigner> | undefined
  #isClosed = false

  /** @throws {InvalidOptionError} when envId or appid can't stand in a fileID. */
  constructor(options: StorageOptions) {
    this.#directory = options.directory
    this.#fileIds = new FileIdFormat(options.envId, options.appid)
    this.#publicUrl = options.publicUrl ?? (() => undefined)
    this.#now = options.now ?? Date.now
  }

  /**
   * Stores a file in place of any older one of that path. The bytes must not be changed until it settles.
   *
   * @param args.owner openid the file belongs to. Given, it may only replace that owner's own file.
   * @throws {StorageError} `INVALID_PARAM`, `STORAGE_FILE_TOO_LARGE`, `STORAGE_EXCEED_AUTHORITY`, `STORAGE_REQUEST_FAIL`
   */
  async upload(args: {
    readonly cloudPath: string
    readonly content: Uint8Array
    readonly owner?: string | undefined
  }): Promise<{ fileID: string }> {
    return this.#run(async driver => {
      const path = checkCloudPath(args.cloudPath)
      const content = checkContent(args.content)
      const { owner } = args
      await this.#lock.run(path, async () => {
        if (owner !== undefined) checkOwner(await driver.stat(path), owner)
        const record: FileRecord = {
          path,
          owner,
          sizeBytes: content.byteLength,
          contentType: contentTypeOf(path),
          sha256: hash('sha256', content, 'hex'),
          modifiedMs: this.#now(),
        }
        await driver.write(record, content)
      })
      return { fileID: this.#fileIds.fileIdOf(path) }
    })
  }

  /** @throws {StorageError} `INVALID_PARAM`, `STORAGE_FILE_NONEXIST`, `STORAGE_REQUEST_FAIL` */
  async download(args: { readonly fileID: string }): Promise<OpResult<'storage.download'>> {
    return this.#run(async driver => {
      const file = await driver.read(pathOf(args.fileID))
      if (file === undefined) throw missingFile(args.fileID)
      return { content: file.content, contentType: file.record.contentType }
    })
  }

  /**
   * URLs that anyone may read the files at until they expire. Files that don't exist are reported by item.
   *
   * @param args.files At most 50; `maxAgeSeconds` is one day by default and at most.
   * @throws {StorageError} `INVALID_PARAM`; `STORAGE_REQUEST_FAIL` while no HTTP door is open.
   */
  async getTempUrls(args: {
    readonly files: readonly { readonly fileID: string; readonly maxAgeSeconds?: number | undefined }[]
  }): Promise<OpResult<'storage.getTempUrls'>> {
    return this.#run(async driver => {
      checkItemCount('files', args.files.length)
      const base = this.#publicUrl()
      if (base === undefined) {
        throw new StorageError(
          'STORAGE_REQUEST_FAIL',
          'No HTTP door is open to serve files from: call host.listen() or set publicUrl.',
        )
      }
      const signer = await this.#openSigner(driver)
      const files = args.files.map(async ({ fileID, maxAgeSeconds: askedSeconds }) => {
        const maxAgeSeconds = checkMaxAge(askedSeconds)
        const target = parseFileId(fileID)
        if (target.path === undefined) return { fileID, reason: target.fault }
        const record = await driver.stat(target.path)
        if (record === undefined) return { fileID, reason: 'STORAGE_FILE_NONEXIST' as const }
        return { fileID, url: signer.sign(base, target.path, maxAgeSeconds), maxAgeSeconds }
      })
      return { files: await Promise.all(files) }
    })
  }

  /**
   * Removes files. What can't be removed is reported by item, with a StorageReason.
   *
   * @param args.fileIDs At most 50.
   * @param args.owner Given, only this openid's own files are removed; others are `STORAGE_EXCEED_AUTHORITY`.
   * @throws {StorageError} `INVALID_PARAM`, `STORAGE_REQUEST_FAIL`
   */
  async remove(args: {
    readonly fileIDs: readonly string[]
    readonly owner?: string | undefined
  }): Promise<OpResult<'storage.remove'>> {
    return this.#run(async driver => {
      checkItemCount('fileIDs', args.fileIDs.length)
      const files: OpResult<'storage.remove'>['files'] = []
      for (const fileID of args.fileIDs) {
        const reason = await this.#removeOne(driver, fileID, args.owner)
        files.push(reason === undefined ? { fileID } : { fileID, reason })
      }
      return { files }
    })
  }

  /** A part of a file, as long as it is the version of that sha256. @throws {StorageError} as `download` */
  async readChunk(args: OpArgs<'storage.readChunk'>): Promise<OpResult<'storage.readChunk'>> {
    return this.#run(async driver => {
      const file = await driver.read(pathOf(args.fileID))
      if (file?.record.sha256 !== args.sha256) throw missingFile(args.fileID)
      return { content: file.content.slice(args.offset, args.offset + args.length) }
    })
  }

  /** @throws {StorageError} `INVALID_PARAM`, `STORAGE_FILE_NONEXIST`, `STORAGE_REQUEST_FAIL` */
  async stat(args: { readonly fileID: string }): Promise<StoredFile> {
    return this.#run(async driver => {
      const record = await driver.stat(pathOf(args.fileID))
      if (record === undefined) throw missingFile(args.fileID)
      return this.#describe(record)
    })
  }

  /**
   * Files in the order of their paths.
   *
   * @param args.prefix Only paths that start with it.
   * @param args.after Only paths behind this one: the last path of the page before.
   * @param args.limit At most 1000. @default 100
   * @throws {StorageError} `INVALID_PARAM`, `STORAGE_REQUEST_FAIL`
   */
  async list(
    args: { readonly prefix?: string; readonly after?: string; readonly limit?: number } = {},
  ): Promise<{ files: StoredFile[] }> {
    const { prefix = '', after = '', limit = LIMITS.serverQueryRowsDefault } = args
    return this.#run(async driver => {
      checkListLimit(limit)
      const records: FileRecord[] = []
      for await (const record of driver.list()) {
        if (record.path.startsWith(prefix) && record.path > after) records.push(record)
      }
      records.sort((one, other) => (one.path < other.path ? -1 : 1))
      return { files: records.slice(0, limit).map(record => this.#describe(record)) }
    })
  }

  /**
   * Answers a temp URL.
   *
   * @param path What follows `/storage/` in the URL, still percent-encoded.
   * @throws {StorageError} `STORAGE_REQUEST_FAIL`
   */
  async openSigned(path: string, query: URLSearchParams): Promise<SignedFile> {
    return this.#run(async driver => {
      const check = (await this.#openSigner(driver)).check(path, query)
      switch (check.kind) {
        case 'invalid':
          return { kind: 'refused', status: 403, message: 'The signature of this URL is not valid.' }
        case 'expired':
          return { kind: 'refused', status: 403, message: 'This URL has expired.' }
        case 'valid': {
          const record = await driver.stat(check.path)
          if (record === undefined) return { kind: 'refused', status: 404, message: 'There is no such file.' }
          const { contentType, sizeBytes, sha256, modifiedMs } = record
          const { expiresMs } = check
          const open = (range?: ByteRange) => this.#openVersion(check.path, sha256, range)
          return { kind: 'found', contentType, sizeBytes, sha256, modifiedMs, expiresMs, open }
        }
        default:
          return check satisfies never
      }
    })
  }

  /** Waits for the calls under way, then refuses further ones. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #run<Result>(work: (driver: Driver) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new HostClosedError()
    const running = this.#openDriver().then(work)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** A driver that failed to open is opened anew at the next call: a missing right may have been given since. */
  #openDriver(): Promise<Driver> {
    if (this.#driver !== undefined) return this.#driver
    const opening = openDriver(this.#directory)
    this.#driver = opening
    opening.catch(() => {
      this.#driver = undefined
    })
    return opening
  }

  #openSigner(driver: Driver): Promise<UrlSigner> {
    if (this.#signer !== undefined) return this.#signer
    const opening = driver.signingKey().then(key => new UrlSigner(key, this.#now))
    this.#signer = opening
    opening.catch(() => {
      this.#signer = undefined
    })
    return opening
  }

  async #removeOne(driver: Driver, fileID: string, owner?: string): Promise<StorageReason | undefined> {
    const target = parseFileId(fileID)
    if (target.path === undefined) return target.fault
    const { path } = target
    return this.#lock.run(path, async () => {
      const record = owner === undefined ? undefined : await driver.stat(path)
      if (record !== undefined && record.owner !== owner) return 'STORAGE_EXCEED_AUTHORITY'
      return (await driver.remove(path)) ? undefined : 'STORAGE_FILE_NONEXIST'
    })
  }

  async #openVersion(path: CloudPath, sha256: string, range?: ByteRange): Promise<Readable | Uint8Array> {
    return this.#run(async driver => {
      const file = range === undefined ? await driver.open(path) : await driver.read(path)
      if (file?.record.sha256 === sha256) {
        return file.content instanceof Uint8Array
          ? file.content.subarray(range?.start, range?.end)
          : file.content
      }
      if (file !== undefined && !(file.content instanceof Uint8Array)) file.content.destroy()
      throw missingFile(this.#fileIds.fileIdOf(path))
    })
  }

  #describe(record: FileRecord): StoredFile {
    return { fileID: this.#fileIds.fileIdOf(record.path), ...record }
  }
}

async function openDriver(directory: string | undefined): Promise<Driver> {
  return directory === undefined ? new MemoryDriver() : DiskDriver.openDirectory(directory)
}

function pathOf(fileID: string): CloudPath {
  const target = parseFileId(fileID)
  if (target.path === undefined) throw fileIdError(fileID, target.fault)
  return target.path
}
