import { ProtocolError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { freeMemory } from '../protocol/message-memory.ts'
import type { ByteAccount } from './byte-budget.ts'

/** What one message takes beside its bytes, about. */
const OVERHEAD_BYTES = 256
/** Small messages are kept side by side in blocks of this size: memory of its own costs each more than all else. */
const BLOCK_BYTES = 4096
const SMALL_BYTES = BLOCK_BYTES / 4

/** Results, errors and events of one session that its client has not said it received, in the order they were sent. */
export class KeptAnswers {
  readonly #account: ByteAccount
  #messages: Uint8Array[] = []
  /** Sent before the first of them. */
  #forgottenCount = 0
  #bytes = 0
  /** The newest block, while anything is kept, and how much of it is taken. */
  #block: Uint8Array | undefined
  #blockUsed = 0
  /** Received by the client, as it said. */
  #receivedCount = 0

  constructor(account: ByteAccount) {
    this.#account = account
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Something was given up that the client may not have received. */
  get hasGaps(): boolean {
    return this.#receivedCount < this.#forgottenCount
  }

  add(message: Uint8Array): void {
    this.#messages.push(this.#toOwn(message))
    this.#count(sizeOf(message))
    if (this.#bytes > LIMITS.sessionKeptBytes) this.forget()
  }

  /** The client has received so many in all. @throws {ProtocolError} for more than were sent. */
  acknowledge(count: number): void {
    const sentCount = this.#forgottenCount + this.#messages.length
    if (count > sentCount) {
      throw new ProtocolError(`${count} answers were said to be received, but ${sentCount} were sent.`)
    }
    if (count <= this.#receivedCount) return
    this.#receivedCount = count
    const received = this.#drop(count - this.#forgottenCount)
    for (const message of received) freeMemory(message)
  }

  /** What the client has not received. */
  all(): readonly Uint8Array[] {
    return this.#messages
  }

  /** Gives up what is kept: the session can't be resumed until the client has received it all the same. */
  forget(): void {
    this.#drop(this.#messages.length)
  }

  #drop(count: number): readonly Uint8Array[] {
    if (count <= 0) return []
    const dropped = this.#messages.splice(0, count)
    let bytes = 0
    for (const message of dropped) bytes += sizeOf(message)
    this.#forgottenCount += count
    this.#count(-bytes)
    if (this.#messages.length === 0) this.#block = undefined
    return dropped
  }

  /**
   * Messages that a codec makes one after the other share their memory, which is megabytes after a large one: of a small
   * one a copy is kept. (Not by `slice`, which makes none of Node's Buffer.)
   */
  #toOwn(message: Uint8Array): Uint8Array {
    const { length } = message
    if (length > SMALL_BYTES)
      return message.buffer.byteLength > length * 2 ? new Uint8Array(message) : message
    if (this.#block === undefined || this.#blockUsed + length > BLOCK_BYTES) {
      this.#block = new Uint8Array(BLOCK_BYTES)
      this.#blockUsed = 0
    }
    const own = this.#block.subarray(this.#blockUsed, this.#blockUsed + length)
    own.set(message)
    this.#blockUsed += length
    return own
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#account.add(bytes)
  }
}

function sizeOf(message: Uint8Array): number {
  return message.length + OVERHEAD_BYTES
}
