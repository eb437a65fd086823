import { makeBlobBinding } from './binding-blob.ts'
import { makeBufferBinding } from './binding-buffer.ts'
import { makeCryptoBinding } from './binding-crypto.ts'
import { makeEncodingBinding } from './binding-encoding.ts'
import { makeFsBinding, makeFsDirBinding, makeFsEventBinding } from './binding-fs.ts'
import { makeMessagingBinding } from './binding-messaging.ts'
import { makeCredentialsBinding, makeOsBinding } from './binding-os.ts'
import { makePerformanceBinding } from './binding-performance.ts'
import { makeStringDecoderBinding } from './binding-string-decoder.ts'
import { makeTypesBinding } from './binding-types.ts'
import { makeUrlBinding } from './binding-url.ts'
import { makeUtilBinding } from './binding-util.ts'
import { makeUvBinding } from './binding-uv.ts'
import { makeZlibBinding } from './binding-zlib.ts'
import { PLAIN_BINDINGS } from './bindings-plain.ts'
import type { MakeBinding } from './realm.ts'

/** What is native in Node and ours here, by Node's names. */
export const BINDINGS: Readonly<Record<string, MakeBinding>> = {
  ...PLAIN_BINDINGS,
  blob: makeBlobBinding,
  buffer: makeBufferBinding,
  crypto: makeCryptoBinding,
  credentials: makeCredentialsBinding,
  encoding_binding: makeEncodingBinding,
  fs: makeFsBinding,
  fs_dir: makeFsDirBinding,
  fs_event_wrap: makeFsEventBinding,
  messaging: makeMessagingBinding,
  os: makeOsBinding,
  performance: makePerformanceBinding,
  string_decoder: makeStringDecoderBinding,
  types: makeTypesBinding,
  url: makeUrlBinding,
  util: makeUtilBinding,
  uv: makeUvBinding,
  zlib: makeZlibBinding,
}
