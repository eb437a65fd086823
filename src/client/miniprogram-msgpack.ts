import { countUtf8, readUtf8, writeUtf8 } from './utf8.ts'

/** As msgpackr has it; only cells ask for such room, and there are none here. */
export const RESERVE_START_SPACE = 2048

/**
 * MessagePack of the plain subset that frames use (protocol/plain-msgpack.ts), in the place of msgpackr in the build for
 * mini-programs: that package compiles its readers with `new Function`, which mini-programs refuse, and without them
 * needs a `globalThis`, BigInt and half of the bundle. Only what codec.ts uses of its class is here.
 */
export class Packr {
  readonly #mapsAsObjects: boolean

  constructor(options: { readonly mapsAsObjects?: boolean } = {}) {
    this.#mapsAsObjects = options.mapsAsObjects !== false
  }

  /** One message of plain objects, arrays, text, numbers, booleans, null and bytes; undefined is null. */
  pack(value: unknown): Uint8Array {
    const writer = new Writer()
    writer.value(value)
    return writer.take()
  }

  /** The value of a message that was scanned before: a map is an object, or a Map without `mapsAsObjects`. */
  unpack(bytes: Uint8Array): unknown {
    return new Reader(bytes, this.#mapsAsObjects).value()
  }
}

class Writer {
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  value(value: unknown): void {
    if (value === null || value === undefined) this.#byte(0xc0)
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') this.#text(value)
    else if (value instanceof Uint8Array) this.#binary(value)
    else if (Array.isArray(value)) this.#array(value)
    else this.#map(value as Readonly<Record<string, unknown>>)
  }

  #number(value: number): void {
    const isInteger = Math.floor(value) === value
    if (!isInteger || value > 0xffffffff || value < -0x80000000) {
      const at = this.#reserve(0xcb, 8)
      this.#view.setFloat64(at, value)
    } else if (value >= 0) {
      if (value < 0x80) this.#byte(value)
      else this.#sized(value, [0xcc, 0xcd, 0xce])
    } else if (value >= -32) this.#byte(value & 0xff)
    else if (value >= -0x80) this.#put(0xd0, 1, value)
    else if (value >= -0x8000) this.#put(0xd1, 2, value)
    else this.#put(0xd2, 4, value)
  }

  #text(text: string): void {
    const length = countUtf8(text)
    if (length < 32) this.#byte(0xa0 | length)
    else this.#sized(length, [0xd9, 0xda, 0xdb])
    this.#room(length)
    writeUtf8(text, this.#bytes, this.#length)
    this.#length += length
  }

  #binary(content: Uint8Array): void {
    this.#sized(content.length, [0xc4, 0xc5, 0xc6])
    this.#room(content.length)
    this.#bytes.set(content, this.#length)
    this.#length += content.length
  }

  #array(items: readonly unknown[]): void {
    if (items.length < 16) this.#byte(0x90 | items.length)
    else this.#sized(items.length, [0, 0xdc, 0xdd])
    for (const item of items) this.value(item)
  }

  #map(fields: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(fields)
    if (keys.length < 16) this.#byte(0x80 | keys.length)
    else this.#sized(keys.length, [0, 0xde, 0xdf])
    for (const key of keys) {
      this.#text(key)
      this.value(fields[key])
    }
  }

  /** A head whose type says how many bytes its number takes: 1, 2 or 4. Type 0: there is no such form. */
  #sized(number: number, [short, middle, long]: readonly [number, number, number]): void {
    if (short !== 0 && number < 0x100) this.#put(short, 1, number)
    else if (number < 0x10000) this.#put(middle, 2, number)
    else this.#put(long, 4, number)
  }

  /** A type, and an integer of so many bytes; of a negative one its two's complement. */
  #put(type: number, length: 1 | 2 | 4, integer: number): void {
    // The place first: to make room gives the view another buffer.
    const at = this.#reserve(type, length)
    if (length === 1) this.#view.setUint8(at, integer)
    else if (length === 2) this.#view.setUint16(at, integer)
    else this.#view.setUint32(at, integer)
  }

  #byte(byte: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = byte
  }

  /** Writes the type and keeps the bytes after it, whose place it gives. */
  #reserve(type: number, length: number): number {
    this.#room(length + 1)
    this.#bytes[this.#length] = type
    const at = this.#length + 1
    this.#length = at + length
    return at
  }

  #room(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #mapsAsObjects: boolean
  #position = 0

  constructor(bytes: Uint8Array, mapsAsObjects: boolean) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#mapsAsObjects = mapsAsObjects
  }

  value(): unknown {
    const type = this.#unsigned(1)
    if (type < 0x80) return type
    if (type >= 0xe0) return type - 0x100
    if (type < 0x90) return this.#map(type & 0x0f)
    if (type < 0xa0) return this.#array(type & 0x0f)
    if (type < 0xc0) return this.#text(type & 0x1f)
    return this.#long(type)
  }

  #long(type: number): unknown {
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
      case 0xc3:
        return type === 0xc3
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#unsigned(1 << (type - 0xc4)))
      case 0xca:
        return this.#view.getFloat32(this.#skip(4))
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (type - 0xcc))
      case 0xcf:
        return this.#unsigned(4) * 2 ** 32 + this.#unsigned(4)
      case 0xd0:
        return this.#view.getInt8(this.#skip(1))
      case 0xd1:
        return this.#view.getInt16(this.#skip(2))
      case 0xd2:
        return this.#view.getInt32(this.#skip(4))
      case 0xd3:
        return this.#view.getInt32(this.#skip(4)) * 2 ** 32 + this.#unsigned(4)
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(type === 0xdc ? 2 : 4))
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(type === 0xde ? 2 : 4))
      default:
        throw new Error(`MessagePack type 0x${type.toString(16)} is not of the plain subset.`)
    }
  }

  #array(length: number): unknown[] {
    const items: unknown[] = []
    for (let index = 0; index < length; index++) items.push(this.value())
    return items
  }

  #map(length: number): unknown {
    const map = new Map<unknown, unknown>()
    const object: Record<string, unknown> = {}
    for (let index = 0; index < length; index++) {
      const key = this.value()
      const value = this.value()
      if (this.#mapsAsObjects) object[String(key)] = value
      else map.set(key, value)
    }
    return this.#mapsAsObjects ? object : map
  }

  #binary(length: number): Uint8Array {
    const start = this.#skip(length)
    return this.#bytes.slice(start, start + length)
  }

  #text(length: number): string {
    const start = this.#skip(length)
    return readUtf8(this.#bytes, start, start + length)
  }

  #unsigned(size: number): number {
    const at = this.#skip(size)
    return size === 1
      ? this.#view.getUint8(at)
      : size === 2
        ? this.#view.getUint16(at)
        : this.#view.getUint32(at)
  }

  /** @throws {RangeError} of DataView, where a message ends too early. */
  #skip(length: number): number {
    const at = this.#position
    this.#position = at + length
    if (this.#position > this.#bytes.length) throw new RangeError('The message ends too early.')
    return at
  }
}
