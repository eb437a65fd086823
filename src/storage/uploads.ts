import { OverloadedError, StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import { type CloudPath, checkCloudPath } from './cloud-path.ts'
import { LostUploadError } from './damage.ts'
import type { Driver, LastingStage } from './driver.ts'
import type { FileWriter } from './file-writer.ts'
import { PathLock } from './path-lock.ts'
import type { Quota } from './quota.ts'
import { fileTooLarge } from './storage-arguments.ts'
import type { StorageClient } from './storage-permission.ts'
import { Upload } from './upload.ts'
import { formatUploadNote, parseUploadNote } from './upload-note.ts'

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
  readonly #uploads = new Map<string, Upload>()
  readonly #lock = new PathLock()
  #timer: NodeJS.Timeout | undefined
  /** Uploads that are just being made. */
  #startingCount = 0
  /** When it was told last that some can't be given up, on the clock of `performance.now`. */
  #failedMs = Number.NEGATIVE_INFINITY

  private constructor(options: UploadsOptions) {
    this.#options = options
  }

  /** Takes up what was under way when the process before ended, and gives up what has expired. */
  static async open(options: UploadsOptions): Promise<Uploads> {
    const uploads = new Uploads(options)
    await uploads.#takeUp()
    // Who is warned may throw: nobody waits for it here, and the process must not end of it.
    const sweep = (): Promise<void> => uploads.#sweep().catch(error => process.emitWarning(error))
    uploads.#timer = setInterval(sweep, SWEEP_MS).unref()
    return uploads
  }

  async start(
    args: OpArgs<'storage.startUpload'>,
    client: StorageClient | undefined,
  ): Promise<OpResult<'storage.startUpload'>> {
    const { sizeBytes, sha256 } = args
    const path = checkCloudPath(args.cloudPath)
    const { maxFileBytes, writer, now } = this.#options
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
      const known = sha256 === undefined ? undefined : this.#findSame(path, note)
      const upload = known ?? (await this.#make(path, note))
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
    return this.#with(uploadId, client, async upload => {
      await upload.finish(sha256, this.#options.writer, this.#options.now())
      return upload.path
    })
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
    if (publishedSha256 === undefined) reservation.hold(note.sizeBytes)
    const upload = new Upload(stage, note, reservation, now(), publishedSha256)
    this.#uploads.set(upload.id, upload)
    return upload
  }

  async #find(id: string): Promise<Upload | undefined> {
    const known = this.#uploads.get(id)
    if (known !== undefined) return known
    const lasting = await this.#options.driver.lastingStage(id)
    return lasting && this.#adopt(lasting)
  }

  /** One that this caller has begun of the same bytes for the same path. */
  #findSame(path: CloudPath, note: Upload['note']): Upload | undefined {
    const client = note.isClient ? { openid: note.openid } : undefined
    return [...this.#uploads.values()].find(upload => {
      const { sizeBytes, sha256 } = upload.note
      const isSame = upload.path === path && sizeBytes === note.sizeBytes && sha256 === note.sha256
      return isSame && upload.isOf(client) && !upload.isFinished && !upload.isUnreadable
    })
  }

  async #make(path: CloudPath, note: Upload['note']): Promise<Upload> {
    const { driver, quota, now } = this.#options
    this.#requirePlace(note)
    const reservation = quota.reserve()
    this.#startingCount++
    try {
      await reservation.grow(note.sizeBytes)
      const stage = await driver.createStage(path, formatUploadNote(note))
      const upload = new Upload(stage, note, reservation, now())
      this.#uploads.set(upload.id, upload)
      return upload
    } catch (error) {
      reservation[Symbol.dispose]()
      throw error
    } finally {
      this.#startingCount--
    }
  }

  /** @throws {OverloadedError} */
  #requirePlace({ isClient, openid }: Upload['note']): void {
    const open = [...this.#uploads.values()].filter(upload => !upload.isFinished && !this.#isExpired(upload))
    const own = open.filter(({ note }) => note.isClient && note.openid === openid).length
    if (isClient && own >= LIMITS.clientUploads) {
      throw new OverloadedError(
        `This client has ${own} uploads that are not finished, and may have no more. Finish or abort one.`,
      )
    }
    if (open.length + this.#startingCount >= LIMITS.uploads) {
      throw new OverloadedError(
        `The host has ${LIMITS.uploads} uploads that are not finished. Try again later.`,
      )
    }
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
      if (known?.isOf(client) && this.#isExpired(known)) await this.#expire(known)
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

  #isExpired(upload: Upload): boolean {
    const { idleMs, now } = this.#options
    const restMs = upload.isFinished ? Math.min(LIMITS.uploadFinishedMs, idleMs) : idleMs
    const nowMs = now()
    return nowMs - upload.progressMs > restMs || nowMs - upload.note.startedMs > LIMITS.uploadMs
  }

  /** What can't be given up now, as the medium fails, is tried again the next time. It harms no other upload. */
  async #sweep(): Promise<void> {
    const expired = [...this.#uploads.values()].filter(upload => this.#isExpired(upload))
    const swept = await Promise.allSettled(
      expired.map(upload =>
        this.#lock.run(upload.id, async () => {
          if (this.#isExpired(upload)) await this.#expire(upload)
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
    this.#uploads.delete(upload.id)
    try {
      await upload.discard()
    } catch (error) {
      // It is taken up at the next start, and then again given up.
      this.#options.onWarning(`What is left of an upload can't be removed: ${String(error)}`)
    }
  }
}
