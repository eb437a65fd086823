import type { FileHandle } from 'node:fs/promises'
import { BLOCK_BYTES } from './checked-blocks.ts'
import type { CloudPath } from './cloud-path.ts'
import { lostUpload } from './damage.ts'
import { blobOf, type DiskLayout, keyOf } from './disk-layout.ts'
import { type Stage, type StoredRecord, takenBytes } from './driver.ts'
import { isMissing, openFile, openToWrite, readPieces, syncDirectory, writeAt } from './durable-file.ts'
import { guard, mediumFailure } from './medium-failure.ts'
import type { PathIndex } from './path-index.ts'

/** Bytes after which the medium is told to write, so that it doesn't have all of a large file to write at its end. */
const SYNC_BYTES = 16 * 1024 * 1024

/** A blob that no metadata names yet. No file is held open between two calls. */
export class DiskStage implements Stage {
  readonly id: string
  readonly path: CloudPath
  readonly #layout: DiskLayout
  readonly #index: PathIndex
  readonly #blob: string
  /** Given to one that lasts. */
  readonly #note: string | undefined
  #sizeBytes: number
  #unsyncedBytes = 0
  #syncing: Promise<void> | undefined
  #syncFailure: unknown

  constructor(
    layout: DiskLayout,
    index: PathIndex,
    stage: { path: CloudPath; id: string; sizeBytes: number; note: string | undefined },
  ) {
    this.#layout = layout
    this.#index = index
    this.id = stage.id
    this.path = stage.path
    this.#sizeBytes = stage.sizeBytes
    this.#note = stage.note
    this.#blob = blobOf(stage.path, stage.id)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    return guard('store the file', async () => {
      await using file = await this.#openBlob(position === 0)
      await writeAt(file, position, bytes)
      this.#sizeBytes = Math.max(this.#sizeBytes, position + bytes.byteLength)
      this.#unsyncedBytes += bytes.byteLength
      if (this.#unsyncedBytes >= SYNC_BYTES) this.#beginSync()
    })
  }

  async *read(sizeBytes: number): AsyncGenerator<Uint8Array, void> {
    // Of nothing there need not be a blob.
    if (sizeBytes === 0) return
    try {
      await using file = await openFile(this.#blobPath)
      if ((await file.stat()).size < sizeBytes) throw lostUpload(this.path)
      yield* readPieces(file, 0, sizeBytes, BLOCK_BYTES)
    } catch (error) {
      throw isMissing(error) ? lostUpload(this.path) : mediumFailure('read what was uploaded', error)
    }
  }

  async publish(record: StoredRecord): Promise<void> {
    return guard('store the file', async () => {
      await this.#syncing
      if (this.#syncFailure !== undefined) throw this.#syncFailure
      const key = keyOf(record.path)
      const older = await this.#layout.readMetadata(key)
      await this.#makeDurable(record.sizeBytes + record.checkBytes)
      // Before the commit, so that the index never lacks a path that is there.
      this.#index.add(record.path, takenBytes(record))
      try {
        await this.#layout.commitMetadata(key, { record, blob: this.#blob })
      } catch (error) {
        await this.#correctIndex(key)
        throw error
      }
      if (older !== undefined && older.blob !== this.#blob) {
        await this.#layout.discard(this.#layout.blobPath(older.blob))
      }
      // Who takes it up later must know that nothing is left to be done.
      if (this.#note !== undefined) await this.#layout.writeNote(this, this.#note, record.sha256)
    })
  }

  async discard(): Promise<void> {
    return guard('remove what was uploaded', async () => {
      await this.#syncing
      const published = await this.#layout.readMetadata(keyOf(this.path))
      if (published?.blob !== this.#blob) await this.#layout.discard(this.#blobPath)
      if (this.#note !== undefined) await this.#layout.discard(this.#layout.notePath(this.id))
    })
  }

  /** After a commit that failed: whatever file is there now. What can't be looked at stays as it was noted. */
  async #correctIndex(key: string): Promise<void> {
    try {
      const there = await this.#layout.readMetadata(key)
      // Not forgotten: another host may be about to commit that path.
      this.#index.add(this.path, there === undefined ? 0 : takenBytes(there.record))
    } catch {
      // The failure of the commit is what is told.
    }
  }

  get #blobPath(): string {
    return this.#layout.blobPath(this.#blob)
  }

  /** Only the first write makes it: a blob made by a later one would have a hole where the bytes before were. */
  async #openBlob(isFirst: boolean): Promise<FileHandle> {
    try {
      return await openToWrite(this.#blobPath, isFirst)
    } catch (error) {
      throw isMissing(error) ? lostUpload(this.path) : error
    }
  }

  async #makeDurable(sizeBytes: number): Promise<void> {
    await using file = await this.#openBlob(sizeBytes === 0)
    // Not what was written here: another host may have given the blob up, or damage have shortened it.
    if ((await file.stat()).size < sizeBytes) throw lostUpload(this.path)
    await file.truncate(sizeBytes)
    await file.sync()
    await syncDirectory(this.#layout.blobs)
  }

  /** Without waiting for it: a failure, which the system tells but once, is told by `publish`. */
  #beginSync(): void {
    if (this.#syncing !== undefined) return
    this.#unsyncedBytes = 0
    const sync = async (): Promise<void> => {
      await using file = await this.#openBlob(false)
      await file.datasync()
    }
    this.#syncing = sync()
      .catch((error: unknown) => {
        this.#syncFailure = error
      })
      .finally(() => {
        this.#syncing = undefined
      })
  }
}
