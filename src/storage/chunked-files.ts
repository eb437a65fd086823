import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import { isTemporaryPath } from './cloud-path.ts'
import type { EngineAccess } from './engine-access.ts'
import { type FileIdFormat, missingFile } from './file-id.ts'
import { type OnBehalf, openReadable } from './readable-file.ts'
import { checkWholeNumbers, clipRange } from './storage-arguments.ts'

/** Files in chunks, for those who have only calls to send them with. Rejects as `Storage` does. */
export class ChunkedFiles {
  readonly #access: EngineAccess
  readonly #fileIds: FileIdFormat

  constructor(access: EngineAccess, fileIds: FileIdFormat) {
    this.#access = access
    this.#fileIds = fileIds
  }

  /** A part of a file, 1 MiB at most, as long as it is the version of that sha256. */
  async read(args: OnBehalf & OpArgs<'storage.readChunk'>): Promise<OpResult<'storage.readChunk'>> {
    return this.#access.run(async engine => {
      if (args.length > LIMITS.uploadChunkBytes) {
        throw new StorageError(
          'INVALID_PARAM',
          `length is ${args.length}; at most ${LIMITS.uploadChunkBytes} bytes are given in one chunk.`,
        )
      }
      // Before a file is open, which somebody would have to close.
      const asked = checkWholeNumbers({ start: args.offset, end: args.offset + args.length })
      const file = await openReadable(engine, args, record => {
        if (record.sha256 !== args.sha256) throw missingFile(args.fileID)
      })
      return { content: await engine.reader.together(file, clipRange(asked, file.record)) }
    })
  }

  /** Begins a file that comes in chunks; without a cloudPath a temporary one. @throws {StorageError} also `STORAGE_FILE_TOO_LARGE`; {OverloadedError} */
  async start({
    client,
    ...args
  }: OnBehalf & OpArgs<'storage.startUpload'>): Promise<OpResult<'storage.startUpload'>> {
    return this.#access.run(async ({ uploads, signers }) => {
      // Before its bytes come: without a URL nobody could read it.
      if (args.cloudPath === undefined) signers.requireBase()
      return uploads.start(args, client)
    })
  }

  async append({
    client,
    ...args
  }: OnBehalf & OpArgs<'storage.appendUpload'>): Promise<OpResult<'storage.appendUpload'>> {
    return this.#access.run(({ uploads }) => uploads.append(args, client))
  }

  async status({
    client,
    ...args
  }: OnBehalf & OpArgs<'storage.uploadStatus'>): Promise<OpResult<'storage.uploadStatus'>> {
    return this.#access.run(({ uploads }) => uploads.status(args, client))
  }

  async finish({
    client,
    ...args
  }: OnBehalf & OpArgs<'storage.finishUpload'>): Promise<OpResult<'storage.finishUpload'>> {
    return this.#access.run(async ({ uploads, signers }) => {
      const path = await uploads.finish(args, client)
      if (!isTemporaryPath(path)) return { fileID: this.#fileIds.fileIdOf(path) }
      const signer = await signers.open()
      return { url: signer.sign(signers.requireBase(), path, LIMITS.temporaryFileMs / 1000) }
    })
  }

  async abort({
    client,
    ...args
  }: OnBehalf & OpArgs<'storage.abortUpload'>): Promise<OpResult<'storage.abortUpload'>> {
    return this.#access.run(({ uploads }) => uploads.abort(args, client))
  }
}
