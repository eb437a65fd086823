import { forgivingDecode, writeBase64 } from './base64.ts'
import { compareBytes, searchBytes } from './byte-search.ts'
import { ENCODINGS, type Encoding, readText, writeText } from './encodings.ts'
import type { Binding, Realm } from './realm.ts'
import { isUtf8, utf8Length } from './utf8.ts'
import { bytesOf, type View } from './view-bytes.ts'

/** V8's longest text, and the longest buffer V8 makes. */
const MAX_TEXT = 2 ** 29 - 24
const MAX_LENGTH = 2 ** 53 - 1
/** Encodings by the names that Node's functions for them begin with. */
const SLICES = ['ascii', 'latin1', 'hex', 'base64', 'base64url', 'ucs2', 'utf8'] as const

/** Buffer's work on bytes. */
export function makeBufferBinding({ load }: Realm): Binding {
  const outOfRange = (name: string): Error =>
    Object.assign(new RangeError(`"${name}" is outside of buffer bounds`), {
      code: 'ERR_BUFFER_OUT_OF_BOUNDS',
    })
  const binding: Binding = {
    kMaxLength: MAX_LENGTH,
    kStringMaxLength: MAX_TEXT,
    setBufferPrototype: () => {},
    setDetachKey: () => {},
    getZeroFillToggle: () => undefined,
    createUnsafeArrayBuffer: (size: number) => new ArrayBuffer(size),
    arrayBufferAlignedOffset: () => 0,
    byteLengthUtf8: utf8Length,
    copy,
    compare: (left: View, right: View) => compareBytes(bytesOf(left), bytesOf(right)),
    compareOffset: (
      source: Uint8Array,
      target: Uint8Array,
      targetStart: number,
      sourceStart: number,
      targetLength: number,
      sourceLength: number,
    ) =>
      compareBytes(
        source.subarray(sourceStart, sourceStart + sourceLength),
        target.subarray(targetStart, targetStart + targetLength),
      ),
    fill: makeFill(load),
    indexOfString: (
      bytes: View,
      text: string,
      from: number,
      encoding: number,
      isForward: boolean,
      end?: number,
    ) => search(bytes, encode(text, ENCODINGS[encoding] ?? 'utf8'), from, encoding, isForward, end),
    indexOfBuffer: (
      bytes: View,
      needle: View,
      from: number,
      encoding: number,
      isForward: boolean,
      end?: number,
    ) => search(bytes, bytesOf(needle), from, encoding, isForward, end),
    indexOfNumber: (bytes: View, value: number, from: number, isForward: boolean, end?: number) =>
      search(bytes, Uint8Array.of(value & 255), from, 0, isForward, end),
    swap16: (bytes: Uint8Array) => swap(bytes, 2),
    swap32: (bytes: Uint8Array) => swap(bytes, 4),
    swap64: (bytes: Uint8Array) => swap(bytes, 8),
    isUtf8: (view: View) => isUtf8(bytesOf(view)),
    isAscii: (view: View) => bytesOf(view).every(byte => byte < 0x80),
    atob: forgivingDecode,
    btoa,
  }
  for (const name of SLICES) {
    const encoding: Encoding = name === 'ucs2' ? 'utf16le' : name
    binding[`${name}Slice`] = (bytes: Uint8Array, start = 0, end = bytes.length) => {
      if (start > bytes.length || end < 0) throw outOfRange('start')
      const text = readText(bytes, encoding, start, Math.max(start, Math.min(end, bytes.length)))
      if (text.length <= MAX_TEXT) return text
      throw new (load('internal/errors').codes.ERR_STRING_TOO_LONG)(MAX_TEXT)
    }
    const write = (bytes: Uint8Array, text: string, offset = 0, length = bytes.length - offset): number => {
      if (typeof text !== 'string') {
        throw new (load('internal/errors').codes.ERR_INVALID_ARG_TYPE)('argument', 'string', text)
      }
      if (offset > bytes.length) throw outOfRange('offset')
      return writeText(text, encoding, bytes, offset, Math.min(length, bytes.length - offset))
    }
    binding[`${name}Write`] = write
    binding[`${name}WriteStatic`] = write
  }
  return binding
}

function encode(text: string, encoding: Encoding): Uint8Array {
  const bytes = new Uint8Array(encoding === 'utf8' ? utf8Length(text) : text.length * 2)
  return bytes.subarray(0, writeText(text, encoding, bytes, 0, bytes.length))
}

function search(
  view: View,
  needle: Uint8Array,
  from: number,
  encoding: number,
  isForward: boolean,
  end: number | undefined,
): number {
  const bytes = bytesOf(view)
  const unit = ENCODINGS[encoding] === 'utf16le' ? 2 : 1
  if (unit === 2 && (needle.length < 2 || bytes.length < 2)) return -1
  return searchBytes(bytes, needle, from, isForward, end ?? bytes.length, unit)
}

function copy(source: View, target: View, targetStart: number, sourceStart: number, count: number): number {
  bytesOf(target).set(bytesOf(source).subarray(sourceStart, sourceStart + count), targetStart)
  return count
}

/** Texts are filled with as bytes of their encoding, by Node's names for those. */
function makeFill(load: Realm['load']) {
  return (
    view: View,
    value: string | View | number | boolean,
    start: number,
    end: number,
    encoding: string | undefined,
  ): number | undefined => {
    if (typeof value !== 'string') return fill(view, value, start, end)
    return fill(view, encode(value, load('internal/util').normalizeEncoding(encoding)), start, end)
  }
}

/** -1: nothing to fill with; -2: out of bounds. */
function fill(view: View, value: View | number | boolean, start: number, end: number): number | undefined {
  const bytes = bytesOf(view)
  if (start < 0 || end > bytes.length) return -2
  if (start >= end) return undefined
  const pattern = typeof value === 'object' ? bytesOf(value) : Number(value) & 255
  if (typeof pattern === 'number') {
    bytes.fill(pattern, start, end)
    return undefined
  }
  if (pattern.length === 0) return -1
  const first = pattern.subarray(0, end - start)
  bytes.set(first, start)
  for (let filled = first.length; filled < end - start; ) {
    const count = Math.min(filled, end - start - filled)
    bytes.copyWithin(start + filled, start, start + count)
    filled += count
  }
  return undefined
}

function swap(bytes: Uint8Array, size: number): Uint8Array {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse()
  return bytes
}

/** -1 for a character that is no byte. */
function btoa(text: string): string | -1 {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 255) return -1
    bytes[index] = unit
  }
  return writeBase64(bytes, 0, bytes.length, false)
}
