import {
  chmod,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { Storage } from '../../src/storage/storage.ts'

const fileID = 'cloud://e/a.txt'
const failed = { code: 'CLOUDLET_STORAGE', reason: 'STORAGE_REQUEST_FAIL' }

let root: string
let directory: string
let warnings: string[]

beforeEach(async () => {
  warnings = []
  root = await mkdtemp(join(tmpdir(), 'cloudlet-disk-'))
  directory = join(root, 'data', 'storage')
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

function open(): Storage {
  const onWarning = (message: string) => warnings.push(message)
  return new Storage({ directory, envId: 'e', publicUrl: () => 'http://127.0.0.1', onWarning })
}

async function store(content: string, cloudPath = 'a.txt'): Promise<void> {
  await using storage = open()
  await storage.upload({ cloudPath, content: Buffer.from(content) })
}

async function load(): Promise<string> {
  await using storage = open()
  return Buffer.from((await storage.download({ fileID })).content).toString()
}

/** Path of the only file in a folder of the storage. */
async function onlyFile(folder: string): Promise<string> {
  const names = await readdir(join(directory, folder))
  if (names.length !== 1 || names[0] === undefined) throw new Error(`${folder} holds ${names.join(', ')}`)
  return join(directory, folder, names[0])
}

/** But for the index of paths. */
async function namesIn(path: string): Promise<string[]> {
  return (await readdir(path)).filter(name => !name.startsWith('paths-')).sort()
}

async function makeOld(path: string): Promise<void> {
  const longAgo = new Date(Date.now() - 61 * 60 * 1000)
  await utimes(path, longAgo, longAgo)
}

test('files outlive the storage that wrote them', async () => {
  await store('one')
  await store('two')
  expect(await load()).toBe('two')
})

test('no text of a user becomes a file name', async () => {
  await store('x', 'CON')
  await store('x', 'a/b/%00/..%2f')
  const names = await readdir(directory, { recursive: true })
  for (const name of names)
    expect(name).toMatch(
      /^(uploads|paths-[\w-]+\.db(-wal|-shm)?|(blobs|files)([/\\][0-9a-f]{64}(\.json|-[0-9a-f]{32}))?)$/,
    )
})

test('replacing and removing leave no blob behind', async () => {
  for (const content of ['one', 'two', 'three']) await store(content)
  expect(await readFile(await onlyFile('blobs'), 'utf8')).toBe('three')
  await using storage = open()
  await storage.remove({ fileIDs: [fileID] })
  expect(await readdir(join(directory, 'blobs'))).toEqual([])
  expect(await readdir(join(directory, 'files'))).toEqual([])
})

test('two storages share one directory', async () => {
  await using one = open()
  await using other = open()
  const bodies = Array.from({ length: 10 }, (_, n) => Buffer.alloc(20_000, String(n)))
  await Promise.all(
    bodies.flatMap(content => [
      one.upload({ cloudPath: 'a.txt', content }),
      other.upload({ cloudPath: 'a.txt', content }),
      one
        .download({ fileID })
        .catch(error => expect(error).toMatchObject({ reason: 'STORAGE_FILE_NONEXIST' })),
    ]),
  )
  const [seenByOne, seenByOther] = await Promise.all([one.download({ fileID }), other.download({ fileID })])
  expect(bodies.at(-1)?.equals(seenByOne.content)).toBe(true)
  expect(bodies.at(-1)?.equals(seenByOther.content)).toBe(true)
})

describe('the signing key', () => {
  test('is kept for this user only, and URLs survive a restart', async () => {
    await store('signed')
    await using first = open()
    const [file] = (await first.getTempUrls({ files: [{ fileID }] })).files
    const query = new URL(file !== undefined && 'url' in file ? file.url : '').searchParams
    expect((await stat(join(directory, 'signing.key'))).mode & 0o777).toBe(0o600)
    await using second = open()
    expect((await second.openSigned('a.txt', query)).kind).toBe('found')
  })

  test('is one, however many storages make it at once', async () => {
    const storages = Array.from({ length: 8 }, open)
    await store('signed')
    const answers = await Promise.all(
      storages.map(storage => storage.getTempUrls({ files: [{ fileID, maxAgeSeconds: 60 }] })),
    )
    const signs = answers.map(({ files: [file] }) => file !== undefined && 'url' in file && file.url)
    // All signed in the same second or two: at most one URL for each second.
    expect(new Set(signs).size).toBeLessThanOrEqual(2)
    expect(await namesIn(directory)).toEqual(['blobs', 'files', 'signing.key', 'uploads'])
    await Promise.all(storages.map(storage => storage.close()))
  })

  test('of the wrong size is refused with what to do', async () => {
    await store('x')
    await writeFile(join(directory, 'signing.key'), 'short')
    await using storage = open()
    await expect(storage.getTempUrls({ files: [] })).rejects.toMatchObject(failed)
    expect(warnings).toEqual([expect.stringContaining('Remove signing.key')])
    await rm(join(directory, 'signing.key'))
    expect((await storage.getTempUrls({ files: [{ fileID }] })).files).toMatchObject([
      { maxAgeSeconds: 86_400 },
    ])
  })
})

describe('damage', () => {
  test.each([
    ['changed', (blob: string) => writeFile(blob, 'xyz')],
    ['cut short', (blob: string) => truncate(blob, 1)],
    ['gone', (blob: string) => rm(blob)],
  ])('bytes that were %s are an error, not an answer, until uploaded again', async (_, damage) => {
    await store('abc')
    await damage(await onlyFile('blobs'))
    await expect(load()).rejects.toMatchObject({ ...failed, message: expect.stringContaining('Upload') })
    await store('again')
    expect(await load()).toBe('again')
  })

  test.each([
    ['no JSON', 'x'],
    ['null', 'null'],
    ['an unknown version', '{"version":2}'],
    ['missing fields', '{"version":1,"path":"a.txt"}'],
  ])(
    'metadata with %s is an error of which the operator is told which file, and leaves the others alone',
    async (_, text) => {
      await store('abc')
      const metadata = await onlyFile('files')
      await writeFile(metadata, text)
      await store('other', 'other.txt')
      await expect(load()).rejects.toMatchObject({
        ...failed,
        message: expect.stringContaining('is damaged'),
      })
      expect(warnings.at(-1)).toMatch(/files\/[0-9a-f]{64}\.json/)
      await using storage = open()
      const { content } = await storage.download({ fileID: 'cloud://e/other.txt' })
      expect(Buffer.from(content).toString()).toBe('other')
    },
  )

  test("metadata can't point to another file's bytes or out of the folder", async () => {
    await store('abc')
    const metadata = await onlyFile('files')
    const fields = JSON.parse(await readFile(metadata, 'utf8'))
    for (const blob of ['../../secret', `${'0'.repeat(64)}-${'0'.repeat(32)}`]) {
      await writeFile(metadata, JSON.stringify({ ...fields, blob }))
      await expect(load()).rejects.toMatchObject(failed)
    }
  })
})

describe('links are not followed', () => {
  test('a blob or metadata replaced by a link is refused', async () => {
    await store('abc')
    for (const folder of ['blobs', 'files']) {
      const file = await onlyFile(folder)
      await rename(file, join(root, 'moved'))
      await symlink(join(root, 'moved'), file)
      await expect(load()).rejects.toMatchObject({ ...failed, message: expect.stringContaining('ELOOP') })
      await rm(file)
      await rename(join(root, 'moved'), file)
    }
    expect(await load()).toBe('abc')
  })

  test.each(['blobs', 'files'])('a link in place of the %s folder is refused', async folder => {
    await store('abc')
    await rename(join(directory, folder), join(root, 'elsewhere'))
    await symlink(join(root, 'elsewhere'), join(directory, folder))
    await expect(load()).rejects.toMatchObject({ ...failed, message: expect.stringContaining(`"${folder}"`) })
  })

  test('sweeping removes a link, not what it points to', async () => {
    await store('abc')
    const outside = join(root, 'outside')
    await writeFile(outside, 'precious')
    const link = join(directory, 'blobs', `${'0'.repeat(64)}-${'0'.repeat(32)}`)
    await symlink(outside, link)
    await lutimes(link, 0, 0)
    expect(await load()).toBe('abc')
    expect(await onlyFile('blobs')).not.toBe(link)
    expect(await readFile(outside, 'utf8')).toBe('precious')
  })
})

describe('the sweep at opening', () => {
  const orphan = (key: string): string => join(directory, 'blobs', `${key}-${'f'.repeat(32)}`)

  test('takes old orphans: of a path never committed, of a replaced version, and staged metadata', async () => {
    await store('abc')
    const blob = await onlyFile('blobs')
    const key = blob.slice(-97, -33)
    const staged = join(directory, 'files', `${key}-${'f'.repeat(32)}.tmp`)
    const stagedKey = join(directory, `signing.key-${'f'.repeat(32)}.tmp`)
    for (const path of [orphan(key), orphan('0'.repeat(64)), staged, stagedKey]) {
      await writeFile(path, 'left over')
      await makeOld(path)
    }
    await makeOld(blob)
    expect(await load()).toBe('abc')
    expect(await onlyFile('blobs')).toBe(blob)
    expect(await onlyFile('files')).toBe(join(directory, 'files', `${key}.json`))
    expect(await namesIn(directory)).toEqual(['blobs', 'files', 'uploads'])
  })

  test('leaves young ones, which another process may be about to commit', async () => {
    await store('abc')
    await writeFile(orphan('0'.repeat(64)), 'being written')
    expect(await load()).toBe('abc')
    expect(await readFile(orphan('0'.repeat(64)), 'utf8')).toBe('being written')
  })
})

describe('a failing medium', () => {
  test('is told without naming a path of the host, with the cause kept', async () => {
    await mkdir(join(root, 'data'))
    await writeFile(directory, 'a file where the folder should be')
    const error: unknown = await store('abc').catch(reason => reason)
    expect(error).toMatchObject({ ...failed, cause: { code: expect.stringMatching(/^E/) } })
    expect(error instanceof StorageError && error.message).not.toContain(root)
  })

  test('is tried again at the next call', async () => {
    await mkdir(join(root, 'data'))
    await writeFile(directory, '')
    await using storage = open()
    const upload = () => storage.upload({ cloudPath: 'a.txt', content: Buffer.from('abc') })
    await expect(upload()).rejects.toMatchObject(failed)
    await rm(directory)
    await upload()
    expect(await load()).toBe('abc')
  })

  test('leaves the old version and no rest of the new one', async () => {
    await store('old')
    await using storage = open()
    await storage.list()
    // Without its folder the metadata can't be committed, after the blob was written.
    await rename(join(directory, 'files'), join(root, 'files'))
    const upload = storage.upload({ cloudPath: 'a.txt', content: Buffer.from('new') })
    await expect(upload).rejects.toMatchObject(failed)
    await rename(join(root, 'files'), join(directory, 'files'))
    expect(await readFile(await onlyFile('blobs'), 'utf8')).toBe('old')
    expect(await load()).toBe('old')
  })

  test.skipIf(process.getuid?.() === 0)('includes missing rights', async () => {
    await store('abc')
    await chmod(join(directory, 'blobs'), 0o500)
    await expect(store('more')).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('EACCES'),
    })
    await chmod(join(directory, 'blobs'), 0o700)
    expect(await load()).toBe('abc')
  })
})
