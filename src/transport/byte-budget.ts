import { OverloadedError } from '../errors.ts'

/** Bytes that all requests of a door may hold together: bodies that came, answers that were not taken yet. */
export class ByteBudget {
  readonly #maxBytes: number
  #usedBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** @throws {OverloadedError} when there isn't as much left; then nothing is taken. */
  take(sizeBytes: number): void {
    if (this.#usedBytes + sizeBytes > this.#maxBytes) {
      throw new OverloadedError(
        `The requests of this door hold ${this.#maxBytes} bytes together, their limit. Try again soon, or raise maxHttpBytes.`,
      )
    }
    this.#usedBytes += sizeBytes
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
  }
}
