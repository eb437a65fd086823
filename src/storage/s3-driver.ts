import { StorageError } from '../errors.ts'
import type { CloudPath } from './cloud-path.ts'
import { type DamageReports, damagedFile, unlessDamaged } from './damage.ts'
import { randomId } from './disk-layout.ts'
import {
  type Driver,
  type LastingStage,
  type Listing,
  type OpenFile,
  type SettingName,
  type Stage,
  type StoredRecord,
  takenBytes,
} from './driver.ts'
import { guard } from './medium-failure.ts'
import { PathLock } from './path-lock.ts'
import { S3Bucket, type S3Part } from './s3-bucket.ts'
import { checkS3Path, fileKey, HEAD_BYTES, parseHead, pathsOfKey } from './s3-object.ts'
import type { S3Options } from './s3-options.ts'
import { chunksOf, noteKey, S3LastingStage, S3Stage, type S3Target } from './s3-stage.ts'
import { formatNote, parseNote } from './stage-note.ts'

/** Bytes of one request when a file is read. */
const READ_BYTES = 4 * 1024 * 1024

/** Bytes that come with a file's record when it is opened, so that a small one is read by one request. */
const FIRST_BYTES = 64 * 1024

/** Objects asked for at once for a listing. */
const READS_AT_ONCE = 16

/** Uploads put together at once, each of which holds two parts of a file. */
const PUBLISHES_AT_ONCE = 4

/** Longest note of an upload: a path, an openid and some numbers. */
const NOTE_BYTES = 16 * 1024

/** Longest setting: a permission. */
const SETTING_BYTES = 64 * 1024

/** How long a count of all bytes holds. What is stored here meanwhile is added; what it replaces isn't known. */
const COUNT_MS = 600_000

/**
 * Files in a bucket of an S3-compatible service:
 *
 *     files/<path>                       4096 bytes with the record, the file's bytes, the checks of its blocks
 *     uploads/<id>.json                  notes of stages that last
 *     uploads/<id>/<start>-<size>        their chunks
 *     settings/<name>
 *
 * A file is one object, and S3 replaces objects whole or not at all: there is nothing else to commit.
 */
export class S3Driver implements Driver {
  readonly #bucket: S3Bucket
  readonly #reports: DamageReports
  readonly #lock = new PathLock()
  #turn = 0
  #count: { bytes: number; readonly atMs: number } | undefined

  private constructor(bucket: S3Bucket, reports: DamageReports) {
    this.#bucket = bucket
    this.#reports = reports
  }

  /** Makes sure that the bucket answers. */
  static async openBucket(options: S3Options, reports: DamageReports): Promise<S3Driver> {
    return guard('reach its bucket', async () => {
      const bucket = await S3Bucket.open(options)
      await bucket.check()
      return new S3Driver(bucket, reports)
    })
  }

