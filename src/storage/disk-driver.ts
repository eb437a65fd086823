import { hash, randomBytes } from 'node:crypto'
import { type FileHandle, link, lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CloudletError, StorageError } from '../errors.ts'
import type { CloudPath } from './cloud-path.ts'
import type { Driver, FileRecord } from './driver.ts'
import {
  checkDirectory,
  createDurableFile,
  errnoOf,
  isMissing,
  makeDirectory,
  openFile,
  syncDirectory,
} from './durable-file.ts'
import { type FileMetadata, formatMetadata, parseMetadata } from './file-metadata.ts'

/** Younger leftovers may belong to an upload another process is making in the same directory. */
const ORPHAN_AGE_MS = 60 * 60 * 1000

/** How often a reader starts over because the file was replaced between its two opens. */
const READ_ATTEMPTS = 100

/**
 * Files in a directory:
 *
 *     files/<key>.json           metadata; replacing it by rename is the commit point of a write
 *     blobs/<key>-<random>       bytes, written once, never changed
 *     signing.key                32 random bytes
 *
 * where key is the SHA-256 of the path, so no user's text ever names a file. A write puts a new blob on
 * disk, then commits its metadata, then removes the old blob: a crash in between leaves a blob nobody
 * names, which `open` sweeps. Nothing is kept in memory, so processes may share a directory.
 */
export class DiskDriver implements Driver {
  readonly #directory: string
  readonly #files: string
  readonly #blobs: string

  private constructor(directory: string) {
    this.#directory = directory
    this.#files = join(directory, 'files')
    this.#blobs = join(directory, 'blobs')
  }

