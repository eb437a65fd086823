import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { S3Relay } from './s3-relay.ts'
import { StorageFixture } from './storage-fixture.ts'

const CHUNK = LIMITS.uploadChunkBytes
const client = { openid: 'o-1' }
const gone = { reason: 'STORAGE_FILE_NONEXIST' }
const overloaded = { code: 'CLOUDLET_OVERLOADED' }
const byte = Buffer.from('a')
const sha256 = sha256Of(byte)

describe('what uploads may take of a host', () => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create('memory')
    storage = fixture.storage
  })

  afterEach(() => fixture[Symbol.asyncDispose]())

  const start = async (by: object, sizeBytes = 1): Promise<string> =>
    (await storage.chunks.start({ cloudPath: 'client' in by ? 'a' : 'b', sizeBytes, ...by })).uploadId

  const finish = (uploadId: string, by: object): Promise<unknown> =>
    storage.chunks.finish({ uploadId, sha256, ...by })

  const store = async (by: object): Promise<string> => {
    const uploadId = await start(by)
    await storage.chunks.append({ uploadId, offset: 0, content: byte, ...by })
    await finish(uploadId, by)
    // So that they can be told by their age.
    fixture.nowMs++
    return uploadId
  }

  test('of one client the last 64 that are finished are known', async () => {
    const others = await store({})
    const first = await store({ client })
    for (let count = 1; count < LIMITS.clientFinishedUploads; count++) await store({ client })
    await finish(first, { client })
    await store({ client })
    await expect(finish(first, { client })).rejects.toMatchObject(gone)
    await finish(others, {})
  })

  test('of functions and the host the last 1000', async () => {
    const first = await store({})
    for (let count = 1; count < LIMITS.finishedUploads; count++) await store({})
    await finish(first, {})
    await store({})
    await expect(finish(first, {})).rejects.toMatchObject(gone)
  })

  test('one without a first chunk is given up after two minutes, with what was set aside', async () => {
    const [idle, begun, empty] = [
      await start({ client }, 9),
      await start({ client }, 9),
      await start({ client }, 0),
    ]
    await storage.chunks.append({ uploadId: begun, offset: 0, content: byte, client })
    fixture.nowMs += LIMITS.uploadFirstChunkMs
    expect(await storage.chunks.status({ uploadId: idle, client })).toMatchObject({ receivedBytes: 0 })
    fixture.nowMs += 1
    await expect(storage.chunks.status({ uploadId: idle, client })).rejects.toMatchObject(gone)
    expect(await storage.chunks.status({ uploadId: begun, client })).toMatchObject({ receivedBytes: 1 })
    expect(await storage.chunks.status({ uploadId: empty, client })).toMatchObject({ sizeBytes: 0 })
  })

  test('clients take no places of functions and the host', async () => {
    for (let count = 0; count < LIMITS.uploads; count++) await start({ client: { openid: `o-${count}` } })
    await expect(start({ client })).rejects.toMatchObject(overloaded)
    for (let count = 0; count < LIMITS.uploads; count++) await start({})
    await expect(start({})).rejects.toMatchObject(overloaded)
  })

  test('who has no openid is not led to the upload of another who has none', async () => {
    await storage.setPermission({ read: true, write: true })
    const begin = (by: object) => storage.chunks.start({ cloudPath: 'a', sizeBytes: 1, sha256, ...by })
    const ids = [await begin({ client: {} }), await begin({ client: {} })].map(({ uploadId }) => uploadId)
    expect(new Set(ids).size).toBe(2)
    expect(await begin({ client })).toEqual(await begin({ client }))
    expect(await begin({})).toEqual(await begin({}))
  })

  test('100 chunks of one may be short, beside its last', async () => {
    const bytes = bytesOf(LIMITS.shortChunks + CHUNK + 5)
    const uploadId = await start({ client }, bytes.byteLength)
    const append = (offset: number, sizeBytes: number) => {
      const content = bytes.subarray(offset, offset + sizeBytes)
      return storage.chunks.append({ uploadId, offset, content, client })
    }
    for (let offset = 0; offset < LIMITS.shortChunks; offset++) await append(offset, 1)
    // What is there already costs nothing.
    await append(0, 1)
    const short = { reason: 'INVALID_PARAM', message: expect.stringContaining('is short') }
    await expect(append(LIMITS.shortChunks, CHUNK - 1)).rejects.toMatchObject(short)
    await append(LIMITS.shortChunks, CHUNK)
    await append(LIMITS.shortChunks + CHUNK, 5)
    await storage.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
  })
})

test('four uploads to a bucket at most are put together at once', async () => {
  await using fixture = await StorageFixture.create('s3')
  const { s3 } = fixture
  if (s3 === undefined) throw new Error('There is no bucket.')
  let underWay = 0
  let most = 0
  await using relay = await S3Relay.start(s3.options.endpoint, ({ method, url = '' }, response) => {
    if (method !== 'PUT' || !url.includes('/cloudlet/files/')) return false
    most = Math.max(most, ++underWay)
    response.once('close', () => underWay--)
    return false
  })
  await using storage = fixture.open({ s3: { ...s3.options, endpoint: relay.endpoint } })
  const ids: string[] = []
  for (let number = 0; number < 16; number++) {
    const { uploadId } = await storage.chunks.start({ cloudPath: `${number}`, sizeBytes: 1 })
    await storage.chunks.append({ uploadId, offset: 0, content: byte })
    ids.push(uploadId)
  }
  await Promise.all(ids.map(uploadId => storage.chunks.finish({ uploadId, sha256 })))
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(4)
})
