/** Bytes that all sessions of a door may hold together, of one kind. */
export class ByteBudget {
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get isExceeded(): boolean {
    return this.#usedBytes > this.#limitBytes
  }

  /** They are held from now on, whether the budget has room for them or not. */
  add(bytes: number): void {
    this.#usedBytes += bytes
  }

  remove(bytes: number): void {
    this.#usedBytes -= bytes
  }
}
