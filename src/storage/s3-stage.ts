import type { CloudPath } from './cloud-path.ts'
import { lostUpload } from './damage.ts'
import type { Stage, StoredRecord } from './driver.ts'
import { guard, mediumFailure } from './medium-failure.ts'
import type { S3Bucket, S3Parts } from './s3-bucket.ts'
import { fileKey, formatHead, HEAD_BYTES } from './s3-object.ts'
import { formatNote } from './stage-note.ts'

/** Bytes of one part of an object. S3 wants 5 MB at least, of all but the last. */
const PART_BYTES = 8 * 1024 * 1024

/** Where a stage goes. */
export interface S3Target {
  readonly bucket: S3Bucket
  /** Hears of a file that is there now. */
  readonly onPublished: (record: StoredRecord) => void
  /** Waits for its turn: of what holds whole parts in memory only some are done at once. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>
}

/** An object on its way: a single request when it is small, else parts. Holds two parts of it at most. */
export class S3Stage implements Stage {
  readonly id: string
  readonly path: CloudPath
  readonly #target: S3Target
  /** The first part, which begins with what is known only at the end. Goes last. */
  #first: Uint8Array[] = []
  #rest: Uint8Array[] = []
  #restBytes = 0
  #sizeBytes = 0
  #parts: S3Parts | undefined
  #partCount = 1

  constructor(target: S3Target, path: CloudPath, id: string) {
    this.#target = target
    this.path = path
    this.id = id
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    return guard('store the file', async () => {
      // A copy: the bytes are their owner's to change. What is there already was the same.
      const added = new Uint8Array(bytes.subarray(this.#sizeBytes - position))
      const toFirst = added.subarray(0, Math.max(PART_BYTES - HEAD_BYTES - this.#sizeBytes, 0))
      if (toFirst.byteLength > 0) this.#first.push(toFirst)
      this.#sizeBytes += added.byteLength
      const toRest = added.subarray(toFirst.byteLength)
      if (toRest.byteLength === 0) return
      this.#rest.push(toRest)
      this.#restBytes += toRest.byteLength
      if (this.#restBytes >= PART_BYTES) await this.#putRest()
    })
  }

  read(): AsyncIterable<Uint8Array> {
    throw new Error('What goes to S3 in parts is read only when it is complete.')
  }

  async publish(record: StoredRecord): Promise<void> {
    return guard('store the file', async () => {
      const first = Buffer.concat([formatHead(record), ...this.#first])
      if (this.#parts === undefined && this.#restBytes === 0) {
        await this.#target.bucket.put(fileKey(this.path), first)
      } else {
        if (this.#restBytes > 0) await this.#putRest()
        const parts = await this.#openParts()
        await parts.put(1, first)
        await parts.complete()
      }
      this.#target.onPublished(record)
    })
  }

  async discard(): Promise<void> {
    this.#first = []
    this.#rest = []
    const parts = this.#parts
    this.#parts = undefined
    try {
      await parts?.abort()
    } catch {
      // Not every service can. Parts that are left are for the bucket's own rule: docs/storage.md.
    }
  }

  async #putRest(): Promise<void> {
    const part = Buffer.concat(this.#rest)
    this.#rest = []
    this.#restBytes = 0
    const parts = await this.#openParts()
    await parts.put(++this.#partCount, part)
  }

  async #openParts(): Promise<S3Parts> {
    this.#parts ??= await this.#target.bucket.startParts(fileKey(this.path))
    return this.#parts
  }
}

/**
 * A stage that lasts: each chunk is an object, so that what was acknowledged is there after a restart, on another machine
 * too. When it is published they are put together.
 */
export class S3LastingStage implements Stage {
  readonly id: string
  readonly path: CloudPath
  readonly #target: S3Target
  readonly #bucket: S3Bucket
  readonly #note: string
  #sizeBytes: number

  constructor(target: S3Target, stage: { path: CloudPath; id: string; note: string; sizeBytes: number }) {
    this.#target = target
    this.#bucket = target.bucket
    this.path = stage.path
    this.id = stage.id
    this.#note = stage.note
    this.#sizeBytes = stage.sizeBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    return guard('store the file', async () => {
      const added = bytes.subarray(this.#sizeBytes - position)
      if (added.byteLength === 0) return
      await this.#bucket.put(chunkKey(this.id, this.#sizeBytes, added.byteLength), added)
      this.#sizeBytes += added.byteLength
    })
  }

  async *read(sizeBytes: number): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const { key, start, end } of chunksOf(this.#bucket, this.id)) {
        if (start >= sizeBytes) return
        const chunk = await this.#bucket.get(key, 0, end - start)
        if (chunk?.bytes.byteLength !== end - start) throw lostUpload(this.path)
        yield chunk.bytes.subarray(0, sizeBytes - start)
      }
    } catch (error) {
      throw mediumFailure('read what was uploaded', error)
    }
  }

  async publish(record: StoredRecord): Promise<void> {
    await this.#target.inTurn(() => this.#putTogether(record))
    await guard('note that the file is stored', () =>
      // Who takes it up later must not put these bytes over a newer file.
      this.#bucket.put(noteKey(this.id), Buffer.from(formatNote(this.path, this.#note, record.sha256))),
    )
  }

  async #putTogether(record: StoredRecord): Promise<void> {
    const whole = new S3Stage(this.#target, this.path, this.id)
    try {
      for await (const chunk of this.read(record.sizeBytes + record.checkBytes)) {
        await whole.write(whole.sizeBytes, chunk)
      }
      if (whole.sizeBytes !== record.sizeBytes + record.checkBytes) throw lostUpload(this.path)
      await whole.publish(record)
    } catch (error) {
      await whole.discard()
      throw error
    }
  }

  async discard(): Promise<void> {
    return guard('remove what was uploaded', async () => {
      // The note last: as long as it is there, the chunks are found.
      for await (const { key } of this.#bucket.list(`uploads/${this.id}/`)) await this.#bucket.remove(key)
      await this.#bucket.remove(noteKey(this.id))
    })
  }
}

export function noteKey(id: string): string {
  return `uploads/${id}.json`
}

/** The chunks of a lasting stage in order, without a gap: what comes behind one is not counted. */
export async function* chunksOf(
  bucket: S3Bucket,
  id: string,
): AsyncGenerator<{ key: string; start: number; end: number }, void> {
  let at = 0
  for await (const { key } of bucket.list(`uploads/${id}/`)) {
    const [, start, sizeBytes] = /\/(\d{16})-(\d+)$/.exec(key) ?? []
    if (Number(start) !== at) continue
    const end = at + Number(sizeBytes)
    yield { key, start: at, end }
    at = end
  }
}

function chunkKey(id: string, start: number, sizeBytes: number): string {
  return `uploads/${id}/${String(start).padStart(16, '0')}-${sizeBytes}`
}
