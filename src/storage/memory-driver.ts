import { randomBytes } from 'node:crypto'
import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { CloudPath } from './cloud-path.ts'
import type { Driver, FileRecord } from './driver.ts'

/** What a file costs beside its bytes, so that empty files fill the storage too. */
const FILE_OVERHEAD_BYTES = 1024

interface StoredFile {
  readonly record: FileRecord
  readonly content: Uint8Array
}

/** Files in this process's memory, gone with it. */
export class MemoryDriver implements Driver {
  readonly #files = new Map<CloudPath, StoredFile>()
  readonly #key = randomBytes(32)
  readonly #capacityBytes: number
  #usedBytes = 0

  constructor(capacityBytes: number = LIMITS.memoryStorageBytes) {
    this.#capacityBytes = capacityBytes
  }

  async write(record: FileRecord, content: Uint8Array): Promise<void> {
    const older = this.#files.get(record.path)
    const usedBytes = this.#usedBytes - costOf(older) + FILE_OVERHEAD_BYTES + content.byteLength
    if (usedBytes > this.#capacityBytes) {
      throw new StorageError(
        'STORAGE_REQUEST_FAIL',
        `The storage in memory holds at most ${this.#capacityBytes} bytes and has no room for this file. ` +
          'Remove files, or give the host a dataDirectory to keep them on disk.',
      )
    }
    // A copy: the given bytes are their owner's to change, and may be a small view of a large buffer.
    this.#files.set(record.path, { record, content: Uint8Array.from(content) })
    this.#usedBytes = usedBytes
  }

  async stat(path: CloudPath): Promise<FileRecord | undefined> {
    return this.#files.get(path)?.record
  }

  async read(path: CloudPath): Promise<StoredFile | undefined> {
    const file = this.#files.get(path)
    return file && { record: file.record, content: Uint8Array.from(file.content) }
  }

  async open(path: CloudPath): Promise<StoredFile | undefined> {
    return this.read(path)
  }

  async remove(path: CloudPath): Promise<boolean> {
    this.#usedBytes -= costOf(this.#files.get(path))
    return this.#files.delete(path)
  }

  async *list(): AsyncIterable<FileRecord> {
    for (const { record } of [...this.#files.values()]) yield record
  }

  async signingKey(): Promise<Uint8Array> {
    return this.#key
  }
}

function costOf(file: StoredFile | undefined): number {
  return file === undefined ? 0 : FILE_OVERHEAD_BYTES + file.content.byteLength
}
