import type { Readable } from 'node:stream'
import { LIMITS } from '../limits.ts'
import type { OpResult } from '../protocol/calls.ts'
import type { Closable, Permission } from '../types.ts'
import { ChunkedFiles } from './chunked-files.ts'
import { checkCloudPath } from './cloud-path.ts'
import { ContentSources } from './content-sources.ts'
import type { FileRecord, StoredRecord } from './driver.ts'
import { EngineAccess } from './engine-access.ts'
import { FileIdFormat, missingFile, parseFileId } from './file-id.ts'
import { ReadStreams } from './read-streams.ts'
import { findRefusal, type OnBehalf, openReadable, statReadable } from './readable-file.ts'
import type { ByteRange, SignedFile } from './signed-file.ts'
import {
  checkContent,
  checkItemCount,
  checkListLimit,
  checkMaxAge,
  checkRange,
  checkReadable,
  isStream,
} from './storage-arguments.ts'
import { engineOptions, type StorageOptions } from './storage-options.ts'
import { listLasting } from './temporary-files.ts'

/** A stored file as the host's owner sees it. */
export interface StoredFile extends FileRecord {
  readonly fileID: string
}

/**
 * The file storage of one environment. On disk an upload that resolved survives a crash of process or machine.
 * Nothing is opened before the first call. Calls after `close` reject with `CLOUDLET_HOST_CLOSED`.
 *
 * Its methods reject with a `StorageError`: `INVALID_PARAM` for arguments, `STORAGE_FILE_NONEXIST` for a file that isn't
 * there, `STORAGE_EXCEED_AUTHORITY` for what the permission does not let a client do, and `STORAGE_REQUEST_FAIL` when
 * the medium fails, is full, or has damaged the file.
 */
export class Storage implements Closable {
  /** Files in chunks: what a session asks for. */
  readonly chunks: ChunkedFiles
  readonly #maxFileBytes: number
  readonly #access: EngineAccess
  readonly #fileIds: FileIdFormat
  readonly #streams = new ReadStreams()
  readonly #sources = new ContentSources()

