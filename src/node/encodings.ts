import { readBase64, writeBase64 } from './base64.ts'
import { readUtf8, textOfUnits, writeUtf8 } from './utf8.ts'

/** Node's encodings by their numbers. */
export const ENCODINGS = [
  'ascii',
  'utf8',
  'base64',
  'utf16le',
  'latin1',
  'hex',
  'buffer',
  'base64url',
] as const
export type Encoding = (typeof ENCODINGS)[number]

const HEX = '0123456789abcdef'
/** Bytes of which a text of hexadecimal digits is made at a time. */
const HEX_PIECE = 4096

/** The part of `bytes` as a text. */
export function readText(bytes: Uint8Array, encoding: Encoding, start: number, end: number): string {
  switch (encoding) {
    case 'ascii':
      return textOfUnits(bytes.subarray(start, end).map(asAscii), 0, end - start)
    case 'latin1':
      return textOfUnits(bytes, start, end)
    case 'base64':
      return writeBase64(bytes, start, end, false)
    case 'base64url':
      return writeBase64(bytes, start, end, true)
    case 'utf16le':
      return readUtf16(bytes, start, end)
    case 'hex':
      return readHex(bytes, start, end)
    default:
      return readUtf8(bytes, start, end)
  }
}

function asAscii(byte: number): number {
  return byte & 0x7f
}

function readUtf16(bytes: Uint8Array, start: number, end: number): string {
  const count = (end - start) >> 1
  const units = new Uint16Array(count)
  for (let index = 0; index < count; index++) {
    const at = start + index * 2
    units[index] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  }
  return textOfUnits(units, 0, count)
}

function readHex(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let piece = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    piece += (HEX[byte >> 4] as string) + HEX[byte & 15]
    if (piece.length < HEX_PIECE) continue
    text += piece
    piece = ''
  }
  return text + piece
}

/** Writes as much of a text as fits into `length` bytes, whole characters only. Returns the bytes written. */
export function writeText(
  text: string,
  encoding: Encoding,
  target: Uint8Array,
  offset: number,
  length: number,
): number {
  switch (encoding) {
    case 'ascii':
    case 'latin1':
      return writeLatin1(text, target, offset, length)
    case 'base64':
    case 'base64url':
      return readBase64(text, target, offset, length)
    case 'utf16le':
      return writeUtf16(text, target, offset, length)
    case 'hex':
      return writeHex(text, target, offset, length)
    default:
      return writeUtf8(text, target, offset, offset + length).written
  }
}

function writeLatin1(text: string, target: Uint8Array, offset: number, length: number): number {
  const count = Math.min(text.length, length)
  for (let index = 0; index < count; index++) target[offset + index] = text.charCodeAt(index)
  return count
}

function writeUtf16(text: string, target: Uint8Array, offset: number, length: number): number {
  const count = Math.min(text.length, length >> 1)
  for (let index = 0; index < count; index++) {
    const unit = text.charCodeAt(index)
    target[offset + index * 2] = unit & 0xff
    target[offset + index * 2 + 1] = unit >> 8
  }
  return count * 2
}

/** Stops at the first pair that is no byte, as Node does. */
function writeHex(text: string, target: Uint8Array, offset: number, length: number): number {
  const count = Math.min(text.length >> 1, length)
  for (let index = 0; index < count; index++) {
    const high = hexValue(text.charCodeAt(index * 2))
    const low = hexValue(text.charCodeAt(index * 2 + 1))
    if (high < 0 || low < 0) return index
    target[offset + index] = (high << 4) | low
  }
  return count
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
