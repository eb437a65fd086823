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

/** A handle of Node's over a socket of the host's, as far as it is written to. */
export abstract class WritingHandle {
  bytesWritten = 0
  writeQueueSize = 0
  readonly link: Link
  protected readonly realm: Realm
  protected isClosed = false

  constructor(realm: Realm, link: Link) {
    this.realm = realm
    this.link = link
  }

  protected get owner(): Owner | undefined {
    return Reflect.get(this, this.realm.binding('symbols').owner_symbol) as Owner | undefined
  }

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
