import { randomBytes } from 'node:crypto'
import { type FileHandle, link, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../errors.ts'
import { BLOCK_BYTES } from './checked-blocks.ts'
import { type CloudPath, isCloudPath } from './cloud-path.ts'
import { type DamageReports, damagedFile, unlessDamaged } from './damage.ts'
import { blobOf, DiskLayout, keyOf, randomId } from './disk-layout.ts'
import { DiskStage } from './disk-stage.ts'
import { sweepDirectory } from './disk-sweep.ts'
import type { Driver, LastingStage, Listing, OpenFile, SettingName, Stage, StoredRecord } from './driver.ts'
import {
  createDurableFile,
  errnoOf,
  openIfExists,
  readIfExists,
  readPieces,
  syncDirectory,
} from './durable-file.ts'
import { guard, mediumFailure } from './medium-failure.ts'
import { PathIndex } from './path-index.ts'
import { parseNote } from './stage-note.ts'

/** How often a reader starts over because the file was replaced between its two opens. */
const READ_ATTEMPTS = 100

/** Metadata files read at once for a listing. */
const READS_AT_ONCE = 16

const SETTING_FILES: Readonly<Record<SettingName, string>> = {
  'signing-key': 'signing.key',
  permission: 'permission.json',
  temporary: 'temporary.json',
}

/**
 * Files in a directory, laid out as `DiskLayout` says. A write puts a new blob on disk, then commits its metadata,
 * then removes the old blob: a crash in between leaves a blob nobody names, which `open` sweeps. Nothing that matters
 * is kept in memory, so processes may share a directory.
 */
export class DiskDriver implements Driver {
  readonly #layout: DiskLayout
  readonly #index: PathIndex

  private constructor(layout: DiskLayout, index: PathIndex) {
    this.#layout = layout
    this.#index = index
  }

  /** Makes the directory if needed, and removes what crashes left in it. */
  static async openDirectory(directory: string, reports: DamageReports): Promise<DiskDriver> {
    return guard('open its directory', async () => {
      const layout = new DiskLayout(directory, reports)
      await layout.make()
      await sweepDirectory(layout)
      return new DiskDriver(layout, await PathIndex.open(directory))
    })
  }

  async createStage(path: CloudPath, note?: string): Promise<Stage> {
    return guard('store the file', async () => {
      const id = randomId()
      if (note !== undefined) await this.#layout.writeNote({ id, path }, note)
      return this.#stageOf({ path, id, sizeBytes: 0, note })
    })
  }

  async lastingIds(): Promise<string[]> {
    const names = await guard('look for uploads', () => readdir(this.#layout.uploads))
    return names.flatMap(name => /^([0-9a-f]{32})\.json$/.exec(name)?.[1] ?? [])
  }

  async lastingStage(id: string): Promise<LastingStage | undefined> {
    return guard('look for uploads', async () => {
      const text = await readIfExists(this.#layout.notePath(id))
      const noted = text && parseNote(text.toString())
      if (text === undefined) return undefined
      if (noted === undefined) {
        await this.#layout.discard(this.#layout.notePath(id))
        return undefined
      }
      const { path, note, publishedSha256 } = noted
      await using blob = await openIfExists(this.#layout.blobPath(blobOf(path, id)))
      const sizeBytes = blob === undefined ? 0 : (await blob.stat()).size
      return { stage: this.#stageOf({ path, id, sizeBytes, note }), note, publishedSha256 }
    })
  }

  async stat(path: CloudPath): Promise<StoredRecord | undefined> {
    return guard('look the file up', async () => (await this.#layout.readMetadata(keyOf(path)))?.record)
  }

  async open(path: CloudPath): Promise<OpenFile | undefined> {
    return guard('read the file', async () => {
      const opened = await this.#openBlob(keyOf(path))
      return opened && new OpenBlob(opened.record, opened.blob)
    })
  }

  async remove(path: CloudPath): Promise<boolean> {
    return guard('remove the file', async () => {
      const key = keyOf(path)
      const metadata = await this.#layout.readMetadata(key)
      if (metadata === undefined) return false
      await rm(this.#layout.metadataPath(key), { force: true })
      await syncDirectory(this.#layout.files)
      this.#index.forget(path)
      await this.#layout.discard(this.#layout.blobPath(metadata.blob))
      return true
    })
  }

  async list(listing: Listing): Promise<StoredRecord[]> {
    return guard('list its files', async () => {
      await this.#index.fill(() => this.#all())
      const records: StoredRecord[] = []
      for (let { after } = listing; records.length < listing.limit; ) {
        const wanted = Math.min(listing.limit - records.length, READS_AT_ONCE)
        const paths = this.#index.list({ ...listing, after, limit: wanted })
        const found = await Promise.all(paths.map(path => this.#noted(path)))
        records.push(...found.filter(record => record !== undefined))
        if (paths.length < wanted) break
        after = paths.at(-1) ?? after
      }
      return records
    })
  }

  async usedBytes(): Promise<number> {
    return guard('count its bytes', async () => {
      await this.#index.fill(() => this.#all())
      return this.#index.totalBytes()
    })
  }

  async readSetting(name: SettingName): Promise<Uint8Array | undefined> {
    return guard('read its settings', () => readIfExists(join(this.#layout.directory, SETTING_FILES[name])))
  }

  async writeSetting(name: SettingName, value: Uint8Array, isFirst = false): Promise<void> {
    const { directory } = this.#layout
    const file = SETTING_FILES[name]
    return guard('keep its settings', () =>
      isFirst ? this.#makeFirst(join(directory, file), value) : this.#layout.replace(directory, file, value),
    )
  }

  async close(): Promise<void> {
    this.#index.close()
  }

  #stageOf(stage: { path: CloudPath; id: string; sizeBytes: number; note: string | undefined }): DiskStage {
    return new DiskStage(this.#layout, this.#index, stage)
  }

  /** A link, unlike a rename, fails if another process made it first; then that one counts. */
  async #makeFirst(path: string, value: Uint8Array): Promise<void> {
    const staged = `${path}-${randomBytes(16).toString('hex')}.tmp`
    await createDurableFile(staged, value)
    try {
      await link(staged, path)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    } finally {
      await rm(staged, { force: true })
    }
    await syncDirectory(this.#layout.directory)
  }

  /** The file of a path in the index, if it is there. */
  async #noted(path: string): Promise<StoredRecord | undefined> {
    return isCloudPath(path) ? this.#legible(keyOf(path)) : undefined
  }

  async #legible(key: string): Promise<StoredRecord | undefined> {
    return (await unlessDamaged(this.#layout.readMetadata(key)))?.record
  }

  /** Every file, in no order. */
  async *#all(): AsyncGenerator<StoredRecord, void> {
    for (const name of await readdir(this.#layout.files)) {
      const key = /^([0-9a-f]{64})\.json$/.exec(name)?.[1]
      const record = key === undefined ? undefined : await this.#legible(key)
      if (record !== undefined) yield record
    }
  }

  /** The caller owns the open blob. Starts over when a writer replaced the file between the two opens. */
  async #openBlob(key: string): Promise<{ record: StoredRecord; blob: FileHandle } | undefined> {
    let missing: string | undefined
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const metadata = await this.#layout.readMetadata(key)
      if (metadata === undefined) return undefined
      const { record, blob: name } = metadata
      if (name === missing) throw damagedFile(record.path)
      const blob = await openIfExists(this.#layout.blobPath(name))
      if (blob === undefined) {
        missing = name
        continue
      }
      try {
        const stats = await blob.stat()
        if (!stats.isFile() || stats.size !== record.sizeBytes + record.checkBytes) {
          throw damagedFile(record.path)
        }
        return { record, blob }
      } catch (error) {
        // A handle left to the garbage collector would end the process.
        await blob.close()
        throw error
      }
    }
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      `The file was replaced ${READ_ATTEMPTS} times while it was being opened. Try again.`,
    )
  }
}

class OpenBlob implements OpenFile {
  readonly record: StoredRecord
  readonly #blob: FileHandle

  constructor(record: StoredRecord, blob: FileHandle) {
    this.record = record
    this.#blob = blob
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    let sizeBytes = 0
    try {
      for await (const piece of readPieces(this.#blob, start, end, BLOCK_BYTES)) {
        sizeBytes += piece.byteLength
        yield piece
      }
    } catch (error) {
      throw mediumFailure('read the file', error)
    }
    if (sizeBytes !== end - start) throw damagedFile(this.record.path)
  }

  async close(): Promise<void> {
    await this.#blob.close()
  }
}
