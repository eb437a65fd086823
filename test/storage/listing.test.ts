import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isCloudPath } from '../../src/storage/cloud-path.ts'
import type { Storage } from '../../src/storage/storage.ts'
import fc from '../random.ts'
import { MEDIA, StorageFixture } from './storage-fixture.ts'

const content = Buffer.from('x')

/** All paths, page by page. */
async function pathsOf(storage: Storage, prefix: string, limit: number): Promise<string[]> {
  const paths: string[] = []
  for (let after = ''; ; after = paths.at(-1) ?? '') {
    const { files } = await storage.list({ prefix, after, limit })
    paths.push(...files.map(file => file.path))
    if (files.length < limit) return paths
  }
}

function byUtf8(paths: readonly string[]): string[] {
  return paths.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}

describe.each(MEDIA)('listings of storage on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  test('pages of any size give all files once', async () => {
    const paths = Array.from({ length: 23 }, (_, number) => `folder-${number % 3}/${number}.txt`)
    for (const cloudPath of paths) await storage.upload({ cloudPath, content })
    // s3rver gives keys in the order of its own folders.
    const expected = byUtf8(paths)
    for (const limit of [1, 2, 7, 23, 24, 1000]) {
      expect(await pathsOf(storage, '', limit)).toEqual(expected)
      expect(await pathsOf(storage, 'folder-1/', limit)).toEqual(
        expected.filter(path => path.startsWith('folder-1/')),
      )
    }
    expect(await pathsOf(storage, 'folder-9', 5)).toEqual([])
  })

  test.skipIf(medium === 's3')('random paths come in the order of UTF-8', async () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
    const paths = fc.uniqueArray(
      fc
        .array(segment, { minLength: 1, maxLength: 3 })
        .map(parts => parts.join('/'))
        .filter(isCloudPath),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(
        paths,
        fc.integer({ min: 1, max: 5 }),
        fc.string({ maxLength: 2 }),
        async (all, limit, prefix) => {
          await using own = fixture.open({
            directory: medium === 'disk' ? await newDirectory(fixture) : undefined,
          })
          for (const cloudPath of all) await own.upload({ cloudPath, content })
          const expected = byUtf8(all.filter(path => path.startsWith(prefix)))
          expect(await pathsOf(own, prefix, limit)).toEqual(expected)
        },
      ),
      { numRuns: 25 },
    )
  })

  test('a removed file is listed no more', async () => {
    const fileID = await fixture.put('a', 'a')
    await fixture.put('b', 'b')
    await storage.remove({ fileIDs: [fileID] })
    expect(await pathsOf(storage, '', 10)).toEqual(['b'])
  })
})

let directoryCount = 0
async function newDirectory(fixture: StorageFixture): Promise<string> {
  return join(fixture.directory ?? '', `own-${directoryCount++}`)
}

describe('the index of paths on disk', () => {
  test('is made anew when it is lost', async () => {
    await using fixture = await StorageFixture.create('disk')
    const { directory = '' } = fixture
    const paths = Array.from({ length: 30 }, (_, number) => `${number}.txt`)
    for (const cloudPath of paths) await fixture.storage.upload({ cloudPath, content })
    await fixture.storage.close()
    for (const name of await readdir(directory)) {
      if (name.startsWith('paths-')) await rm(join(directory, name))
    }
    await using next = fixture.open()
    await next.upload({ cloudPath: 'new', content })
    expect(await pathsOf(next, '', 7)).toEqual(byUtf8([...paths, 'new']))
  })

  test('of another start of the machine is removed, and counts nothing', async () => {
    await using fixture = await StorageFixture.create('disk')
    const { directory = '' } = fixture
    await fixture.put('a', 'a')
    await fixture.storage.close()
    const [name = ''] = (await readdir(directory)).filter(file => file.startsWith('paths-'))
    await rename(join(directory, name), join(directory, 'paths-of-another-start.db'))
    await using next = fixture.open()
    expect(await pathsOf(next, '', 10)).toEqual(['a'])
    expect((await readdir(directory)).filter(file => file.includes('another'))).toEqual([])
  })

  test('is one of all hosts that share the directory', async () => {
    await using fixture = await StorageFixture.create('disk')
    await using other = fixture.open()
    await fixture.put('a', 'a')
    await other.upload({ cloudPath: 'b', content })
    expect(await pathsOf(fixture.storage, '', 10)).toEqual(['a', 'b'])
    expect(await pathsOf(other, '', 10)).toEqual(['a', 'b'])
    await other.remove({ fileIDs: ['cloud://e/a'] })
    await fixture.put('c', 'c')
    expect(await pathsOf(fixture.storage, '', 1)).toEqual(['b', 'c'])
    expect(await pathsOf(other, '', 1)).toEqual(['b', 'c'])
  })

  test('only tells where to look: a path whose file is gone is passed over', async () => {
    await using fixture = await StorageFixture.create('disk')
    const { directory = '', storage } = fixture
    for (let number = 0; number < 40; number++) await fixture.put(`${String(number).padStart(2, '0')}`, 'x')
    await storage.list()
    const names = await readdir(join(directory, 'files'))
    for (const name of names.slice(0, 35)) await rm(join(directory, 'files', name))
    const { files } = await storage.list({ limit: 5 })
    expect(files).toHaveLength(5)
    expect(await pathsOf(storage, '', 2)).toEqual(files.map(file => file.path))
  })
})
