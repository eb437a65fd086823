import { OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { CloudPath } from './cloud-path.ts'
import type { Upload } from './upload.ts'
import type { UploadNote } from './upload-note.ts'

export interface UploadTableOptions {
  /** Milliseconds without progress after which an upload is given up. */
  readonly idleMs: number
  readonly now: () => number
}

/** The uploads a host knows of, and how many there may be. Those of clients, and those of functions and the host, apart. */
export class UploadTable {
  readonly #idleMs: number
  readonly #now: () => number
  readonly #uploads = new Map<string, Upload>()
  /** Uploads that are just being made. */
  readonly #starting: UploadNote[] = []

  constructor({ idleMs, now }: UploadTableOptions) {
    this.#idleMs = idleMs
    this.#now = now
  }

  get(id: string): Upload | undefined {
    return this.#uploads.get(id)
  }

  add(upload: Upload): void {
    this.#uploads.set(upload.id, upload)
  }

  remove(upload: Upload): void {
    this.#uploads.delete(upload.id)
  }

  /** Makes one and adds it. @throws {OverloadedError} when there is no place for it */
  async make(note: UploadNote, make: () => Promise<Upload>): Promise<Upload> {
    this.#requirePlace(note)
    this.#starting.push(note)
    try {
      const upload = await make()
      this.add(upload)
      return upload
    } finally {
      this.#starting.splice(this.#starting.indexOf(note), 1)
    }
  }

  /** One that the same caller has begun of the same bytes for the same path. */
  findSame(path: CloudPath, note: UploadNote): Upload | undefined {
    // Who has no openid can't be told from others who have none.
    if (note.sha256 === undefined || (note.isClient && note.openid === undefined)) return undefined
    return [...this.#uploads.values()].find(upload => {
      const { sizeBytes, sha256 } = upload.note
      const isSame = upload.path === path && sizeBytes === note.sizeBytes && sha256 === note.sha256
      return isSame && isOfSame(upload.note, note) && !upload.isFinished && !upload.isUnreadable
    })
  }

  expired(): Upload[] {
    return [...this.#uploads.values()].filter(upload => this.isExpired(upload))
  }

  isExpired(upload: Upload): boolean {
    const nowMs = this.#now()
    const isOld = nowMs - upload.note.startedMs > LIMITS.uploadMs
    return isOld || nowMs - upload.progressMs > Math.min(restMs(upload), this.#idleMs)
  }

  /** Those that are finished beyond as many as are kept, beside one that was finished just now. */
  surplus({ note }: Upload): Upload[] {
    const finished = [...this.#uploads.values()]
      .filter(upload => upload.isFinished && upload.note.isClient === note.isClient)
      .sort((one, other) => other.progressMs - one.progressMs)
    const own = note.isClient ? finished.filter(upload => isOfSame(upload.note, note)) : []
    return [...own.slice(LIMITS.clientFinishedUploads), ...finished.slice(LIMITS.finishedUploads)]
  }

  #requirePlace(note: UploadNote): void {
    const open = [...this.#uploads.values()]
      .filter(upload => !upload.isFinished && !this.isExpired(upload))
      .map(upload => upload.note)
      .concat(this.#starting)
      .filter(({ isClient }) => isClient === note.isClient)
    const ownCount = open.filter(other => isOfSame(other, note)).length
    if (note.isClient && ownCount >= LIMITS.clientUploads) {
      throw new OverloadedError(
        `This client has ${ownCount} uploads that are not finished, and may have no more. Finish or abort one.`,
      )
    }
    if (open.length >= LIMITS.uploads) {
      throw new OverloadedError(
        `The host has ${LIMITS.uploads} uploads that are not finished. Try again later.`,
      )
    }
  }
}

function isOfSame(one: UploadNote, other: UploadNote): boolean {
  return one.isClient === other.isClient && one.openid === other.openid
}

function restMs({ isFinished, receivedBytes, note }: Upload): number {
  if (isFinished) return LIMITS.uploadFinishedMs
  // Room is set aside for all of it: who wants that must begin.
  return receivedBytes === 0 && note.sizeBytes > 0 ? LIMITS.uploadFirstChunkMs : Number.POSITIVE_INFINITY
}
