import { makeBlobBinding } from './binding-blob.ts'
import { makeBlockListBinding } from './binding-block-list.ts'
import { makeBufferBinding } from './binding-buffer.ts'
import { makeCaresWrapBinding } from './binding-cares-wrap.ts'
import { makeCryptoBinding } from './binding-crypto.ts'
import { makeEncodingBinding } from './binding-encoding.ts'
import { makeFsBinding, makeFsDirBinding, makeFsEventBinding } from './binding-fs.ts'
import { makeHttpParserBinding } from './binding-http-parser.ts'
import { makeJsStreamBinding } from './binding-js-stream.ts'
import { makeMessagingBinding } from './binding-messaging.ts'
import { makeCredentialsBinding, makeOsBinding } from './binding-os.ts'
import { makePerformanceBinding } from './binding-performance.ts'
import { makePipeWrapBinding } from './binding-pipe-wrap.ts'
import { makeStreamWrapBinding } from './binding-stream-wrap.ts'
import { makeStringDecoderBinding } from './binding-string-decoder.ts'
import { makeTcpWrapBinding } from './binding-tcp-wrap.ts'
import { makeTlsWrapBinding } from './binding-tls-wrap.ts'
import { makeTypesBinding } from './binding-types.ts'
import { makeUrlBinding } from './binding-url.ts'
import { makeUtilBinding } from './binding-util.ts'
import { makeUvBinding } from './binding-uv.ts'
import { makeZlibBinding } from './binding-zlib.ts'
import { PLAIN_BINDINGS } from './bindings-plain.ts'
import type { MakeBinding } from './realm.ts'
import { makeTlsParts } from './secure-context.ts'

/** What is native in Node and ours here, by Node's names. */
export const BINDINGS: Readonly<Record<string, MakeBinding>> = {
  ...PLAIN_BINDINGS,
  crypto: realm => ({ ...makeCryptoBinding(realm), ...makeTlsParts(realm) }),
  blob: makeBlobBinding,
  block_list: makeBlockListBinding,
  buffer: makeBufferBinding,
  cares_wrap: makeCaresWrapBinding,
  credentials: makeCredentialsBinding,
  encoding_binding: makeEncodingBinding,
  fs: makeFsBinding,
  fs_dir: makeFsDirBinding,
  fs_event_wrap: makeFsEventBinding,
  http_parser: makeHttpParserBinding,
  js_stream: makeJsStreamBinding,
  messaging: makeMessagingBinding,
  os: makeOsBinding,
  performance: makePerformanceBinding,
  pipe_wrap: makePipeWrapBinding,
  stream_wrap: makeStreamWrapBinding,
  string_decoder: makeStringDecoderBinding,
  tcp_wrap: makeTcpWrapBinding,
  tls_wrap: makeTlsWrapBinding,
  types: makeTypesBinding,
  url: makeUrlBinding,
  util: makeUtilBinding,
  uv: makeUvBinding,
  zlib: makeZlibBinding,
}
