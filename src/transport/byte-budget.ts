import { OverloadedError } from '../errors.ts'

/** What counts bytes that are held. */
export interface ByteAccount {
  /** All together hold more than they may. */
  readonly isExceeded: boolean
  /** The one it is of holds more than one may. */
  readonly isOverShare: boolean
  /** They are held from now on, whether there is room for them or not. */
  add(bytes: number): void
  remove(bytes: number): void
}

/** Bytes that all sessions of a door may hold together, of one kind. */
export class ByteBudget implements ByteAccount {
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

  /** It is of nobody. */
  get isOverShare(): boolean {
    return false
  }

  /** For one caller: a quarter of it all, and no less than `leastBytes`. */
  share(leastBytes: number): ByteShare {
    return new ByteShare(this, Math.max(leastBytes, this.#limitBytes / 4))
  }

  add(bytes: number): void {
    this.#usedBytes += bytes
  }

  remove(bytes: number): void {
    this.#usedBytes -= bytes
  }
}

/** What one caller holds of a budget. */
export class ByteShare implements ByteAccount {
  readonly #budget: ByteBudget
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(budget: ByteBudget, limitBytes: number) {
    this.#budget = budget
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get isExceeded(): boolean {
    return this.#budget.isExceeded
  }

  get isOverShare(): boolean {
    return this.#usedBytes > this.#limitBytes
  }

  add(bytes: number): void {
    this.#usedBytes += bytes
    this.#budget.add(bytes)
  }

  remove(bytes: number): void {
    this.add(-bytes)
  }
}

/** What one call, or one message that is coming in, may hold however much others do: enough for any without a file. */
export const FREE_BYTES = 64 * 1024
/** When to try again, in milliseconds. */
const RETRY_AFTER_MS = 100

/** Refuses a call of so many bytes while all calls of a door, or its caller's, together hold more than they may. */
export function refuseHeld(incoming: ByteAccount, sizeBytes: number): OverloadedError | undefined {
  if (sizeBytes <= FREE_BYTES) return undefined
  if (incoming.isOverShare) {
    return new OverloadedError(
      'The calls of this caller hold as many bytes together as those of one may. Try again soon, or raise maxIncomingBytes.',
      RETRY_AFTER_MS,
    )
  }
  if (!incoming.isExceeded) return undefined
  return new OverloadedError(
    `The calls of this door hold as many bytes together as they may. Try again soon, or raise maxIncomingBytes.`,
    RETRY_AFTER_MS,
  )
}
