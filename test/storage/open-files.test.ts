import { readdirSync, readlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { bytesOf, sha256Of } from './bytes.ts'
import { StorageFixture } from './storage-fixture.ts'

const fileID = 'cloud://e/a.bin'
const client = { openid: 'o-1' }

/** Files of a directory's blobs that this process holds open. A handle nobody closes ends the process some day. */
function openBlobs(directory = ''): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(`${directory}/blobs/`) ? [path] : []
    } catch {
      // It was closed since, such as that of the listing itself.
      return []
    }
  })
}

test.each([Number.MAX_SAFE_INTEGER, Number.NaN, -1, 0.5])(
  'a chunk at %d is refused, and no file stays open',
  async offset => {
    await using fixture = await StorageFixture.create('disk')
    const { storage, directory } = fixture
    const bytes = bytesOf(100)
    await storage.upload({ cloudPath: 'a.bin', content: bytes })
    const sha256 = sha256Of(bytes)
    for (let turn = 0; turn < 3; turn++) {
      const read = storage.chunks.read({ fileID, offset, length: 1, sha256, client })
      await expect(read).rejects.toMatchObject({ reason: 'INVALID_PARAM' })
    }
    expect(openBlobs(directory)).toEqual([])
  },
)

test('nor one whose size the system does not tell', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage, directory } = fixture
  await storage.upload({ cloudPath: 'a.bin', content: bytesOf(100) })
  await using any = await open('/proc/self/status')
  const failure = vi.spyOn(Object.getPrototypeOf(any), 'stat')
  onTestFinished(() => failure.mockRestore())
  failure.mockRejectedValue(Object.assign(new Error('the medium failed'), { code: 'EIO' }))
  const download = storage.download({ fileID })
  await expect(download).rejects.toMatchObject({
    reason: 'STORAGE_REQUEST_FAIL',
    message: expect.stringContaining('EIO'),
  })
  expect(openBlobs(directory)).toEqual([])
})
