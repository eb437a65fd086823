import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { BlockChecks } from './checked-blocks.ts'
import type { CloudPath } from './cloud-path.ts'
import { lostUpload } from './damage.ts'
import type { Stage } from './driver.ts'
import type { FileWriter, FinishedBytes } from './file-writer.ts'
import type { Reservation } from './quota.ts'
import type { StorageClient } from './storage-permission.ts'
import type { UploadNote } from './upload-note.ts'

/** One file that comes in chunks. One call at a time. */
export class Upload {
  readonly note: UploadNote
  /** When a chunk came last, or it was finished or taken up. */
  progressMs: number
  /** Its bytes can't become the file. */
  isSpoiled = false
  /** What is there could not be read the last time. */
  isUnreadable = false
  readonly #stage: Stage
  readonly #reservation: Reservation
  #receivedBytes: number
  #shortCount = 0
  /** Undefined after a restart, until it is needed: then what is there is read again. */
  #checks: BlockChecks | undefined
  #bytes: FinishedBytes | undefined
  #isFinished = false

  /** @param publishedSha256 Given when it is known to be finished. */
  constructor(
    stage: Stage,
    note: UploadNote,
    reservation: Reservation,
    nowMs: number,
    publishedSha256?: string,
  ) {
    this.#stage = stage
    this.note = note
    this.#reservation = reservation
    this.progressMs = nowMs
    this.#receivedBytes = Math.min(stage.sizeBytes, note.sizeBytes)
    this.#checks = this.#receivedBytes === 0 ? new BlockChecks() : undefined
    if (publishedSha256 === undefined) return
    this.#isFinished = true
    this.#bytes = { sizeBytes: note.sizeBytes, sha256: publishedSha256, checks: new Uint8Array() }
  }

  get id(): string {
    return this.#stage.id
  }

  get path(): CloudPath {
    return this.#stage.path
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  isOf(client: StorageClient | undefined): boolean {
    return this.note.isClient
      ? client !== undefined && client.openid === this.note.openid
      : client === undefined
  }

  /** @throws {StorageError} INVALID_PARAM for a gap, an empty or too long chunk, and one beyond the end */
  async append(offset: number, content: Uint8Array, nowMs: number): Promise<{ receivedBytes: number }> {
    const received = this.#receivedBytes
    const fault = this.#findFault(offset, content.byteLength)
    if (fault !== undefined) throw new StorageError('INVALID_PARAM', `The chunk at ${offset} ${fault}.`)
    const added = content.subarray(received - offset)
    if (added.byteLength > 0) {
      const checks = await this.#openChecks()
      const writing = this.#stage.write(received, added)
      // While the medium is at work.
      checks.add(added)
      await this.#await(writing)
      this.#receivedBytes += added.byteLength
      if (this.#isShort(added.byteLength, this.#receivedBytes)) this.#shortCount++
      this.progressMs = nowMs
    }
    return { receivedBytes: this.#receivedBytes }
  }

  /** What has gone into the checks and not into the file is no part of it: they are made again from what is there. */
  async #await(writing: Promise<void>): Promise<void> {
    try {
      await writing
    } catch (error) {
      this.#checks = undefined
      throw error
    }
  }

  /**
   * @param sha256 Of all bytes, to compare with. Omitted: that of the start, if one was given then.
   * @throws {StorageError} INVALID_PARAM while bytes are missing or when another sha256 was said at the start,
   *   STORAGE_REQUEST_FAIL for bytes of another one, which spoils the upload
   */
  async finish(sha256: string | undefined, writer: FileWriter, nowMs: number): Promise<void> {
    const { note } = this
    if (this.#receivedBytes < note.sizeBytes) {
      throw new StorageError(
        'INVALID_PARAM',
        `Of ${note.sizeBytes} bytes of this upload ${this.#receivedBytes} have come. Send the others first.`,
      )
    }
    if (note.sha256 !== undefined && sha256 !== undefined && note.sha256 !== sha256) {
      throw new StorageError('INVALID_PARAM', 'This upload was started with another sha256.')
    }
    this.#bytes ??= { sizeBytes: note.sizeBytes, ...(await this.#openChecks()).end() }
    const expected = sha256 ?? note.sha256
    if (expected !== undefined && this.#bytes.sha256 !== expected) {
      this.isSpoiled = !this.#isFinished
      throw new StorageError(
        'STORAGE_REQUEST_FAIL',
        `The bytes that came have the SHA-256 ${this.#bytes.sha256}, not ${expected}: they were damaged on their way, or changed meanwhile. Upload the file again.`,
      )
    }
    if (this.#isFinished) return
    await writer.publish(this.#stage, this.#bytes, {
      client: note.isClient ? { openid: note.openid } : undefined,
    })
    this.#isFinished = true
    this.progressMs = nowMs
    this.#reservation[Symbol.dispose]()
  }

  /** Gives back what was set aside for it. */
  release(): void {
    this.#reservation[Symbol.dispose]()
  }

  async discard(): Promise<void> {
    this.release()
    await this.#stage.discard()
  }

  #findFault(offset: number, sizeBytes: number): string | undefined {
    const received = this.#receivedBytes
    if (offset > received) return `leaves a gap: ${received} bytes are there. Go on from there`
    if (sizeBytes === 0) return 'is empty'
    if (sizeBytes > LIMITS.uploadChunkBytes) {
      return `has ${sizeBytes} bytes; at most ${LIMITS.uploadChunkBytes} are taken in one`
    }
    if (offset + sizeBytes > this.note.sizeBytes) {
      return `ends beyond the ${this.note.sizeBytes} bytes the file was said to have`
    }
    const end = offset + sizeBytes
    if (this.#shortCount >= LIMITS.shortChunks && end > received && this.#isShort(end - received, end)) {
      return `is short, and ${LIMITS.shortChunks} before it were; send ${LIMITS.uploadChunkBytes} bytes in one`
    }
    return undefined
  }

  /** Each chunk costs something of its own, to a bucket an object. */
  #isShort(addedBytes: number, end: number): boolean {
    return addedBytes < LIMITS.uploadChunkBytes && end < this.note.sizeBytes
  }

  async #openChecks(): Promise<BlockChecks> {
    if (this.#checks !== undefined) return this.#checks
    const checks = new BlockChecks()
    this.isUnreadable = true
    for await (const piece of this.#stage.read(this.#receivedBytes)) checks.add(piece)
    if (checks.sizeBytes !== this.#receivedBytes) throw lostUpload(this.path)
    this.isUnreadable = false
    this.#checks = checks
    return checks
  }
}
