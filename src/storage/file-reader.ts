import { readChecked, readWhole } from './checked-blocks.ts'
import type { CloudPath } from './cloud-path.ts'
import { DamageError } from './damage.ts'
import type { Driver, OpenFile } from './driver.ts'
import type { ByteRange } from './signed-file.ts'
import { checkRange } from './storage-arguments.ts'

/** Files whose damage the operator was told of already. */
const MAX_TOLD = 1000

/** Reads files, checked, and tells the operator of those that are damaged. */
export class FileReader {
  readonly #driver: Driver
  readonly #onWarning: (message: string) => void
  readonly #told = new Set<string>()

  constructor(driver: Driver, onWarning: (message: string) => void) {
    this.#driver = driver
    this.#onWarning = onWarning
  }

  /** Undefined when there is no such file. The caller closes it. */
  async open(path: CloudPath): Promise<OpenFile | undefined> {
    return this.#watch(path, () => this.#driver.open(path))
  }

  /** All of an open file, and closes it. */
  async whole(file: OpenFile): Promise<Uint8Array> {
    try {
      return await this.#watch(file.record.path, () => readWhole(file))
    } finally {
      await file.close()
    }
  }

  /** What there is of a range of an open file, and closes it. @throws {StorageError} INVALID_PARAM for no range */
  async part(file: OpenFile, asked: ByteRange): Promise<Uint8Array> {
    try {
      const range = checkRange(asked, file.record)
      return await this.#watch(file.record.path, async () => {
        const content = new Uint8Array(range.end - range.start)
        let at = 0
        for await (const piece of readChecked(file, range)) {
          content.set(piece, at)
          at += piece.byteLength
        }
        return content
      })
    } finally {
      await file.close()
    }
  }

  /** The bytes of an open file as they come. */
  async *pieces(file: OpenFile, range?: ByteRange): AsyncGenerator<Uint8Array, void> {
    try {
      yield* readChecked(file, range)
    } catch (error) {
      this.#tell(file.record.path, error)
      throw error
    }
  }

  async #watch<Result>(path: CloudPath, read: () => Promise<Result>): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      this.#tell(path, error)
      throw error
    }
  }

  #tell(path: CloudPath, error: unknown): void {
    if (!(error instanceof DamageError) || this.#told.has(path)) return
    if (this.#told.size >= MAX_TOLD) this.#told.clear()
    this.#told.add(path)
    this.#onWarning(error.message)
  }
}
