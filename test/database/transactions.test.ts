import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import { collection, open } from './opened.ts'
import { failure } from './rejection.ts'

async function start(database: Database): Promise<string> {
  return (await database.transactions.start()).transactionId
}

const conflict = failure('DATABASE_TRANSACTION_CONFLICT', '[ResourceUnavailable.TransactionConflict]')
const notOpen = failure('DATABASE_REQUEST_FAILED', 'is not open')

describe('a transaction', () => {
  test('reads what was there when it started, and what it wrote itself', async () => {
    const database = await open([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ])
    const transactionId = await start(database)
    const at = { transactionId, collection }
    await database.update({ collection, filter: {}, update: { $inc: { n: 10 } }, multi: true })
    await database.add({ collection, documents: [{ _id: 3, n: 3 }] })
    await database.remove({ collection, filter: { _id: 2 }, multi: false })
    const read = async (id: number): Promise<unknown> =>
      (await database.transactions.get({ ...at, id })).document
    expect([await read(1), await read(2), await read(3)]).toEqual([{ _id: 1, n: 1 }, { _id: 2, n: 2 }, null])
    expect(await database.transactions.add({ ...at, documents: [{ _id: 4, n: 4 }] })).toEqual({ ids: [4] })
    expect(await database.transactions.update({ ...at, id: 4, update: { $inc: { n: 1 } } })).toEqual({
      updated: 1,
    })
    expect(await read(4)).toEqual({ _id: 4, n: 5 })
    expect(await database.transactions.remove({ ...at, id: 4 })).toEqual({ removed: 1 })
    expect(await database.transactions.remove({ ...at, id: 4 })).toEqual({ removed: 0 })
    expect(await read(4)).toBeNull()
    expect(await database.transactions.update({ ...at, id: 9, update: { $set: { n: 1 } } })).toEqual({
      updated: 0,
    })
  })

  test('reads with a projection', async () => {
    const database = await open([{ _id: 1, n: 1, m: 2 }])
    const transactionId = await start(database)
    const asked = { transactionId, collection, id: 1, projection: { n: 1, _id: 0 } }
    expect(await database.transactions.get(asked)).toEqual({ document: { n: 1 } })
  })

  test('writes nothing before it is committed, and then all', async () => {
    const database = await open([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ])
    const transactionId = await start(database)
    const at = { transactionId, collection }
    await database.transactions.update({ ...at, id: 1, update: { $set: { n: 10 } } })
    await database.transactions.remove({ ...at, id: 2 })
    expect(await database.transactions.replace({ ...at, id: 3, document: { n: 3 } })).toEqual({
      updated: 0,
      created: 1,
    })
    const all = async (): Promise<unknown> => (await database.query({ collection, filter: {} })).documents
    expect(await all()).toEqual([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ])
    await database.transactions.commit({ transactionId })
    expect(await all()).toEqual([
      { _id: 1, n: 10 },
      { _id: 3, n: 3 },
    ])
    await expect(database.transactions.commit({ transactionId })).rejects.toMatchObject(notOpen)
    await expect(database.transactions.get({ ...at, id: 1 })).rejects.toMatchObject(notOpen)
    await database.transactions.abort({ transactionId })
  })

  test('that is rolled back leaves nothing', async () => {
    const database = await open([{ _id: 1, n: 1 }])
    const transactionId = await start(database)
    await database.transactions.update({ transactionId, collection, id: 1, update: { $set: { n: 2 } } })
    await database.transactions.abort({ transactionId })
    expect((await database.query({ collection, filter: {} })).documents).toEqual([{ _id: 1, n: 1 }])
  })

  test('is on the disk once committed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-transactions-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const database = await open([], { directory })
    const transactionId = await start(database)
    await database.transactions.add({ transactionId, collection, documents: [{ _id: 1 }, { _id: 2 }] })
    const { commitCount } = database.stats()
    await database.transactions.commit({ transactionId })
    expect(database.stats().commitCount).toBe(commitCount + 1)
    await database.close()
    await using again = new Database({ directory })
    expect(await again.count({ collection, filter: {} })).toEqual({ total: 2 })
  })

  test('keeps indexes, and fails whole when one refuses it', async () => {
    const database = await open([{ _id: 1, n: 1 }])
    await database.createIndex({ collection, fields: [['n', 1]], unique: true })
    const transactionId = await start(database)
    await database.transactions.add({ transactionId, collection, documents: [{ _id: 2, n: 2 }] })
    await database.transactions.add({ transactionId, collection, documents: [{ _id: 3, n: 1 }] })
    await expect(database.transactions.commit({ transactionId })).rejects.toMatchObject(
      failure(
        'DATABASE_REQUEST_FAILED',
        'E11000 duplicate key error collection: a index: n_1 dup key: { n: 1 }',
      ),
    )
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 1 })
    await expect(database.transactions.commit({ transactionId })).rejects.toMatchObject(notOpen)
    const second = await start(database)
    await database.transactions.add({ transactionId: second, collection, documents: [{ _id: 3, n: 1 }] })
    await database.transactions.remove({ transactionId: second, collection, id: 1 })
    await database.transactions.commit({ transactionId: second })
    const { documents } = await database.query({ collection, filter: { n: 1 } })
    expect(documents).toEqual([{ _id: 3, n: 1 }])
  })

  test('needs its collection to exist, whatever may be created elsewhere', async () => {
    const database = await open([], { autoCreateCollections: true })
    const transactionId = await start(database)
    const at = { transactionId, collection: 'nowhere' }
    await expect(database.transactions.add({ ...at, documents: [{}] })).rejects.toMatchObject(
      failure('DATABASE_COLLECTION_NOT_EXIST'),
    )
    await expect(database.transactions.get({ ...at, id: 1 })).rejects.toMatchObject(
      failure('DATABASE_COLLECTION_NOT_EXIST'),
    )
  })
})

