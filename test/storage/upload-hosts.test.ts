import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { StorageFixture } from './storage-fixture.ts'

const CHUNK = LIMITS.uploadChunkBytes
const IDLE_MS = 60_000
const client = { openid: 'o-1' }
const fileID = 'cloud://e/a.bin'
const gone = { reason: 'STORAGE_FILE_NONEXIST' }

describe.each(['disk', 's3'] as const)('an upload at several hosts, or after a restart, on %s', medium => {
  const bytes = bytesOf(3 * CHUNK)
  const sha256 = sha256Of(bytes)
  let fixture: StorageFixture
  let one: Storage
  let other: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    one = fixture.open({ uploadIdleMs: IDLE_MS })
    other = fixture.open({ uploadIdleMs: IDLE_MS })
  })

  afterEach(async () => {
    await one.close()
    await other.close()
    await fixture[Symbol.asyncDispose]()
  })

  const start = async (to: Storage, cloudPath = 'a.bin'): Promise<string> =>
    (await to.chunks.start({ cloudPath, sizeBytes: bytes.byteLength, sha256, client })).uploadId

  const send = (to: Storage, uploadId: string, index: number): Promise<unknown> => {
    const content = bytes.subarray(index * CHUNK, (index + 1) * CHUNK)
    return to.chunks.append({ uploadId, offset: index * CHUNK, content, client })
  }

  const finish = (to: Storage, uploadId: string): Promise<unknown> =>
    to.chunks.finish({ uploadId, sha256, client })

  const storeAt = async (to: Storage): Promise<string> => {
    const { uploadId, receivedBytes } = await to.chunks.start({
      cloudPath: 'a.bin',
      sizeBytes: bytes.byteLength,
      sha256,
      client,
    })
    for (let index = receivedBytes / CHUNK; index < 3; index++) await send(to, uploadId, index)
    await finish(to, uploadId)
    return uploadId
  }

  test('a host where a chunk was does not give up what goes on at another', async () => {
    const uploadId = await start(one)
    await send(one, uploadId, 0)
    await send(other, uploadId, 1)
    fixture.nowMs += IDLE_MS
    await send(one, uploadId, 1)
    await send(one, uploadId, 2)
    fixture.nowMs += 1
    // Looks for what has expired.
    await start(other, 'other')
    await finish(one, uploadId)
    expect(bytes.equals((await one.download({ fileID })).content)).toBe(true)
  })

  test('what another host has given up is over, and never a file with a hole', async () => {
    const uploadId = await start(one)
    await send(one, uploadId, 0)
    await other.chunks.status({ uploadId, client })
    await other.chunks.abort({ uploadId, client })
    // To a bucket each chunk is an object of its own: there the hole is seen at the end.
    await Promise.allSettled([send(one, uploadId, 1), send(one, uploadId, 2)])
    await expect(finish(one, uploadId)).rejects.toMatchObject(
      medium === 'disk' ? gone : { reason: 'STORAGE_REQUEST_FAIL' },
    )
    await expect(one.stat({ fileID })).rejects.toMatchObject(gone)
    // And who begins anew is not led back to it.
    await storeAt(one)
    expect(bytes.equals((await one.download({ fileID })).content)).toBe(true)
  })

  test('after a restart as many may be begun as before, those that are finished do not count', async () => {
    for (let number = 0; number < LIMITS.clientUploads; number++) {
      const empty = { cloudPath: `${number}`, sizeBytes: 0, client }
      const { uploadId } = await one.chunks.start(empty)
      await one.chunks.finish({ uploadId, sha256: sha256Of(Buffer.alloc(0)), client })
    }
    await one.close()
    await using next = fixture.open()
    for (let number = 0; number < LIMITS.clientUploads; number++) await start(next, `${number}`)
    await expect(start(next, 'more')).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
  })

  test('what was stored before a restart and replaced since may be stored again', async () => {
    const before = await storeAt(one)
    await one.close()
    await using next = fixture.open()
    await next.upload({ cloudPath: 'a.bin', content: Buffer.from('newer'), client })
    const after = await storeAt(next)
    expect(after).not.toBe(before)
    expect((await next.stat({ fileID })).sha256).toBe(sha256)
    await next.upload({ cloudPath: 'a.bin', content: Buffer.from('newest'), client })
    // That of before is finished, and stays so.
    await finish(next, before)
    expect((await next.stat({ fileID })).sizeBytes).toBe(6)
  })

  test('one that went on elsewhere for longer than it may be idle is there at once', async () => {
    const uploadId = await start(one)
    await send(one, uploadId, 0)
    await send(other, uploadId, 1)
    fixture.nowMs += IDLE_MS + 1
    expect(await one.chunks.status({ uploadId, client })).toMatchObject({ receivedBytes: 2 * CHUNK })
    await send(one, uploadId, 2)
    await finish(one, uploadId)
    fixture.nowMs += IDLE_MS + 1
    await expect(one.chunks.status({ uploadId, client })).rejects.toMatchObject(gone)
    expect(bytes.equals((await other.download({ fileID })).content)).toBe(true)
  })

  test('what is left of an upload takes of what all files may take, also after a restart', async () => {
    const full = { message: expect.stringContaining('maxStorageMb') }
    const uploadId = await start(one)
    await one.close()
    await using next = fixture.open({
      maxStorageBytes: bytes.byteLength + 10 + 2 * LIMITS.fileOverheadBytes,
    })
    const put = (sizeBytes: number) => next.upload({ cloudPath: 'b', content: Buffer.alloc(sizeBytes) })
    await expect(put(11)).rejects.toMatchObject(full)
    await put(10)
    for (let index = 0; index < 3; index++) await send(next, uploadId, index)
    await finish(next, uploadId)
    await expect(next.upload({ cloudPath: 'c', content: Buffer.alloc(1) })).rejects.toMatchObject(full)
    await next.remove({ fileIDs: [fileID] })
    await next.upload({ cloudPath: 'c', content: Buffer.alloc(1) })
  })

  test.runIf(medium === 'disk')('bytes that are lost end an upload, and it may begin anew', async () => {
    const uploadId = await start(one)
    await send(one, uploadId, 0)
    await one.close()
    await using next = fixture.open()
    expect(await next.chunks.status({ uploadId, client })).toMatchObject({ receivedBytes: CHUNK })
    const blobs = join(fixture.directory ?? '', 'blobs')
    for (const blob of await readdir(blobs)) await rm(join(blobs, blob))
    await expect(send(next, uploadId, 1)).rejects.toMatchObject({ reason: 'STORAGE_REQUEST_FAIL' })
    expect(await storeAt(next)).not.toBe(uploadId)
  })
})
