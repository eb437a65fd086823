import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { MEDIA, StorageFixture } from './storage-fixture.ts'

const CHUNK = LIMITS.uploadChunkBytes
const client = { openid: 'o-1' }
const fileID = 'cloud://e/a.bin'
const gone = { reason: 'STORAGE_FILE_NONEXIST' }
const invalid = { reason: 'INVALID_PARAM' }

describe.each(MEDIA)('files in chunks of storage on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  async function start(sizeBytes: number, cloudPath = 'a.bin', sha256?: string): Promise<string> {
    return (await storage.chunks.start({ cloudPath, sizeBytes, ...(sha256 && { sha256 }), client })).uploadId
  }

  /** Sends what is missing of a file. */
  async function send(uploadId: string, bytes: Buffer, to = storage): Promise<void> {
    let { receivedBytes: at } = await to.chunks.status({ uploadId, client })
    while (at < bytes.byteLength) {
      const content = bytes.subarray(at, at + CHUNK)
      at = (await to.chunks.append({ uploadId, offset: at, content, client })).receivedBytes
    }
  }

  test.each([0, 1, CHUNK, CHUNK + 1, 3 * CHUNK + 77])('%i bytes go in and come out', async sizeBytes => {
    const bytes = bytesOf(sizeBytes)
    const sha256 = sha256Of(bytes)
    const begun = await storage.chunks.start({ cloudPath: 'a.bin', sizeBytes, client })
    expect(begun).toEqual({
      uploadId: expect.stringMatching(/^[0-9a-f]{32}$/),
      chunkBytes: CHUNK,
      receivedBytes: 0,
    })
    const { uploadId } = begun
    await send(uploadId, bytes)
    await expect(storage.stat({ fileID })).rejects.toMatchObject(gone)
    const finished = await storage.chunks.finish({ uploadId, sha256, client })
    expect(finished).toEqual({ fileID: expect.stringMatching(/\/a\.bin$/) })
    expect(await storage.stat({ fileID })).toMatchObject({ sizeBytes, sha256, owner: 'o-1' })
    const parts: Uint8Array[] = []
    for (let offset = 0; offset < sizeBytes; offset += CHUNK) {
      parts.push((await storage.chunks.read({ fileID, offset, length: CHUNK, sha256, client })).content)
    }
    expect(bytes.equals(Buffer.concat(parts))).toBe(true)
  })

  test('chunks in flight at once are taken in the order they came', async () => {
    const bytes = bytesOf(4 * CHUNK)
    const uploadId = await start(bytes.byteLength)
    const offsets = [0, CHUNK, 2 * CHUNK, 3 * CHUNK]
    const answers = await Promise.all(
      offsets.map(offset =>
        storage.chunks.append({ uploadId, offset, content: bytes.subarray(offset, offset + CHUNK), client }),
      ),
    )
    expect(answers.map(answer => answer.receivedBytes)).toEqual(offsets.map(offset => offset + CHUNK))
    await storage.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
    expect((await storage.stat({ fileID })).sha256).toBe(sha256Of(bytes))
  })

  test('a chunk may be sent again, whole or in part, and leaves what is there', async () => {
    const bytes = bytesOf(100)
    const uploadId = await start(100)
    const append = (offset: number, end: number) =>
      storage.chunks.append({ uploadId, offset, content: bytes.subarray(offset, end), client })
    expect(await append(0, 50)).toEqual({ receivedBytes: 50 })
    expect(await append(0, 50)).toEqual({ receivedBytes: 50 })
    expect(await append(10, 20)).toEqual({ receivedBytes: 50 })
    expect(await append(40, 100)).toEqual({ receivedBytes: 100 })
    await storage.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
    expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
  })

  test('a gap, an empty chunk, one that is too long or beyond the end is refused', async () => {
    const uploadId = await start(2 * CHUNK)
    const append = (offset: number, content: Uint8Array) =>
      storage.chunks.append({ uploadId, offset, content, client })
    await expect(append(1, Buffer.alloc(1))).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining('0 bytes are there'),
    })
    await expect(append(0, Buffer.alloc(0))).rejects.toMatchObject(invalid)
    await expect(append(0, Buffer.alloc(CHUNK + 1))).rejects.toMatchObject(invalid)
    await append(0, Buffer.alloc(CHUNK))
    await append(CHUNK, Buffer.alloc(1))
    await expect(append(CHUNK + 1, Buffer.alloc(CHUNK))).rejects.toMatchObject(invalid)
    await append(CHUNK + 1, Buffer.alloc(CHUNK - 1))
    expect(await storage.chunks.status({ uploadId, client })).toEqual({
      receivedBytes: 2 * CHUNK,
      sizeBytes: 2 * CHUNK,
    })
  })

  test('it is finished when all is there, and may be finished again for ten minutes', async () => {
    const bytes = bytesOf(100)
    const sha256 = sha256Of(bytes)
    const uploadId = await start(100)
    await storage.chunks.append({ uploadId, offset: 0, content: bytes.subarray(0, 99), client })
    const finish = () => storage.chunks.finish({ uploadId, sha256, client })
    await expect(finish()).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('99') })
    await send(uploadId, bytes)
    const answer = await finish()
    await storage.upload({ cloudPath: 'a.bin', content: Buffer.from('newer') })
    expect(await finish()).toEqual(answer)
    expect((await storage.stat({ fileID })).sizeBytes).toBe(5)
    fixture.nowMs += LIMITS.uploadFinishedMs
    expect(await finish()).toEqual(answer)
    fixture.nowMs += 1
    await expect(finish()).rejects.toMatchObject(gone)
    expect((await storage.stat({ fileID })).sizeBytes).toBe(5)
  })

  test('bytes of another sha256 are no file, and the upload is over', async () => {
    await storage.upload({ cloudPath: 'a.bin', content: Buffer.from('old'), owner: 'o-1' })
    const uploadId = await start(100)
    await send(uploadId, bytesOf(100))
    const finish = storage.chunks.finish({ uploadId, sha256: sha256Of(bytesOf(100, 1)), client })
    await expect(finish).rejects.toMatchObject({ reason: 'STORAGE_REQUEST_FAIL' })
    await expect(storage.chunks.status({ uploadId, client })).rejects.toMatchObject(gone)
    expect((await storage.stat({ fileID })).sizeBytes).toBe(3)
  })

  test('the sha256 of the start is the one of the end', async () => {
    const bytes = bytesOf(100)
    const uploadId = await start(100, 'a.bin', sha256Of(bytes))
    await send(uploadId, bytes)
    const other = storage.chunks.finish({ uploadId, sha256: '0'.repeat(64), client })
    await expect(other).rejects.toMatchObject(invalid)
    await storage.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
  })

  test('no sha256 at the end is compared with none, or with that of the start', async () => {
    const first = await start(100)
    await send(first, bytesOf(100))
    await storage.chunks.finish({ uploadId: first, client })
    expect(await storage.stat({ fileID })).toMatchObject({ sha256: sha256Of(bytesOf(100)) })
    const second = await start(100, 'a.bin', sha256Of(bytesOf(100, 1)))
    await send(second, bytesOf(100))
    const finish = storage.chunks.finish({ uploadId: second, client })
    await expect(finish).rejects.toMatchObject({ reason: 'STORAGE_REQUEST_FAIL' })
  })

  test('the same file started again goes on where it was, another does not', async () => {
    const sha256 = sha256Of(bytesOf(100))
    const uploadId = await start(100, 'a.bin', sha256)
    await storage.chunks.append({ uploadId, offset: 0, content: bytesOf(100).subarray(0, 60), client })
    expect(await storage.chunks.start({ cloudPath: 'a.bin', sizeBytes: 100, sha256, client })).toMatchObject({
      uploadId,
      receivedBytes: 60,
    })
    expect(await start(100, 'b.bin', sha256)).not.toBe(uploadId)
    expect(await start(99, 'a.bin', sha256)).not.toBe(uploadId)
    expect(await start(100)).not.toBe(uploadId)
    const others = await storage.chunks.start({
      cloudPath: 'a.bin',
      sizeBytes: 100,
      sha256,
      client: { openid: 'o-2' },
    })
    expect(others.uploadId).not.toBe(uploadId)
  })

  test("to others there is no such upload, and they can't end it", async () => {
    const bytes = bytesOf(10)
    const uploadId = await start(10)
    for (const other of [{ client: { openid: 'o-2' } }, { client: {} }, {}]) {
      const { chunks } = storage
      await expect(chunks.status({ uploadId, ...other })).rejects.toMatchObject(gone)
      await expect(chunks.append({ uploadId, offset: 0, content: bytes, ...other })).rejects.toMatchObject(
        gone,
      )
      await expect(chunks.finish({ uploadId, sha256: sha256Of(bytes), ...other })).rejects.toMatchObject(gone)
      await chunks.abort({ uploadId, ...other })
    }
    expect(await storage.chunks.status({ uploadId, client })).toEqual({ receivedBytes: 0, sizeBytes: 10 })
  })

  test('one that is aborted is gone, with all it held', async () => {
    const uploadId = await start(100)
    await storage.chunks.append({ uploadId, offset: 0, content: bytesOf(60), client })
    await storage.chunks.abort({ uploadId, client })
    await storage.chunks.abort({ uploadId, client })
    await expect(storage.chunks.status({ uploadId, client })).rejects.toMatchObject(gone)
    if (fixture.directory !== undefined) {
      for (const folder of ['blobs', 'uploads']) {
        expect(await readdir(join(fixture.directory, folder))).toEqual([])
      }
    }
  })

  test('one without progress is given up, one with goes on for a day', async () => {
    const idle = await start(100, 'idle')
    const busy = await start(1000, 'busy')
    for (const uploadId of [idle, busy]) {
      await storage.chunks.append({ uploadId, offset: 0, content: Buffer.alloc(1), client })
    }
    for (let hour = 0; hour < 24; hour++) {
      fixture.nowMs += 3_600_000
      await storage.chunks.append({ uploadId: busy, offset: hour + 1, content: Buffer.alloc(1), client })
      if (hour === 0) expect(await storage.chunks.status({ uploadId: idle, client })).toBeTruthy()
    }
    await expect(storage.chunks.status({ uploadId: idle, client })).rejects.toMatchObject(gone)
    fixture.nowMs += 1
    await expect(storage.chunks.status({ uploadId: busy, client })).rejects.toMatchObject(gone)
  })

  test('a client may have 16 that are not finished', async () => {
    const ids: string[] = []
    for (let number = 0; number < LIMITS.clientUploads; number++) ids.push(await start(1, `${number}`))
    await expect(start(1, 'more')).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    const other = { openid: 'o-2' }
    await storage.chunks.start({ cloudPath: 'other', sizeBytes: 1, client: other })
    const [first = '', second = ''] = ids
    await storage.chunks.abort({ uploadId: first, client })
    await start(1, 'one')
    await send(second, bytesOf(1))
    await storage.chunks.finish({ uploadId: second, sha256: sha256Of(bytesOf(1)), client })
    await start(1, 'two')
    await expect(start(1, 'three')).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
  })

  test.runIf(medium === 'memory')('the host may have 1000, also when they are started at once', async () => {
    const begin = (number: number) =>
      storage.chunks.start({ cloudPath: 'a', sizeBytes: 1, client: { openid: `o-${number}` } })
    const started = await Promise.allSettled(Array.from({ length: LIMITS.uploads + 1 }, (_, n) => begin(n)))
    const refused = started.filter(({ status }) => status === 'rejected')
    expect(refused).toMatchObject([{ reason: { code: 'CLOUDLET_OVERLOADED' } }])
  })

  test('a file may be as large as the limit says, and not a byte more', async () => {
    await using limited = fixture.open({ maxFileBytes: 1000 })
    await limited.chunks.start({ cloudPath: 'a', sizeBytes: 1000, client })
    const more = limited.chunks.start({ cloudPath: 'a', sizeBytes: 1001, client })
    await expect(more).rejects.toMatchObject({ reason: 'STORAGE_FILE_TOO_LARGE' })
  })

  test('a chunk is read of the version asked for only, and 1 MiB at most', async () => {
    const bytes = bytesOf(CHUNK + 10)
    const sha256 = sha256Of(bytes)
    await storage.upload({ cloudPath: 'a.bin', content: bytes })
    const read = (offset: number, length: number) =>
      storage.chunks.read({ fileID, offset, length, sha256, client })
    expect((await read(CHUNK - 5, CHUNK)).content).toHaveLength(15)
    expect((await read(CHUNK + 10, 1)).content).toHaveLength(0)
    expect((await read(Number.MAX_SAFE_INTEGER - CHUNK, CHUNK)).content).toHaveLength(0)
    await expect(read(0, CHUNK + 1)).rejects.toMatchObject(invalid)
    await storage.upload({ cloudPath: 'a.bin', content: Buffer.from('newer') })
    await expect(read(0, 1)).rejects.toMatchObject(gone)
  })

  test('permission is asked for at the start and at the end', async () => {
    await storage.upload({ cloudPath: 'a.bin', content: Buffer.from('theirs'), owner: 'o-2' })
    const denied = { reason: 'STORAGE_EXCEED_AUTHORITY' }
    await expect(start(1)).rejects.toMatchObject(denied)
    await expect(storage.chunks.start({ cloudPath: 'x', sizeBytes: 1, client: {} })).rejects.toMatchObject(
      denied,
    )
    const uploadId = await start(1, 'b.bin')
    await send(uploadId, bytesOf(1))
    await storage.upload({ cloudPath: 'b.bin', content: Buffer.from('theirs'), owner: 'o-2' })
    const finish = storage.chunks.finish({ uploadId, sha256: sha256Of(bytesOf(1)), client })
    await expect(finish).rejects.toMatchObject(denied)
    expect(Buffer.from((await storage.download({ fileID: 'cloud://e/b.bin' })).content).toString()).toBe(
      'theirs',
    )
  })

  describe.skipIf(medium === 'memory')('after a restart', () => {
    test('an upload goes on where it was', async () => {
      const bytes = bytesOf(3 * CHUNK + 5)
      const uploadId = await start(bytes.byteLength)
      await send(uploadId, bytes.subarray(0, CHUNK + 7))
      await storage.close()
      await using next = fixture.open()
      expect(await next.chunks.status({ uploadId, client })).toEqual({
        receivedBytes: CHUNK + 7,
        sizeBytes: bytes.byteLength,
      })
      await expect(next.chunks.status({ uploadId, client: { openid: 'o-2' } })).rejects.toMatchObject(gone)
      await send(uploadId, bytes, next)
      await next.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
      expect(bytes.equals((await next.download({ fileID })).content)).toBe(true)
    })

    test('one whose finish was not heard of may be finished again', async () => {
      const bytes = bytesOf(CHUNK + 9)
      const uploadId = await start(bytes.byteLength)
      await send(uploadId, bytes)
      const finish = { uploadId, sha256: sha256Of(bytes), client }
      await storage.chunks.finish(finish)
      await storage.close()
      await using next = fixture.open()
      await next.chunks.finish(finish)
      expect(bytes.equals((await next.download({ fileID })).content)).toBe(true)
      await next.chunks.abort({ uploadId, client })
      expect(bytes.equals((await next.download({ fileID })).content)).toBe(true)
    })

    test('or at another host, which another one does not give up meanwhile', async () => {
      const bytes = bytesOf(2 * CHUNK)
      await using other = fixture.open({ uploadIdleMs: 1000 })
      await other.list()
      const uploadId = await start(bytes.byteLength)
      await send(uploadId, bytes.subarray(0, 100))
      expect((await other.chunks.status({ uploadId, client })).receivedBytes).toBe(100)
      await send(uploadId, bytes.subarray(0, CHUNK))
      fixture.nowMs += 1001
      // Looks for what has expired.
      await other.chunks.start({ cloudPath: 'c', sizeBytes: 1, client })
      expect((await other.chunks.status({ uploadId, client })).receivedBytes).toBe(CHUNK)
      await send(uploadId, bytes, other)
      await other.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
      expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
      fixture.nowMs += 1001
      await other.chunks.start({ cloudPath: 'c', sizeBytes: 1, client })
      expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
    })

    test('one that was finished does not put its bytes over a newer file', async () => {
      const bytes = bytesOf(100)
      const uploadId = await start(bytes.byteLength)
      await send(uploadId, bytes)
      const finish = { uploadId, sha256: sha256Of(bytes), client }
      await storage.chunks.finish(finish)
      await storage.upload({ cloudPath: 'a.bin', content: Buffer.from('newer'), client })
      await storage.close()
      await using next = fixture.open()
      // On disk the bytes went with the file; a bucket has it noted.
      await next.chunks.finish(finish).catch(error => expect(error).toMatchObject(invalid))
      expect(Buffer.from((await next.download({ fileID })).content).toString()).toBe('newer')
    })

    test('what has expired is swept at the start', async () => {
      const uploadId = await start(100)
      await send(uploadId, bytesOf(100).subarray(0, 50))
      await storage.close()
      fixture.nowMs += LIMITS.uploadMs + 1
      await using next = fixture.open()
      await expect(next.chunks.status({ uploadId, client })).rejects.toMatchObject(gone)
      if (fixture.directory !== undefined) {
        for (const folder of ['blobs', 'uploads']) {
          expect(await readdir(join(fixture.directory, folder))).toEqual([])
        }
      }
    })

    test.runIf(medium === 'disk')(
      'a note that is damaged gives its upload up, and nothing else',
      async () => {
        const [one, other] = [await start(100), await start(100, 'b.bin')]
        await storage.close()
        await writeFile(join(fixture.directory ?? '', 'uploads', `${one}.json`), '{"version":1')
        await using next = fixture.open()
        await expect(next.chunks.status({ uploadId: one, client })).rejects.toMatchObject(gone)
        expect(await next.chunks.status({ uploadId: other, client })).toMatchObject({ sizeBytes: 100 })
      },
    )
  })
})
