import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { restoreBackup } from '../../src/database/backup.ts'
import { Database } from '../../src/database/database.ts'
import { failure } from './rejection.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloudlet-backup-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const collection = 'a'

async function fill(database: Database, count: number, paddingChars = 500): Promise<void> {
  await database.createCollection({ collection })
  await database.createIndex({ collection, fields: [['n', 1]] })
  const padding = 'x'.repeat(paddingChars)
  await database.add({
    collection,
    documents: Array.from({ length: count }, (_, n) => ({ _id: n, n, padding })),
  })
}

test.each([['on disk'], ['in memory']])('a live database %s goes into a file and back', async place => {
  const folder = join(directory, place)
  const options = place === 'on disk' ? { directory: join(folder, 'live') } : {}
  await using live = new Database(options)
  await fill(live, 10_000)
  const file = join(directory, `${place}.backup`)
  // Asked for in one turn: what was written before is in it, what is written after may be.
  const before = live.add({ collection, documents: [{ _id: 'before', n: -1 }] })
  const backup = live.backup(file)
  const after = live.add({ collection, documents: [{ _id: 'after', n: -2 }] })
  await Promise.all([before, backup, after])
  expect(await live.count({ collection, filter: {} })).toEqual({ total: 10_002 })
  const restored = join(folder, 'restored')
  await restoreBackup(file, restored)
  expect(await readdir(restored)).toEqual(['database.sqlite'])
  await using second = new Database({ directory: restored })
  const filter = { n: { $lt: 0 } }
  const { documents } = await second.query({ collection, filter })
  expect(documents[0]).toEqual({ _id: 'before', n: -1 })
  expect(await second.count({ collection, filter: {} })).toEqual({ total: 10_000 + documents.length })
  expect(await second.explain({ collection, filter })).toMatchObject({ indexes: ['n_1'] })
})

test.each([['on disk'], ['in memory']])(
  'other requests go on beside a backup %s, which is whole',
  async place => {
    const folder = join(directory, `busy ${place}`)
    await using live = new Database(place === 'on disk' ? { directory: join(folder, 'live') } : {})
    await fill(live, 20_000, 2000)
    let isOver = false
    const backup = live.backup(join(directory, `busy ${place}.backup`)).finally(() => {
      isOver = true
    })
    let pairCount = 0
    while (!isOver) {
      const pair = { pair: pairCount++, n: -1 }
      const [added, , found] = await Promise.allSettled([
        live.add({ collection, documents: [pair, pair] }),
        live.add({ collection, documents: [{ _id: 1 }] }),
        live.query({ collection, filter: { n: -1, pair: pair.pair } }),
      ])
      expect(added.status).toBe('fulfilled')
      expect(found).toMatchObject({ value: { documents: [pair, pair] } })
    }
    await backup
    // So much data takes some ten steps, and each batch waits for one at most.
    expect(pairCount).toBeGreaterThan(3)
    await restoreBackup(join(directory, `busy ${place}.backup`), folder)
    await using copy = new Database({ directory: folder })
    const byIndex = await copy.query({ collection, filter: { n: -1 } })
    const byScan = await copy.query({ collection, filter: { pair: { $exists: true } } })
    expect(byIndex).toEqual(byScan)
    const pairs = byIndex.documents.map(({ pair }) => pair)
    expect(pairs).toEqual(pairs.map((_, index) => index >> 1))
    expect(pairs.length % 2).toBe(0)
    expect(await copy.count({ collection, filter: { n: { $gte: 0 } } })).toEqual({ total: 20_000 })
  },
)

test('a backup ends with the worker, and with the database', async () => {
  const folder = join(directory, 'lost')
  await using database = new Database({ directory: folder, opLimitMs: 1000 })
  await fill(database, 10_000, 2000)
  const slow = {
    $or: Array.from({ length: 20_000 }, (_, n) => ({ [`k${n % 100}.0`]: { $gt: { a: [n] } } })),
  }
  const outcomes = await Promise.allSettled([
    database.backup(join(folder, 'one')),
    database.count({ collection, filter: slow }),
    database.backup(join(folder, 'two')),
  ])
  expect(outcomes).toMatchObject([
    { reason: failure('DATABASE_REQUEST_FAILED', 'The backup was stopped') },
    { reason: failure('DATABASE_REQUEST_FAILED', 'it ran too long') },
    { status: 'fulfilled' },
  ])
  expect(await database.count({ collection, filter: {} })).toEqual({ total: 10_000 })
  expect((await readdir(folder)).filter(name => name.startsWith('one'))).toEqual([])
  const last = database.backup(join(folder, 'last'))
  await database.close()
  await last
  expect(await readdir(folder)).toContain('last')
})

test('a backup leaves nothing beside it, and never replaces a file', async () => {
  const folder = join(directory, 'once')
  await using database = new Database({ directory: folder })
  await fill(database, 10)
  const file = join(folder, 'copy')
  await database.backup(file)
  const bytes = await readFile(file)
  await expect(database.backup(file)).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'exists already'),
  )
  const own = join(folder, 'database.sqlite')
  await expect(database.backup(own)).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'exists already'),
  )
  await expect(database.backup(join(folder, 'none', 'copy'))).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', "can't be copied"),
  )
  await expect(database.backup('')).rejects.toMatchObject({ code: 'CLOUDLET_INVALID_OPTION' })
  expect(await readFile(file)).toEqual(bytes)
  expect(await database.count({ collection, filter: {} })).toEqual({ total: 10 })
  await database.close()
  expect((await readdir(folder)).sort()).toEqual(['copy', 'database.sqlite'])
})

test('a backup may take longer than a request', async () => {
  await using database = new Database({ directory: join(directory, 'slow'), opLimitMs: 1000 })
  await fill(database, 2000)
  await Promise.all(Array.from({ length: 20 }, (_, n) => database.backup(join(directory, `slow-${n}`))))
  expect(database.stats().restartCount).toBe(0)
})

test('what is damaged, foreign, newer or in use is not restored, and what is there stays', async () => {
  const source = join(directory, 'source')
  await using database = new Database({ directory: source })
  await fill(database, 1000)
  const refuse = async (name: string, change: (file: string) => void | Promise<void>): Promise<unknown> => {
    const file = join(directory, name)
    await database.backup(file)
    await change(file)
    const target = join(directory, `${name}-target`)
    await using old = new Database({ directory: target })
    await old.createCollection({ collection: 'old' })
    await old.close()
    const outcome = await restoreBackup(file, target).catch((error: unknown) => error)
    await using still = new Database({ directory: target })
    expect(await still.listCollections()).toEqual(['old'])
    expect(await readdir(target)).not.toContainEqual(expect.stringContaining('partial'))
    return outcome
  }
  const change = (sql: string) => (file: string) => {
    const raw = new DatabaseSync(file)
    raw.exec(sql)
    raw.close()
  }
  expect(await refuse('short', file => truncate(file, 8192))).toMatchObject(
    failure('DATABASE_REQUEST_FAILED'),
  )
  expect(await refuse('text', file => writeFile(file, 'x'.repeat(5000)))).toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'not a database'),
  )
  expect(await refuse('newer', change('PRAGMA user_version = 99'))).toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'schema version 99'),
  )
  expect(await refuse('foreign', change('PRAGMA application_id = 7'))).toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'not written by cloudlet'),
  )
  const good = join(directory, 'good')
  await database.backup(good)
  await expect(restoreBackup(good, source)).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'locked'),
  )
  expect(await database.count({ collection, filter: {} })).toEqual({ total: 1000 })
  await database.close()
  await restoreBackup(good, source)
})
