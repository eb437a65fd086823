import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BLOCK_BYTES } from '../../src/storage/checked-blocks.ts'
import { HEAD_BYTES } from '../../src/storage/s3-object.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { StorageFixture } from './storage-fixture.ts'

const fileID = 'cloud://e/a.bin'
const damaged = { reason: 'STORAGE_REQUEST_FAIL', message: expect.stringContaining('damaged') }

/** Changes one byte of a file. */
async function spoil(path: string, at: number): Promise<void> {
  await using file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  await file.write(Buffer.of((byte[0] ?? 0) ^ 0x10), 0, 1, at)
}

describe.each(['disk', 's3'] as const)('damaged bytes on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  /** The medium's own file of the one that was stored, and where in it the bytes begin. */
  async function stored(): Promise<{ path: string; start: number }> {
    if (medium === 's3') {
      const folder = join(fixture.s3?.directory ?? '', 'files', 'cloudlet', 'files')
      return { path: join(folder, 'a.bin._S3rver_object'), start: HEAD_BYTES }
    }
    const folder = join(fixture.directory ?? '', 'blobs')
    const [blob = ''] = await readdir(folder)
    return { path: join(folder, blob), start: 0 }
  }

  async function spoilAt(offset: number): Promise<void> {
    const { path, start } = await stored()
    await spoil(path, start + offset)
  }

  const readRange = (start: number, end: number): Promise<Buffer> =>
    buffer(storage.createReadStream({ fileID, range: { start, end } }))

  test('a whole read hands out nothing of them, and the operator is told once', async () => {
    await storage.upload({ cloudPath: 'a.bin', content: bytesOf(5 * BLOCK_BYTES) })
    await spoilAt(2 * BLOCK_BYTES + 17)
    for (let turn = 0; turn < 3; turn++)
      await expect(storage.download({ fileID })).rejects.toMatchObject(damaged)
    expect(fixture.warnings).toEqual([
      expect.stringContaining('"a.bin" are damaged or missing (block 2 of 5)'),
    ])
  })

  test('a stream breaks before the damaged block', async () => {
    const bytes = bytesOf(5 * BLOCK_BYTES)
    await storage.upload({ cloudPath: 'a.bin', content: bytes })
    await spoilAt(2 * BLOCK_BYTES + 17)
    const pieces: Buffer[] = []
    const read = async (): Promise<void> => {
      for await (const piece of storage.createReadStream({ fileID })) pieces.push(piece)
    }
    await expect(read()).rejects.toMatchObject(damaged)
    const given = Buffer.concat(pieces)
    expect(given.byteLength).toBeLessThanOrEqual(2 * BLOCK_BYTES)
    expect(bytes.subarray(0, given.byteLength).equals(given)).toBe(true)
    expect(fixture.warnings).toHaveLength(1)
  })

  test('a part is given if what it touches is whole, and only then', async () => {
    const bytes = bytesOf(5 * BLOCK_BYTES)
    const sha256 = sha256Of(bytes)
    await storage.upload({ cloudPath: 'a.bin', content: bytes })
    await spoilAt(2 * BLOCK_BYTES + 17)
    const whole = await readRange(3 * BLOCK_BYTES, 4 * BLOCK_BYTES + 1)
    expect(bytes.subarray(3 * BLOCK_BYTES, 4 * BLOCK_BYTES + 1).equals(whole)).toBe(true)
    // Not the damaged byte itself: the block it is in.
    await expect(readRange(3 * BLOCK_BYTES - 1, 3 * BLOCK_BYTES)).rejects.toMatchObject(damaged)
    const chunk = (offset: number) => storage.chunks.read({ fileID, offset, length: BLOCK_BYTES, sha256 })
    expect((await chunk(0)).content).toHaveLength(BLOCK_BYTES)
    await expect(chunk(2 * BLOCK_BYTES)).rejects.toMatchObject(damaged)
    expect(fixture.warnings).toHaveLength(1)
  })

  test('so are damaged checks, and a small file as a whole', async () => {
    await storage.upload({ cloudPath: 'a.bin', content: bytesOf(2 * BLOCK_BYTES) })
    await spoilAt(2 * BLOCK_BYTES + 1)
    await expect(storage.download({ fileID })).rejects.toMatchObject(damaged)
    await storage.upload({ cloudPath: 'a.bin', content: bytesOf(1000) })
    await spoilAt(999)
    await expect(storage.download({ fileID })).rejects.toMatchObject(damaged)
    await expect(readRange(0, 1)).rejects.toMatchObject(damaged)
    await expect(buffer(storage.createReadStream({ fileID }))).rejects.toMatchObject(damaged)
    await storage.upload({ cloudPath: 'a.bin', content: bytesOf(1000) })
    await storage.download({ fileID })
  })

  test('and bytes that are missing', async () => {
    await storage.upload({ cloudPath: 'a.bin', content: bytesOf(3 * BLOCK_BYTES) })
    const { path, start } = await stored()
    await truncate(path, start + 2 * BLOCK_BYTES)
    await expect(storage.download({ fileID })).rejects.toMatchObject(damaged)
    await truncate(path, Math.max(start - 1, 0))
    await expect(storage.download({ fileID })).rejects.toMatchObject(damaged)
  })

  test('a temp URL that leads to them breaks', async () => {
    await storage.upload({ cloudPath: 'a.bin', content: bytesOf(3 * BLOCK_BYTES) })
    const file = await fixture.follow(await fixture.urlOf(fileID))
    if (file.kind !== 'found') throw new Error(file.message)
    const content = await file.open()
    if (!(content instanceof Readable)) throw new Error('A large file is a stream.')
    await spoilAt(2 * BLOCK_BYTES)
    // To a bucket that is another version.
    const reasons = ['STORAGE_REQUEST_FAIL', 'STORAGE_FILE_NONEXIST']
    const error = await buffer(content).catch(reason => reason)
    expect(reasons).toContain(error.reason)
  })
})

describe('files of before blocks had checks', () => {
  test('are read whole and in parts, and checked as a whole', async () => {
    await using fixture = await StorageFixture.create('disk')
    const { storage, directory = '' } = fixture
    const bytes = bytesOf(3 * BLOCK_BYTES)
    await storage.upload({ cloudPath: 'a.bin', content: bytes })
    const [blob = ''] = await readdir(join(directory, 'blobs'))
    const [metadata = ''] = await readdir(join(directory, 'files'))
    const { checkBytes: _, ...fields } = JSON.parse(
      await readFile(join(directory, 'files', metadata), 'utf8'),
    )
    await writeFile(join(directory, 'files', metadata), JSON.stringify({ ...fields, version: 1 }))
    await truncate(join(directory, 'blobs', blob), bytes.byteLength)

    expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
    const range = { start: BLOCK_BYTES - 5, end: BLOCK_BYTES + 5 }
    const part = () => buffer(storage.createReadStream({ fileID, range }))
    expect(bytes.subarray(range.start, range.end).equals(await part())).toBe(true)

    await spoil(join(directory, 'blobs', blob), 2 * BLOCK_BYTES + 1)
    await expect(part()).rejects.toMatchObject(damaged)
    await expect(storage.download({ fileID })).rejects.toMatchObject(damaged)
    await expect(buffer(storage.createReadStream({ fileID }))).rejects.toMatchObject(damaged)
  })
})
