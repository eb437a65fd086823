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

  /** What one caller may hold of it before it is refused more. */
  get shareBytes(): number {
    return this.#limitBytes / CALLER_SHARES
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

/** One caller holds no more than a quarter, so that it takes several to leave nothing to others. */
const CALLER_SHARES = 4
/** What one call may hold however much others do: enough for any without a file. */
const FREE_BYTES = 64 * 1024
/** When to try again, in milliseconds. */
const RETRY_AFTER_MS = 100

/** Refuses a call of so many bytes while those of its caller, or of all callers of a door, hold more than they may. */
export function refuseHeld(
  incoming: ByteBudget,
  callerBytes: number,
  sizeBytes: number,
): OverloadedError | undefined {
  if (sizeBytes <= FREE_BYTES) return undefined
  const isCallers = callerBytes > incoming.shareBytes
  if (!isCallers && !incoming.isExceeded) return undefined
  const whose = isCallers ? 'this caller' : 'this door'
  return new OverloadedError(
    `The calls of ${whose} hold as many bytes together as they may. Try again soon, or raise maxIncomingBytes.`,
    RETRY_AFTER_MS,
  )
}
