/** Files that are sent along with a call: only their URL leads to them, and they go by themselves. */
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { DiskDriver } from '../../src/storage/disk-driver.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { MEDIA, StorageFixture } from './storage-fixture.ts'

const client = { openid: 'o-1' }
const LIFE_MS = LIMITS.temporaryFileMs
const MINUTE_MS = 60_000
const FOLDER = 'cloudlet-temporary'
const overloaded = { code: 'CLOUDLET_OVERLOADED' }

/** Time at which a storage looks for what has expired is the test's; all other time goes on. */
function holdIntervals(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
}

async function send(storage: Storage, content: Uint8Array, openid = 'o-1'): Promise<URL> {
  const { chunks } = storage
  const { uploadId } = await chunks.start({ sizeBytes: content.byteLength, client: { openid } })
  for (let offset = 0; offset < content.byteLength; offset += LIMITS.uploadChunkBytes) {
    const chunk = content.subarray(offset, offset + LIMITS.uploadChunkBytes)
    await chunks.append({ uploadId, offset, content: chunk, client: { openid } })
  }
  const finished = await chunks.finish({ uploadId, sha256: sha256Of(content), client: { openid } })
  if (!('url' in finished)) throw new Error('It has no URL.')
  return new URL(finished.url)
}

const pathOf = (url: URL): string => url.pathname.replace('/storage/', '')

describe.each(MEDIA)('temporary files of storage on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  test.each([0, 5, LIMITS.uploadChunkBytes + 1])('one of %i bytes is read at its URL', async sizeBytes => {
    const content = bytesOf(sizeBytes)
    const url = await send(storage, content)
    expect(url.href).toMatch(
      /^http:\/\/127\.0\.0\.1:7780\/storage\/cloudlet-temporary\/\d{15}-[0-9a-f]{32}\?sign=[0-9a-f]{64}&t=1700007200$/,
    )
    const file = await fixture.follow(url)
    expect(file).toMatchObject({ kind: 'found', sizeBytes, contentType: 'application/octet-stream' })
    expect(await fixture.bodyOf(file)).toBe(content.toString())
  })

  test('is reached by no fileID, by nobody, and its signature is for it alone', async () => {
    const [url, other] = [await send(storage, Buffer.from('one')), await send(storage, Buffer.from('other'))]
    const fileID = `cloud://e/${pathOf(url)}`
    const gone = { reason: 'STORAGE_FILE_NONEXIST' }
    for (const behalf of [{}, { client }]) {
      await expect(storage.download({ fileID, ...behalf })).rejects.toMatchObject(gone)
      await expect(storage.stat({ fileID, ...behalf })).rejects.toMatchObject(gone)
      expect(await storage.getTempUrls({ files: [{ fileID }], ...behalf })).toMatchObject({ files: [gone] })
      expect(await storage.remove({ fileIDs: [fileID], ...behalf })).toMatchObject({ files: [gone] })
    }
    other.search = url.search
    expect(await fixture.follow(other)).toMatchObject({ kind: 'refused', status: 403 })
    expect(await fixture.follow(url)).toMatchObject({ kind: 'found' })
  })

  test.each([{}, { client }])('nobody chooses a path among them (%j)', async behalf => {
    const refused = { reason: 'INVALID_PARAM', message: expect.stringContaining("the storage's own") }
    const taken = pathOf(await send(storage, Buffer.from('a')))
    for (const cloudPath of [taken, `${FOLDER}/x`]) {
      const upload = storage.upload({ cloudPath, content: Buffer.from('b'), ...behalf })
      await expect(upload).rejects.toMatchObject(refused)
      await expect(storage.chunks.start({ cloudPath, sizeBytes: 1, ...behalf })).rejects.toMatchObject(
        refused,
      )
    }
    await storage.upload({ cloudPath: `a/${FOLDER}/x`, content: Buffer.from('b'), ...behalf })
  })

  test('listings leave them out, wherever a page begins and ends', async () => {
    const paths = ['!', 'b', `${FOLDER}0`, 'd', 'e']
    for (const path of paths) await fixture.put(path, 'x')
    for (let count = 0; count < 3; count++) await send(storage, Buffer.of(count))
    const pathsOf = async (args: object): Promise<string[]> =>
      (await storage.list(args)).files.map(({ path }) => path)
    expect(await pathsOf({})).toEqual(paths)
    for (const limit of [1, 2, 3]) {
      const pages: string[] = []
      for (let after = ''; ; after = pages.at(-1) ?? '') {
        const page = await pathsOf({ limit, after })
        pages.push(...page)
        if (page.length < limit) break
      }
      expect(pages).toEqual(paths)
    }
    expect(await pathsOf({ prefix: 'clou' })).toEqual([`${FOLDER}0`])
    expect(await pathsOf({ prefix: `${FOLDER}/` })).toEqual([])
  })

  /** Whether there are bytes where that URL leads, by a clock at which it has not expired. */
  async function isThere(asked: Storage, url: URL): Promise<boolean> {
    // Whatever was set going ends by the other clock.
    await setTimeout(50)
    const { nowMs } = fixture
    fixture.nowMs = 1_700_000_000_000
    try {
      return (await asked.openSigned(pathOf(url), url.searchParams)).kind === 'found'
    } finally {
      fixture.nowMs = nowMs
    }
  }

  const passMinutes = (count: number) => vi.advanceTimersByTimeAsync(count * MINUTE_MS)

  test('goes two hours after it was stored, and counts in the quota till then', async () => {
    holdIntervals()
    await using own = fixture.open({ maxStorageBytes: 1_000_000 })
    const url = await send(own, Buffer.alloc(900_000))
    const put = () => own.upload({ cloudPath: 'a', content: Buffer.alloc(900_000) })
    fixture.nowMs += LIFE_MS - 1
    await passMinutes(1)
    expect(await isThere(own, url)).toBe(true)
    await expect(put()).rejects.toMatchObject({ message: expect.stringContaining('maxStorageMb') })
    fixture.nowMs += 1
    await vi.waitFor(async () => {
      await passMinutes(1)
      expect(await isThere(own, url)).toBe(false)
    })
    await put()
  })

  test.skipIf(medium === 'memory')(
    'also when the host was restarted, and nobody asks it anything',
    async () => {
      holdIntervals()
      const url = await send(storage, Buffer.from('a'))
      const kept = await fixture.put('b', 'b')
      await storage.close()
      fixture.nowMs += LIFE_MS
      await using next = fixture.open()
      await vi.waitFor(async () => {
        await passMinutes(1)
        // Another one that asks: `next` is asked nothing.
        await using looking = fixture.open({ now: () => 1_700_000_000_000 })
        expect(await isThere(looking, url)).toBe(false)
      })
      expect((await next.download({ fileID: kept })).content).toHaveLength(1)
      expect(fixture.warnings).toEqual([])
    },
  )
})

