import { StorageError } from '../errors.ts'
import { askAgain, type ClientCall } from './client-call.ts'
import { CHUNKS_IN_FLIGHT, SINGLE_CALL_BYTES } from './client-upload.ts'
import type { FileAccess, FileHash, TemporaryFile } from './local-files.ts'

export interface DownloadWork {
  readonly call: ClientCall
  readonly files: FileAccess
  readonly fileID: string
  readonly signal: AbortSignal
  /** Hears how much of the file was written. */
  readonly onProgress: (doneBytes: number, sizeBytes: number) => void
}

/**
 * Fetches a file in chunks into a temporary one, goes on after a lost connection, and checks the checksum. Resolves
 * with the path. After an abort, or any other failure, no temporary file stays.
 */
export async function downloadFile(work: DownloadWork): Promise<string> {
  const { call, files, fileID, signal } = work
  const { sizeBytes, sha256 } = await askAgain(signal, () => call('storage.stat', { fileID }, { signal }))
  work.onProgress(0, sizeBytes)
  const target = await files.create(fileID.slice(fileID.lastIndexOf('/') + 1))
  try {
    const hash = files.createHash()
    await new ChunkedDownload(work, { target, hash, sizeBytes, sha256 }).receive()
    if (hash.digest() !== sha256) {
      throw new StorageError('STORAGE_REQUEST_FAIL', `${fileID} did not arrive as it was sent. Try again.`)
    }
    return await target.finish()
  } catch (error) {
    // The first error is what went wrong; a file that can't be removed either says nothing more.
    await target.discard().catch(() => {})
    throw error
  }
}

interface Target {
  readonly target: TemporaryFile
  readonly hash: FileHash
  readonly sizeBytes: number
  readonly sha256: string
}

/** A chunk that came within this time leaves room on the line for one more. */
const QUICK_MS = 2000

class ChunkedDownload {
  readonly #work: DownloadWork
  readonly #target: Target
  /** Chunks asked for ahead: one, until the line shows that it is quick. */
  #aheadCount = 1

  constructor(work: DownloadWork, target: Target) {
    this.#work = work
    this.#target = target
  }

  /** Some chunks are asked for ahead; they are written in order. */
  async receive(): Promise<void> {
    const { sizeBytes, target, hash } = this.#target
    const ahead: Promise<Uint8Array>[] = []
    let askedBytes = 0
    let writtenBytes = 0
    while (writtenBytes < sizeBytes) {
      while (ahead.length < this.#aheadCount && askedBytes < sizeBytes) {
        const length = Math.min(SINGLE_CALL_BYTES, sizeBytes - askedBytes)
        ahead.push(this.#read(askedBytes, length))
        askedBytes += length
      }
      const content = (await ahead.shift()) ?? new Uint8Array()
      const { length } = content
      const writing = target.write(content)
      hash.update(content)
      await writing
      writtenBytes += length
      this.#work.onProgress(writtenBytes, sizeBytes)
    }
  }

  #read(offset: number, length: number): Promise<Uint8Array> {
    const { call, fileID, signal } = this.#work
    const { sha256 } = this.#target
    const reading = askAgain(signal, async () => {
      const askedMs = performance.now()
      const { content } = await call(
        'storage.readChunk',
        { fileID, offset, length, sha256 },
        { signal, isPatient: true },
      )
      if (content.length === length) {
        const isQuick = performance.now() - askedMs < QUICK_MS
        if (isQuick) this.#aheadCount = Math.min(this.#aheadCount + 1, CHUNKS_IN_FLIGHT)
        return content
      }
      const problem = `The host gave ${content.length} bytes where ${length} were asked for.`
      throw new StorageError('STORAGE_REQUEST_FAIL', problem)
    })
    // Whoever awaits it hears of it; until then it is not unhandled.
    reading.catch(() => {})
    return reading
  }
}