describe('a conflict', () => {
  test('goes against the second writer, at once, and against who wrote on old ground', async () => {
    const database = await open([{ _id: 1, n: 1 }])
    const [first, second, third] = [await start(database), await start(database), await start(database)]
    const write = (transactionId: string): Promise<unknown> =>
      database.transactions.update({ transactionId, collection, id: 1, update: { $inc: { n: 1 } } })
    await write(first)
    await expect(write(second)).rejects.toMatchObject(conflict)
    await database.transactions.commit({ transactionId: first })
    await expect(write(third)).rejects.toMatchObject(conflict)
    // Both were rolled back; what they are asked then says why.
    await expect(database.transactions.commit({ transactionId: second })).rejects.toMatchObject(conflict)
    await expect(write(third)).rejects.toMatchObject(conflict)
    await database.transactions.abort({ transactionId: third })
    expect((await database.query({ collection, filter: {} })).documents).toEqual([{ _id: 1, n: 2 }])
  })

  test('is no matter of reading, or of other documents', async () => {
    const database = await open([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ])
    const [first, second] = [await start(database), await start(database)]
    await database.transactions.get({ transactionId: first, collection, id: 2 })
    await database.transactions.get({ transactionId: second, collection, id: 1 })
    for (const [transactionId, id] of [
      [first, 1],
      [second, 2],
    ] as const) {
      await database.transactions.update({ transactionId, collection, id, update: { $set: { n: 0 } } })
    }
    await database.transactions.commit({ transactionId: first })
    await database.transactions.commit({ transactionId: second })
    expect(await database.count({ collection, filter: { n: 0 } })).toEqual({ total: 2 })
  })
})

describe('writes outside', () => {
  test('wait for the transaction that holds the document; others go on', async () => {
    const database = await open([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ])
    const transactionId = await start(database)
    await database.transactions.update({ transactionId, collection, id: 1, update: { $set: { n: 10 } } })
    const order: string[] = []
    const waiting = [
      database.update({ collection, filter: { _id: 1 }, update: { $inc: { n: 1 } }, multi: false }),
      database.remove({ collection, filter: { n: { $gte: 1 } }, multi: true }),
      database.dropCollection(collection),
    ].map((one, index) => one.then(() => order.push(`waited ${index}`)))
    await database.update({ collection, filter: { _id: 2 }, update: { $inc: { n: 1 } }, multi: false })
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 2 })
    order.push('other')
    await database.transactions.commit({ transactionId })
    await Promise.all(waiting)
    expect(order).toEqual(['other', 'waited 0', 'waited 1', 'waited 2'])
  })

  test('that wait go on when the database closes: the transaction is rolled back', async () => {
    const database = await open([{ _id: 1, n: 1 }])
    const transactionId = await start(database)
    await database.transactions.update({ transactionId, collection, id: 1, update: { $set: { n: 10 } } })
    const waiting = database.update({ collection, filter: {}, update: { $inc: { n: 1 } }, multi: true })
    await database.close()
    expect(await waiting).toEqual({ updated: 1 })
  })
})

