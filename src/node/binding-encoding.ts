import { domainToAscii, domainToUnicode } from './domain-name.ts'
import type { Binding, Realm } from './realm.ts'
import { isUtf8, readUtf8, utf8Length, writeUtf8 } from './utf8.ts'
import { bytesOf, type View } from './view-bytes.ts'

/** TextEncoder's and TextDecoder's work. */
export function makeEncodingBinding(realm: Realm): Binding {
  const encodeIntoResults = new Uint32Array(2)
  return {
    encodeIntoResults,
    encodeInto: (text: string, target: Uint8Array) => {
      const { read, written } = writeUtf8(text, target)
      encodeIntoResults[0] = read
      encodeIntoResults[1] = written
    },
    encodeUtf8String: (text: string) => {
      const bytes = new Uint8Array(utf8Length(text))
      writeUtf8(text, bytes)
      return bytes
    },
    decodeUTF8: (view: View, ignoresBom: boolean, isFatal: boolean) => {
      const bytes = bytesOf(view)
      if (isFatal && !isUtf8(bytes)) {
        throw new (realm.load('internal/errors').codes.ERR_ENCODING_INVALID_ENCODED_DATA)('utf-8', undefined)
      }
      const hasBom = !ignoresBom && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
      return readUtf8(bytes, hasBom ? 3 : 0, bytes.length)
    },
    decodeLatin1: (bytes: Uint8Array) => realm.binding('buffer').latin1Slice(bytes),
    toASCII: domainToAscii,
    toUnicode: domainToUnicode,
  }
}
