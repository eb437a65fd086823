import { readUtf8, utf8Length, writeUtf8 } from './utf8.ts'

/** What whatwg-url does with TextEncoder and TextDecoder, in whose place this file is bundled. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text))
  writeUtf8(text, bytes)
  return bytes
}

export function utf8DecodeWithoutBOM(bytes: Uint8Array): string {
  return readUtf8(bytes, 0, bytes.length)
}
