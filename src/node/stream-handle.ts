import type { OpResult } from '../protocol/calls.ts'
import type { Realm } from './realm.ts'
import { ARRAY_BUFFER_OFFSET, type Link, READ_BYTES_OR_ERROR, WritingHandle } from './writing-handle.ts'

type OnRead = (this: StreamHandle, buffer?: ArrayBufferLike) => Uint8Array | undefined

/** The streaming half of Node's handles, over a socket of the host's: bytes are asked for only while they are wanted. */
export abstract class StreamHandle extends WritingHandle {
  readonly isStreamBase = true
  readonly fd = -1
  reading = false
  bytesRead = 0
  onread: OnRead | undefined
  /** Another handle reads what comes. */
  isTaken = false
  /** Whether there is a reader for what comes. */
  wantsBytes = false
  #isAsking = false
  #hasRef = true
  #isHolding = false
  /** What came while it wasn't wanted. */
  #held: OpResult<'network.read'> | undefined
  #isAtEnd = false
  #userBuffer: Uint8Array | undefined

  constructor(realm: Realm, link: Link) {
    super(realm, link)
    realm.binding('stream_wrap').openHandles.add(this)
  }

  /** Whether bytes may go either way. */
  protected get isReady(): boolean {
    return this.link.socket !== undefined
  }

  /** The invocation is over, and the host has closed the socket. */
  abandon(): void {
    this.link.socket = undefined
    this.#isHolding = false
  }

  readStart(): number {
    this.wantsBytes = true
    // Not at once: who starts to read is not ready for it yet.
    this.realm.environment.queueMicrotask(() => this.pump())
    return 0
  }

  readStop(): number {
    this.wantsBytes = false
    return 0
  }

  useUserBuffer(buffer: Uint8Array): void {
    this.#userBuffer = buffer
  }

  /** Gives what is held, then asks for more, as far as it is wanted. */
  protected pump(): void {
    while (this.wantsBytes && this.#held !== undefined && !this.isClosed) {
      const held = this.#held
      this.#held = undefined
      this.#deliver(held)
    }
    const { socket } = this.link
    if (!this.wantsBytes || this.#isAsking || this.isTaken || this.isClosed) return
    if (!this.isReady || socket === undefined || this.#isAtEnd) return
    this.#isAsking = true
    this.#updateHold()
    this.realm.environment.callInBackground('network.read', { socket }).then(
      result => this.#receive(result),
      refused => this.#receiveFailure(refused),
    )
  }

  #receive(result: OpResult<'network.read'>): void {
    this.#isAsking = false
    this.#updateHold()
    if (this.isTaken || this.isClosed) return
    const { session, ...rest } = result
    if (session !== undefined) this.guard(() => this.takeSession(session))
    if (rest.content !== undefined || rest.isEnd) this.#held = rest
    this.pump()
  }

  #receiveFailure(refused: unknown): void {
    this.#isAsking = false
    this.#updateHold()
    if (this.isTaken || this.isClosed) return
    const { status, error } = this.failure(refused)
    if (status === undefined) this.guard(() => this.owner?.destroy(error))
    else this.#emit(status)
  }

  #deliver({ content, isEnd }: OpResult<'network.read'>): void {
    if (content !== undefined) {
      this.bytesRead += content.byteLength
      if (this.#userBuffer === undefined) {
        this.#emit(content.byteLength, content.buffer)
      } else this.#deliverInto(content)
    }
    if (!isEnd) return
    this.#isAtEnd = true
    this.#emit(this.realm.binding('uv').UV_EOF)
  }

  /** Into the reader's own buffer, as much at a time as it holds. */
  #deliverInto(content: Uint8Array): void {
    let offset = 0
    while (offset < content.byteLength && this.#userBuffer !== undefined) {
      const piece = content.subarray(offset, offset + this.#userBuffer.byteLength)
      this.#userBuffer.set(piece)
      offset += piece.byteLength
      const next = this.#emit(piece.byteLength)
      if (next !== undefined) this.#userBuffer = next
      if (!this.wantsBytes && offset < content.byteLength) {
        this.bytesRead -= content.byteLength - offset
        this.#held = { content: content.slice(offset) }
        return
      }
    }
  }

  #emit(bytesOrError: number, buffer?: ArrayBufferLike): Uint8Array | undefined {
    const { streamBaseState } = this.realm.binding('stream_wrap')
    streamBaseState[READ_BYTES_OR_ERROR] = bytesOrError
    streamBaseState[ARRAY_BUFFER_OFFSET] = 0
    return this.guard(() => this.onread?.(buffer))
  }

  /** A TLS session to come back with. */
  protected takeSession(_session: string): void {}

  ref(): void {
    this.#hasRef = true
    this.#updateHold()
  }

  unref(): void {
    this.#hasRef = false
    this.#updateHold()
  }

  hasRef(): boolean {
    return this.#hasRef && !this.isClosed
  }

  /** While it waits for bytes it keeps the loop going, as in Node. */
  #updateHold(): void {
    const shouldHold = this.#isAsking && this.#hasRef && !this.isClosed && !this.isTaken
    if (shouldHold === this.#isHolding) return
    this.#isHolding = shouldHold
    this.realm.environment.holdLoop(shouldHold ? 1 : -1)
  }

  close(callback?: () => void): void {
    this.#close({}, callback)
  }

  reset(callback?: () => void): number {
    this.#close({ isReset: true }, callback)
    return 0
  }

  #close(options: { isReset?: boolean }, callback: (() => void) | undefined): void {
    const { environment } = this.realm
    // As in Node, what this turn has set going comes before the end of the handle.
    const conclude = (): void => {
      if (callback !== undefined) this.guard(callback)
    }
    if (this.isClosed) {
      environment.setTimeout(conclude, 0)
      return
    }
    this.isClosed = true
    this.realm.binding('stream_wrap').openHandles.delete(this)
    this.#updateHold()
    const { socket } = this.link
    this.link.socket = undefined
    if (socket === undefined) environment.setTimeout(conclude, 0)
    else void this.closeOnHost(socket, options).then(conclude)
  }

  protected async closeOnHost(socket: number, options: { isReset?: boolean } = {}): Promise<void> {
    try {
      await this.realm.environment.callHost('network.close', { socket, ...options })
    } catch {
      // The invocation is over or may make no more calls: at its end the host closes what is open.
    }
  }

  setBlocking(): number {
    return 0
  }

  getAsyncId(): number {
    return 0
  }

  getProviderType(): number {
    return 0
  }
}
