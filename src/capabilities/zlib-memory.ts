import { constants } from 'node:zlib'
import { ValueError } from '../errors.ts'
import type { ZlibSetup } from '../protocol/calls-zlib.ts'

const MEGABYTE = 1024 * 1024
/** Of Zstandard, what a decoder may be made to allocate by what it reads: the 8 MB that every decoder should take. */
const ZSTD_WINDOW_LOG = 23
const ZSTD_LEVEL = 19
/** Up to this one the tables are small. */
const ZSTD_COMMON_LEVEL = 9
/** The window, and output that waits. */
const UNPACKER_BYTES = 192 * 1024
const NONE: ReadonlyMap<number, number> = new Map()

/**
 * Bytes a compression takes, about, and at most.
 *
 * @throws {ValueError} for parameters that would take more than any function gets.
 */
export function memoryOf(setup: ZlibSetup, firstInput: Uint8Array): number {
  const params = setup.params === undefined ? NONE : new Map(setup.params)
  switch (setup.mode) {
    case constants.BROTLI_ENCODE:
      return brotliEncoder(params)
    case constants.BROTLI_DECODE:
      return brotliDecoder(params, firstInput)
    case constants.ZSTD_COMPRESS:
      return zstdEncoder(params)
    case constants.ZSTD_DECOMPRESS:
      refuseOver(params, constants.ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG, 'ZSTD_d_windowLogMax')
      return 2 ** ZSTD_WINDOW_LOG + MEGABYTE
    case constants.DEFLATE:
    case constants.DEFLATERAW:
    case constants.GZIP: {
      const { memLevel = 8, windowBits = 15 } = setup
      return 2 ** (windowBits + 2) + 2 ** (memLevel + 9)
    }
    default:
      return UNPACKER_BYTES
  }
}

/** What the host sets beside what the function asked for. */
export function boundedParams(setup: ZlibSetup): Record<number, number> {
  const params = Object.fromEntries(setup.params ?? [])
  if (setup.mode === constants.ZSTD_DECOMPRESS) params[constants.ZSTD_d_windowLogMax] ??= ZSTD_WINDOW_LOG
  return params
}

function brotliEncoder(params: ReadonlyMap<number, number>): number {
  refuseOver(params, constants.BROTLI_PARAM_LARGE_WINDOW, 0, 'BROTLI_PARAM_LARGE_WINDOW')
  const windowLog = params.get(constants.BROTLI_PARAM_LGWIN) ?? constants.BROTLI_DEFAULT_WINDOW
  return 4 * 2 ** Math.min(windowLog, constants.BROTLI_MAX_WINDOW_BITS) + MEGABYTE
}

/** The window's size stands in the first bits (RFC 7932, section 9.1). */
function brotliDecoder(params: ReadonlyMap<number, number>, [first]: Uint8Array): number {
  refuseOver(params, constants.BROTLI_DECODER_PARAM_LARGE_WINDOW, 0, 'BROTLI_DECODER_PARAM_LARGE_WINDOW')
  return 2 ** windowLogOf(first) + MEGABYTE
}

function windowLogOf(first: number | undefined): number {
  if (first === undefined) return 24
  if ((first & 1) === 0) return 16
  const next = (first >> 1) & 7
  if (next !== 0) return 17 + next
  const last = (first >> 4) & 7
  return last === 0 ? 17 : 8 + last
}

function zstdEncoder(params: ReadonlyMap<number, number>): number {
  refuseOver(params, constants.ZSTD_c_compressionLevel, ZSTD_LEVEL, 'ZSTD_c_compressionLevel')
  refuseOver(params, constants.ZSTD_c_nbWorkers, 0, 'ZSTD_c_nbWorkers')
  const logs = [
    ['ZSTD_c_windowLog', constants.ZSTD_c_windowLog],
    ['ZSTD_c_hashLog', constants.ZSTD_c_hashLog],
    ['ZSTD_c_chainLog', constants.ZSTD_c_chainLog],
    ['ZSTD_c_ldmHashLog', constants.ZSTD_c_ldmHashLog],
  ] as const
  for (const [name, key] of logs) refuseOver(params, key, ZSTD_WINDOW_LOG, name)
  const level = params.get(constants.ZSTD_c_compressionLevel) ?? constants.ZSTD_CLEVEL_DEFAULT
  const isTuned = logs.some(([, key]) => params.has(key))
  return level <= ZSTD_COMMON_LEVEL && !isTuned ? 16 * MEGABYTE : 96 * MEGABYTE
}

function refuseOver(params: ReadonlyMap<number, number>, key: number, most: number, name: string): void {
  const value = params.get(key)
  if (value === undefined || value <= most) return
  throw new ValueError(
    'zlib.write.create.params',
    `${name} is ${value}; the host takes ${most} at most, for its memory's sake.`,
  )
}
