import { ENCODINGS, type Encoding, readText } from './encodings.ts'
import type { Binding } from './realm.ts'
import { incompleteUtf8 } from './utf8.ts'
import { bytesOf } from './view-bytes.ts'

/** Where a decoder's state keeps what, as string_decoder.js expects. */
const START = 0
const MISSING = 4
const BUFFERED = 5
const ENCODING = 6
const SIZE = 7

/** Decoding bytes that come in pieces, without tearing a character apart. */
export function makeStringDecoderBinding(): Binding {
  return {
    encodings: ENCODINGS,
    kIncompleteCharactersStart: START,
    kIncompleteCharactersEnd: MISSING,
    kMissingBytes: MISSING,
    kBufferedBytes: BUFFERED,
    kEncodingField: ENCODING,
    kNumFields: SIZE,
    kSize: SIZE,
    decode,
    flush,
  }
}

function decode(state: Uint8Array, view: ArrayBufferView): string {
  const encoding = ENCODINGS[state[ENCODING] as number] as Encoding
  const piece = bytesOf(view)
  const buffered = state[BUFFERED] as number
  const bytes = new Uint8Array(buffered + piece.length)
  bytes.set(state.subarray(START, START + buffered))
  bytes.set(piece, buffered)
  const rest = incomplete(bytes, encoding)
  const end = bytes.length - rest
  state.set(bytes.subarray(end), START)
  state[BUFFERED] = rest
  state[MISSING] = rest === 0 ? 0 : missing(bytes, end, encoding)
  return readText(bytes, encoding, 0, end)
}

/** Bytes at the end that wait for more. */
function incomplete(bytes: Uint8Array, encoding: Encoding): number {
  const { length } = bytes
  if (encoding === 'utf8') return incompleteUtf8(bytes)
  if (encoding === 'base64' || encoding === 'base64url') return length % 3
  if (encoding !== 'utf16le') return 0
  const odd = length % 2
  // The first half of a pair waits for the second.
  const high = length - odd - 1
  const isHalf = high > 0 && ((bytes[high] as number) & 0xfc) === 0xd8
  return isHalf ? odd + 2 : odd
}

function missing(bytes: Uint8Array, at: number, encoding: Encoding): number {
  const rest = bytes.length - at
  if (encoding === 'base64' || encoding === 'base64url') return 3 - rest
  if (encoding === 'utf16le') return rest % 2 === 1 ? 1 : 2
  const first = bytes[at] as number
  return (first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4) - rest
}

/** What waited in vain, as well as it can be read. */
function flush(state: Uint8Array): string {
  const encoding = ENCODINGS[state[ENCODING] as number] as Encoding
  const buffered = state[BUFFERED] as number
  const count = encoding === 'utf16le' ? buffered - (buffered % 2) : buffered
  const text = readText(state, encoding, START, START + count)
  state[BUFFERED] = 0
  state[MISSING] = 0
  return text
}
