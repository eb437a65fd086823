import { OverloadedError } from '../errors.ts'

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

/** What one call may hold however much others do: enough for any without a file. */
const FREE_BYTES = 64 * 1024
/** When to try again, in milliseconds. */
const RETRY_AFTER_MS = 100

/** Refuses a call of so many bytes while all calls of a door together hold more than they may. */
export function refuseHeld(incoming: ByteBudget, sizeBytes: number): OverloadedError | undefined {
  if (!incoming.isExceeded || sizeBytes <= FREE_BYTES) return undefined
  return new OverloadedError(
    'The calls of this door hold as many bytes together as they may. Try again soon, or raise maxIncomingBytes.',
    RETRY_AFTER_MS,
  )
}
