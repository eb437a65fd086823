import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Collections } from '../../src/database/collections.ts'
import { Database } from '../../src/database/database.ts'
import { Indexes } from '../../src/database/indexes.ts'
import { openSqlite } from '../../src/database/sqlite.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { collection, open } from './opened.ts'
import { failure } from './rejection.ts'

const duplicate = (index: string, key: string): object =>
  failure(
    'DATABASE_REQUEST_FAILED',
    `E11000 duplicate key error collection: a index: ${index} dup key: { ${key} }`,
  )

describe('the catalogue', () => {
  test('lists, names and drops indexes, and keeps them over a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-indexes-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const database = await open([{ a: [1, 2] }], { directory })
    expect(
      await database.createIndex({
        collection,
        fields: [
          ['owner.id', 1],
          ['at', -1],
        ],
      }),
    ).toEqual({ name: 'owner.id_1_at_-1' })
    await database.createIndex({ collection, name: 'own', fields: [['a', 1]], sparse: true })
    await database.createIndex({ collection, fields: [['place', '2dsphere']] })
    const listed = {
      indexes: [
        { name: '_id_', fields: [['_id', 1]], unique: true, sparse: false },
        {
          name: 'owner.id_1_at_-1',
          fields: [
            ['owner.id', 1],
            ['at', -1],
          ],
          unique: false,
          sparse: false,
        },
        { name: 'own', fields: [['a', 1]], unique: false, sparse: true },
        { name: 'place_2dsphere', fields: [['place', '2dsphere']], unique: false, sparse: true },
      ],
    }
    expect(await database.listIndexes({ collection })).toEqual(listed)
    await database.close()
    await using again = new Database({ directory })
    expect(await again.listIndexes({ collection })).toEqual(listed)
    expect((await again.explain({ collection, filter: { a: 2 } })).indexes).toEqual(['own'])
    await again.dropIndex({ collection, name: 'own' })
    expect((await again.explain({ collection, filter: { a: 2 } })).plan).toBe('scan')
    await expect(again.dropIndex({ collection, name: 'own' })).rejects.toMatchObject(
      failure(
        'DATABASE_REQUEST_FAILED',
        'index not found: "a" has no index named "own". It has "owner.id_1_at_-1"',
      ),
    )
    await expect(again.dropIndex({ collection, name: '_id_' })).rejects.toMatchObject({
      code: 'CLOUDLET_DATABASE',
    })
    await again.close()
    const raw = new DatabaseSync(join(directory, 'database.sqlite'))
    expect(raw.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'x2%'").get()).toEqual({
      n: 0,
    })
    raw.close()
  })

  test('takes the same index again, not another of the same name, nor the same under another', async () => {
    const database = await open()
    const index = { collection, fields: [['a', 1] as [string, 1]] }
    await database.createIndex(index)
    expect(await database.createIndex(index)).toEqual({ name: 'a_1' })
    await expect(database.createIndex({ ...index, unique: true })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'named "a_1" with other fields or options exists'),
    )
    await expect(database.createIndex({ ...index, name: 'b' })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'exists as "a_1"'),
    )
    expect((await database.listIndexes({ collection })).indexes).toHaveLength(2)
  })

  test('goes with its collection', async () => {
    const database = await open([{ a: 1 }])
    await database.createIndex({ collection, fields: [['a', 1]], unique: true })
    await database.dropCollection(collection)
    await database.createCollection({ collection })
    await database.add({ collection, documents: [{ a: 1 }, { a: 1 }] })
    expect((await database.listIndexes({ collection })).indexes).toHaveLength(1)
  })

  test('is what it was when a batch or request is undone', async () => {
    const database = await open([{ _id: 1, a: 1 }])
    const results = await Promise.allSettled([
      database.createIndex({ collection, fields: [['a', 1]] }),
      database.add({ collection, documents: [{ _id: 2, a: [2, 3] }, { _id: 1 }] }),
      database.add({ collection, documents: [{ _id: 3, a: 3 }] }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await database.count({ collection, filter: { a: 3 } })).toEqual({ total: 1 })
    // The array was undone, so the index still has the order of its field.
    expect(await database.explain({ collection, filter: {}, sort: [['a', 1]] })).toMatchObject({
      sort: 'index',
    })
  })

  test.each<[string, object, string]>([
    ['no fields', { fields: [] }, '1 to 31 fields'],
    ['too many fields', { fields: Array.from({ length: 32 }, (_, n) => [`f${n}`, 1]) }, '1 to 31 fields'],
    ['fields that are no pairs', { fields: ['a'] }, 'a pair of a path'],
    ['a direction there isn’t', { fields: [['a', 2]] }, 'a pair of a path'],
    ['an empty path', { fields: [['', 1]] }, 'not a field path'],
    ['an empty name in a path', { fields: [['a..b', 1]] }, 'not the path of a field'],
    ['an operator', { fields: [['a.$b', 1]] }, 'not the path of a field'],
    ['one element of an array', { fields: [['a.0', 1]] }, 'all elements of an array'],
    [
      'a field twice',
      {
        fields: [
          ['a', 1],
          ['a', -1],
        ],
      },
      'once only',
    ],
    ['_id alone', { fields: [['_id', -1]] }, '_id has an index'],
    [
      'geometry with another field',
      {
        fields: [
          ['a', '2dsphere'],
          ['b', 1],
        ],
      },
      'one field',
    ],
    ['unique geometry', { fields: [['a', '2dsphere']], unique: true }, 'one field'],
    ['the name _id_', { fields: [['a', 1]], name: '_id_' }, '1 to 128 characters'],
    ['an empty name', { fields: [['a', 1]], name: '' }, '1 to 128 characters'],
    ['a name too long', { fields: [['a', 1]], name: 'x'.repeat(129) }, '1 to 128 characters'],
    ['unique that is none', { fields: [['a', 1]], unique: 1 }, 'true or false'],
  ])('refuses %s', async (_name, definition, message) => {
    const database = await open()
    await expect(database.createIndex({ collection, ...definition } as never)).rejects.toMatchObject(
      failure('INVALID_PARAM', message),
    )
  })

  test('has room for so many fields and indexes, and names so long', async () => {
    const database = await open()
    const fields = Array.from({ length: LIMITS.indexFields }, (_, n) => [`f${n}`, 1] as [string, 1])
    await database.createIndex({ collection, name: 'x'.repeat(LIMITS.indexNameChars), fields })
    await database.add({ collection, documents: [{ f30: [1, 2] }] })
    expect(await database.count({ collection, filter: { f0: null, f30: 2 } })).toEqual({ total: 1 })
    for (let n = 1; n < LIMITS.indexesPerCollection; n++) {
      await database.createIndex({ collection, fields: [[`g${n}`, 1]] })
    }
    await expect(database.createIndex({ collection, fields: [['h', 1]] })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', '64 are allowed'),
    )
  })
})

