import { expect, test } from 'vitest'
import { checkCloudPath } from '../../src/storage/cloud-path.ts'
import type { Stage, StoredRecord } from '../../src/storage/driver.ts'
import { MemoryDriver } from '../../src/storage/memory-driver.ts'

function recordOf(path: string, sizeBytes: number): StoredRecord {
  const contentType = 'application/octet-stream'
  return {
    path: checkCloudPath(path),
    owner: undefined,
    sizeBytes,
    contentType,
    sha256: '',
    modifiedMs: 0,
    checkBytes: 0,
  }
}

async function stage(driver: MemoryDriver, path: string, sizeBytes: number): Promise<Stage> {
  const stage = await driver.createStage(checkCloudPath(path))
  try {
    await stage.write(0, new Uint8Array(sizeBytes))
    return stage
  } catch (error) {
    await stage.discard()
    throw error
  }
}

async function write(driver: MemoryDriver, path: string, sizeBytes: number): Promise<void> {
  await (await stage(driver, path, sizeBytes)).publish(recordOf(path, sizeBytes))
}

const full = { reason: 'STORAGE_REQUEST_FAIL', message: expect.stringContaining('dataDirectory') }

test('memory is filled to its capacity and not a byte more', async () => {
  const driver = new MemoryDriver(2 * 1024 + 100)
  await write(driver, 'a', 60)
  await expect(write(driver, 'b', 41)).rejects.toMatchObject(full)
  await write(driver, 'b', 40)
  await expect(write(driver, 'c', 0)).rejects.toMatchObject(full)
})

test('replacing and removing files frees what they took, once the new one is there', async () => {
  const driver = new MemoryDriver(2 * 1024 + 150)
  await write(driver, 'a', 100)
  await expect(write(driver, 'a', 51)).rejects.toMatchObject(full)
  await write(driver, 'a', 50)
  await write(driver, 'a', 100)
  expect((await driver.stat(checkCloudPath('a')))?.sizeBytes).toBe(100)
  expect(await driver.remove(checkCloudPath('a'))).toBe(true)
  expect(await driver.remove(checkCloudPath('a'))).toBe(false)
  await write(driver, 'b', 150)
})

test('what is given up before it is a file frees what it took, and afterwards nothing', async () => {
  const driver = new MemoryDriver(1024 + 100)
  await (await stage(driver, 'a', 100)).discard()
  const published = await stage(driver, 'a', 100)
  await published.publish(recordOf('a', 100))
  await published.discard()
  await expect(write(driver, 'b', 0)).rejects.toMatchObject(full)
  await driver.remove(checkCloudPath('a'))
  await published.discard()
  await write(driver, 'b', 100)
  await expect(write(driver, 'c', 0)).rejects.toMatchObject(full)
})
