import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import { type CloudPath, checkCloudPath } from './cloud-path.ts'
import { LostUploadError } from './damage.ts'
import { type Driver, type LastingStage, takenBytes } from './driver.ts'
import type { FileWriter } from './file-writer.ts'
import { PathLock } from './path-lock.ts'
import type { Quota } from './quota.ts'
import { fileTooLarge } from './storage-arguments.ts'
import type { StorageClient } from './storage-permission.ts'
import { drawTemporaryPath } from './temporary-files.ts'
import { Upload } from './upload.ts'
import { formatUploadNote, parseUploadNote } from './upload-note.ts'
import { UploadTable } from './upload-table.ts'

/** How often uploads that have expired are looked for. */
const SWEEP_MS = 60_000

export interface UploadsOptions {
  readonly driver: Driver
  readonly writer: FileWriter
  readonly quota: Quota
  readonly maxFileBytes: number
  /** Milliseconds without progress after which an upload is given up. */
  readonly idleMs: number
  readonly now: () => number
  /** What becomes of bytes that can't be removed is nothing a caller can do about. */
  readonly onWarning: (message: string) => void
}

/**
 * Files that come in chunks. The bytes lie in a stage of the driver until all are there; what is known of an upload is
 * noted with them, so that it goes on after a restart. Each belongs to who started it: to others there is none.
 */
export class Uploads {
  readonly #options: UploadsOptions
  readonly #uploads: UploadTable
  readonly #lock = new PathLock()
  #timer: NodeJS.Timeout | undefined
  /** When it was told last that some can't be given up, on the clock of `performance.now`. */
  #failedMs = Number.NEGATIVE_INFINITY

  private constructor(options: UploadsOptions) {
    this.#options = options
    this.#uploads = new UploadTable(options)
  }

  /** Takes up what was under way when the process before ended, and gives up what has expired. */
  static async open(options: UploadsOptions): Promise<Uploads> {
    const uploads = new Uploads(options)
    await uploads.#takeUp()
    uploads.#timer = setInterval(() => void uploads.#sweep(), SWEEP_MS).unref()
    return uploads
  }

