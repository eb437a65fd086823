import { CryptoHost, type View } from './crypto-host.ts'
import type { Binding, Realm } from './realm.ts'
import { ZlibHandle, type ZlibTools } from './zlib-handle.ts'

const BROTLI_DECODE = 8
const BROTLI_ENCODE = 9
const ZSTD_COMPRESS = 10
const ZSTD_DECOMPRESS = 11
/** A parameter that was not given, as Node's module writes it. */
const NOT_GIVEN = 0xffffffff

/** zlib, Brotli and Zstandard, on the host. */
export function makeZlibBinding(realm: Realm): Binding {
  const tools: ZlibTools = { realm, host: new CryptoHost(realm) }

  class Zlib extends ZlibHandle {
    readonly #mode: number

    constructor(mode: number) {
      super(tools, mode)
      this.#mode = mode
    }

    init(
      windowBits: number,
      level: number,
      memLevel: number,
      strategy: number,
      state: Uint32Array,
      callback: () => void,
      dictionary: View | undefined,
      rejectGarbageAfterEnd: boolean,
    ): void {
      // Node's functions take no 0 where a stream needs a window of its own.
      const window = windowBits === 0 ? {} : { windowBits }
      const setup = { ...window, level, memLevel, strategy, rejectGarbageAfterEnd, mode: this.#mode }
      this.start(setup, state, callback, dictionary, false)
    }
  }

  class Brotli extends ZlibHandle {
    init(params: Uint32Array, state: Uint32Array, callback: () => void, dictionary: View | undefined): void {
      const given = paramsOf(params)
      this.start({ params: given }, state, callback, dictionary, given.length > 0)
    }
  }

  class Zstd extends ZlibHandle {
    init(
      params: Uint32Array,
      pledgedSrcSize: number | undefined,
      state: Uint32Array,
      callback: () => void,
      dictionary: View | undefined,
      rejectGarbageAfterEnd: boolean,
    ): void {
      const given = paramsOf(params)
      const setup = {
        params: given,
        rejectGarbageAfterEnd,
        ...(pledgedSrcSize !== undefined && { pledgedSrcSize }),
      }
      this.start(setup, state, callback, dictionary, given.length > 0)
    }
  }

  return {
    Zlib,
    BrotliEncoder: of(Brotli, tools, BROTLI_ENCODE),
    BrotliDecoder: of(Brotli, tools, BROTLI_DECODE),
    ZstdCompress: of(Zstd, tools, ZSTD_COMPRESS),
    ZstdDecompress: of(Zstd, tools, ZSTD_DECOMPRESS),
    ZLIB_VERSION: '1.3.1',
    crc32: (data: string | View, value: number) =>
      crc32(
        typeof data === 'string' ? realm.load('buffer').Buffer.from(data) : tools.host.bytes(data),
        value,
      ),
  }
}

function of<Class extends typeof ZlibHandle>(base: Class, tools: ZlibTools, mode: number): new () => object {
  return class extends (base as typeof ZlibHandle) {
    constructor() {
      super(tools, mode)
    }
  }
}

function paramsOf(params: Uint32Array): [number, number][] {
  const given: [number, number][] = []
  for (let key = 0; key < params.length; key++) {
    const value = params[key] as number
    // A level may be below 0.
    if (value !== NOT_GIVEN) given[given.length] = [key, value | 0]
  }
  return given
}

let table: Uint32Array | undefined

/** Goes on from the checksum of what came before. */
function crc32(bytes: Uint8Array, value: number): number {
  table ??= makeTable()
  let checksum = ~value
  for (let index = 0; index < bytes.length; index++) {
    checksum = (table[(checksum ^ (bytes[index] as number)) & 255] as number) ^ (checksum >>> 8)
  }
  return ~checksum >>> 0
}

function makeTable(): Uint32Array {
  const made = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
    made[byte] = rest
  }
  return made
}
