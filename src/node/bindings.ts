import { makeBlobBinding } from './binding-blob.ts'
import { makeBufferBinding } from './binding-buffer.ts'
import { makeEncodingBinding } from './binding-encoding.ts'
import { makeMessagingBinding } from './binding-messaging.ts'
import { makePerformanceBinding } from './binding-performance.ts'
import { makeStringDecoderBinding } from './binding-string-decoder.ts'
import { makeTypesBinding } from './binding-types.ts'
import { makeUrlBinding } from './binding-url.ts'
import { makeUtilBinding } from './binding-util.ts'
import { makeUvBinding } from './binding-uv.ts'
import { PLAIN_BINDINGS } from './bindings-plain.ts'
import type { MakeBinding } from './realm.ts'

/** What is native in Node and ours here, by Node's names. */
export const BINDINGS: Readonly<Record<string, MakeBinding>> = {
  ...PLAIN_BINDINGS,
  blob: makeBlobBinding,
  buffer: makeBufferBinding,
  encoding_binding: makeEncodingBinding,
  messaging: makeMessagingBinding,
  performance: makePerformanceBinding,
  string_decoder: makeStringDecoderBinding,
  types: makeTypesBinding,
  url: makeUrlBinding,
  util: makeUtilBinding,
  uv: makeUvBinding,
}
