import { expect, test } from 'vitest'
import { checkCloudPath } from '../../src/storage/cloud-path.ts'
import type { FileRecord } from '../../src/storage/driver.ts'
import { MemoryDriver } from '../../src/storage/memory-driver.ts'

function recordOf(path: string, sizeBytes: number): FileRecord {
  const contentType = 'application/octet-stream'
  return { path: checkCloudPath(path), owner: undefined, sizeBytes, contentType, sha256: '', modifiedMs: 0 }
}

async function write(driver: MemoryDriver, path: string, sizeBytes: number): Promise<void> {
  await driver.write(recordOf(path, sizeBytes), new Uint8Array(sizeBytes))
}

const full = { reason: 'STORAGE_REQUEST_FAIL', message: expect.stringContaining('dataDirectory') }

test('memory is filled to its capacity and not a byte more', async () => {
  const driver = new MemoryDriver(2 * 1024 + 100)
  await write(driver, 'a', 60)
  await expect(write(driver, 'b', 41)).rejects.toMatchObject(full)
  await write(driver, 'b', 40)
  await expect(write(driver, 'c', 0)).rejects.toMatchObject(full)
})

test('replacing and removing files frees what they took', async () => {
  const driver = new MemoryDriver(1024 + 100)
  await write(driver, 'a', 100)
  await write(driver, 'a', 50)
  await expect(write(driver, 'a', 101)).rejects.toMatchObject(full)
  expect((await driver.stat(checkCloudPath('a')))?.sizeBytes).toBe(50)
  expect(await driver.remove(checkCloudPath('a'))).toBe(true)
  expect(await driver.remove(checkCloudPath('a'))).toBe(false)
  await write(driver, 'b', 100)
})
