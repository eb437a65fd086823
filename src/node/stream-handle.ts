import type { OpResult } from '../protocol/calls.ts'
import { type HostFailure, readFailure } from './host-failure.ts'
import type { Realm } from './realm.ts'

/** Indexes into the array through which Node's handles tell what came of a call. */
export const READ_BYTES_OR_ERROR = 0
export const ARRAY_BUFFER_OFFSET = 1
export const BYTES_WRITTEN = 2
export const LAST_WRITE_ERROR = 3

/** Bytes sent with one call; a longer write goes in several, so that it is in flight once and not in whole. */
const WRITE_BYTES = 1024 * 1024

/** What Node's library hands to a handle and wants to hear the end of. */
export interface HandleRequest {
  oncomplete?: ((status: number, ...args: unknown[]) => void) | undefined
  callback?: unknown
}

/** A write under way, as Node's own. */
export class WriteWrap implements HandleRequest {
  handle: unknown
  oncomplete: ((status: number) => void) | undefined
  callback: unknown
  async = true
  bytes = 0
  buffer: unknown
  error: string | undefined
  writeStatus: number | null = null
}

/** The host's socket under a handle, and under the handle of TLS over it. */
export interface Link {
  /** Undefined before it is connected and after it is closed. */
  socket: number | undefined
}

interface Owner {
  destroy(error?: Error): unknown
}

type OnRead = (this: StreamHandle, buffer?: ArrayBufferLike) => Uint8Array | undefined

/** The streaming half of Node's handles, over a socket of the host's: bytes are asked for only while they are wanted. */
export abstract class StreamHandle {
  readonly isStreamBase = true
  readonly fd = -1
  reading = false
  bytesRead = 0
  bytesWritten = 0
  writeQueueSize = 0
  onread: OnRead | undefined
  protected readonly realm: Realm
  readonly link: Link
  /** Another handle reads what comes. */
  isTaken = false
  protected isClosed = false
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
    this.realm = realm
    this.link = link
    realm.binding('stream_wrap').openHandles.add(this)
  }

  /** Whether bytes may go either way. */
  protected get isReady(): boolean {
    return this.link.socket !== undefined
  }

  protected get owner(): Owner | undefined {
    return Reflect.get(this, this.realm.binding('symbols').owner_symbol) as Owner | undefined
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

  writeBuffer(_request: unknown, data: Uint8Array): WriteWrap | number {
    return this.#write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }

  writeUtf8String(_request: unknown, text: string): WriteWrap | number {
    return this.#write(this.#encode(text, 'utf8'))
  }

  writeAsciiString(_request: unknown, text: string): WriteWrap | number {
    return this.#write(this.#encode(text, 'latin1'))
  }

  writeLatin1String(_request: unknown, text: string): WriteWrap | number {
    return this.#write(this.#encode(text, 'latin1'))
  }

  writeUcs2String(_request: unknown, text: string): WriteWrap | number {
    return this.#write(this.#encode(text, 'utf16le'))
  }

  /** `chunks`: bytes, or each followed by the name of its encoding, as text may be among them. */
  writev(_request: unknown, chunks: unknown[], areAllBuffers: boolean): WriteWrap | number {
    const pieces: Uint8Array[] = []
    for (let index = 0; index < chunks.length; index += areAllBuffers ? 1 : 2) {
      const chunk = chunks[index]
      pieces.push(
        typeof chunk === 'string' ? this.#encode(chunk, chunks[index + 1] as string) : (chunk as Uint8Array),
      )
    }
    return this.#write(this.realm.load('buffer').Buffer.concat(pieces))
  }

  #encode(text: string, encoding: string): Uint8Array {
    return this.realm.load('buffer').Buffer.from(text, encoding)
  }

  #write(bytes: Uint8Array): WriteWrap | number {
    const { streamBaseState } = this.realm.binding('stream_wrap')
    streamBaseState[BYTES_WRITTEN] = bytes.byteLength
    streamBaseState[LAST_WRITE_ERROR] = 0
    if (this.isClosed || this.link.socket === undefined) return this.realm.binding('uv').UV_EBADF
    const request = new WriteWrap()
    this.bytesWritten += bytes.byteLength
    this.writeQueueSize += bytes.byteLength
    void this.#send(bytes, request)
    return request
  }

  async #send(bytes: Uint8Array, request: WriteWrap): Promise<void> {
    try {
      await this.untilReady()
      for (let offset = 0; offset < bytes.byteLength; offset += WRITE_BYTES) {
        const content = bytes.subarray(offset, offset + WRITE_BYTES)
        await this.realm.environment.callHost('network.write', { socket: this.#requireSocket(), content })
        this.writeQueueSize -= content.byteLength
      }
      this.#complete(request, undefined)
    } catch (refused) {
      this.writeQueueSize = 0
      this.#complete(request, this.failure(refused))
    }
  }

  /** Resolves when what is written may go out. */
  protected async untilReady(): Promise<void> {}

  shutdown(request: HandleRequest): number {
    if (this.isClosed || this.link.socket === undefined) return this.realm.binding('uv').UV_ENOTCONN
    this.untilReady()
      .then(() => this.realm.environment.callHost('network.end', { socket: this.#requireSocket() }))
      .then(
        () => this.#complete(request, undefined),
        refused => this.#complete(request, this.failure(refused)),
      )
    return 0
  }

  #requireSocket(): number {
    const { socket } = this.link
    if (socket !== undefined && !this.isClosed) return socket
    const { UV_ECANCELED } = this.realm.binding('uv')
    const { ErrnoException } = this.realm.load('internal/errors')
    throw Object.assign(new ErrnoException(UV_ECANCELED, 'write'), { status: UV_ECANCELED })
  }

  #complete(request: HandleRequest, failure: HostFailure | undefined): void {
    this.guard(() => {
      if (failure === undefined) request.oncomplete?.(0)
      else if (failure.status !== undefined) request.oncomplete?.(failure.status)
      else if (typeof request.callback === 'function') request.callback(failure.error)
      else this.owner?.destroy(failure.error)
    })
  }

  protected failure(refused: unknown): HostFailure {
    const { status } = refused as { status?: number }
    if (status === undefined) return readFailure(this.realm, refused, '')
    return { status, code: 'ECANCELED', error: refused as Error }
  }

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

  /** Runs code of the function's; what it throws nobody else would catch. */
  protected guard<Result>(work: () => Result): Result | undefined {
    try {
      return work()
    } catch (error) {
      this.realm.environment.report(error)
      return undefined
    }
  }
}
