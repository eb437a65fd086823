import { textOfUnits } from './utf8.ts'

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`
const PIECE_BYTES = 3 * 1024

/** Six bits by character code, of both alphabets; 255 elsewhere. */
const VALUES = new Uint8Array(128).fill(255)
for (let index = 0; index < 64; index++) {
  VALUES[STANDARD.charCodeAt(index)] = index
  VALUES[URL_SAFE.charCodeAt(index)] = index
}

export function writeBase64(bytes: Uint8Array, start: number, end: number, isUrlSafe: boolean): string {
  const alphabet = isUrlSafe ? URL_SAFE : STANDARD
  let text = ''
  for (let from = start; from < end; from += PIECE_BYTES) {
    text += writePiece(bytes, from, Math.min(from + PIECE_BYTES, end), alphabet)
  }
  const rest = (end - start) % 3
  return isUrlSafe || rest <= 0 ? text : text + (rest === 1 ? '==' : '=')
}

function writePiece(bytes: Uint8Array, start: number, end: number, alphabet: string): string {
  let text = ''
  let at = start
  for (; at + 2 < end; at += 3) {
    const bits = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    text +=
      (alphabet[bits >> 18] as string) +
      alphabet[(bits >> 12) & 63] +
      alphabet[(bits >> 6) & 63] +
      alphabet[bits & 63]
  }
  if (at >= end) return text
  const bits = ((bytes[at] as number) << 16) | (at + 1 < end ? (bytes[at + 1] as number) << 8 : 0)
  text += (alphabet[bits >> 18] as string) + alphabet[(bits >> 12) & 63]
  return at + 1 < end ? text + alphabet[(bits >> 6) & 63] : text
}

/**
 * Decodes as Node does: both alphabets, anything else passed over, the end at the first `=`. Returns the bytes
 * written, at most `length`.
 */
export function readBase64(text: string, target: Uint8Array, offset: number, length: number): number {
  let bits = 0
  let bitCount = 0
  let written = 0
  for (let index = 0; index < text.length && written < length; index++) {
    const code = text.charCodeAt(index)
    if (code === 61) break
    const value = code < 128 ? (VALUES[code] as number) : 255
    if (value === 255) continue
    bits = ((bits << 6) | value) & 0xffffff
    bitCount += 6
    if (bitCount < 8) continue
    bitCount -= 8
    target[offset + written] = (bits >> bitCount) & 0xff
    written++
  }
  return written
}

/** What `atob` gives: a text, -1 for one character too many, -2 for one that is not allowed. */
export function forgivingDecode(input: string): string | -1 | -2 {
  let text = input.replace(/[\t\n\f\r ]/g, '')
  if (text.length % 4 === 0) text = text.replace(/={1,2}$/, '')
  if (/[^A-Za-z0-9+/]/.test(text)) return -2
  if (text.length % 4 === 1) return -1
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  readBase64(text, bytes, 0, bytes.length)
  return textOfUnits(bytes, 0, bytes.length)
}
