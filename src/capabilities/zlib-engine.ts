import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Failure } from '../protocol/calls-shapes.ts'
import type { ZlibSetup } from '../protocol/calls-zlib.ts'
import type { Scope } from './capability.ts'
import type { HeavyWork } from './heavy-work.ts'
import { failureOf } from './native-failure.ts'
import { boundedParams } from './zlib-memory.ts'

type Stream = Transform & {
  readonly bytesWritten: number
  flush(kind: number, done: () => void): void
  params?(level: number, strategy: number, done: (error?: Error) => void): void
}

/** Input given to the library at once: a thread of the pool is held for some milliseconds, with Brotli for some tens. */
const SLICE_BYTES = 64 * 1024
/** What is unpacked at once, at least: each time costs two trips between threads, whatever the asker's chunks are. */
const UNPACKED_BYTES = 64 * 1024
const { constants } = zlib
const MAKERS: Readonly<Record<number, (options: never) => unknown>> = {
  [constants.DEFLATE]: zlib.createDeflate,
  [constants.INFLATE]: zlib.createInflate,
  [constants.GZIP]: zlib.createGzip,
  [constants.GUNZIP]: zlib.createGunzip,
  [constants.DEFLATERAW]: zlib.createDeflateRaw,
  [constants.INFLATERAW]: zlib.createInflateRaw,
  [constants.UNZIP]: zlib.createUnzip,
  [constants.BROTLI_DECODE]: zlib.createBrotliDecompress,
  [constants.BROTLI_ENCODE]: zlib.createBrotliCompress,
  [constants.ZSTD_COMPRESS]: zlib.createZstdCompress,
  [constants.ZSTD_DECOMPRESS]: zlib.createZstdDecompress,
}

const UNPACKERS: ReadonlySet<number> = new Set([
  constants.INFLATE,
  constants.GUNZIP,
  constants.INFLATERAW,
  constants.UNZIP,
  constants.BROTLI_DECODE,
  constants.ZSTD_DECOMPRESS,
])

/** How the bytes are packed can depend on it (level 0), what is unpacked never does. */
function chunkBytes(mode: number, asked: number): number {
  const least = UNPACKERS.has(mode) ? UNPACKED_BYTES : 0
  return Math.min(Math.max(asked, least), LIMITS.zlibPieceBytes)
}

interface Piece {
  readonly output: Buffer
  readonly more: boolean
  readonly failure?: Failure
}

/** One compression: input goes in by slices, output waits inside the library until it is asked for. */
export class ZlibEngine {
  readonly #stream: Stream
  readonly #finish: number
  #input: Uint8Array = new Uint8Array()
  /** What to flush behind the input; undefined once that has been given to the stream. */
  #flush: number | undefined
  #givenBytes = 0
  #pieceBytes: number
  #isIdle = true
  #hasEnded = false
  #isTaken = false
  #failure: Failure | undefined
  #wake: () => void = () => {}

  /**
   * @param isStream Its output may never be read: the first piece is one chunk of the library's.
   * @throws what node:zlib throws for a setup.
   */
  constructor(setup: ZlibSetup, dictionary: Uint8Array | undefined, isStream: boolean) {
    this.#pieceBytes = isStream ? 1 : LIMITS.zlibPieceBytes
    const { chunkSize, hasDictionary: _, mode, ...options } = setup
    const make = MAKERS[mode]
    if (make === undefined) throw new ValueError('zlib.write.create.mode', `There is no mode ${mode}.`)
    this.#finish = mode >= constants.BROTLI_DECODE ? constants.BROTLI_OPERATION_FINISH : constants.Z_FINISH
    this.#stream = make({
      ...options,
      params: boundedParams(setup),
      chunkSize: chunkBytes(mode, chunkSize),
      ...(dictionary !== undefined && { dictionary: Buffer.from(dictionary) }),
    } as never) as Stream
    this.#stream.on('readable', () => this.#wake())
    this.#stream.on('end', () => {
      this.#hasEnded = true
      this.#wake()
    })
    this.#stream.on('error', error => {
      this.#failure ??= failureOf(error)
      this.#wake()
    })
  }

  /** Whether nothing can follow: it failed, or has ended and all of it was taken. */
  get isOver(): boolean {
    return this.#failure !== undefined || this.#hasEnded
  }

  /** Bytes of input behind the end, when it has ended. */
  get unused(): number {
    return this.#hasEnded ? this.#givenBytes - this.#stream.bytesWritten : 0
  }

  /** @throws {ValueError} while output of the input before is to be taken. */
  give(input: Uint8Array, flush: number): void {
    if (!this.#isIdle || this.#flush !== undefined) {
      throw new ValueError('zlib.write.flush', 'There is more output to be taken first.')
    }
    this.#input = input
    this.#flush = flush
    this.#givenBytes += input.byteLength
  }

  /**
   * The next piece of output, and whether there is more before further input is needed.
   *
   * @throws {ValueError} while another piece is on its way.
   */
  async take(scope: Scope, heavy: HeavyWork): Promise<Piece> {
    if (this.#isTaken) throw new ValueError('zlib.write.id', 'A piece of its output is on its way already.')
    this.#isTaken = true
    try {
      return await this.#collect(scope, heavy)
    } finally {
      this.#isTaken = false
    }
  }

  async #collect(scope: Scope, heavy: HeavyWork): Promise<Piece> {
    const chunks: Buffer[] = []
    let size = 0
    while (size < this.#pieceBytes) {
      const chunk = this.#stream.read() as Buffer | null
      if (chunk !== null) {
        chunks.push(chunk)
        size += chunk.byteLength
      } else if (this.isOver || (this.#isIdle && this.#flush === undefined)) {
        return this.#answer(chunks, false)
      } else if (this.#isIdle) {
        // It may be over by the time there is a place.
        await heavy.run(scope, async () => {
          if (!this.isOver) await this.#next(() => this.#feed())
        })
      } else {
        await this.#next()
      }
    }
    this.#pieceBytes = LIMITS.zlibPieceBytes
    return this.#answer(chunks, true)
  }

  #answer(chunks: Buffer[], more: boolean) {
    const failure = this.#failure
    const [first, ...others] = chunks
    const output = first !== undefined && others.length === 0 ? first : Buffer.concat(chunks)
    return { output, more, ...(failure !== undefined && { failure }) }
  }

  /** @throws what node:zlib throws. */
  async setParams(level: number, strategy: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.params?.(level, strategy, error => (error ? reject(error) : resolve()))
    })
  }

  close(): void {
    this.#hasEnded = true
    this.#stream.destroy()
    this.#wake()
  }

  /** Resolves when there is output, or the slice has been taken, or all is over. */
  #next(start: () => void = () => {}): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
      start()
    })
  }

  #feed(): void {
    const slice = this.#input.subarray(0, SLICE_BYTES)
    this.#input = this.#input.subarray(SLICE_BYTES)
    this.#isIdle = false
    const done = () => {
      this.#isIdle = true
      this.#wake()
    }
    const isLast = this.#input.byteLength === 0
    const flush = this.#flush
    if (isLast) this.#flush = undefined
    if (!isLast || flush === 0) this.#stream.write(slice, done)
    else if (flush === this.#finish) this.#stream.end(slice)
    else {
      this.#stream.write(slice)
      this.#stream.flush(flush as number, done)
    }
  }
}
