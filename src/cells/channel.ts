import type { Socket } from 'node:net'
import { ProtocolError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { FromCell, ToCell } from '../protocol/cell.ts'
import { decodeCellFrame, encodeCellFrame } from '../protocol/codec.ts'

const HEADER_BYTES = 4
/** Messages with bytes or texts beyond this cross in a frame of their own, in characters or bytes. */
const LARGE = 64 * 1024

export interface ChannelListener {
  /** The value of one frame: the other side's, to be checked. What it throws closes the channel. */
  onFrame(value: unknown): void
  /** Nothing more comes, and nothing gets through. `error`: what the other side broke the protocol with. */
  onClose(error?: Error): void
}

/** One end of the stream of frames between host and cell (protocol/cell.ts). */
export class Channel<Out extends ToCell | FromCell> {
  readonly #socket: Socket
  readonly #listener: ChannelListener
  #outgoing: Out[] = []
  #isFlushDue = false
  #isEnded = false
  #isClosed = false
  /** What has come of a frame that is not whole. */
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  /** Bytes that are needed before there is anything to read. */
  #wantedBytes = HEADER_BYTES

  constructor(socket: Socket, listener: ChannelListener) {
    this.#socket = socket
    this.#listener = listener
    socket.on('data', (bytes: Uint8Array) => this.#receive(bytes))
    // 'close' follows, and says all there is to be done.
    socket.on('error', () => {})
    socket.on('close', () => this.#close())
  }

  /** Bytes that the other side has not taken. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  /** Crosses at the end of the tick, together with whatever else is posted in it. */
  post(message: Out): void {
    this.#outgoing.push(message)
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    queueMicrotask(this.flush)
  }

  readonly flush = (): void => {
    this.#isFlushDue = false
    const messages = this.#outgoing
    if (messages.length === 0) return
    this.#outgoing = []
    if (this.#isEnded) return
    let small: Out[] = []
    for (const message of messages) {
      if (sizeOf(message) <= LARGE) {
        small.push(message)
        continue
      }
      if (small.length > 0) this.#write(small)
      small = []
      this.#write([message])
    }
    if (small.length > 0) this.#write(small)
  }

  /** No more is posted; what was gets through. */
  end(): void {
    this.flush()
    this.#isEnded = true
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #write(messages: readonly Out[]): void {
    const encoded = encodeCellFrame(messages, HEADER_BYTES)
    // The memory it is part of may be much larger, and would last as long as it waits.
    const frame = encoded.length <= LARGE ? Buffer.from(encoded) : encoded
    const view = new DataView(frame.buffer, frame.byteOffset)
    view.setUint32(0, frame.length - HEADER_BYTES, true)
    this.#socket.write(frame)
  }

  #receive(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
    this.#pieceBytes += bytes.length
    if (this.#pieceBytes < this.#wantedBytes) return
    try {
      this.#read(this.#pieces.length === 1 ? bytes : Buffer.concat(this.#pieces, this.#pieceBytes))
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #read(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let offset = 0
    this.#wantedBytes = HEADER_BYTES
    while (bytes.length - offset >= HEADER_BYTES && !this.#isClosed) {
      const length = view.getUint32(offset, true)
      if (length > LIMITS.cellFrameBytes) throw new ProtocolError(`A frame of a cell has ${length} bytes.`)
      if (bytes.length - offset - HEADER_BYTES < length) {
        this.#wantedBytes = HEADER_BYTES + length
        break
      }
      offset += HEADER_BYTES
      const value = decodeCellFrame(bytes.subarray(offset, offset + length))
      offset += length
      this.#listener.onFrame(value)
    }
    this.#pieceBytes = bytes.length - offset
    this.#pieces = this.#pieceBytes === 0 ? [] : [bytes.subarray(offset)]
  }

  #close(error?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#isEnded = true
    this.#outgoing = []
    this.#socket.destroy()
    this.#listener.onClose(error)
  }
}

/** About what a message takes: text and bytes at any depth that messages have. */
function sizeOf(message: readonly unknown[]): number {
  let size = 0
  for (const field of message) {
    if (typeof field === 'string') size += field.length
    else if (field instanceof Uint8Array) size += field.length
    else if (Array.isArray(field)) size += sizeOf(field)
  }
  return size
}
