import { ProtocolError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ByteAccount } from './byte-budget.ts'

/** What one message takes beside its bytes, about. */
const OVERHEAD_BYTES = 256
/** Memory that a kept message may share with others, in bytes: to give each its own costs more than all else. */
const SHARED_BYTES = 16 * 1024

/** Results, errors and events of one session that its client has not said it received, in the order they were sent. */
export class KeptAnswers {
  readonly #account: ByteAccount
  #messages: Uint8Array[] = []
  /** Sent before the first of them. */
  #forgottenCount = 0
  #bytes = 0
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
    this.#messages.push(toOwn(message))
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
    this.#drop(count - this.#forgottenCount)
  }

  /** What the client has not received. */
  all(): readonly Uint8Array[] {
    return this.#messages
  }

  /** Gives up what is kept: the session can't be resumed until the client has received it all the same. */
  forget(): void {
    this.#drop(this.#messages.length)
  }

  #drop(count: number): void {
    if (count <= 0) return
    let bytes = 0
    for (const message of this.#messages.splice(0, count)) bytes += sizeOf(message)
    this.#forgottenCount += count
    this.#count(-bytes)
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#account.add(bytes)
  }
}

/**
 * Messages that a codec makes one after the other share their memory, which is megabytes after a large one: then a copy is
 * kept. (Not by `slice`, which makes none of Node's Buffer.)
 */
function toOwn(message: Uint8Array): Uint8Array {
  const sharedBytes = message.buffer.byteLength
  return sharedBytes > SHARED_BYTES && sharedBytes > message.length * 2 ? new Uint8Array(message) : message
}

function sizeOf(message: Uint8Array): number {
  return message.length + OVERHEAD_BYTES
}
