import { ProtocolError, retryAfterMsOf } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpResult } from '../protocol/calls.ts'
import { Backoff } from './backoff.ts'
import { askAgain, type ClientCall, isPassing, pauseAfter, RETRIES, requireActive } from './client-call.ts'
import { fileIdOf } from './finished-upload.ts'
import type { CreateHash, LocalFile } from './local-files.ts'

/** Files up to this size cross in one call. */
export const SINGLE_CALL_BYTES: number = LIMITS.uploadChunkBytes
/** Chunks of a file under way at once: enough to keep a distant host busy, few enough for a small device. */
export const CHUNKS_IN_FLIGHT = 4

export interface UploadWork {
  readonly call: ClientCall
  readonly file: LocalFile
  readonly createHash: CreateHash
  readonly signal: AbortSignal
  /** Hears how many bytes the host has. */
  readonly onProgress: (doneBytes: number) => void
}

/** Sends a file: a small one in one call, else in chunks. After an abort nothing stays staged. */
export async function uploadFile(work: UploadWork, cloudPath: string): Promise<string> {
  const { call, file, signal, onProgress } = work
  const { sizeBytes } = file
  if (sizeBytes <= SINGLE_CALL_BYTES) {
    const content = await file.read(0, sizeBytes)
    requireActive(signal)
    const answer = await askLater(signal, () => call('storage.upload', { cloudPath, content }, { signal }))
    onProgress(sizeBytes)
    return answer.fileID
  }
  return fileIdOf(await sendChunks(work, { cloudPath }))
}

/** Sends a file that is gone after a while, and resolves with the URL it is read at till then. */
export async function uploadTemporary(work: UploadWork): Promise<string> {
  const answer = await sendChunks(work, {})
  if ('url' in answer) return answer.url
  throw new ProtocolError('The host gave the temporary file no URL.')
}

/**
 * Chunks are staged on the host, go on after a lost connection, and become the file when all are there and their
 * checksum agrees.
 */
async function sendChunks(
  work: UploadWork,
  place: { readonly cloudPath?: string },
): Promise<OpResult<'storage.finishUpload'>> {
  const { call, file, signal } = work
  const { sizeBytes } = file
  // Not to be given up half-way: what is staged must be known, to be removed.
  const { uploadId, chunkBytes } = await askLater(signal, () =>
    call('storage.startUpload', { ...place, sizeBytes }),
  )
  try {
    requireActive(signal)
    if (!(chunkBytes >= 1)) throw new ProtocolError(`The host wants chunks of ${chunkBytes} bytes.`)
    const sha256 = await new ChunkedUpload(work, uploadId, chunkBytes).send()
    return await finish(work, uploadId, sha256)
  } catch (error) {
    // Nobody waits for it: the first error is what went wrong, and what can't be given up now expires on the host.
    call('storage.abortUpload', { uploadId }).catch(() => {})
    throw error
  }
}

/** For what may be run once only: asked again when the host had no place for it, says when it may have, and ran nothing. */
function askLater<Answer>(signal: AbortSignal, ask: () => Promise<Answer>): Promise<Answer> {
  return askAgain(signal, ask, error => retryAfterMsOf(error) !== undefined)
}

/** Finishing twice is the same as once, so it is asked again when the answer was lost. */
function finish(
  { call, signal }: UploadWork,
  uploadId: string,
  sha256: string,
): Promise<OpResult<'storage.finishUpload'>> {
  return askAgain(signal, () => call('storage.finishUpload', { uploadId, sha256 }, { signal }))
}

class ChunkedUpload {
  readonly #work: UploadWork
  readonly #uploadId: string
  readonly #chunkBytes: number
  readonly #hash: ReturnType<CreateHash>
  #hashedBytes = 0
  #receivedBytes = 0

  constructor(work: UploadWork, uploadId: string, chunkBytes: number) {
    this.#work = work
    this.#uploadId = uploadId
    this.#chunkBytes = chunkBytes
    this.#hash = work.createHash()
  }

  /** Resolves with the checksum once the host has all. */
  async send(): Promise<string> {
    const backoff = new Backoff(RETRIES)
    for (;;) {
      const before = this.#receivedBytes
      try {
        if (backoff.count > 0) await this.#catchUp()
        await this.#sendFrom(this.#receivedBytes)
        return this.#hash.digest()
      } catch (error) {
        // What got through shows that the network is there again.
        if (this.#receivedBytes > before) backoff.reset()
        if (!isPassing(error) || backoff.count === RETRIES.attempts) throw error
        await pauseAfter(error, backoff, this.#work.signal)
      }
    }
  }

  async #catchUp(): Promise<void> {
    const { call, signal } = this.#work
    const { receivedBytes } = await call('storage.uploadStatus', { uploadId: this.#uploadId }, { signal })
    this.#receive(receivedBytes)
  }

  async #sendFrom(start: number): Promise<void> {
    const { file } = this.#work
    const inFlight = new Set<Promise<void>>()
    let failure: { readonly error: unknown } | undefined
    let reading = this.#read(start)
    for (let offset = start; offset < file.sizeBytes && failure === undefined; offset += this.#chunkBytes) {
      const content = await reading
      // While this one is hashed and sent.
      reading = this.#read(offset + this.#chunkBytes)
      this.#hashOnce(offset, content)
      const sent = this.#append(offset, content)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .then(() => {
          inFlight.delete(sent)
        })
      inFlight.add(sent)
      if (inFlight.size >= CHUNKS_IN_FLIGHT) await Promise.race(inFlight)
    }
    await Promise.all(inFlight)
    if (failure !== undefined) throw failure.error
  }

  #read(offset: number): Promise<Uint8Array> {
    const { file } = this.#work
    const length = Math.min(this.#chunkBytes, file.sizeBytes - offset)
    if (length <= 0) return Promise.resolve(new Uint8Array())
    const reading = file.read(offset, length)
    // Whoever awaits it hears of it; after a failure nobody may.
    reading.catch(() => {})
    return reading
  }

  async #append(offset: number, content: Uint8Array): Promise<void> {
    const { call, signal } = this.#work
    const uploadId = this.#uploadId
    const answer = await call(
      'storage.appendUpload',
      { uploadId, offset, content },
      { signal, isPatient: true },
    )
    this.#receive(answer.receivedBytes)
  }

  /** A chunk that is sent again counts once. Chunks come in order, and begin where another ended. */
  #hashOnce(offset: number, content: Uint8Array): void {
    const known = this.#hashedBytes - offset
    if (known >= content.length) return
    this.#hash.update(known > 0 ? content.subarray(known) : content)
    this.#hashedBytes = offset + content.length
  }

  #receive(receivedBytes: number): void {
    if (receivedBytes <= this.#receivedBytes) return
    this.#receivedBytes = receivedBytes
    this.#work.onProgress(receivedBytes)
  }
}
