import { WINDOW_BYTES, WINDOW_HEADER_BYTES, WINDOW_REFUSE, WINDOW_REPLY } from '../protocol/bridge.ts'
import type { HostAnswer } from './host-call.ts'
import { BrokenBridge } from './incoming.ts'

const CAPACITY = WINDOW_BYTES - WINDOW_HEADER_BYTES

/**
 * Writes the answer of a host call into the shared memory on which the guest's thread waits (protocol/bridge.ts). The
 * guest can write there too, so nothing is ever read from it.
 */
export class AnswerWindow {
  readonly #header: Int32Array
  readonly #bytes: Uint8Array
  /** What has not been written yet. */
  #rest: readonly Uint8Array[] = []

  /** @throws {BrokenBridge} for anything but a window of the runtime's. */
  constructor(shared: unknown) {
    if (!(shared instanceof SharedArrayBuffer) || shared.byteLength !== WINDOW_BYTES) {
      throw new BrokenBridge('A call without the window for its answer.')
    }
    this.#header = new Int32Array(shared, 0, WINDOW_HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT)
    this.#bytes = new Uint8Array(shared, WINDOW_HEADER_BYTES)
  }

  get isDone(): boolean {
    return this.#rest.length === 0
  }

  /** Writes as much of the answer as fits, and wakes the guest. */
  open(answer: HostAnswer): void {
    const isReply = answer.kind === 'reply'
    const text = Buffer.from(isReply ? answer.valueText : answer.errorText, 'utf16le')
    const content = (isReply ? answer.content : undefined) ?? new Uint8Array(0)
    this.#header[1] = isReply ? WINDOW_REPLY : WINDOW_REFUSE
    this.#header[2] = text.length / 2
    // One more than it is long, so that no content and an empty one differ.
    this.#header[3] = isReply && answer.content !== undefined ? content.length + 1 : 0
    this.#rest = [text, content].filter(({ length }) => length > 0)
    this.next()
  }

  /** Writes the next piece, and wakes the guest. */
  next(): void {
    let offset = 0
    const rest: Uint8Array[] = []
    for (const part of this.#rest) {
      const piece = part.subarray(0, CAPACITY - offset)
      this.#bytes.set(piece, offset)
      offset += piece.length
      if (piece.length < part.length) rest.push(part.subarray(piece.length))
    }
    this.#rest = rest
    Atomics.store(this.#header, 0, 1)
    Atomics.notify(this.#header, 0)
  }
}
