import { setTimeout as delay } from 'node:timers/promises'
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import type { OpResult } from '../../src/protocol/calls.ts'
import { join, noise, none, openOps } from '../crypto/host-ops.ts'

const { invocation } = openOps()
const { Z_FINISH } = constants
const setup = (mode: number, fields: object = {}) => ({
  mode,
  hasDictionary: false,
  chunkSize: 16384,
  ...fields,
})
const MEGABYTE = 1024 * 1024

/** Zeros without end, but for the names of the formats. */
const ZEROS = Buffer.alloc(100 * MEGABYTE)
const BOMBS: [string, number, number, () => Buffer][] = [
  ['deflate', constants.INFLATE, Z_FINISH, () => deflateSync(ZEROS)],
  ['gzip', constants.GUNZIP, Z_FINISH, () => gzipSync(ZEROS)],
  [
    'Brotli',
    constants.BROTLI_DECODE,
    2,
    () => brotliCompressSync(ZEROS, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  ],
  ['Zstandard', constants.ZSTD_DECOMPRESS, 2, () => zstdCompressSync(ZEROS)],
]

test.each(BOMBS)(
  'of a bomb (%s) no more is made than is asked for',
  { timeout: 60_000 },
  async (_name, mode, finish, make) => {
    const { ask, end } = invocation()
    const bomb = make()
    expect(bomb.byteLength).toBeLessThan(MEGABYTE)
    global.gc?.()
    const before = process.memoryUsage()
    let answer: OpResult<'zlib.write'> = await ask('zlib.write', {
      create: setup(mode),
      flush: finish,
      keep: false,
      ...join(none, bomb),
    })
    let total = 0
    let most = 0
    for (let pieces = 0; pieces < 100; pieces++) {
      expect(answer.more).toBe(true)
      const size = answer.content?.byteLength ?? 0
      // A piece, and what the stream had ready beyond it.
      expect(size).toBeLessThanOrEqual(2 * LIMITS.zlibPieceBytes)
      total += size
      answer = await ask('zlib.write', { id: answer.id, keep: false, ...join(none) })
      most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers)
    }
    expect(total).toBeGreaterThanOrEqual(100 * LIMITS.zlibPieceBytes)
    // What was taken is garbage by and by; what was not taken was not made.
    await delay(50)
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(100 * MEGABYTE)
    end()
    await expect(ask('zlib.write', { id: answer.id, keep: false, ...join(none) })).rejects.toMatchObject({
      code: 'CLOUDLET_VALUE',
    })
  },
)

test('a bomb that nobody takes from stands still', async () => {
  const { ask, end } = invocation()
  const bomb = deflateSync(ZEROS)
  const before = process.memoryUsage().arrayBuffers
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      ask('zlib.write', {
        create: setup(constants.INFLATE),
        flush: Z_FINISH,
        keep: false,
        ...join(none, bomb),
      }),
    ),
  )
  await delay(200)
  expect(answers.every(({ more }) => more === true)).toBe(true)
  const held = process.memoryUsage().arrayBuffers - before
  // Of each: its input twice at most, a piece, and what stands in the stream.
  expect(held).toBeLessThan(20 * (2 * bomb.byteLength + 3 * LIMITS.zlibPieceBytes + MEGABYTE))
  end()
})

test('one piece is taken at a time, and who asks for more holds up nobody', async () => {
  const { invocation: another } = openOps()
  const { ask, end } = another()
  const create = setup(constants.DEFLATE)
  const { id } = await ask('zlib.write', { create, flush: 0, keep: true, ...join(none, 'x') })
  const write = () => ask('zlib.write', { id, flush: 0, keep: true, ...join(noise(MEGABYTE)) })
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, write))
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(19)
  for (const { reason } of refused as PromiseRejectedResult[]) expect(reason.code).toBe('CLOUDLET_VALUE')
  const onTheirWay = Array.from({ length: 20 }, () =>
    ask('zlib.write', { create, flush: Z_FINISH, keep: false, ...join(none, noise(4 * MEGABYTE)) }),
  )
  end()
  const ended = await Promise.allSettled(onTheirWay)
  expect(ended.every(({ status }) => status === 'rejected' || status === 'fulfilled')).toBe(true)
  // The places are free for the next.
  const next = { create, flush: Z_FINISH, keep: false, ...join(none, noise(MEGABYTE)) }
  expect((await another().ask('zlib.write', next)).content?.byteLength).toBeGreaterThan(0)
})

