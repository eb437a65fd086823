import * as zlib from 'node:zlib'
import type { OpResult } from '../protocol/calls.ts'
import type { ZlibSetup } from '../protocol/calls-zlib.ts'
import { failureOf } from './native-failure.ts'

/** Half a millisecond on the host's thread; the way through Node's pool takes longer than most of these. */
const INPUT_BYTES = 16 * 1024
const OUTPUT_BYTES = 64 * 1024
const { constants } = zlib
const AT_ONCE: Readonly<Record<number, (input: Uint8Array, options: zlib.ZlibOptions) => unknown>> = {
  [constants.DEFLATE]: zlib.deflateSync,
  [constants.INFLATE]: zlib.inflateSync,
  [constants.GZIP]: zlib.gzipSync,
  [constants.GUNZIP]: zlib.gunzipSync,
  [constants.DEFLATERAW]: zlib.deflateRawSync,
  [constants.INFLATERAW]: zlib.inflateRawSync,
  [constants.UNZIP]: zlib.unzipSync,
}

/** A small compression from its beginning to its end; undefined for what is not small, or turns out not to be. */
export function compressAtOnce(
  { chunkSize, hasDictionary, mode, params: _, ...options }: ZlibSetup,
  dictionary: Uint8Array,
  input: Uint8Array,
): OpResult<'zlib.write'> | undefined {
  const run = AT_ONCE[mode]
  if (run === undefined || input.byteLength > INPUT_BYTES) return undefined
  try {
    const { buffer, engine } = run(input, {
      ...(options as zlib.ZlibOptions),
      ...(hasDictionary && { dictionary }),
      chunkSize: Math.min(chunkSize, OUTPUT_BYTES),
      maxOutputLength: OUTPUT_BYTES,
      info: true,
    }) as { buffer: Buffer; engine: { bytesWritten: number } }
    return { content: buffer, more: false, unused: input.byteLength - engine.bytesWritten }
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    return { failure: failureOf(error), more: false, unused: 0 }
  }
}