describe('limits', () => {
  test('a transaction is rolled back when its time is over, and what waited for it goes on', async () => {
    const database = await open([{ _id: 1, n: 1 }], { transactionLimitMs: 100 })
    const transactionId = await start(database)
    await database.transactions.update({ transactionId, collection, id: 1, update: { $set: { n: 10 } } })
    await database.update({ collection, filter: { _id: 1 }, update: { $inc: { n: 1 } }, multi: false })
    expect((await database.query({ collection, filter: {} })).documents).toEqual([{ _id: 1, n: 2 }])
    await expect(database.transactions.commit({ transactionId })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'it was open for 0.1 seconds'),
    )
  })

  test('so many may be open', async () => {
    const database = await open()
    const ids = await Promise.all(Array.from({ length: LIMITS.openTransactions }, () => start(database)))
    await expect(start(database)).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED', retryable: true })
    await database.transactions.abort({ transactionId: ids[0] ?? '' })
    await start(database)
  })

  test('so many documents and characters may be written', async () => {
    const database = await open()
    const transactionId = await start(database)
    const at = { transactionId, collection }
    const documents = Array.from({ length: LIMITS.transactionDocuments }, (_, _id) => ({ _id }))
    await database.transactions.add({ ...at, documents })
    await expect(database.transactions.add({ ...at, documents: [{}] })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', 'may write 1000 documents'),
    )
    await database.transactions.commit({ transactionId })
    expect(await database.count({ collection, filter: {} })).toEqual({ total: LIMITS.transactionDocuments })
    const second = { transactionId: await start(database), collection }
    const empty = JSON.stringify({ _id: 'x', text: '' }).length
    const text = 'x'.repeat(LIMITS.transactionChars - empty)
    await database.transactions.add({ ...second, documents: [{ _id: 'x', text }] })
    await expect(
      database.transactions.update({ ...second, id: 'x', update: { $set: { text: `${text}x` } } }),
    ).rejects.toMatchObject({ code: 'CLOUDLET_DATABASE' })
    await expect(database.transactions.add({ ...second, documents: [{ _id: 1.5 }] })).rejects.toMatchObject(
      failure('DATABASE_REQUEST_FAILED', `${LIMITS.transactionChars} characters`),
    )
  })

  test('a transaction for which too much would have to be remembered is rolled back', async () => {
    const text = 'x'.repeat(8 * 1024 * 1024)
    const count = LIMITS.transactionHistoryChars / text.length
    const database = await open(Array.from({ length: 4 }, (_, _id) => ({ _id, text })))
    for (let _id = 4; _id <= count; _id++) await database.add({ collection, documents: [{ _id, text }] })
    const [first, second] = [await start(database), await start(database)]
    const change = (id: number): Promise<unknown> =>
      database.update({ collection, filter: { _id: id }, update: { $set: { text: '' } }, multi: false })
    for (let id = 0; id < count - 1; id++) await change(id)
    await database.transactions.get({ transactionId: first, collection, id: 0 })
    await change(count - 1)
    await change(count)
    await expect(
      database.transactions.get({ transactionId: first, collection, id: 0 }),
    ).rejects.toMatchObject(failure('DATABASE_TRANSACTION_CONFLICT', 'Run it again'))
    await expect(database.transactions.commit({ transactionId: second })).rejects.toMatchObject(
      failure('DATABASE_TRANSACTION_CONFLICT'),
    )
    const third = await start(database)
    const seen = await database.transactions.get({ transactionId: third, collection, id: 0 })
    expect(seen).toEqual({ document: { _id: 0, text: '' } })
  })
})

test('a lost worker ends its transactions', async () => {
  const database = await open([{ _id: 1, n: 1, text: 'a'.repeat(24) }], { opLimitMs: 2000 })
  await database.add({
    collection,
    documents: Array.from({ length: 4000 }, (_, n) => ({ n, text: 'a'.repeat(24) })),
  })
  const transactionId = await start(database)
  await database.transactions.update({ transactionId, collection, id: 1, update: { $set: { n: 2 } } })
  const waiting = database.update({
    collection,
    filter: { _id: 1 },
    update: { $inc: { n: 5 } },
    multi: false,
  })
  const slow = { $or: Array.from({ length: 20_000 }, (_, n) => ({ [`k${n % 100}.0`]: { $gt: { a: [n] } } })) }
  await expect(database.count({ collection, filter: slow })).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'it ran too long'),
  )
  await waiting
  await expect(database.transactions.commit({ transactionId })).rejects.toMatchObject(notOpen)
  const { documents } = await database.query({ collection, filter: { _id: 1 }, projection: { n: 1 } })
  expect(documents).toEqual([{ _id: 1, n: 6 }])
})
