import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { failure } from './rejection.ts'
import { WatchLog } from './watch-log.ts'

const database = new Database()
afterAll(() => database.close())

let collection = ''
let count = 0
beforeEach(async () => {
  collection = `c${count++}`
  await database.createCollection({ collection })
})

type Query = Pick<Parameters<Database['watch']>[0], 'filter' | 'sort' | 'limit'>

const small = fc.integer({ min: 0, max: 5 })
const fieldArb = fc.oneof(small, fc.constantFrom('x', 'y', null), fc.array(small, { maxLength: 2 }))
const documentArb = fc.record({ a: fieldArb, b: small }, { requiredKeys: ['b'] })
const queryArb: fc.Arbitrary<Query> = fc.record(
  {
    filter: fc.constantFrom<EncodedObject>(
      {},
      { a: { $gte: 2 } },
      { b: { $lt: 3 } },
      { a: { $ne: 1 } },
      { $or: [{ a: null }, { b: { $in: [1, 2] } }] },
      { a: { $regularExpression: { pattern: '^x', options: '' } } },
    ),
    sort: fc.constantFrom<[string, 1 | -1][]>(
      [],
      [['b', 1]],
      [
        ['a', -1],
        ['b', 1],
      ],
      [['_id', -1]],
    ),
    limit: fc.constantFrom(0, 1, 2, 3, 5),
  },
  { requiredKeys: ['filter'] },
)
const idArb = fc.integer({ min: 0, max: 8 }).map(n => (n % 2 === 0 ? n : `d${n}`))
const stepArb = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant('set' as const), id: idArb, document: documentArb }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('inc' as const), id: idArb, by: small }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('addToAll' as const), by: fc.constantFrom(1, -1) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), id: idArb }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('removeSome' as const), b: small }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('fail' as const), id: idArb }) },
)
type Step = typeof stepArb extends fc.Arbitrary<infer Value> ? Value : never

async function run(step: Step, target: string): Promise<void> {
  switch (step.op) {
    case 'set':
      await database.replace({ collection: target, id: step.id, document: step.document })
      return
    case 'inc':
      await database.update({
        collection: target,
        filter: { _id: step.id },
        update: { $inc: { b: step.by }, $set: { a: step.by } },
        multi: false,
      })
      return
    case 'addToAll':
      await database.update({ collection: target, filter: {}, update: { $inc: { b: step.by } }, multi: true })
      return
    case 'remove':
      await database.remove({ collection: target, filter: { _id: step.id }, multi: false })
      return
    case 'removeSome':
      await database.remove({ collection: target, filter: { b: step.b }, multi: true })
      return
    case 'fail': {
      const documents = [
        { _id: step.id, b: 1 },
        { _id: step.id, b: 2 },
      ]
      await expect(database.add({ collection: target, documents })).rejects.toMatchObject(
        failure('DATABASE_REQUEST_FAILED', 'E11000'),
      )
    }
  }
}

async function fresh(query: Query, target: string): Promise<EncodedObject[]> {
  return (await database.query({ collection: target, ...query })).documents
}

/** The list the watch leads to is the query's, once all updates under way are in. */
async function agrees(log: WatchLog, query: Query, target: string): Promise<void> {
  const expected = await fresh(query, target)
  const text = JSON.stringify(expected)
  await log.until(() => JSON.stringify(log.documents) === text)
}

