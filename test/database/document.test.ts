import { afterAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

const database = new Database({ autoCreateCollections: true })
afterAll(() => database.close())
const collection = 'documents'

async function store(document: EncodedObject): Promise<EncodedObject | undefined> {
  const { ids } = await database.add({ collection, documents: [document] })
  return (await database.query({ collection, filter: { _id: ids[0] ?? '' } })).documents[0]
}

function nested(levels: number): EncodedObject {
  let value: Encoded = 1
  for (let level = 0; level < levels; level++) value = { a: value }
  return value as EncodedObject
}

describe('add', () => {
  test('makes ids of 32 hexadecimal characters and puts _id first', async () => {
    const { ids } = await database.add({ collection, documents: [{ a: 1 }, { b: 2 }] })
    expect(ids).toHaveLength(2)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
    const { documents } = await database.query({ collection, filter: { _id: { $in: ids } } })
    expect(Object.keys(documents[0] ?? {})).toEqual(['_id', 'a'])
  })

  test('keeps 5 and "5" apart', async () => {
    expect(await database.add({ collection, documents: [{ _id: 5 }, { _id: '5' }] })).toEqual({
      ids: [5, '5'],
    })
    await expect(database.add({ collection, documents: [{ _id: 5 }] })).rejects.toMatchObject(
      failure(
        'DATABASE_REQUEST_FAILED',
        `E11000 duplicate key error collection: ${collection} index: _id_ dup key: { _id: 5 }`,
      ),
    )
  })

  test('adds all documents or none', async () => {
    const documents = [{ _id: 'one' }, { _id: 'two' }, { _id: 'one' }]
    await expect(database.add({ collection, documents })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'E11000'),
    )
    expect(await database.count({ collection, filter: { _id: { $in: ['one', 'two'] } } })).toEqual({
      total: 0,
    })
  })

  test('returns what was stored, whatever the fields are called', async () => {
    const document = JSON.parse(
      '{"__proto__":{"x":1},"constructor":{"name":"Date"},"toString":1,"a\\"b\\\\":"\\u0000\\u2028😀","n":[1e21,-0.5,null,[]],"d":{"$date":1.6e12},"x":{"$numberDouble":"NaN"}}',
    )
    const stored = await store(document)
    const { _id, ...rest } = stored ?? {}
    expect(JSON.stringify(rest)).toBe(JSON.stringify(document))
    expect(Object.getPrototypeOf(stored)).toBe(Object.prototype)
    expect('x' in Object.prototype).toBe(false)
  })

  test('makes strings well-formed and regular expressions plain', async () => {
    expect(
      await store({ s: 'a\ud800b', r: { $regularExpression: { pattern: 'x', options: 'i' } } }),
    ).toMatchObject({
      s: 'a\ufffdb',
      r: { pattern: 'x', options: 'i' },
    })
  })

  test.each<EncodedObject>([
    { $a: 1 },
    { a: { $b: 1 } },
    { a: [{ $inc: 1 }] },
    { 'a.b': 1 },
    { a: { 'b.c': 1 } },
    { 'a\0': 1 },
    { _id: null },
    { _id: { a: 1 } },
    { _id: true },
    { _id: { $numberDouble: 'NaN' } },
    { _id: 'x'.repeat(LIMITS.documentIdChars + 1) },
    { a: { $date: 1e17 } },
    { a: { $date: {} } },
    { a: { $numberDouble: 'one' } },
    { a: { $numberDouble: '1e999' } },
    { a: { $numberInt: '1.5' } },
    { a: { $numberLong: 5 } },
    { a: { $numberLong: '' } },
    { a: { $date: { $numberLong: 'x' } } },
    { a: { $oid: 5 } },
    { a: { $tcb_server_date: { offset: 'x' } } },
    { a: { $date: 1, b: 2 } },
  ])('%j is refused', async document => {
    await expect(store(document)).rejects.toMatchObject(failure('INVALID_PARAM'))
  })

  test('takes a document at each limit', async () => {
    expect(await store({ _id: 'x'.repeat(LIMITS.documentIdChars) })).toBeDefined()
    expect(await store(nested(LIMITS.valueDepth))).toBeDefined()
    await expect(store(nested(LIMITS.valueDepth + 1))).rejects.toMatchObject(
      failure('INVALID_PARAM', '100 levels'),
    )
    const overhead = JSON.stringify({ _id: 'big', s: '' }).length
    await database.add({
      collection,
      documents: [{ _id: 'big', s: 'x'.repeat(LIMITS.documentBytes - overhead) }],
    })
    await expect(
      database.add({
        collection,
        documents: [{ _id: 'huge', s: 'é'.repeat((LIMITS.documentBytes - overhead) / 2) }],
      }),
    ).rejects.toMatchObject(failure('INVALID_PARAM', `may have ${LIMITS.documentBytes}`))
    await expect(
      database.update({ collection, filter: { _id: 'big' }, update: { $set: { more: 1 } }, multi: false }),
    ).rejects.toMatchObject(failure('INVALID_PARAM', `may have ${LIMITS.documentBytes}`))
  })

  test('refuses arguments over the limit of one call, and cycles', async () => {
    const half = 'x'.repeat(LIMITS.databaseMessageChars / 2)
    await expect(database.add({ collection, documents: [{ half }, { half }] })).rejects.toMatchObject(
      failure('INVALID_PARAM', 'in one call'),
    )
    const cycle: Record<string, Encoded> = {}
    cycle['self'] = cycle
    await expect(database.add({ collection, documents: [cycle] })).rejects.toMatchObject(
      failure('INVALID_PARAM', 'JSON'),
    )
  })

  test('refuses a result over the limit', async () => {
    const s = 'x'.repeat(LIMITS.documentBytes - 100)
    for (let index = 0; index < 5; index++)
      await database.add({ collection: 'large', documents: [{ index, s }] })
    await expect(database.query({ collection: 'large', filter: {} })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'larger'),
    )
    await expect(
      database.query({ collection: 'large', filter: {}, sort: [['index', 1]] }),
    ).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'larger'))
    expect((await database.query({ collection: 'large', filter: {}, limit: 3 })).documents).toHaveLength(3)
    // Of few documents by an index all are read before their size is looked at.
    await database.createIndex({ collection: 'large', fields: [['index', 1]] })
    await expect(
      database.query({ collection: 'large', filter: { index: { $gte: 0 } }, limit: 20 }),
    ).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'larger'))
    const filter = { index: { $lt: 3 } }
    const many = await Promise.all(
      Array.from({ length: 4 }, () => database.query({ collection: 'large', filter })),
    )
    expect(many.map(({ documents }) => documents.length)).toEqual([3, 3, 3, 3])
    await database.dropCollection('large')
  })
})

