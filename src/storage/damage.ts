import { StorageError } from '../errors.ts'
import type { CloudPath } from './cloud-path.ts'

/** What is stored is not what was stored. The operator hears of it as well. */
export class DamageError extends StorageError {
  readonly #told: { readonly subject: string; readonly advice: string }

  /** @param told What is damaged; and the sentence for the operator, which may name the host's files. */
  constructor(message: string, told: { readonly subject: string; readonly advice: string }) {
    super('STORAGE_REQUEST_FAIL', message)
    this.#told = told
  }

  /** Neither is a field of it, which could go where the error goes. */
  get told(): { readonly subject: string; readonly advice: string } {
    return this.#told
  }
}

/** Things whose damage the operator was told of already. */
const MAX_TOLD = 1000

/** Tells the operator of what is damaged, once for each thing. */
export class DamageReports {
  readonly #onWarning: (message: string) => void
  readonly #subjects = new Set<string>()

  constructor(onWarning: (message: string) => void) {
    this.#onWarning = onWarning
  }

  /** Tells of the damage that a read meets, which goes on to who asked. */
  async watch<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      this.tell(error)
      throw error
    }
  }

  /** Tells of what is a damage; of no other error. */
  tell(error: unknown): void {
    if (!(error instanceof DamageError)) return
    const { subject, advice } = error.told
    if (this.#subjects.has(subject)) return
    if (this.#subjects.size >= MAX_TOLD) this.#subjects.clear()
    this.#subjects.add(subject)
    this.#onWarning(advice)
  }
}

/** For a look at many: one that is damaged, which the operator was told of, must not hide the others. */
export async function unlessDamaged<Result>(read: Promise<Result>): Promise<Result | undefined> {
  try {
    return await read
  } catch (error) {
    if (error instanceof DamageError) return undefined
    throw error
  }
}

/** @param part Which part of it, if that is known. */
export function damagedFile(path: CloudPath, part?: string): DamageError {
  const where = part === undefined ? '' : ` (${part})`
  const message = `The stored bytes of ${JSON.stringify(path)} are damaged or missing${where}. Upload the file again.`
  return new DamageError(message, { subject: path, advice: message })
}

/** Bytes of an upload that had come are there no more: it can't become its file. */
export class LostUploadError extends StorageError {}

export function lostUpload(path: CloudPath): LostUploadError {
  return new LostUploadError(
    'STORAGE_REQUEST_FAIL',
    `Bytes of ${JSON.stringify(path)} that had come are there no more. Upload the file again.`,
  )
}