  async start(
    args: OpArgs<'storage.startUpload'>,
    client: StorageClient | undefined,
  ): Promise<OpResult<'storage.startUpload'>> {
    const { sizeBytes, sha256 } = args
    const { maxFileBytes, writer, now } = this.#options
    // Temporary files are for clients, who send them along with a call.
    const isTemporary = args.cloudPath === undefined && client !== undefined
    const path = isTemporary ? drawTemporaryPath(now()) : checkCloudPath(args.cloudPath)
    if (sizeBytes > maxFileBytes) throw fileTooLarge(maxFileBytes, sizeBytes)
    await writer.requireLeave(path, sizeBytes, { client })
    await this.#sweep()
    // A client's one after another, so that no two of them pass its last place.
    return this.#lock.run(`start ${client?.openid ?? ''}`, async () => {
      const note = {
        openid: client?.openid,
        isClient: client !== undefined,
        sizeBytes,
        sha256,
        startedMs: now(),
      }
      const upload = this.#uploads.findSame(path, note) ?? (await this.#make(path, note))
      return { uploadId: upload.id, chunkBytes: LIMITS.uploadChunkBytes, receivedBytes: upload.receivedBytes }
    })
  }

  async append(
    { uploadId, offset, content }: OpArgs<'storage.appendUpload'>,
    client: StorageClient | undefined,
  ): Promise<OpResult<'storage.appendUpload'>> {
    return this.#with(uploadId, client, upload => upload.append(offset, content, this.#options.now()))
  }

  /** Waits for the chunks that are on their way into it. */
  async status(
    { uploadId }: OpArgs<'storage.uploadStatus'>,
    client: StorageClient | undefined,
  ): Promise<OpResult<'storage.uploadStatus'>> {
    return this.#with(uploadId, client, async ({ receivedBytes, note }) => ({
      receivedBytes,
      sizeBytes: note.sizeBytes,
    }))
  }

  /** The path the file has now. */
  async finish(
    { uploadId, sha256 }: OpArgs<'storage.finishUpload'>,
    client: StorageClient | undefined,
  ): Promise<CloudPath> {
    const finished = await this.#with(uploadId, client, async upload => {
      await upload.finish(sha256, this.#options.writer, this.#options.now())
      return upload
    })
    for (const surplus of this.#uploads.surplus(finished)) {
      await this.#lock.run(surplus.id, () => this.#drop(surplus))
    }
    return finished.path
  }

  async abort(
    { uploadId }: OpArgs<'storage.abortUpload'>,
    client: StorageClient | undefined,
  ): Promise<OpResult<'storage.abortUpload'>> {
    await this.#lock.run(uploadId, async () => {
      const upload = await this.#find(uploadId)
      if (upload?.isOf(client)) await this.#drop(upload)
    })
    return {}
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** One that can't be taken up now may be when it is asked for; it harms nothing else. */
  async #takeUp(): Promise<void> {
    const { driver, onWarning } = this.#options
    const failures: unknown[] = []
    const ids = await driver.lastingIds()
    for (const id of ids) await this.#find(id).catch(error => failures.push(error))
    if (failures.length === 0) return
    onWarning(`Of ${ids.length} uploads ${failures.length} can't be taken up: ${String(failures[0])}`)
  }

  /** Goes on with an upload of a process that has ended, or of another host. */
  async #adopt({ stage, note: text, publishedSha256 }: LastingStage): Promise<Upload | undefined> {
    const { quota, now } = this.#options
    const note = parseUploadNote(text)
    if (note === undefined || now() - note.startedMs > LIMITS.uploadMs) {
      await stage.discard()
      return undefined
    }
    const reservation = quota.reserve()
    // There was room for it when it was started.
    if (publishedSha256 === undefined) reservation.hold(takenBytes(note))
    const upload = new Upload(stage, note, reservation, now(), publishedSha256)
    this.#uploads.add(upload)
    return upload
  }

  async #find(id: string): Promise<Upload | undefined> {
    const known = this.#uploads.get(id)
    if (known !== undefined) return known
    const lasting = await this.#options.driver.lastingStage(id)
    return lasting && this.#adopt(lasting)
  }

  async #make(path: CloudPath, note: Upload['note']): Promise<Upload> {
    const { driver, quota, now } = this.#options
    return this.#uploads.make(note, async () => {
      const reservation = quota.reserve()
      try {
        await reservation.grow(takenBytes(note))
        return new Upload(await driver.createStage(path, formatUploadNote(note)), note, reservation, now())
      } catch (error) {
        reservation[Symbol.dispose]()
        throw error
      }
    })
  }

  /** Runs what is asked of an upload, one after another. */
  async #with<Result>(
    id: string,
    client: StorageClient | undefined,
    work: (upload: Upload) => Promise<Result>,
  ): Promise<Result> {
    return this.#lock.run(id, async () => {
      const known = await this.#find(id)
      // Unless it went on at another host meanwhile.
      if (known?.isOf(client) && this.#uploads.isExpired(known)) await this.#expire(known)
      const upload = this.#uploads.get(id)
      if (upload?.isOf(client)) {
        try {
          return await work(upload)
        } catch (error) {
          // What is there is not what was meant, and can't become it.
          if (upload.isSpoiled || error instanceof LostUploadError) await this.#drop(upload)
          throw error
        }
      }
      throw new StorageError(
        'STORAGE_FILE_NONEXIST',
        'There is no such upload. It was aborted, has expired or is over for long. Start it again.',
      )
    })
  }

  /** What can't be given up now, as the medium fails, is tried again the next time. It harms no other upload. */
  async #sweep(): Promise<void> {
    const expired = this.#uploads.expired()
    const swept = await Promise.allSettled(
      expired.map(upload =>
        this.#lock.run(upload.id, async () => {
          if (this.#uploads.isExpired(upload)) await this.#expire(upload)
        }),
      ),
    )
    const failed = swept.filter(({ status }) => status === 'rejected')
    const [first] = failed
    const isToldOf = performance.now() - this.#failedMs < SWEEP_MS
    if (first?.status !== 'rejected' || isToldOf) return
    this.#failedMs = performance.now()
    this.#options.onWarning(
      `Of ${expired.length} uploads that have expired ${failed.length} can't be given up: ${String(first.reason)}`,
    )
  }

  async #expire(upload: Upload): Promise<void> {
    const { driver, now } = this.#options
    const isOld = now() - upload.note.startedMs > LIMITS.uploadMs
    const lasting = isOld ? undefined : await driver.lastingStage(upload.id)
    // Behind the file's own bytes their checks may be.
    const thereBytes = Math.min(lasting?.stage.sizeBytes ?? 0, upload.note.sizeBytes)
    if (lasting === undefined || thereBytes <= upload.receivedBytes) return this.#drop(upload)
    // Another host goes on with it.
    upload.release()
    await this.#adopt(lasting)
  }

  async #drop(upload: Upload): Promise<void> {
    this.#uploads.remove(upload)
    try {
      await upload.discard()
    } catch (error) {
      // It is taken up at the next start, and then again given up.
      this.#options.onWarning(`What is left of an upload can't be removed: ${String(error)}`)
    }
  }
}