test('the making of an index shows that it goes on, so that it may take as long as it takes', () => {
  const sqlite = openSqlite(':memory:')
  const table = new Collections(sqlite).create(collection)
  for (let n = 0; n < 100; n++) {
    sqlite.run(`INSERT INTO ${table} (id, doc) VALUES (?1, jsonb(?2))`, [n, JSON.stringify({ _id: n, n })])
  }
  let pulseCount = 0
  const indexes = new Indexes(sqlite, () => pulseCount++)
  indexes.create({ collection, table }, { fields: [['n', 1]] })
  expect(pulseCount).toBe(100)
  sqlite.close()
})

describe('a unique index', () => {
  test('refuses equal values, and missing ones as null; a failed write changes nothing', async () => {
    const database = await open([{ _id: 1, n: 1 }, { _id: 2 }])
    await database.createIndex({ collection, fields: [['n', 1]], unique: true })
    const add = (document: EncodedObject): Promise<unknown> =>
      database.add({ collection, documents: [document] })
    await expect(add({ n: 1 })).rejects.toMatchObject(duplicate('n_1', 'n: 1'))
    await expect(add({ n: null })).rejects.toMatchObject(duplicate('n_1', 'n: null'))
    await expect(add({})).rejects.toMatchObject(duplicate('n_1', 'n: null'))
    await add({ _id: 3, n: '1' })
    await add({ _id: 4, n: true })
    await add({ _id: 5, n: { $date: 1 } })
    await expect(
      database.update({ collection, filter: {}, update: { $set: { n: 9 } }, multi: true }),
    ).rejects.toMatchObject(duplicate('n_1', 'n: 9'))
    await expect(database.replace({ collection, id: 4, document: { n: '1' } })).rejects.toMatchObject(
      duplicate('n_1', 'n: "1"'),
    )
    await database.update({ collection, filter: { _id: 1 }, update: { $set: { n: 1, m: 1 } }, multi: false })
    await database.remove({ collection, filter: { _id: 1 }, multi: false })
    await add({ _id: 6, n: 1 })
    expect(await database.count({ collection, filter: { n: 1 } })).toEqual({ total: 1 })
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 5 })
  })

  test('compares elements of arrays between documents, not within one', async () => {
    const database = await open()
    await database.createIndex({ collection, fields: [['tags', 1]], unique: true })
    await database.add({ collection, documents: [{ _id: 1, tags: ['x', 'x', 'y'] }] })
    await expect(database.add({ collection, documents: [{ tags: ['z', 'y'] }] })).rejects.toMatchObject(
      duplicate('tags_1', 'tags: "y"'),
    )
    await database.add({ collection, documents: [{ tags: [['x', 'y']] }] })
  })

  test('that is sparse lets any number be without it', async () => {
    const database = await open([{ _id: 1 }, { _id: 2 }, { _id: 3, n: null }])
    await database.createIndex({ collection, fields: [['n', 1]], unique: true, sparse: true })
    await database.add({ collection, documents: [{ _id: 4 }] })
    await expect(database.add({ collection, documents: [{ n: null }] })).rejects.toMatchObject(
      duplicate('n_1', 'n: null'),
    )
    expect(await database.count({ collection, filter: { n: null } })).toEqual({ total: 4 })
  })

  test('of several fields refuses all of them equal', async () => {
    const database = await open([{ a: 1, b: 1 }])
    await database.createIndex({
      collection,
      fields: [
        ['a', 1],
        ['b', -1],
      ],
      unique: true,
    })
    await database.add({ collection, documents: [{ a: 1, b: 2 }, { a: 1 }, { b: 1 }] })
    await expect(database.add({ collection, documents: [{ b: 1, a: 1 }] })).rejects.toMatchObject(
      duplicate('a_1_b_-1', 'a: 1, b: 1'),
    )
  })

  test('is not made over duplicates, which are named', async () => {
    const database = await open([
      { _id: 'x', n: 1 },
      { _id: 7, n: 1 },
      { _id: 'y' },
      { _id: 'z', n: null },
      { _id: 'ok', n: 2 },
    ])
    await expect(
      database.createIndex({ collection, fields: [['n', 1]], unique: true }),
    ).rejects.toMatchObject(
      failure(
        'DATABASE_REQUEST_FAILED',
        /E11000 .*index: n_1.*same n: "y" and "z"; "x" and 7\. Change or remove/,
      ),
    )
    expect((await database.listIndexes({ collection })).indexes).toHaveLength(1)
    await database.remove({ collection, filter: { _id: { $in: ['x', 'y'] } }, multi: true })
    await database.createIndex({ collection, fields: [['n', 1]], unique: true })
  })
})

