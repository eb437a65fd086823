import { setImmediate as nextTurn } from 'node:timers/promises'
import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { CloudPath } from './cloud-path.ts'
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

/** What memory a file costs beside its bytes. */
const FILE_OVERHEAD_BYTES = 1024
/** Pieces of less are no burden to the thread. */
const TURN_BYTES = 64 * 1024

interface StoredFile {
  readonly record: StoredRecord
  readonly content: Content
}

/** Files in this process's memory, gone with it. */
export class MemoryDriver implements Driver {
  readonly #files = new Map<CloudPath, StoredFile>()
  readonly #settings = new Map<SettingName, Uint8Array>()
  readonly #lasting = new Map<string, LastingStage>()
  readonly #room: Room

  constructor(capacityBytes: number = LIMITS.memoryStorageBytes) {
    this.#room = new Room(capacityBytes)
  }

  async createStage(path: CloudPath, note?: string): Promise<Stage> {
    const stage = new MemoryStage(path, this.#room, {
      publish: file => this.#put(file),
      forget: id => this.#lasting.delete(id),
    })
    if (note !== undefined) this.#lasting.set(stage.id, { stage, note })
    return stage
  }

  async lastingIds(): Promise<string[]> {
    return [...this.#lasting.keys()]
  }

  async lastingStage(id: string): Promise<LastingStage | undefined> {
    return this.#lasting.get(id)
  }

  async stat(path: CloudPath): Promise<StoredRecord | undefined> {
    return this.#files.get(path)?.record
  }

  async open(path: CloudPath): Promise<OpenFile | undefined> {
    const file = this.#files.get(path)
    return (
      file && {
        record: file.record,
        read: (start, end) => file.content.read(start, end),
        close: async () => undefined,
      }
    )
  }

  async remove(path: CloudPath): Promise<boolean> {
    const file = this.#files.get(path)
    if (file === undefined) return false
    this.#files.delete(path)
    this.#room.give(file.content.sizeBytes + FILE_OVERHEAD_BYTES)
    return true
  }

  async list({ prefix, after, limit }: Listing): Promise<StoredRecord[]> {
    const paths = [...this.#files.keys()].filter(path => path.startsWith(prefix) && comesBefore(after, path))
    paths.sort((one, other) => (comesBefore(one, other) ? -1 : 1))
    return paths.slice(0, limit).flatMap(path => this.#files.get(path)?.record ?? [])
  }

  async usedBytes(): Promise<number> {
    return [...this.#files.values()].reduce((sum, { record }) => sum + takenBytes(record), 0)
  }

  async readSetting(name: SettingName): Promise<Uint8Array | undefined> {
    return this.#settings.get(name)
  }

  async writeSetting(name: SettingName, value: Uint8Array, isFirst = false): Promise<void> {
    if (!isFirst || !this.#settings.has(name)) this.#settings.set(name, value)
  }

  async close(): Promise<void> {
    this.#files.clear()
    this.#lasting.clear()
  }

  #put(file: StoredFile): void {
    const older = this.#files.get(file.record.path)
    this.#files.set(file.record.path, file)
    if (older !== undefined && older.content !== file.content) {
      this.#room.give(older.content.sizeBytes + FILE_OVERHEAD_BYTES)
    }
  }
}

interface StagePlace {
  readonly publish: (file: StoredFile) => void
  readonly forget: (id: string) => void
}

class MemoryStage implements Stage {
  readonly id = randomId()
  readonly path: CloudPath
  readonly #room: Room
  readonly #place: StagePlace
  readonly #content = new Content()
  /** Its bytes are the file's then, and go with that. */
  #isPublished = false

  constructor(path: CloudPath, room: Room, place: StagePlace) {
    room.take(FILE_OVERHEAD_BYTES)
    this.path = path
    this.#room = room
    this.#place = place
  }

  get sizeBytes(): number {
    return this.#content.sizeBytes
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    this.#room.take(Math.max(position + bytes.byteLength - this.sizeBytes, 0))
    this.#content.write(position, bytes)
    await letOthers(bytes)
  }

  read(sizeBytes: number): AsyncIterable<Uint8Array> {
    return this.#content.read(0, sizeBytes)
  }

  async publish(record: StoredRecord): Promise<void> {
    if (this.#isPublished) return
    this.#isPublished = true
    this.#place.publish({ record, content: this.#content })
  }

  async discard(): Promise<void> {
    this.#place.forget(this.id)
    if (!this.#isPublished) this.#room.give(this.sizeBytes + FILE_OVERHEAD_BYTES)
  }
}

/** Bytes in pieces, as they came. */
class Content {
  readonly #pieces: { readonly start: number; readonly bytes: Uint8Array }[] = []
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Keeps a copy: the given bytes are their owner's to change, and may be a small view of a large buffer. */
  write(position: number, bytes: Uint8Array): void {
    // What is there already was the same.
    // Not `slice`: a Buffer's gives a view.
    const added = new Uint8Array(bytes.subarray(this.#sizeBytes - position))
    if (added.byteLength === 0) return
    this.#pieces.push({ start: this.#sizeBytes, bytes: added })
    this.#sizeBytes += added.byteLength
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    for (const piece of this.#pieces) {
      const bytes = piece.bytes.subarray(Math.max(start - piece.start, 0), Math.max(end - piece.start, 0))
      if (bytes.byteLength === 0) continue
      yield new Uint8Array(bytes)
      await letOthers(bytes)
    }
  }
}

/** A disk takes its time, in which others have their turn; memory takes none, and large files would hold the thread. */
async function letOthers({ byteLength }: Uint8Array): Promise<void> {
  if (byteLength >= TURN_BYTES) await nextTurn()
}

/** What memory there is for files. */
class Room {
  readonly #capacityBytes: number
  #usedBytes = 0

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes
  }

  /** @throws {StorageError} `STORAGE_REQUEST_FAIL` when there is not as much. */
  take(sizeBytes: number): void {
    if (this.#usedBytes + sizeBytes > this.#capacityBytes) {
      throw new StorageError(
        'STORAGE_REQUEST_FAIL',
        `The storage in memory holds at most ${this.#capacityBytes} bytes and has no room for this file. ` +
          'Remove files, or give the host a dataDirectory to keep them on disk.',
      )
    }
    this.#usedBytes += sizeBytes
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
  }
}

/** In the order of UTF-8, which is that of code points; JavaScript's own is that of UTF-16. */
function comesBefore(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0
}