describe('a client', () => {
  test('has 64 of them at once, counted again after a restart, and others have theirs', async () => {
    await using fixture = await StorageFixture.create('disk')
    const { storage } = fixture
    for (let count = 0; count < LIMITS.clientTemporaryFiles; count++) await send(storage, Buffer.of(count))
    await expect(send(storage, Buffer.of(1))).rejects.toMatchObject({
      ...overloaded,
      message: expect.stringContaining('They go 120 minutes after they were stored'),
    })
    await send(storage, Buffer.of(1), 'o-2')
    await storage.close()
    await using next = fixture.open()
    await expect(send(next, Buffer.of(1))).rejects.toMatchObject(overloaded)
    fixture.nowMs += LIFE_MS
    await send(next, Buffer.of(1))
  })

  test('has as many bytes in them as one file may have', async () => {
    await using fixture = await StorageFixture.create('memory')
    await using storage = fixture.open({ maxFileBytes: 1000 })
    await send(storage, bytesOf(600))
    await expect(send(storage, bytesOf(401))).rejects.toMatchObject(overloaded)
    await send(storage, bytesOf(400))
    await expect(send(storage, bytesOf(1001))).rejects.toMatchObject({ reason: 'STORAGE_FILE_TOO_LARGE' })
  })

  test('cannot have more of both by starting them all before finishing one', async () => {
    await using fixture = await StorageFixture.create('memory')
    await using storage = fixture.open({ maxFileBytes: 1000 })
    const { chunks } = storage
    const content = bytesOf(600)
    const start = async (): Promise<string> => {
      const { uploadId } = await chunks.start({ sizeBytes: 600, client })
      await chunks.append({ uploadId, offset: 0, content, client })
      return uploadId
    }
    const ids = [await start(), await start(), await start()]
    const sha256 = sha256Of(content)
    const finished = await Promise.allSettled(
      ids.map(uploadId => chunks.finish({ uploadId, sha256, client })),
    )
    expect(finished.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('is asked for the permission to create a file', async () => {
    await using fixture = await StorageFixture.create('memory')
    const { storage } = fixture
    const denied = { reason: 'STORAGE_EXCEED_AUTHORITY' }
    const anonymous = storage.chunks.start({ sizeBytes: 1, client: {} })
    await expect(anonymous).rejects.toMatchObject(denied)
    await storage.setPermission('PRIVATE')
    await send(storage, Buffer.from('a'))
    await storage.setPermission('ADMINWRITE')
    await expect(send(storage, Buffer.from('a'))).rejects.toMatchObject(denied)
    const create = `resource.folders[0] == '${FOLDER}' && request.size < 9`
    await storage.setPermission({ read: false, write: false, create })
    await send(storage, bytesOf(8))
    await expect(send(storage, bytesOf(9))).rejects.toMatchObject(denied)
  })

  test('is told before anything is sent that no door serves them', async () => {
    await using fixture = await StorageFixture.create('memory')
    await using storage = fixture.open({ publicUrl: () => undefined })
    await expect(storage.chunks.start({ sizeBytes: 1, client })).rejects.toMatchObject({
      reason: 'STORAGE_REQUEST_FAIL',
      message: expect.stringContaining('call host.listen() or set publicUrl'),
    })
  })

  test('only: a function or the host that gives no path is told so', async () => {
    await using fixture = await StorageFixture.create('memory')
    await expect(fixture.storage.chunks.start({ sizeBytes: 1 })).rejects.toMatchObject({
      reason: 'INVALID_PARAM',
      message: expect.stringContaining('must be a string, not undefined'),
    })
  })
})

test('are not looked for where there never were any', async () => {
  holdIntervals()
  await using fixture = await StorageFixture.create('disk')
  const listing = vi.spyOn(DiskDriver.prototype, 'list')
  onTestFinished(() => listing.mockRestore())
  await fixture.put('a', 'a')
  const pass = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(MINUTE_MS)
    await setTimeout(50)
  }
  await pass()
  expect(listing).not.toHaveBeenCalled()
  await send(fixture.storage, Buffer.from('a'))
  await pass()
  expect(listing).toHaveBeenCalled()
})

test('one whose upload was begun before a restart has its URL after it', async () => {
  await using fixture = await StorageFixture.create('disk')
  const content = bytesOf(10)
  const { uploadId } = await fixture.storage.chunks.start({ sizeBytes: 10, client })
  await fixture.storage.chunks.append({ uploadId, offset: 0, content: content.subarray(0, 6), client })
  await fixture.storage.close()
  await using next = fixture.open()
  await next.chunks.append({ uploadId, offset: 6, content: content.subarray(6), client })
  const finish = () => next.chunks.finish({ uploadId, sha256: sha256Of(content), client })
  const [first, again] = [await finish(), await finish()]
  expect(again).toEqual(first)
  const url = new URL('url' in first ? first.url : '')
  const file = await next.openSigned(pathOf(url), url.searchParams)
  expect(await fixture.bodyOf(file)).toBe(content.toString())
  expect(await next.list()).toEqual({ files: [] })
})

test('a medium that fails as they expire is told of, and nothing ends of it', async () => {
  holdIntervals()
  await using fixture = await StorageFixture.create('s3')
  await send(fixture.storage, Buffer.from('a'))
  await fixture.s3?.stop()
  fixture.nowMs += LIFE_MS
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  await vi.waitFor(
    () => expect(fixture.warnings.join()).toMatch(/Temporary files that have expired can't be removed/),
    { timeout: 10_000 },
  )
})

test('one that cannot be removed keeps no other from going', async () => {
  holdIntervals()
  await using fixture = await StorageFixture.create('disk')
  for (const text of ['a', 'b', 'c']) {
    await send(fixture.storage, Buffer.from(text))
    fixture.nowMs++
  }
  const remove = vi
    .spyOn(DiskDriver.prototype, 'remove')
    .mockRejectedValueOnce(new Error('the medium failed'))
  onTestFinished(() => remove.mockRestore())
  fixture.nowMs += LIFE_MS
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  await vi.waitFor(() => expect(remove).toHaveBeenCalledTimes(3))
  await vi.waitFor(() =>
    expect(fixture.warnings.join()).toMatch(/can't be removed: Error: the medium failed/),
  )
  // The next sweep has that one left.
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  await vi.waitFor(() => expect(remove).toHaveBeenCalledTimes(4))
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(remove).toHaveBeenCalledTimes(4)
  expect(fixture.warnings).toHaveLength(1)
})

test('a storage that cannot be opened unasked is told of', async () => {
  holdIntervals()
  await using fixture = await StorageFixture.create('s3')
  await using _next = fixture.open()
  await fixture.s3?.stop()
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  await vi.waitFor(
    () => expect(fixture.warnings.join()).toMatch(/can't be opened, to remove what has expired/),
    {
      timeout: 10_000,
    },
  )
  // Once by each of the two storages, though they try on.
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS)
  await vi.waitFor(() => expect(fixture.warnings).toHaveLength(2))
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS)
  expect(fixture.warnings).toHaveLength(2)
})