describe('arrays', () => {
  test('of two fields can’t be in one index; the document is named', async () => {
    const database = await open([{ _id: 'bad', a: [1], b: [2] }])
    const index = {
      collection,
      fields: [
        ['a', 1],
        ['b', 1],
      ] as [string, 1][],
    }
    await expect(database.createIndex(index)).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', /document "bad": cannot index parallel arrays: "a" and "b"/),
    )
    await database.remove({ collection, filter: {}, multi: true })
    await database.createIndex(index)
    await database.add({
      collection,
      documents: [
        { _id: 1, a: [1, 2], b: 1 },
        { _id: 2, a: 1, b: [1, 2] },
      ],
    })
    await expect(
      database.update({ collection, filter: { _id: 1 }, update: { $set: { b: [] } }, multi: false }),
    ).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'parallel arrays'))
    expect(await database.count({ collection, filter: { a: 1, b: 1 } })).toEqual({ total: 2 })
  })

  test('give so many entries and no more', async () => {
    const database = await open()
    await database.createIndex({ collection, fields: [['a', 1]] })
    const a = Array.from({ length: LIMITS.indexEntries }, (_, n) => n)
    await database.add({ collection, documents: [{ a }] })
    expect(await database.count({ collection, filter: { a: LIMITS.indexEntries - 1 } })).toEqual({ total: 1 })
    await expect(database.add({ collection, documents: [{ a: [...a, 0] }] })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'more than 100000 entries'),
    )
  })
})
