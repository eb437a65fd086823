import { hash } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DiskDriver } from '../../src/storage/disk-driver.ts'
import { DiskStage } from '../../src/storage/disk-stage.ts'
import { StorageFixture } from './storage-fixture.ts'

const client = { openid: 'o-1' }
const SWEEP_MS = 60_000
const HOUR_MS = 3_600_000

/** Time at which a storage looks for what has expired is the test's; all other time goes on. */
function holdIntervals(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
}

test('a bucket that is gone when uploads expire is told, and nothing ends of it', async () => {
  holdIntervals()
  await using fixture = await StorageFixture.create('s3')
  await fixture.storage.chunks.start({ cloudPath: 'a', sizeBytes: 9, client })
  await using next = fixture.open()
  await next.list()
  await fixture.s3?.stop()
  fixture.nowMs += HOUR_MS + 1
  await vi.advanceTimersByTimeAsync(SWEEP_MS)
  // A rejection nobody handles would fail this test.
  const told = /Of 1 uploads that have expired 1 can't be given up: StorageError: /
  await vi.waitFor(() => expect(fixture.warnings).toContainEqual(expect.stringMatching(told)), {
    timeout: 10_000,
  })
})

test('also when who is warned throws', async () => {
  holdIntervals()
  await using fixture = await StorageFixture.create('disk')
  const printed = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onTestFinished(() => printed.mockRestore())
  const fault = new Error('from who is warned')
  await using storage = fixture.open({
    onWarning: () => {
      throw fault
    },
  })
  const { uploadId } = await storage.chunks.start({ cloudPath: 'a', sizeBytes: 9, client })
  await replaceByFolder(fixture, uploadId)
  fixture.nowMs += HOUR_MS + 1
  await vi.advanceTimersByTimeAsync(SWEEP_MS)
  await vi.waitFor(() => expect(printed).toHaveBeenCalledWith(fault))
})

test('one that cannot be given up keeps nobody from the next, is told once, and goes later', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage, directory = '' } = fixture
  const start = (cloudPath: string) => storage.chunks.start({ cloudPath, sizeBytes: 9, client })
  const { uploadId } = await start('a')
  await replaceByFolder(fixture, uploadId)
  fixture.nowMs += HOUR_MS + 1
  // As many as a client may have: that one takes no place any more.
  for (let number = 0; number < 16; number++) await start(`${number}`)
  expect(fixture.warnings).toEqual([expect.stringContaining("1 can't be given up")])
  await rm(join(directory, 'uploads', `${uploadId}.json`), { recursive: true })
  fixture.nowMs += HOUR_MS + 1
  await start('c')
  const gone = { reason: 'STORAGE_FILE_NONEXIST' }
  await expect(storage.chunks.status({ uploadId, client })).rejects.toMatchObject(gone)
})

test('uploads that cannot be taken up, or given up at once, keep no storage from opening', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage, directory = '' } = fixture
  const { fileID } = await storage.upload({ cloudPath: 'b', content: Buffer.from('b') })
  const start = async (cloudPath: string): Promise<string> =>
    (await storage.chunks.start({ cloudPath, sizeBytes: 9, client })).uploadId
  await storage.upload({ cloudPath: 'a', content: Buffer.from('a'), client })
  const ids = [await start('a'), await start('c')]
  await storage.close()
  // One whose path has damaged metadata, one whose note can't be read.
  await writeFile(join(directory, 'files', `${hash('sha256', 'a')}.json`), 'x')
  await replaceByFolder(fixture, ids[1] ?? '')
  fixture.nowMs += 25 * HOUR_MS
  await using next = fixture.open()
  expect((await next.download({ fileID })).content).toHaveLength(1)
  expect(fixture.warnings).toContainEqual(expect.stringContaining("Of 2 uploads 2 can't be taken up"))
})

test.runIf(process.platform === 'linux')('a storage that does not open holds no file open', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { directory = '' } = fixture
  await using storage = fixture.open()
  const failing = vi
    .spyOn(DiskDriver.prototype, 'lastingIds')
    .mockRejectedValue(new Error('the medium failed'))
  onTestFinished(() => failing.mockRestore())
  await expect(storage.list()).rejects.toThrow('the medium failed')
  const open = readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
    } catch {
      // It was closed since, such as that of the listing itself.
      return false
    }
  })
  expect(open).toEqual([])
  failing.mockRestore()
  expect((await storage.list()).files).toEqual([])
})

test('a chunk that the medium did not take is in the file once, when it is sent again', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage } = fixture
  const parts = [Buffer.alloc(1024 * 1024, 'a'), Buffer.alloc(1024 * 1024, 'b')] as const
  const whole = Buffer.concat(parts)
  const { uploadId } = await storage.chunks.start({ cloudPath: 'a', sizeBytes: whole.length, client })
  const append = (offset: number, content: Uint8Array) =>
    storage.chunks.append({ uploadId, offset, content, client })
  await append(0, parts[0])
  const failing = vi.spyOn(DiskStage.prototype, 'write').mockRejectedValueOnce(new Error('the medium failed'))
  onTestFinished(() => failing.mockRestore())
  await expect(append(parts[0].length, parts[1])).rejects.toThrow('the medium failed')
  await append(parts[0].length, parts[1])
  const finished = await storage.chunks.finish({ uploadId, sha256: hash('sha256', whole), client })
  if (!('fileID' in finished)) throw new Error('It became no file.')
  expect(Buffer.compare((await storage.download(finished)).content, whole)).toBe(0)
})

/** Puts a folder in the place of the note of an upload, so that it can't be read. */
async function replaceByFolder({ directory = '' }: StorageFixture, uploadId: string): Promise<void> {
  const note = join(directory, 'uploads', `${uploadId}.json`)
  await rm(note)
  await mkdir(note)
}