describe('updates of a watch', () => {
  test('lead to the fresh query after every write', async () => {
    await fc.assert(
      fc.asyncProperty(
        queryArb,
        fc.array(documentArb, { maxLength: 4 }),
        fc.array(stepArb, { maxLength: 12 }),
        async (query, first, steps) => {
          const target = `p${count++}`
          await database.createCollection({ collection: target })
          if (first.length > 0) await database.add({ collection: target, documents: first })
          const log = new WatchLog(database, { collection: target, ...query })
          await log.reached(1)
          expect(log.updates[0]?.isInit).toBe(true)
          for (const step of steps) {
            await run(step, target)
            await agrees(log, query, target)
          }
          log.close()
          await log.ended
        },
      ),
      { numRuns: 60 },
    )
  })

  test('lead there too when several are one, and from what was had before', async () => {
    await fc.assert(
      fc.asyncProperty(
        queryArb,
        fc.array(stepArb, { maxLength: 8 }),
        fc.array(stepArb, { maxLength: 8 }),
        async (query, before, after) => {
          const target = `p${count++}`
          await database.createCollection({ collection: target })
          const log = new WatchLog(database, { collection: target, ...query })
          await log.reached(1)
          log.hold()
          await Promise.all(before.map(step => run(step, target)))
          const heldCount = log.updates.length
          expect(heldCount).toBeLessThanOrEqual(2)
          log.release()
          await agrees(log, query, target)
          log.close()
          await log.ended
          for (const step of after) await run(step, target)
          const again = new WatchLog(
            database,
            { collection: target, ...query, have: log.have ?? [] },
            log.list,
          )
          await again.reached(1)
          expect(again.updates[0]?.isInit).toBe(false)
          expect(again.documents).toEqual(await fresh(query, target))
          again.close()
          await again.ended
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a watch', () => {
  const add = (...documents: EncodedObject[]): Promise<unknown> => database.add({ collection, documents })

  test('outlives its collection, and follows the one that is made again', async () => {
    await add({ _id: 'a' })
    const log = new WatchLog(database, { collection, filter: {} })
    await log.reached(1)
    await database.dropCollection(collection)
    await log.reached(2)
    expect(log.updates[1]).toEqual({ isInit: false, left: [{ id: 'a', dataType: 'remove' }], placed: [] })
    await database.createCollection({ collection })
    await add({ _id: 'b' })
    await log.until(() => log.documents.length === 1)
    expect(log.documents).toEqual([{ _id: 'b' }])
    log.close()
    await log.ended
  })

  test('is a client’s only while the collection’s permission says so, also of one made again', async () => {
    await database.setPermission({ collection, permission: 'READONLY' })
    await add({ _id: 'a' })
    const log = new WatchLog(database, { collection, filter: {}, client: {} })
    await log.reached(1)
    expect(log.documents).toEqual([{ _id: 'a' }])
    await database.dropCollection(collection)
    await database.createCollection({ collection })
    expect(await log.ended).toMatchObject(failure('DATABASE_PERMISSION_DENIED', 'permission denied'))
  })

  test('of a rule that looks at the time lets go of what is over', async () => {
    await database.setPermission({ collection, permission: { read: 'doc.ends > now || doc.open' } })
    const ends = Date.now() + 300
    const filter = { $or: [{ ends: { $gt: Date.now() + 200 } }, { open: true }] }
    await add({ _id: 'a', ends })
    const log = new WatchLog(database, { collection, filter, client: { openid: 'me' } })
    await log.reached(1)
    expect(log.documents).toHaveLength(1)
    await expect.poll(() => Date.now()).toBeGreaterThan(ends)
    await add({ _id: 'b', open: true })
    expect(await log.ended).toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
  })

  test('of a rule that looks at the time ends when its time is over, with nothing written', async () => {
    const until = Date.now() + 500
    const permission = { read: 'doc.ends > now' }
    await database.setPermission({ collection, permission })
    await add({ _id: 'a', ends: until + 10_000 }, { _id: 'b', ends: until + 3_600_000 })
    const watch = (least: number): WatchLog =>
      new WatchLog(database, { collection, filter: { ends: { $gt: least } }, client: { openid: 'me' } })
    const [short, long] = [watch(until), watch(until + 3_000_000)]
    await Promise.all([short.reached(1), long.reached(1)])
    expect(short.documents).toHaveLength(2)
    expect(await short.ended).toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
    // The other was looked at as well: it goes on, and was not told what it knew.
    expect(long.updates).toHaveLength(1)
    await add({ _id: 'c', ends: until + 3_600_000 })
    await long.reached(2)
    expect(long.documents.map(({ _id }) => _id)).toEqual(['b', 'c'])
    long.close()
    await long.ended
  })

  test('is told of what a transaction did once it is committed', async () => {
    const log = new WatchLog(database, { collection, filter: {} })
    await log.reached(1)
    const { transactionId } = await database.transactions.start()
    await database.transactions.add({ transactionId, collection, documents: [{ _id: 'a' }, { _id: 'b' }] })
    await add({ _id: 'c' })
    await log.reached(2)
    expect(log.documents).toEqual([{ _id: 'c' }])
    await database.transactions.commit({ transactionId })
    await log.reached(3)
    expect(log.updates[2]?.placed.map(({ id }) => id).toSorted()).toEqual(['a', 'b'])
    log.close()
    await log.ended
  })

  test('goes on when the worker is lost, with the difference', async () => {
    await using own = new Database({ opLimitMs: 1500 })
    await own.createCollection({ collection: 'c' })
    await own.add({ collection: 'c', documents: [{ _id: 'a' }, { _id: 'b' }] })
    const log = new WatchLog(own, { collection: 'c', filter: {} })
    const held = new WatchLog(own, { collection: 'c', filter: { n: 1 } })
    await Promise.all([log.reached(1), held.reached(1)])
    held.hold()
    await own.add({ collection: 'c', documents: [{ _id: 'c', n: 1 }] })
    await Promise.all([log.reached(2), held.reached(2)])
    await loseWorker(own)
    await own.add({ collection: 'c', documents: [{ _id: 'd', n: 1 }] })
    await log.until(() => log.documents.length === 4)
    held.release()
    await held.until(() => held.documents.length === 2)
    expect(log.updates.filter(({ isInit }) => isInit)).toHaveLength(1)
    expect(own.stats().restartCount).toBe(1)
    log.close()
    held.close()
    await Promise.all([log.ended, held.ended])
  })

  test('is told less often when it is slow, and of all of it', async () => {
    const log = new WatchLog(database, { collection, filter: {} })
    await log.reached(1)
    log.hold()
    for (let n = 0; n < 50; n++) await add({ _id: n })
    expect(log.updates).toHaveLength(2)
    log.release()
    await log.until(() => log.documents.length === 50)
    expect(log.updates).toHaveLength(3)
    log.close()
    await log.ended
  })

  test('that is closed, or whose listener fails, is told nothing more', async () => {
    const controller = new AbortController()
    let updateCount = 0
    const closed = database.watch(
      { collection, filter: {} },
      async () => void updateCount++,
      controller.signal,
    )
    const failed = database.watch({ collection, filter: {} }, async () => {
      throw new Error('listener')
    })
    await expect(failed).rejects.toThrow('listener')
    controller.abort()
    await closed
    const seen = updateCount
    await add({ _id: 'a' })
    expect(updateCount).toBe(seen)
    await database.watch({ collection, filter: {} }, async () => {}, controller.signal)
  })

  test.each<[what: string, args: object, message: string]>([
    ['an unknown operator', { filter: { a: { $near: 1 } } }, '$near'],
    ['a sort that is none', { filter: {}, sort: [['', 1]] }, 'not a field path'],
    ['a limit beyond its own', { filter: {}, limit: LIMITS.watchDocuments + 1 }, 'limit of 5000'],
    [
      'a document it has twice',
      {
        filter: {},
        have: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
      'named twice',
    ],
  ])('is refused with %s', async (_, args, message) => {
    const log = new WatchLog(database, { collection, filter: {}, ...args })
    expect(await log.ended).toMatchObject({
      code: 'CLOUDLET_DATABASE',
      message: expect.stringContaining(message),
    })
  })

  test('holds so many characters and no more', async () => {
    const text = 'x'.repeat(1024 * 1024 - JSON.stringify({ _id: 0, text: '' }).length)
    await add(...Array.from({ length: 6 }, (_, _id) => ({ _id, text })))
    const log = new WatchLog(database, { collection, filter: {} })
    await log.reached(1)
    expect(log.list).toHaveLength(6)
    await add({ _id: 6 })
    expect(await log.ended).toMatchObject(
      failure('DATABASE_REQUEST_FAILED', `${LIMITS.watchChars} characters`),
    )
  })

  test(`is one of ${LIMITS.watches} at most`, async () => {
    await using own = new Database()
    await own.createCollection({ collection: 'c' })
    await own.add({ collection: 'c', documents: [{ _id: 'a' }] })
    const controller = new AbortController()
    let updateCount = 0
    const open = (): Promise<void> =>
      own.watch({ collection: 'c', filter: {} }, async () => void updateCount++, controller.signal)
    const all = Array.from({ length: LIMITS.watches }, open)
    await expect(open()).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    await expect.poll(() => updateCount, { timeout: 20_000 }).toBe(LIMITS.watches)
    await own.add({ collection: 'c', documents: [{ _id: 'b' }] })
    await expect.poll(() => updateCount, { timeout: 20_000 }).toBe(2 * LIMITS.watches)
    controller.abort()
    await Promise.all(all)
  })
})

test(`all watches hold ${LIMITS.watchedDocuments} documents; those that ask the same count once`, async () => {
  await using own = new Database()
  await own.createCollection({ collection: 'c' })
  const documents = Array.from({ length: LIMITS.watchDocuments }, (_, _id) => ({ _id }))
  await own.add({ collection: 'c', documents })
  const controller = new AbortController()
  let updateCount = 0
  const open = (n: number): Promise<void> =>
    own.watch(
      { collection: 'c', filter: { n: { $ne: n } } },
      async () => void updateCount++,
      controller.signal,
    )
  const full = LIMITS.watchedDocuments / LIMITS.watchDocuments
  const all = Array.from({ length: full }, (_, n) => open(n))
  all.push(open(0))
  await expect.poll(() => updateCount, { timeout: 25_000 }).toBe(full + 1)
  await expect(open(-1)).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'All watches together'))
  controller.abort()
  await Promise.all(all)
})

/** Makes the worker run an op for longer than it may. */
async function loseWorker(own: Database): Promise<void> {
  await own.createCollection({ collection: 'slow' })
  const documents = Array.from({ length: 4000 }, (_, n) => ({ n }))
  await own.add({ collection: 'slow', documents })
  // No SQL form, and no pattern whose time is bounded within the worker.
  const filter = {
    $or: Array.from({ length: 20_000 }, (_, n) => ({ [`k${n % 100}.0`]: { $gt: { a: [n] } } })),
  }
  await expect(own.count({ collection: 'slow', filter })).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', 'it ran too long'),
  )
}