  /** Makes the directory if needed, and removes what crashes left in it. */
  static async openDirectory(directory: string): Promise<DiskDriver> {
    return guard('open its directory', async () => {
      const driver = new DiskDriver(directory)
      await makeDirectory(driver.#files)
      await makeDirectory(driver.#blobs)
      await checkDirectory(driver.#files, 'files')
      await checkDirectory(driver.#blobs, 'blobs')
      await driver.#sweep()
      return driver
    })
  }

  async write(record: FileRecord, content: Uint8Array): Promise<void> {
    return guard('store the file', async () => {
      const key = keyOf(record.path)
      const older = await this.#readMetadata(key)
      const blob = `${key}-${randomId()}`
      const staged = join(this.#files, `${key}-${randomId()}.tmp`)
      try {
        await createDurableFile(this.#blobPath(blob), content)
        await syncDirectory(this.#blobs)
        await createDurableFile(staged, formatMetadata({ record, blob }))
        await rename(staged, this.#metadataPath(key))
      } catch (error) {
        await this.#discard(this.#blobPath(blob), staged)
        throw error
      }
      await syncDirectory(this.#files)
      if (older !== undefined) await this.#discard(this.#blobPath(older.blob))
    })
  }

  async stat(path: CloudPath): Promise<FileRecord | undefined> {
    return guard('look the file up', async () => (await this.#readMetadata(keyOf(path)))?.record)
  }

  async read(path: CloudPath): Promise<{ record: FileRecord; content: Uint8Array } | undefined> {
    return guard('read the file', async () => {
      const opened = await this.#openBlob(keyOf(path))
      if (opened === undefined) return undefined
      await using blob = opened.blob
      const content = await blob.readFile()
      if (hash('sha256', content, 'hex') !== opened.record.sha256) throw damagedBlob(path)
      return { record: opened.record, content }
    })
  }

  async open(path: CloudPath): Promise<{ record: FileRecord; content: Readable } | undefined> {
    return guard('read the file', async () => {
      const opened = await this.#openBlob(keyOf(path))
      // The stream owns the handle from here: its end or destroy() closes it.
      return opened && { record: opened.record, content: opened.blob.createReadStream() }
    })
  }

  async remove(path: CloudPath): Promise<boolean> {
    return guard('remove the file', async () => {
      const key = keyOf(path)
      const metadata = await this.#readMetadata(key)
      if (metadata === undefined) return false
      await rm(this.#metadataPath(key), { force: true })
      await syncDirectory(this.#files)
      await this.#discard(this.#blobPath(metadata.blob))
      return true
    })
  }

  async *list(): AsyncIterable<FileRecord> {
    const names = await guard('list its files', () => readdir(this.#files))
    for (const name of names) {
      const key = /^([0-9a-f]{64})\.json$/.exec(name)?.[1]
      if (key === undefined) continue
      const metadata = await guard('list its files', () => this.#readMetadata(key))
      if (metadata !== undefined) yield metadata.record
    }
  }

  async signingKey(): Promise<Uint8Array> {
    return guard('read its signing key', async () => {
      const path = join(this.#directory, 'signing.key')
      let key = await readIfExists(path)
      if (key === undefined) {
        await this.#makeKey(path)
        key = await readIfExists(path)
      }
      if (key?.byteLength === 32) return key
      throw new StorageError(
        'STORAGE_REQUEST_FAIL',
        'signing.key in the storage directory does not hold 32 bytes. ' +
          'Remove it to get a new one; URLs signed with the old one then stop working.',
      )
    })
  }

  /** A link, unlike a rename, fails if another process made the key first; then that one counts. */
  async #makeKey(path: string): Promise<void> {
    const staged = `${path}-${randomId()}.tmp`
    await createDurableFile(staged, randomBytes(32))
    try {
      await link(staged, path)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    } finally {
      await rm(staged, { force: true })
    }
    await syncDirectory(this.#directory)
  }

  async #readMetadata(key: string): Promise<FileMetadata | undefined> {
    const text = await readIfExists(this.#metadataPath(key))
    return text && parseMetadata(text.toString(), key)
  }

  /** The caller owns the open blob. Starts over when a writer replaced the file between the two opens. */
  async #openBlob(key: string): Promise<{ record: FileRecord; blob: FileHandle } | undefined> {
    let missing: string | undefined
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const metadata = await this.#readMetadata(key)
      if (metadata === undefined) return undefined
      const { record, blob: name } = metadata
      if (name === missing) throw damagedBlob(record.path)
      const blob = await openIfExists(this.#blobPath(name))
      if (blob === undefined) {
        missing = name
        continue
      }
      const stats = await blob.stat()
      if (stats.isFile() && stats.size === record.sizeBytes) return { record, blob }
      await blob.close()
      throw damagedBlob(record.path)
    }
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      `The file was replaced ${READ_ATTEMPTS} times while it was being opened. Try again.`,
    )
  }

  /** Removes blobs that no metadata names and metadata that was never committed, if they are old enough. */
  async #sweep(): Promise<void> {
    for (const directory of [this.#directory, this.#files]) {
      for (const name of await readdir(directory)) {
        if (name.endsWith('.tmp')) await this.#discardIfOld(join(directory, name))
      }
    }
    const committed = new Set(await readdir(this.#files))
    for (const [key, blobs] of Map.groupBy(await readdir(this.#blobs), name => name.slice(0, 64))) {
      // A path's only blob is the one its metadata names, so most files need no look at their metadata.
      if (blobs.length > 1 || !committed.has(`${key}.json`)) await this.#sweepBlobs(key, blobs)
    }
  }

  async #sweepBlobs(key: string, blobs: readonly string[]): Promise<void> {
    let named: string | undefined
    try {
      named = (await this.#readMetadata(key))?.blob
    } catch (error) {
      // Damaged metadata is told to whoever asks for that file; it must not keep the others from opening.
      if (error instanceof StorageError) return
      throw error
    }
    for (const blob of blobs) {
      if (blob !== named) await this.#discardIfOld(this.#blobPath(blob))
    }
  }

  async #discardIfOld(path: string): Promise<void> {
    try {
      if ((await lstat(path)).mtimeMs < Date.now() - ORPHAN_AGE_MS) await this.#discard(path)
    } catch (error) {
      // Another process finished with it first.
      if (!isMissing(error)) throw error
    }
  }

  /** Removes files nobody names any more. One that can't be removed now harms nothing; the next sweep takes it. */
  async #discard(...paths: readonly string[]): Promise<void> {
    await Promise.allSettled(paths.map(path => rm(path, { force: true })))
  }

  #metadataPath(key: string): string {
    return join(this.#files, `${key}.json`)
  }

  #blobPath(blob: string): string {
    return join(this.#blobs, blob)
  }
}

/** Turns the system's errors, which name paths of the host, into ones a function may see. */
async function guard<Result>(action: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof CloudletError) throw error
    const reason = errnoOf(error) ?? 'unknown error'
    throw new StorageError('STORAGE_REQUEST_FAIL', `The storage could not ${action} (${reason}).`, {
      cause: error,
    })
  }
}

async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await openFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function readIfExists(path: string): Promise<Buffer | undefined> {
  await using file = await openIfExists(path)
  return file && (await file.readFile())
}

function damagedBlob(path: CloudPath): StorageError {
  return new StorageError(
    'STORAGE_REQUEST_FAIL',
    `The stored bytes of ${JSON.stringify(path)} are damaged or missing. Upload the file again.`,
  )
}

function keyOf(path: CloudPath): string {
  return hash('sha256', path, 'hex')
}

function randomId(): string {
  return randomBytes(16).toString('hex')
}
