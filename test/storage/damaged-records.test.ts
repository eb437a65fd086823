import { hash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StorageFixture } from './storage-fixture.ts'

const client = { openid: 'o-1' }

/** Damages what is known of a file, and makes the storage look for all files anew, as after a restart of the machine. */
async function damage(fixture: StorageFixture, cloudPath: string): Promise<void> {
  const { directory, s3 } = fixture
  if (directory !== undefined) {
    await writeFile(join(directory, 'files', `${hash('sha256', cloudPath)}.json`), '{"version":2,')
    for (const name of await readdir(directory)) {
      if (name.startsWith('paths-')) await rm(join(directory, name))
    }
  } else {
    const path = join(s3?.directory ?? '', 'files', 'cloudlet', 'files', `${cloudPath}._S3rver_object`)
    const content = await readFile(path)
    await writeFile(path, content.fill('x', 0, 100))
  }
}

describe.each(['disk', 's3'] as const)('a file of which the record is damaged, on %s', medium => {
  test('stops neither writing nor listing; who asks for it is told, and the operator once', async () => {
    await using fixture = await StorageFixture.create(medium)
    for (const path of ['a', 'b', 'c']) await fixture.put(path, path)
    await fixture.storage.close()
    await damage(fixture, 'b')
    await using storage = fixture.open({ maxStorageBytes: 1_000_000 })
    await storage.upload({ cloudPath: 'd', content: Buffer.from('d') })
    for (let turn = 0; turn < 2; turn++) {
      const { files } = await storage.list()
      expect(files.map(({ path }) => path)).toEqual(['a', 'c', 'd'])
      const download = storage.download({ fileID: 'cloud://e/b', client })
      await expect(download).rejects.toMatchObject({ reason: 'STORAGE_REQUEST_FAIL' })
    }
    expect(fixture.warnings).toEqual([expect.stringMatching(/damaged.* to give the file up\.$/)])
    const key = hash('sha256', 'b')
    expect(fixture.warnings[0]).toContain(medium === 'disk' ? `files/${key}.json` : '"b"')
  })

  test('is told to a client without a word of where files are', async () => {
    await using fixture = await StorageFixture.create(medium)
    await fixture.put('b', 'b', client.openid)
    await fixture.storage.close()
    await damage(fixture, 'b')
    await using storage = fixture.open()
    const fileID = 'cloud://e/b'
    const calls = [
      storage.download({ fileID, client }),
      storage.stat({ fileID, client }),
      storage.upload({ cloudPath: 'b', content: Buffer.from('b'), client }),
      storage.remove({ fileIDs: [fileID], client }),
      storage.getTempUrls({ files: [{ fileID }], client }),
    ]
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'fulfilled') throw new Error('It was not told.')
      expect(outcome.reason).toMatchObject({ message: expect.stringMatching(/ is damaged/) })
      expect(JSON.stringify(outcome.reason) + String(outcome.reason)).not.toMatch(/\.json|directory|bucket/)
    }
    expect(fixture.warnings).toHaveLength(1)
  })
})

test('a signing key that is damaged is told to the operator with what to do, to others only that it is', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage, directory = '' } = fixture
  const fileID = await fixture.put('a', 'a')
  await writeFile(join(directory, 'signing.key'), 'short')
  const error: unknown = await storage.getTempUrls({ files: [{ fileID }], client }).catch(reason => reason)
  expect(error).toMatchObject({ reason: 'STORAGE_REQUEST_FAIL' })
  expect(String(error)).not.toContain('signing.key')
  expect(fixture.warnings).toEqual([expect.stringContaining('Remove signing.key')])
})
