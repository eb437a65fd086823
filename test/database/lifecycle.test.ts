import { describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

const collection = 'a'

async function open(options: ConstructorParameters<typeof Database>[0] = {}): Promise<Database> {
  const database = new Database(options)
  await database.createCollection({ collection })
  return database
}

describe('a batch', () => {
  test('of many concurrent writes is few commits, and each is acknowledged', async () => {
    await using database = await open()
    const { commitCount } = database.stats()
    const adds = Array.from({ length: 500 }, (_, n) => database.add({ collection, documents: [{ n }] }))
    expect(await Promise.all(adds)).toHaveLength(500)
    // One for what a batch does in 20 ms: a machine at half speed, with others on it, has several.
    expect(database.stats().commitCount - commitCount).toBeLessThan(50)
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 500 })
  })

  test('keeps what succeeds when a neighbour fails', async () => {
    await using database = await open()
    const results = await Promise.allSettled([
      database.add({ collection, documents: [{ _id: 1 }] }),
      database.add({ collection, documents: [{ _id: 2 }, { _id: 1 }] }),
      database.createCollection({ collection: 'made' }),
      database.createCollection({ collection: 'made' }),
      database.add({ collection: 'nowhere', documents: [{}] }),
      database.update({ collection, filter: { _id: 1 }, update: { $set: { n: 1 } }, multi: false }),
      database.update({ collection, filter: { _id: 1 }, update: { $inc: { 'n.x': 1 } }, multi: false }),
      database.query({ collection, filter: {} }),
    ])
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(results.at(-1)).toMatchObject({ value: { documents: [{ _id: 1, n: 1 }] } })
    expect(await database.listCollections()).toEqual([collection, 'made'])
  })

  test('of reads and writes alone is the same when several fail half-way, and is told once', async () => {
    const warnings: string[] = []
    await using database = await open({ autoCreateCollections: true, onWarning: text => warnings.push(text) })
    await database.createIndex({ collection, fields: [['n', 1]], unique: true })
    const { commitCount } = database.stats()
    const outcomes = await Promise.allSettled([
      database.add({ collection, documents: [{ _id: 1, n: 1 }] }),
      database.add({ collection: 'fresh', documents: [{ _id: 'a' }] }),
      // Its row is written before the index refuses it; the collection it made goes with it.
      database.add({ collection, documents: [{ _id: 2, n: 1 }] }),
      database.add({ collection: 'gone', documents: [{ _id: 1 }, { _id: 1 }] }),
      database.add({ collection, documents: [{ _id: 3, n: 3 }] }),
      database.update({ collection, filter: {}, update: { $set: { n: 9 } }, multi: true }),
      database.replace({ collection, id: 3, document: { n: 1 } }),
      database.remove({ collection, filter: { _id: 1 }, multi: false }),
      database.replace({ collection, id: 3, document: { n: 1 } }),
      database.query({ collection, filter: {} }),
    ])
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
      false,
      true,
      true,
      true,
    ])
    expect(outcomes.at(-1)).toMatchObject({ value: { documents: [{ _id: 3, n: 1 }] } })
    expect(database.stats().commitCount - commitCount).toBeLessThan(5)
    expect(await database.listCollections()).toEqual([collection, 'fresh'])
    expect(await database.count({ collection, filter: { n: 1 } })).toEqual({ total: 1 })
    expect(warnings.filter(text => text.includes('"fresh"'))).toHaveLength(1)
  })

  test('reads see the writes made before them, not those after', async () => {
    await using database = await open()
    const totals: Promise<{ total: number }>[] = []
    for (let n = 0; n < 5; n++) {
      void database.add({ collection, documents: [{ n }] })
      totals.push(database.count({ collection, filter: {} }))
    }
    expect((await Promise.all(totals)).map(({ total }) => total)).toEqual([1, 2, 3, 4, 5])
  })
})

