import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Driver } from './driver.ts'

/** Bytes set aside for a file that is on its way. Given back when it is stored, or given up. */
export interface Reservation extends Disposable {
  /** @throws {StorageError} STORAGE_REQUEST_FAIL when there is no room for as many more. */
  grow(sizeBytes: number): Promise<void>
  /** Sets as many more aside, whether there is room or not. */
  hold(sizeBytes: number): void
}

/** What all files together may take, those on their way included. */
export class Quota {
  readonly #driver: Driver
  readonly #maxBytes: number | undefined
  #reservedBytes = 0

  /** @param maxBytes Undefined: no bound but the medium's. */
  constructor(driver: Driver, maxBytes: number | undefined) {
    this.#driver = driver
    this.#maxBytes = maxBytes
  }

  /** @param replacedBytes What goes when the file is stored, and so need not be there. */
  reserve(replacedBytes = 0): Reservation {
    let heldBytes = 0
    const hold = (sizeBytes: number): void => {
      heldBytes += sizeBytes
      this.#reservedBytes += sizeBytes
    }
    return {
      hold,
      grow: async sizeBytes => {
        // Set aside first, so that others who ask meanwhile see it.
        hold(sizeBytes)
        await this.#check(replacedBytes)
      },
      [Symbol.dispose]: () => {
        this.#reservedBytes -= heldBytes
        heldBytes = 0
      },
    }
  }

  async #check(replacedBytes: number): Promise<void> {
    if (this.#maxBytes === undefined) return
    const usedBytes = await this.#driver.usedBytes()
    if (usedBytes - replacedBytes + this.#reservedBytes <= this.#maxBytes) return
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      `The storage is full: of ${this.#maxBytes} bytes ${usedBytes} are taken, ${LIMITS.fileOverheadBytes} for each file among them. Remove files, or raise maxStorageMb on the host.`,
    )
  }
}