describe('replace', () => {
  test('creates, then replaces', async () => {
    expect(await database.replace({ collection, id: 'r', document: { a: 1, b: 2 } })).toEqual({
      updated: 0,
      created: 1,
    })
    expect(await database.replace({ collection, id: 'r', document: { c: 3, _id: 'r' } })).toEqual({
      updated: 1,
      created: 0,
    })
    expect((await database.query({ collection, filter: { _id: 'r' } })).documents).toEqual([
      { _id: 'r', c: 3 },
    ])
  })

  test('obeys its guard', async () => {
    await database.add({ collection, documents: [{ _id: 'g', _openid: 'me' }] })
    const replace = (openid: string): Promise<unknown> =>
      database.replace({
        collection,
        id: 'g',
        document: { x: 1, _openid: openid },
        guard: { _openid: openid },
      })
    await expect(replace('you')).rejects.toMatchObject(
      failure('DATABASE_PERMISSION_DENIED', 'permission denied'),
    )
    expect(await replace('me')).toEqual({ updated: 1, created: 0 })
    expect(await database.replace({ collection, id: 'g2', document: {}, guard: { _openid: 'me' } })).toEqual({
      updated: 0,
      created: 1,
    })
  })

  test('refuses operators, another _id and bad fields', async () => {
    const replace = (document: EncodedObject): Promise<unknown> =>
      database.replace({ collection, id: 'q', document })
    await expect(replace({ $set: { a: 1 } })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'update operator complicit'),
    )
    await expect(replace({ _id: 'p' })).rejects.toMatchObject(failure('INVALID_PARAM', '不能更新_id的值'))
    await expect(replace({ 'a.b': 1 })).rejects.toMatchObject(failure('INVALID_PARAM'))
    await expect(replace({ a: { $b: 1 } })).rejects.toMatchObject(failure('INVALID_PARAM'))
  })
})

test('remove takes the first match, or all', async () => {
  await database.add({ collection, documents: [{ kind: 'r' }, { kind: 'r' }, { kind: 'r', tags: ['x'] }] })
  const remove = (filter: EncodedObject, multi: boolean): Promise<unknown> =>
    database.remove({ collection, filter, multi })
  expect(await remove({ kind: 'r', tags: 'x' }, false)).toEqual({ removed: 1 })
  expect(await remove({ kind: 'r' }, false)).toEqual({ removed: 1 })
  expect(await remove({ kind: 'r' }, true)).toEqual({ removed: 1 })
  expect(await remove({ kind: 'r' }, true)).toEqual({ removed: 0 })
})
