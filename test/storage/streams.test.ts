import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BLOCK_BYTES } from '../../src/storage/checked-blocks.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { MEDIA, StorageFixture } from './storage-fixture.ts'

const fileID = 'cloud://e/a.bin'

function* piecesOf(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

describe.each(MEDIA)('streams of storage on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  const store = (bytes: Buffer, pieceBytes = 100_000): Promise<{ fileID: string }> =>
    storage.upload({ cloudPath: 'a.bin', content: Readable.from(piecesOf(bytes, pieceBytes)) })

  test.each([
    0,
    1,
    BLOCK_BYTES - 1,
    BLOCK_BYTES,
    BLOCK_BYTES + 1,
    // More than one part of an object in a bucket, and not just at the end of one.
    8 * BLOCK_BYTES - 4096,
    8 * BLOCK_BYTES,
    17 * BLOCK_BYTES + 12_345,
  ])('%i bytes come out as they went in, whole and in parts', async sizeBytes => {
    const bytes = bytesOf(sizeBytes)
    await store(bytes)
    expect(bytes.equals(await buffer(storage.createReadStream({ fileID })))).toBe(true)
    expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
    expect(await storage.stat({ fileID })).toMatchObject({ sizeBytes, sha256: sha256Of(bytes) })
    const edges = [0, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, sizeBytes - 1, sizeBytes, sizeBytes + 9]
    for (const start of edges.filter(edge => edge >= 0)) {
      // Long parts of large files are read above.
      for (const end of edges.filter(edge => edge >= start && edge - start <= 2 * BLOCK_BYTES)) {
        const part = await buffer(storage.createReadStream({ fileID, range: { start, end } }))
        expect(bytes.subarray(start, end).equals(part), `${start} to ${end} of ${sizeBytes}`).toBe(true)
      }
    }
  })

  test('a reader that waits has a slice of the file waiting, and not a block', async () => {
    const bytes = bytesOf(3 * BLOCK_BYTES + 100_000)
    await store(bytes)
    const stream = storage.createReadStream({ fileID })
    await once(stream, 'readable')
    expect(stream.readableLength).toBe(65_536)
    const slices: Buffer[] = []
    for await (const slice of stream) slices.push(slice as Buffer)
    expect(bytes.equals(Buffer.concat(slices))).toBe(true)
    expect(Math.max(...slices.map(slice => slice.byteLength))).toBe(65_536)
    // The last slice of a block keeps nothing else of it while the next one is read.
    const last = slices.filter((_, index) => index % 16 === 15)
    expect(last.map(slice => slice.buffer.byteLength)).toEqual([65_536, 65_536, 65_536])
  })

  test.each([1, 7919, 3 * BLOCK_BYTES])('pieces of %i bytes make the same file', async pieceBytes => {
    const bytes = bytesOf(pieceBytes === 1 ? 3000 : 2 * BLOCK_BYTES + 5)
    await store(bytes, pieceBytes)
    expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
  })

  test('a source may fill one buffer again and again', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      const piece = Buffer.alloc(1000)
      for (let turn = 0; turn < 2000; turn++) yield piece.fill(turn % 251)
    }
    await storage.upload({ cloudPath: 'a.bin', content: source() })
    const { content } = await storage.download({ fileID })
    expect(content.every((byte, at) => byte === Math.floor(at / 1000) % 251)).toBe(true)
  })

  test('a stream that breaks stores nothing, and leaves the older file', async () => {
    await store(Buffer.from('old'))
    const broken = new Error('the source broke')
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytesOf(9 * BLOCK_BYTES)
      throw broken
    }
    await expect(storage.upload({ cloudPath: 'a.bin', content: source() })).rejects.toBe(broken)
    await expect(storage.upload({ cloudPath: 'b.bin', content: source() })).rejects.toBe(broken)
    expect(Buffer.from((await storage.download({ fileID })).content).toString()).toBe('old')
    expect((await storage.list()).files.map(file => file.path)).toEqual(['a.bin'])
    if (fixture.directory !== undefined) {
      expect(await readdir(join(fixture.directory, 'blobs'))).toHaveLength(1)
    }
  })

  test('a stream may have as many bytes as the limit says, and not one more', async () => {
    await using limited = fixture.open({ maxFileBytes: 100_000 })
    const upload = (sizeBytes: number) =>
      limited.upload({ cloudPath: 'a', content: Readable.from(piecesOf(bytesOf(sizeBytes), 30_000)) })
    await upload(100_000)
    await expect(upload(100_001)).rejects.toMatchObject({ reason: 'STORAGE_FILE_TOO_LARGE' })
    expect(await limited.stat({ fileID: 'cloud://e/a' })).toMatchObject({ sizeBytes: 100_000 })
  })

  test.each([['text'], [7], [{}], [null]])('a stream of %j is refused', async piece => {
    async function* source(): AsyncGenerator<never> {
      yield piece as never
    }
    await expect(storage.upload({ cloudPath: 'a', content: source() })).rejects.toMatchObject({
      reason: 'INVALID_PARAM',
    })
  })

  test('a file above what one call gives is read as a stream', async () => {
    const bytes = bytesOf(21 * BLOCK_BYTES)
    await store(bytes, BLOCK_BYTES)
    await expect(storage.download({ fileID })).rejects.toMatchObject({ reason: 'STORAGE_FILE_TOO_LARGE' })
    expect(bytes.equals(await buffer(storage.createReadStream({ fileID })))).toBe(true)
  })

  test('reading what is not there breaks the stream, and so does a range that is none', async () => {
    const missing = buffer(storage.createReadStream({ fileID }))
    await expect(missing).rejects.toMatchObject({ reason: 'STORAGE_FILE_NONEXIST' })
    await store(Buffer.from('abc'))
    for (const range of [
      { start: -1, end: 1 },
      { start: 2, end: 1 },
      { start: 0.5, end: 1 },
      { start: 0, end: Number.NaN },
    ]) {
      const read = buffer(storage.createReadStream({ fileID, range }))
      await expect(read).rejects.toMatchObject({ reason: 'INVALID_PARAM' })
    }
  })

  test('a stream that is given up holds nothing, one that was never read neither', async () => {
    await store(bytesOf(3 * BLOCK_BYTES))
    const stream = storage.createReadStream({ fileID })
    await once(stream, 'readable')
    stream.destroy()
    await once(stream, 'close')
    storage.createReadStream({ fileID }).destroy()
    const file = await fixture.follow(await fixture.urlOf(fileID))
    if (file.kind !== 'found') throw new Error(file.message)
    const opened = await file.open()
    if (opened instanceof Readable) opened.destroy()
    await storage.close()
  })

  test('closing the storage breaks the streams that are still read', async () => {
    await store(bytesOf(9 * BLOCK_BYTES))
    const stream = storage.createReadStream({ fileID })
    await once(stream, 'readable')
    const broken = expect(buffer(stream)).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
    await storage.close()
    await broken
    await expect(buffer(storage.createReadStream({ fileID }))).rejects.toMatchObject({
      code: 'CLOUDLET_HOST_CLOSED',
    })
  })

  test('closing the storage ends a stream that nobody listens to without a word', async () => {
    await store(Buffer.from('abc'))
    const stream = storage.createReadStream({ fileID })
    await storage.close()
    expect(stream.destroyed).toBe(true)
  })

  test('a signed file opens in parts', async () => {
    const bytes = bytesOf(2 * BLOCK_BYTES + 9)
    await store(bytes)
    const file = await fixture.follow(await fixture.urlOf(fileID))
    if (file.kind !== 'found') throw new Error(file.message)
    expect(file).toMatchObject({ sizeBytes: bytes.byteLength, sha256: sha256Of(bytes) })
    const range = { start: BLOCK_BYTES - 3, end: BLOCK_BYTES + 3 }
    const part = await file.open(range)
    if (!(part instanceof Readable)) throw new Error('A part is a stream.')
    expect(bytes.subarray(range.start, range.end).equals(await buffer(part))).toBe(true)
  })
})

describe.each(MEDIA)('a storage on %s that is closed', medium => {
  test('does not wait for a source that gives nothing', async () => {
    await using fixture = await StorageFixture.create(medium)
    const storage = fixture.open()
    const stalled = async function* () {
      yield Buffer.from('a')
      await new Promise(() => {})
    }
    const socket = new PassThrough()
    socket.write('a')
    const uploads = [
      storage.upload({ cloudPath: 'a', content: stalled() }),
      storage.upload({ cloudPath: 'b', content: socket }),
    ]
    const settled = Promise.allSettled(uploads)
    await storage.list()
    await storage.close()
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLOUDLET_HOST_CLOSED' } })
    }
    expect(socket.destroyed).toBe(true)
    if (fixture.directory !== undefined) {
      expect(await readdir(join(fixture.directory, 'blobs'))).toEqual([])
    }
  })
})