  /** @throws {InvalidOptionError} when envId or appid can't stand in a fileID. */
  constructor(options: StorageOptions) {
    this.#fileIds = new FileIdFormat(options.envId, options.appid)
    const resolved = engineOptions(options)
    this.#maxFileBytes = resolved.maxFileBytes
    this.#access = new EngineAccess(resolved)
    this.chunks = new ChunkedFiles(this.#access, this.#fileIds)
  }

  /**
   * Stores a file in place of any older one of that path, whole or not at all.
   *
   * @param args.content Bytes, 20 MB at most, which must not be changed until it settles; or a stream of them, such as a
   *   `Readable`, of any length up to `maxFileMb`, of which little is held in memory at a time.
   * @param args.owner openid the file shall belong to; what a client stores is the client's.
   * @throws {StorageError} also `STORAGE_FILE_TOO_LARGE`
   */
  async upload(
    args: OnBehalf & {
      readonly cloudPath: string
      readonly content: Uint8Array | AsyncIterable<Uint8Array>
      readonly owner?: string | undefined
    },
  ): Promise<{ fileID: string }> {
    return this.#access.run(async ({ writer }) => {
      const path = checkCloudPath(args.cloudPath)
      const { content, client, owner } = args
      if (isStream(content)) {
        await writer.writeStream(path, this.#sources.watch(content), this.#maxFileBytes, { client, owner })
      } else await writer.write(path, checkContent(content), { client, owner })
      return { fileID: this.#fileIds.fileIdOf(path) }
    })
  }

  /** All of a file of 20 MB at most. @throws {StorageError} also `STORAGE_FILE_TOO_LARGE` */
  async download(args: OnBehalf & { readonly fileID: string }): Promise<OpResult<'storage.download'>> {
    return this.#access.run(async engine => {
      const file = await openReadable(engine, args, checkReadable)
      return { content: await engine.reader.together(file), contentType: file.record.contentType }
    })
  }

  /**
   * A file's bytes as they come, of the version there is when it is first read. Each block is checked before it is
   * given; the stream breaks with a `StorageError` where the next one is damaged, or there is no such file.
   *
   * @param args.range @default all of it
   */
  createReadStream(args: { readonly fileID: string; readonly range?: ByteRange | undefined }): Readable {
    return this.#streams.make(() => this.#readLater(args))
  }

  /**
   * URLs that anyone may read the files at until they expire. Files that don't exist, or the client may not read, are
   * reported by item.
   *
   * @param args.files At most 50; `maxAgeSeconds` is one day by default and at most.
   * @throws {StorageError} `STORAGE_REQUEST_FAIL` also while no HTTP door is open
   */
  async getTempUrls(
    args: OnBehalf & {
      readonly files: readonly { readonly fileID: string; readonly maxAgeSeconds?: number | undefined }[]
    },
  ): Promise<OpResult<'storage.getTempUrls'>> {
    return this.#access.run(async engine => {
      checkItemCount('files', args.files.length)
      const base = engine.signers.requireBase()
      const signer = await engine.signers.open()
      const files = args.files.map(async ({ fileID, maxAgeSeconds: askedSeconds }) => {
        const maxAgeSeconds = checkMaxAge(askedSeconds)
        const target = parseFileId(fileID)
        if (target.path === undefined) return { fileID, reason: target.fault }
        const reason = await findRefusal(engine, target.path, args)
        if (reason !== undefined) return { fileID, reason }
        return { fileID, url: signer.sign(base, target.path, maxAgeSeconds), maxAgeSeconds }
      })
      return { files: await Promise.all(files) }
    })
  }

  /** Removes files, 50 at most. What can't be removed is reported by item, with a StorageReason. */
  async remove(
    args: OnBehalf & { readonly fileIDs: readonly string[] },
  ): Promise<OpResult<'storage.remove'>> {
    return this.#access.run(async ({ writer }) => {
      checkItemCount('fileIDs', args.fileIDs.length)
      const files: OpResult<'storage.remove'>['files'] = []
      for (const fileID of args.fileIDs) {
        const target = parseFileId(fileID)
        const reason =
          target.path === undefined
            ? target.fault
            : REMOVAL_REASONS[await writer.remove(target.path, args.client)]
        files.push(reason === undefined ? { fileID } : { fileID, reason })
      }
      return { files }
    })
  }

  async stat(args: OnBehalf & { readonly fileID: string }): Promise<StoredFile> {
    return this.#access.run(async engine => this.#describe(await statReadable(engine, args)))
  }

  /**
   * Files in the order of their paths as UTF-8, but for temporary ones.
   *
   * @param args.prefix Only paths that start with it.
   * @param args.after Only paths behind this one: the last path of the page before.
   * @param args.limit At most 1000. @default 100
   */
  async list(
    args: { readonly prefix?: string; readonly after?: string; readonly limit?: number } = {},
  ): Promise<{ files: StoredFile[] }> {
    const { prefix = '', after = '', limit = LIMITS.serverQueryRowsDefault } = args
    return this.#access.run(async ({ driver }) => {
      checkListLimit(limit)
      const records = await listLasting(driver, { prefix, after, limit })
      return { files: records.map(record => this.#describe(record)) }
    })
  }

  /** What clients may do with files: `READONLY`, everyone reads and the uploader writes, until it is set. */
  async getPermission(): Promise<Permission> {
    return this.#access.run(({ permission }) => permission.get())
  }

  /**
   * Sets what clients may do, for all files; other hosts that share them follow within seconds.
   *
   * @param permission A mode, or rules over `resource` (`path`, `folders`, `openid`, `size`, `contentType`), `request`
   *   (`size` and `contentType` of what is uploaded), `auth.openid` and `now`.
   */
  async setPermission(permission: Permission): Promise<void> {
    return this.#access.run(engine => engine.permission.set(permission))
  }

  /** Answers a temp URL. @param path What follows `/storage/` in the URL, still percent-encoded. */
  async openSigned(path: string, query: URLSearchParams): Promise<SignedFile> {
    return this.#access.run(async ({ driver, signers }) => {
      const check = (await signers.open()).check(path, query)
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
          const open = (range?: ByteRange) => this.#openVersion(record, range)
          return { kind: 'found', contentType, sizeBytes, sha256, modifiedMs, expiresMs, open }
        }
        default:
          return check satisfies never
      }
    })
  }

  /** Waits for the calls under way, breaks streams that are still read or stored, and refuses further calls. */
  async close(): Promise<void> {
    const closed = this.#access.close()
    this.#streams.close()
    this.#sources.close()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async *#readLater(args: {
    readonly fileID: string
    readonly range?: ByteRange | undefined
  }): AsyncGenerator<Uint8Array, void> {
    const { file, reader } = await this.#access.run(async engine => ({
      file: await openReadable(engine, args),
      reader: engine.reader,
    }))
    try {
      yield* reader.pieces(file, args.range && checkRange(args.range, file.record))
    } finally {
      await file.close()
    }
  }

  /** The bytes a signed URL was answered with, if they are still the file's. */
  async #openVersion(version: StoredRecord, asked?: ByteRange): Promise<Readable> {
    return this.#access.run(async ({ reader }) => {
      const fileID = this.#fileIds.fileIdOf(version.path)
      const range = asked && checkRange(asked, version)
      const file = await reader.open(version.path)
      if (file?.record.sha256 !== version.sha256) {
        await file?.close()
        throw missingFile(fileID)
      }
      const stream = this.#streams.make(() => reader.pieces(file, range))
      // Not in the generator: of one that was never asked nothing runs, not even its `finally`.
      // That a file can't be closed is nothing its reader could do about.
      stream.once('close', () => file.close().catch(() => undefined))
      return stream
    })
  }

  #describe({ checkBytes: _, ...record }: StoredRecord): StoredFile {
    return { fileID: this.#fileIds.fileIdOf(record.path), ...record }
  }
}

const REMOVAL_REASONS = {
  removed: undefined,
  missing: 'STORAGE_FILE_NONEXIST',
  refused: 'STORAGE_EXCEED_AUTHORITY',
} as const
