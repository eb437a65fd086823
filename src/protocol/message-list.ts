import { LIMITS } from '../limits.ts'

/** Longest message that travels with others, in bytes: a longer one costs no less in a list. */
const SMALL_BYTES = 4096
/** Longest list, in bytes: what is in it comes when all of it has come. */
const LIST_BYTES = 32 * 1024

/** Encoded frames that are ready at the same time travel as one message: a list of them. */
export class MessageList {
  readonly #maxBytes: number
  #messages: Uint8Array[] = []
  #bytes = HEAD_BYTES

  /** @param maxBytes The longest message that the other side takes. */
  constructor(maxBytes: number) {
    this.#maxBytes = Math.min(maxBytes, LIST_BYTES)
  }

  /** Whether there is room for it: if there isn't, what is in the list is to go first. */
  add(message: Uint8Array): boolean {
    const { length } = message
    const isFull = this.#bytes + length > this.#maxBytes || this.#messages.length === LIMITS.listFrames
    if (length > SMALL_BYTES || isFull) return false
    this.#messages.push(message)
    this.#bytes += length
    return true
  }

  get count(): number {
    return this.#messages.length
  }

  /** Bytes that are in it. */
  get bytes(): number {
    return this.#messages.length === 0 ? 0 : this.#bytes
  }

  /** All that are in it, as one message; undefined if none is. */
  take(): Uint8Array | undefined {
    const messages = this.#messages
    if (messages.length < 2) {
      if (messages.length === 0) return undefined
      this.#clear()
      return messages[0]
    }
    const list = new Uint8Array(this.#bytes)
    // array 16
    list[0] = 0xdc
    list[1] = messages.length >> 8
    list[2] = messages.length & 0xff
    let position = HEAD_BYTES
    for (const message of messages) {
      list.set(message, position)
      position += message.length
    }
    this.#clear()
    return list
  }

  #clear(): void {
    this.#messages = []
    this.#bytes = HEAD_BYTES
  }
}

const HEAD_BYTES = 3