describe('a request that fails half-way', () => {
  test('leaves nothing behind for the next with the same statement', async () => {
    await using database = await open()
    await database.add({ collection, documents: [{ n: 1 }, { n: 2 }] })
    const unknown = { $expr: { $nope: ['$n', 1] } }
    for (let round = 0; round < 3; round++) {
      await expect(database.query({ collection, filter: unknown })).rejects.toMatchObject(
        failure('DATABASE_INVALID_OPERATOR', '$nope'),
      )
      await expect(database.count({ collection, filter: unknown })).rejects.toMatchObject(
        failure('DATABASE_INVALID_OPERATOR', '$nope'),
      )
      expect(
        (await database.query({ collection, filter: { $expr: { $gt: ['$n', 1] } } })).documents,
      ).toHaveLength(1)
    }
  })

  test('because its pattern ran too long is undone, its neighbours hold', async () => {
    await using database = await open()
    await database.add({
      collection,
      documents: [{ s: 'x' }, { s: `${'a'.repeat(50)}b`, l: ['x', `${'a'.repeat(50)}b`] }],
    })
    const evil = { $regularExpression: { pattern: '(a+)+$', options: 'i' } }
    const [before, update, remove, after] = await Promise.allSettled([
      database.add({ collection, documents: [{ _id: 'before' }] }),
      database.update({
        collection,
        filter: {},
        update: { $set: { touched: true }, $pull: { l: evil } },
        multi: true,
      }),
      database.remove({ collection, filter: { s: evil }, multi: true }),
      database.add({ collection, documents: [{ _id: 'after' }] }),
    ])
    expect([before, after].map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect([update, remove]).toMatchObject([
      { reason: failure('DATABASE_REQUEST_FAILED', 'stopped') },
      { reason: failure('DATABASE_REQUEST_FAILED', 'stopped') },
    ])
    expect(await database.count({ collection, filter: { touched: true } })).toEqual({ total: 0 })
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 4 })
    expect(database.stats().restartCount).toBe(0)
    await database.dropCollection(collection)
  })
})

describe('collections', () => {
  const missing = failure(
    'DATABASE_COLLECTION_NOT_EXIST',
    '[ResourceNotFound] Db or Table not exist: nowhere. Please check your request, but if the problem cannot be solved, contact us.',
  )

  test('must exist, for every op', async () => {
    await using database = await open()
    const at = { collection: 'nowhere', filter: {} }
    await expect(database.add({ collection: 'nowhere', documents: [{}] })).rejects.toMatchObject(missing)
    await expect(database.query(at)).rejects.toMatchObject(missing)
    await expect(database.count(at)).rejects.toMatchObject(missing)
    await expect(database.update({ ...at, update: { $set: { a: 1 } }, multi: true })).rejects.toMatchObject(
      missing,
    )
    await expect(database.remove({ ...at, multi: true })).rejects.toMatchObject(missing)
    await expect(database.replace({ collection: 'nowhere', id: 1, document: {} })).rejects.toMatchObject(
      missing,
    )
    await expect(database.dropCollection('nowhere')).rejects.toMatchObject(missing)
    await expect(database.createCollection({ collection })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'Table exist'),
    )
  })

  test('are made on the first write with autoCreateCollections, with one warning each', async () => {
    const warnings: string[] = []
    await using database = new Database({
      autoCreateCollections: true,
      onWarning: message => warnings.push(message),
    })
    expect(await database.query({ collection: 'x', filter: {} })).toEqual({ documents: [] })
    expect(await database.count({ collection: 'x', filter: {} })).toEqual({ total: 0 })
    expect(await database.listCollections()).toEqual([])
    await expect(database.add({ collection: 'x', documents: [{ $a: 1 }] })).rejects.toMatchObject(
      failure('INVALID_PARAM'),
    )
    expect(await database.listCollections()).toEqual([])
    await database.add({ collection: 'x', documents: [{}] })
    await database.remove({ collection: 'y', filter: {}, multi: true })
    expect(await database.listCollections()).toEqual(['x', 'y'])
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('"x"')
  })

  test('have names of 1 to 256 characters', async () => {
    await using database = await open()
    for (const name of ['x', 'x'.repeat(256), "it's; DROP TABLE c1 --", '订单', '__proto__']) {
      await database.createCollection({ collection: name })
      await database.add({ collection: name, documents: [{ name }] })
      expect(await database.count({ collection: name, filter: { name } })).toEqual({ total: 1 })
    }
    for (const name of ['', 'x'.repeat(257), '$x', 'system.users', 'a\0b']) {
      await expect(database.createCollection({ collection: name })).rejects.toMatchObject(
        failure('INVALID_PARAM', '1 to 256'),
      )
    }
  })

  test('can be dropped and made anew, empty', async () => {
    await using database = await open()
    await database.add({ collection, documents: [{ _id: 1 }] })
    await database.dropCollection(collection)
    await expect(database.count({ collection, filter: {} })).rejects.toMatchObject({
      reason: 'DATABASE_COLLECTION_NOT_EXIST',
    })
    await database.createCollection({ collection })
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 0 })
  })
})