test('memory of all compressions of an invocation has a bound', async () => {
  const { ask, end } = invocation()
  const large = setup(constants.BROTLI_ENCODE, { params: [[constants.BROTLI_PARAM_LGWIN, 24]] })
  const open = () => ask('zlib.write', { create: large, flush: 0, keep: true, ...join(none, 'x') })
  const fits = Math.floor(LIMITS.nativeHandleBytes / (4 * 2 ** 24 + MEGABYTE))
  const first = await open()
  expect(first.id).toBeTypeOf('string')
  for (let count = 1; count < fits; count++) expect((await open()).id).toBeTypeOf('string')
  await expect(open()).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
  await ask('zlib.close', { id: first.id as string })
  expect((await open()).id).toBeTypeOf('string')
  end()
})

test('and that of all invocations', async () => {
  const { invocation: another } = openOps()
  const create = setup(constants.BROTLI_ENCODE, { params: [[constants.BROTLI_PARAM_LGWIN, 24]] })
  const args = { create, flush: 0, keep: true, ...join(none, 'x') }
  const each = 4 * 2 ** 24 + MEGABYTE
  const fits = Math.floor(LIMITS.hostNativeHandleBytes / each)
  const invocations = Array.from({ length: fits }, another)
  for (const { ask } of invocations) expect((await ask('zlib.write', args)).id).toBeTypeOf('string')
  await expect(another().ask('zlib.write', args)).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
  invocations[0]?.end()
  expect((await another().ask('zlib.write', args)).id).toBeTypeOf('string')
  for (const { end } of invocations) end()
})

test.each([
  ['BROTLI_PARAM_LARGE_WINDOW', constants.BROTLI_ENCODE, constants.BROTLI_PARAM_LARGE_WINDOW, 0],
  [
    'BROTLI_DECODER_PARAM_LARGE_WINDOW',
    constants.BROTLI_DECODE,
    constants.BROTLI_DECODER_PARAM_LARGE_WINDOW,
    0,
  ],
  ['ZSTD_c_compressionLevel', constants.ZSTD_COMPRESS, constants.ZSTD_c_compressionLevel, 19],
  ['ZSTD_c_nbWorkers', constants.ZSTD_COMPRESS, constants.ZSTD_c_nbWorkers, 0],
  ['ZSTD_c_windowLog', constants.ZSTD_COMPRESS, constants.ZSTD_c_windowLog, 23],
  ['ZSTD_d_windowLogMax', constants.ZSTD_DECOMPRESS, constants.ZSTD_d_windowLogMax, 23],
])('%s has a bound', async (name, mode, key, most) => {
  const { ask, end } = invocation()
  const write = (value: number) =>
    ask('zlib.write', {
      create: setup(mode, { params: [[key, value]] }),
      flush: 0,
      keep: true,
      ...join(none, none),
    })
  expect((await write(most)).failure).toBeUndefined()
  await expect(write(most + 1)).rejects.toMatchObject({
    code: 'CLOUDLET_VALUE',
    message: expect.stringContaining(name),
  })
  end()
})

test('a frame that asks for a larger window than decoders need is refused', async () => {
  const { ask } = invocation()
  const params = { [constants.ZSTD_c_windowLog]: 27 }
  const frame = zstdCompressSync(noise(1000), { params })
  const wide = Buffer.concat([Buffer.from('28b52ffd0088', 'hex'), frame.subarray(6)])
  const answer = await ask('zlib.write', {
    create: setup(constants.ZSTD_DECOMPRESS),
    flush: 2,
    keep: false,
    ...join(none, wide),
  })
  expect(answer.failure?.message).toMatch(/too much memory/)
})

test('large input is done in slices, between which the host goes on', async () => {
  const { ask, end } = invocation()
  const input = noise(8 * MEGABYTE)
  // Each takes some tens of milliseconds, and a millisecond at once.
  const turnsOf = async (work: () => Promise<unknown>): Promise<number> => {
    let turns = 0
    let isOver = false
    const count = (): void => {
      turns++
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await work()
    isOver = true
    return turns
  }
  const hash = { algorithm: 'sha3-512', hmac: false, ...join(none, input) }
  expect(await turnsOf(() => ask('crypto.hash', hash))).toBeGreaterThan(10)
  const cipher = {
    create: { encrypt: true, algorithm: 'des-ede3-cbc', hasIv: true },
    steps: [{ step: 'update' }],
    keep: false,
    ...join(Buffer.from('0123456789abcdefghijklmn'), Buffer.alloc(8), input.subarray(0, MEGABYTE)),
  }
  expect(await turnsOf(() => ask('crypto.cipher', cipher))).toBeGreaterThan(10)
  const deflate = { create: setup(constants.DEFLATE), flush: Z_FINISH, keep: false, ...join(none, input) }
  expect(await turnsOf(() => ask('zlib.write', deflate))).toBeGreaterThan(2)
  end()
})
