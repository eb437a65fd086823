/** UTF-8, for runtimes without TextEncoder and TextDecoder. What is no text becomes U+FFFD, as there. */

/** Bytes that a text takes. */
export function countUtf8(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) count += 1
    else if (unit < 0x800) count += 2
    else if (isPairAt(text, index)) {
      count += 4
      index++
    } else count += 3
  }
  return count
}

/** Writes it from `start` on. There must be room for `countUtf8` bytes. */
export function writeUtf8(text: string, bytes: Uint8Array, start: number): void {
  let at = start
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index)
    if (code < 0x80) {
      bytes[at++] = code
      continue
    }
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6)
    } else {
      if (isPairAt(text, index)) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (text.charCodeAt(++index) & 0x3ff)
        bytes[at++] = 0xf0 | (code >> 18)
        bytes[at++] = 0x80 | ((code >> 12) & 0x3f)
      } else {
        if (isSurrogate(code)) code = REPLACEMENT
        bytes[at++] = 0xe0 | (code >> 12)
      }
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f)
    }
    bytes[at++] = 0x80 | (code & 0x3f)
  }
}

/** The text of the bytes from `start` to `end`. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let units: number[] = []
  let at = start
  while (at < end) {
    const length = lengthAt(bytes, at, end)
    const code = length === 0 ? REPLACEMENT : codeAt(bytes, at, length)
    at += length === 0 ? badLengthAt(bytes, at, end) : length
    if (code < 0x10000) units.push(code)
    else units.push(0xd800 | ((code - 0x10000) >> 10), 0xdc00 | (code & 0x3ff))
    // As many as any engine takes as arguments.
    if (units.length < 4096) continue
    text += String.fromCharCode.apply(null, units)
    units = []
  }
  return text + String.fromCharCode.apply(null, units)
}

const REPLACEMENT = 0xfffd

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000
}

function isPairAt(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  if (unit < 0xd800 || unit >= 0xdc00) return false
  const next = text.charCodeAt(index + 1)
  return next >= 0xdc00 && next < 0xe000
}

/** Bytes of the character there; 0 when it is none. */
function lengthAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0
  const length =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  return validLengthAt(bytes, at, end, length) === length ? length : 0
}

/** Of something that is no character: the longest beginning of one, which U+FFFD stands for. */
function badLengthAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1
  return Math.max(1, validLengthAt(bytes, at, end, length))
}

/** How many bytes from there on can belong to one character of that length. */
function validLengthAt(bytes: Uint8Array, at: number, end: number, length: number): number {
  const first = bytes[at] ?? 0
  for (let index = 1; index < length; index++) {
    if (at + index >= end) return index
    const byte = bytes[at + index] ?? 0
    // Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte.
    const least = index > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    const most = index > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    if (byte < least || byte > most) return index
  }
  return length
}

function codeAt(bytes: Uint8Array, at: number, length: number): number {
  let code = (bytes[at] ?? 0) & (length === 1 ? 0x7f : 0xff >> (length + 1))
  for (let index = 1; index < length; index++) code = (code << 6) | ((bytes[at + index] ?? 0) & 0x3f)
  return code
}