  async createStage(path: CloudPath, note?: string): Promise<Stage> {
    return guard('store the file', async () => {
      checkS3Path(path)
      const id = randomId()
      if (note === undefined) return new S3Stage(this.#target, path, id)
      await this.#bucket.put(noteKey(id), Buffer.from(formatNote(path, note)))
      return new S3LastingStage(this.#target, { path, id, note, sizeBytes: 0 })
    })
  }

  async lastingIds(): Promise<string[]> {
    return guard('look for uploads', async () => {
      const ids: string[] = []
      for await (const { key } of this.#bucket.list('uploads/')) {
        ids.push(...(/^uploads\/([0-9a-f]{32})\.json$/.exec(key)?.slice(1) ?? []))
      }
      return ids
    })
  }

  async lastingStage(id: string): Promise<LastingStage | undefined> {
    return guard('look for uploads', async () => {
      const text = await this.#bucket.get(noteKey(id), 0, NOTE_BYTES)
      if (text === undefined) return undefined
      const noted = parseNote(Buffer.from(text.bytes).toString())
      if (noted === undefined) {
        await this.#bucket.remove(noteKey(id))
        return undefined
      }
      let sizeBytes = 0
      for await (const { end } of chunksOf(this.#bucket, id)) sizeBytes = end
      const { path, note, publishedSha256 } = noted
      const stage = new S3LastingStage(this.#target, { path, id, note, sizeBytes })
      return { stage, note, publishedSha256 }
    })
  }

  async stat(path: CloudPath): Promise<StoredRecord | undefined> {
    return guard('look the file up', async () => {
      const head = await this.#bucket.get(fileKey(path), 0, HEAD_BYTES)
      return head && this.#parseHead(path, head.bytes)
    })
  }

  async open(path: CloudPath): Promise<OpenFile | undefined> {
    return guard('read the file', async () => {
      const first = await this.#bucket.get(fileKey(path), 0, HEAD_BYTES + FIRST_BYTES)
      return first && new OpenObject(this.#bucket, await this.#parseHead(path, first.bytes), first)
    })
  }

  async remove(path: CloudPath): Promise<boolean> {
    return guard('remove the file', async () => {
      // S3 says nothing of whether there was one.
      const file = await this.stat(path)
      if (file === undefined) return false
      await this.#bucket.remove(fileKey(path))
      this.#add(-takenBytes(file))
      return true
    })
  }

  async list({ prefix, after, limit }: Listing): Promise<StoredRecord[]> {
    return guard('list its files', async () => {
      const records: StoredRecord[] = []
      let paths: CloudPath[] = []
      const read = async (): Promise<void> => {
        const found = await Promise.all(paths.map(path => unlessDamaged(this.stat(path))))
        records.push(...found.filter(record => record !== undefined))
        paths = []
      }
      const start = after === '' ? undefined : `files/${after}`
      const entries = this.#bucket.list(`files/${prefix}`, start, limit)
      for await (const { key } of entries) {
        paths.push(...pathsOfKey(key))
        const wanted = Math.min(limit - records.length, READS_AT_ONCE)
        if (paths.length >= wanted) await read()
        if (records.length >= limit) break
      }
      await read()
      return records.slice(0, limit)
    })
  }

  async usedBytes(): Promise<number> {
    return guard('count its bytes', async () => {
      if (this.#count !== undefined && performance.now() - this.#count.atMs < COUNT_MS)
        return this.#count.bytes
      let bytes = 0
      for await (const { sizeBytes } of this.#bucket.list('files/')) {
        bytes += takenBytes({ sizeBytes: Math.max(sizeBytes - HEAD_BYTES, 0) })
      }
      this.#count = { bytes, atMs: performance.now() }
      return bytes
    })
  }

  async readSetting(name: SettingName): Promise<Uint8Array | undefined> {
    return guard(
      'read its settings',
      async () => (await this.#bucket.get(`settings/${name}`, 0, SETTING_BYTES))?.bytes,
    )
  }

  async writeSetting(name: SettingName, value: Uint8Array, isFirst = false): Promise<void> {
    return guard('keep its settings', async () => {
      // Between the two requests another host may write: then the last one counts, and is read by both.
      if (isFirst && (await this.readSetting(name)) !== undefined) return
      await this.#bucket.put(`settings/${name}`, value)
    })
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  #parseHead(path: CloudPath, bytes: Uint8Array): Promise<StoredRecord> {
    return this.#reports.watch(async () => parseHead(path, bytes))
  }

  get #target(): S3Target {
    return {
      bucket: this.#bucket,
      onPublished: record => this.#add(takenBytes(record)),
      inTurn: work => this.#lock.run(`publish ${this.#turn++ % PUBLISHES_AT_ONCE}`, work),
    }
  }

  #add(bytes: number): void {
    if (this.#count !== undefined) this.#count.bytes += bytes
  }
}

class OpenObject implements OpenFile {
  readonly record: StoredRecord
  readonly #bucket: S3Bucket
  readonly #etag: string | undefined
  readonly #first: Uint8Array

  constructor(bucket: S3Bucket, record: StoredRecord, first: S3Part) {
    this.#bucket = bucket
    this.record = record
    this.#etag = first.etag
    this.#first = first.bytes.subarray(HEAD_BYTES)
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    const { path } = this.record
    if (end <= this.#first.byteLength) {
      // A copy: who reads owns what it gets.
      if (start < end) yield this.#first.slice(start, end)
      return
    }
    for (let at = start; at < end; ) {
      const upTo = Math.min(at + READ_BYTES, end)
      const part = await guard('read the file', () =>
        this.#bucket.get(fileKey(path), HEAD_BYTES + at, HEAD_BYTES + upTo),
      )
      const isOther = part?.etag !== undefined && part.etag !== this.#etag
      if (part === undefined || isOther) throw replacedFile(path)
      if (part.bytes.byteLength !== upTo - at) throw damagedFile(path)
      yield part.bytes
      at = upTo
    }
  }

  async close(): Promise<void> {
    // Each part is a request of its own.
  }
}

function replacedFile(path: CloudPath): StorageError {
  return new StorageError(
    'STORAGE_FILE_NONEXIST',
    `${JSON.stringify(path)} was replaced or removed while it was read. Read it again.`,
  )
}
