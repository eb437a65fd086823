import { ProtocolError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { heldBytesOf } from './held-bytes.ts'

export interface PlainMsgpack {
  /** Bytes travel in the message: the `content` of a call's args or of a result. */
  readonly hasBytes: boolean
  /** Some map has the key `__proto__`, which a decoder to plain objects would rename. */
  readonly hasProtoKey: boolean
}

/**
 * Walks one MessagePack message without building anything and refuses all but the plain subset that
 * frames use: nil, booleans, numbers, text, arrays, maps with text keys, and bytes in the one place for
 * them. So no extension type, record definition, reference, length or depth bomb reaches the decoder.
 *
 * @throws {ProtocolError} that says what is wrong and at which byte.
 */
export function scanPlainMsgpack(bytes: Uint8Array): PlainMsgpack {
  return new Scanner(bytes, false).scan()
}

export interface PlainMessage extends PlainMsgpack {
  readonly isList: boolean
  /**
   * What each frame takes in memory, with its part of the message, about: one of many small values takes many times its
   * length.
   */
  readonly heldBytes: readonly number[]
}

/** The same for a message that may be a list of frames, each as if it were by itself. @throws {ProtocolError} */
export function scanPlainMessage(bytes: Uint8Array): PlainMessage {
  return new Scanner(bytes, false).scanMessage()
}

/** The same for a message in which bytes may stand anywhere. @throws {ProtocolError} */
export function scanCellMsgpack(bytes: Uint8Array): void {
  new Scanner(bytes, true).scan()
}

/** Bytes may be the value of `content` in a map that is itself a field of the frame. */
export const BYTES_KEY = 'content'
export const BYTES_DEPTH = 2

class Scanner {
  readonly #bytes: Uint8Array
  readonly #end: number
  #position = 0
  #valuesLeft: number = LIMITS.frameValues
  #containerCount = 0
  #hasBytes = false
  #hasProtoKey = false
  readonly #hasBytesAnywhere: boolean

  constructor(bytes: Uint8Array, hasBytesAnywhere: boolean) {
    this.#bytes = bytes
    this.#hasBytesAnywhere = hasBytesAnywhere
    this.#end = bytes.length
  }

  scan(): PlainMsgpack {
    this.#value(0, false)
    return this.#finish()
  }

  scanMessage(): PlainMessage {
    const listLength = this.#listLength()
    const heldBytes: number[] = []
    for (let index = 0; index < (listLength ?? 1); index++) heldBytes.push(this.#frame())
    return { ...this.#finish(), isList: listLength !== undefined, heldBytes }
  }

  /** What it takes in memory. */
  #frame(): number {
    const start = this.#position
    const valuesLeft = this.#valuesLeft
    const containerCount = this.#containerCount
    this.#value(0, false)
    const valueCount = valuesLeft - this.#valuesLeft
    return heldBytesOf(this.#position - start, valueCount, this.#containerCount - containerCount)
  }

  /** Of a list of frames, behind whose head it then stands. */
  #listLength(): number | undefined {
    const [token = 0] = this.#bytes
    const isShort = token >= 0x90 && token < 0xa0
    if (!isShort && token !== 0xdc && token !== 0xdd) return undefined
    this.#count()
    this.#skip(1)
    const length = isShort ? token & 0x0f : this.#unsigned(token === 0xdc ? 2 : 4)
    if (length === 0 || length > LIMITS.listFrames) {
      this.#fail(`a list holds 1 to ${LIMITS.listFrames} frames`)
    }
    return length
  }

  #finish(): PlainMsgpack {
    if (this.#position !== this.#end) this.#fail(`${this.#end - this.#position} bytes follow the frame`)
    return { hasBytes: this.#hasBytes, hasProtoKey: this.#hasProtoKey }
  }

  #value(depth: number, bytesAllowed: boolean): void {
    this.#count()
    const token = this.#unsigned(1)
    if (token < 0x80 || token >= 0xe0) return
    if (token < 0x90) this.#map(token & 0x0f, depth + 1)
    else if (token < 0xa0) this.#array(token & 0x0f, depth + 1)
    else if (token < 0xc0) this.#skip(token & 0x1f)
    else this.#longForm(token, depth, bytesAllowed)
  }

  #longForm(token: number, depth: number, bytesAllowed: boolean): void {
    switch (token) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        break
      case 0xc4: // bin 8, 16, 32
      case 0xc5:
      case 0xc6:
        if (!bytesAllowed && !this.#hasBytesAnywhere)
          this.#fail(`bytes are allowed only in "${BYTES_KEY}" of args or result`)
        this.#hasBytes = true
        this.#skip(this.#unsigned(1 << (token - 0xc4)))
        break
      case 0xcc: // uint 8, int 8
      case 0xd0:
        this.#skip(1)
        break
      case 0xcd: // uint 16, int 16
      case 0xd1:
        this.#skip(2)
        break
      case 0xca: // float 32, uint 32, int 32
      case 0xce:
      case 0xd2:
        this.#skip(4)
        break
      case 0xcb: // float 64
        this.#skip(8)
        break
      case 0xcf: // uint 64, int 64
      case 0xd3:
        this.#long(token === 0xd3)
        break
      case 0xd9: // str 8, 16, 32
      case 0xda:
      case 0xdb:
        this.#skip(this.#unsigned(1 << (token - 0xd9)))
        break
      case 0xdc: // array 16, 32
      case 0xdd:
        this.#array(this.#unsigned(token === 0xdc ? 2 : 4), depth + 1)
        break
      case 0xde: // map 16, 32
      case 0xdf:
        this.#map(this.#unsigned(token === 0xde ? 2 : 4), depth + 1)
        break
      default: // extensions, and the byte that MessagePack never uses
        this.#fail(`type 0x${token.toString(16)} is not allowed in a frame`)
    }
  }

  #array(length: number, depth: number): void {
    this.#enter(length, depth)
    for (let index = 0; index < length; index++) this.#value(depth, false)
  }

  #map(length: number, depth: number): void {
    this.#enter(length * 2, depth)
    for (let index = 0; index < length; index++) {
      const isBytesKey = this.#key() && depth === BYTES_DEPTH
      this.#value(depth, isBytesKey)
    }
  }

  /** True if the key is `content`. */
  #key(): boolean {
    this.#count()
    const token = this.#unsigned(1)
    let length: number
    if (token >= 0xa0 && token < 0xc0) length = token & 0x1f
    else if (token >= 0xd9 && token <= 0xdb) length = this.#unsigned(1 << (token - 0xd9))
    else return this.#fail('map keys must be text')
    const start = this.#position
    this.#skip(length)
    if (this.#isAt(start, length, PROTO_KEY)) this.#hasProtoKey = true
    return this.#isAt(start, length, CONTENT_KEY)
  }

  #isAt(start: number, length: number, text: string): boolean {
    if (length !== text.length) return false
    for (let index = 0; index < length; index++) {
      if (this.#bytes[start + index] !== text.charCodeAt(index)) return false
    }
    return true
  }

  /** Every item takes a byte at least, so a longer length can't be true. */
  #enter(items: number, depth: number): void {
    this.#containerCount++
    if (depth > LIMITS.frameDepth) this.#fail(`it is nested more than ${LIMITS.frameDepth} levels deep`)
    if (items > this.#end - this.#position) this.#fail('it ends too early')
  }

  #count(): void {
    if (this.#valuesLeft-- === 0) this.#fail(`it holds more than ${LIMITS.frameValues} values`)
  }

  #skip(length: number): void {
    if (length > this.#end - this.#position) this.#fail('it ends too early')
    this.#position += length
  }

  #unsigned(size: number): number {
    const start = this.#position
    this.#skip(size)
    let value = 0
    for (let index = 0; index < size; index++) value = value * 256 + (this.#bytes[start + index] ?? 0)
    return value
  }

  /** 64-bit integers are numbers here, so only those a double holds exactly are let in. */
  #long(isSigned: boolean): void {
    let high = this.#unsigned(4)
    const low = this.#unsigned(4)
    if (isSigned) high |= 0
    if (!Number.isSafeInteger(high * 2 ** 32 + low)) this.#fail('a 64-bit integer is beyond 2^53-1')
  }

  #fail(reason: string): never {
    throw new ProtocolError(
      `A frame of ${this.#end} bytes is malformed at byte ${this.#position}: ${reason}.`,
    )
  }
}

const PROTO_KEY = '__proto__'
const CONTENT_KEY: string = BYTES_KEY
