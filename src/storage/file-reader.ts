import { readChecked, readTogether } from './checked-blocks.ts'
import type { CloudPath } from './cloud-path.ts'
import type { DamageReports } from './damage.ts'
import type { Driver, OpenFile } from './driver.ts'
import type { ByteRange } from './signed-file.ts'

/** Reads files, checked, and tells the operator of those that are damaged. */
export class FileReader {
  readonly #driver: Driver
  readonly #reports: DamageReports

  constructor(driver: Driver, reports: DamageReports) {
    this.#driver = driver
    this.#reports = reports
  }

  /** Undefined when there is no such file. The caller closes it. */
  async open(path: CloudPath): Promise<OpenFile | undefined> {
    return this.#reports.watch(() => this.#driver.open(path))
  }

  /** All of an open file, or a part that it has, and closes it. */
  async together(file: OpenFile, range?: ByteRange): Promise<Uint8Array> {
    try {
      return await this.#reports.watch(() => readTogether(file, range))
    } finally {
      await file.close()
    }
  }

  /** The bytes of an open file as they come. */
  async *pieces(file: OpenFile, range?: ByteRange): AsyncGenerator<Uint8Array, void> {
    try {
      yield* readChecked(file, range)
    } catch (error) {
      this.#reports.tell(error)
      throw error
    }
  }
}