describe('close', () => {
  test('finishes what was asked, refuses what comes after, and may be repeated', async () => {
    const database = await open()
    const asked = Array.from({ length: 2000 }, (_, n) => database.add({ collection, documents: [{ n }] }))
    const closing = database.close()
    await expect(database.count({ collection, filter: {} })).rejects.toMatchObject({
      code: 'CLOUDLET_HOST_CLOSED',
    })
    await closing
    expect(await Promise.all(asked)).toHaveLength(2000)
    await database.close()
  })

  test('of a database never used starts nothing', async () => {
    const database = new Database()
    await database.close()
    expect(database.stats()).toEqual({ commitCount: 0, requestCount: 0, restartCount: 0 })
  })
})

test('requests may wait up to a limit', async () => {
  await using database = await open()
  const ask = (): Promise<unknown> => database.count({ collection, filter: {} })
  const waiting = Array.from({ length: LIMITS.databaseQueuedRequests }, ask)
  await expect(ask()).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED', retryable: true })
  expect(await Promise.all(waiting)).toHaveLength(LIMITS.databaseQueuedRequests)
  expect(await ask()).toEqual({ total: 0 })
})

test('options are checked', () => {
  expect(() => new Database({ opLimitMs: 0 })).toThrow(
    expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION' }),
  )
})

test('the caller keeps running while the worker works', async () => {
  await using database = await open()
  const documents: EncodedObject[] = Array.from({ length: 20_000 }, (_, n) => ({ n, text: `t${n}` }))
  await database.add({ collection, documents })
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  // No SQL form, so the worker decides each document in JavaScript.
  const filter = { $or: Array.from({ length: 2000 }, (_, n) => ({ text: { $regex: `^x${n}$` } })) }
  const asked = performance.now()
  await database.count({ collection, filter }).catch(() => undefined)
  const tookMs = performance.now() - asked
  clearInterval(timer)
  expect(tookMs).toBeGreaterThan(100)
  expect(turns).toBeGreaterThan(tookMs / 20)
})

describe('a worker that is lost', () => {
  test('fails the request that ran too long; the others are answered and no data is lost', async () => {
    await using database = await open({ opLimitMs: 200 })
    await database.add({
      collection,
      documents: Array.from({ length: 4000 }, (_, n) => ({ n, text: 'a'.repeat(24) })),
    })
    // Without a pattern nothing within the worker stops it.
    const slow = {
      $or: Array.from({ length: 20_000 }, (_, n) => ({ [`k${n % 100}.0`]: { $gt: { a: [n] } } })),
    }
    const results = await Promise.allSettled([
      database.add({ collection, documents: [{ _id: 'before' }] }),
      database.count({ collection, filter: slow }),
      database.add({ collection, documents: [{ _id: 'after' }] }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: failure('DATABASE_REQUEST_FAILED', 'it ran too long') })
    expect(database.stats().restartCount).toBe(1)
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 4002 })
  })

  test('for want of memory fails the request alone', async () => {
    await using database = await open()
    await database.add({ collection, documents: [{ n: 1 }] })
    const bomb = {
      $expr: { $eq: [{ $size: { $map: { input: { $range: [0, 200_000_000] }, in: ['$$this', 'x'] } } }, 1] },
    }
    await expect(database.count({ collection, filter: bomb })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED'),
    )
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 1 })
  })
})
