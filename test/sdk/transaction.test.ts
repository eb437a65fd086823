import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/errors.ts'
import { openDatabase } from './opener.ts'
import { rejectionOf } from './recorder.ts'

const answers = {
  'database.startTransaction': { transactionId: 't' },
  'database.commitTransaction': {},
  'database.abortTransaction': {},
  'database.getInTransaction': { document: { _id: 'a', n: 1 } },
  'database.addInTransaction': { ids: ['id-1'] },
  'database.updateInTransaction': { updated: 1 },
  'database.replaceInTransaction': { updated: 0, created: 1 },
  'database.removeInTransaction': { removed: 1 },
}

function conflict(): Promise<never> {
  const message = '[ResourceUnavailable.TransactionConflict] Transaction is conflict'
  return Promise.reject(new DatabaseError('DATABASE_TRANSACTION_CONFLICT', message))
}

/** The ops that crossed, without their prefix. */
function opsOf({ recording }: ReturnType<typeof openDatabase>): string[] {
  return recording.calls.map(({ op }) => op.replace(/^database\.|Transaction$/g, ''))
}

describe('a transaction', () => {
  test('sends what is asked of its documents, and gives results as outside', async () => {
    const { db, recording } = openDatabase(answers)
    const transaction = await db.startTransaction()
    const items = transaction.collection('items')
    const results = [
      await items.doc('a').get(),
      await items.doc('a').field({ n: true }).get(),
      await items.doc('a').set({ data: { n: 1 } }),
      await items.doc(5).update({ data: { n: db.command.inc(1) } }),
      await items.doc('a').remove(),
      await items.add({ data: { n: 2 } }),
      await transaction.commit(),
    ]
    expect(JSON.stringify(results)).toBe(
      JSON.stringify([
        { data: { _id: 'a', n: 1 }, errMsg: 'document.get:ok' },
        { data: { _id: 'a', n: 1 }, errMsg: 'document.get:ok' },
        { _id: 'a', errMsg: 'document.set:ok', stats: { updated: 0, created: 1 } },
        { stats: { updated: 1 }, errMsg: 'document.update:ok' },
        { stats: { removed: 1 }, errMsg: 'document.remove:ok' },
        { _id: 'id-1', errMsg: 'collection.add:ok' },
        { errMsg: 'commitTransaction:ok', requestId: 'req-1' },
      ]),
    )
    const at = { transactionId: 't', collection: 'items' }
    expect(recording.calls.map(({ args }) => args)).toEqual([
      {},
      { ...at, id: 'a' },
      { ...at, id: 'a', projection: { n: 1 } },
      { ...at, id: 'a', document: { n: 1 } },
      { ...at, id: 5, update: { $inc: { n: 1 } } },
      { ...at, id: 'a' },
      { ...at, documents: [{ n: 2 }] },
      { transactionId: 't' },
    ])
  })

  test('has single documents only', async () => {
    const { db } = openDatabase(answers)
    const items = (await db.startTransaction()).collection('items')
    expect(Object.keys(items)).toEqual(['doc', 'add'])
    expect(() => items.doc(undefined as never)).toThrow('docId必须为字符串或数字')
  })

  test('rejects for a missing document as outside', async () => {
    const none = { ...answers, 'database.getInTransaction': { document: null } }
    const strict = await openDatabase(none).db.startTransaction()
    expect((await rejectionOf(strict.collection('items').doc('x').get())).message).toBe(
      'document.get:fail document with _id x does not exist',
    )
    const lenient = await openDatabase(none, false).db.startTransaction()
    expect(await lenient.collection('items').doc('x').get()).toEqual({
      data: null,
      errMsg: 'document.get:ok',
    })
  })

  test('tells a conflict by code as well', async () => {
    const { db } = openDatabase({ ...answers, 'database.updateInTransaction': conflict })
    const transaction = await db.startTransaction()
    const error = await rejectionOf(
      transaction
        .collection('a')
        .doc('b')
        .update({ data: { n: 1 } }),
    )
    expect({ ...error }).toEqual({
      errCode: -502001,
      errMsg:
        'document.update:fail -502001 database request fail. [ResourceUnavailable.TransactionConflict] Transaction is conflict',
      code: 'DATABASE_TRANSACTION_CONFLICT',
    })
  })

  test('that is rolled back by hand', async () => {
    const opened = openDatabase(answers)
    const transaction = await opened.db.startTransaction()
    expect(await transaction.rollback()).toEqual({ errMsg: 'abortTransaction:ok', requestId: 'req-1' })
    expect(opsOf(opened)).toEqual(['start', 'abort'])
  })
})

describe('runTransaction', () => {
  test('commits, and resolves with what the work gave', async () => {
    const opened = openDatabase(answers)
    expect(await opened.db.runTransaction(async t => (await t.collection('a').doc('a').get()).data)).toEqual({
      _id: 'a',
      n: 1,
    })
    expect(opsOf(opened)).toEqual(['start', 'getIn', 'commit'])
  })

  test('rolls back and throws what the work threw, the same object', async () => {
    const opened = openDatabase(answers)
    const thrown = { whatever: 1 }
    const outcome = opened.db.runTransaction(() => {
      throw thrown
    })
    await expect(outcome).rejects.toBe(thrown)
    expect(opsOf(opened)).toEqual(['start', 'abort'])
  })

  test.each([[{ code: -100 }], ['text'], [undefined]])(
    'rejects with the reason of a rollback: %s',
    async reason => {
      const opened = openDatabase(answers)
      const outcome = opened.db.runTransaction(async t => {
        await t.rollback(reason)
        return 'unused'
      })
      await expect(outcome).rejects.toBe(reason)
      expect(opsOf(opened)).toEqual(['start', 'abort'])
    },
  )

  test('starts over after a conflict at the commit, three times, then gives up', async () => {
    const opened = openDatabase({ ...answers, 'database.commitTransaction': conflict })
    let runs = 0
    const error = await rejectionOf(opened.db.runTransaction(() => runs++))
    expect(runs).toBe(4)
    expect(opsOf(opened).join()).toBe('start,commit,start,commit,start,commit,start,commit,abort')
    expect({ ...error }).toEqual({
      errCode: -502001,
      errMsg: expect.stringContaining('[ResourceUnavailable.TransactionConflict]'),
      code: 'DATABASE_TRANSACTION_CONFLICT',
      requestId: 'req-1',
    })
  })

  test('starts over after a conflict within, rolling back first, as often as told', async () => {
    const opened = openDatabase({ ...answers, 'database.removeInTransaction': conflict })
    await rejectionOf(opened.db.runTransaction(t => t.collection('a').doc('a').remove(), 1))
    expect(opsOf(opened).join()).toBe('start,removeIn,abort,start,removeIn,abort')
    const own = openDatabase(answers)
    const thrown = Object.assign(new Error('mine'), { code: 'DATABASE_TRANSACTION_CONFLICT' })
    let runs = 0
    const outcome = own.db.runTransaction(() => {
      if (runs++ === 0) throw thrown
      return 'done'
    })
    expect(await outcome).toBe('done')
    expect(opsOf(own).join()).toBe('start,abort,start,commit')
  })

  test('does not start over for other errors, or without retries', async () => {
    const failing = openDatabase({
      ...answers,
      'database.commitTransaction': () => Promise.reject(new DatabaseError('DATABASE_REQUEST_FAILED', 'no')),
    })
    expect((await rejectionOf(failing.db.runTransaction(() => 1))).message).toContain(
      'commitTransaction:fail',
    )
    expect(opsOf(failing).join()).toBe('start,commit,abort')
    const none = openDatabase({ ...answers, 'database.commitTransaction': conflict })
    await rejectionOf(none.db.runTransaction(() => 1, 0))
    expect(opsOf(none).join()).toBe('start,commit,abort')
  })

  test('leaves a transaction alone that the work committed itself', async () => {
    const opened = openDatabase(answers)
    await opened.db.runTransaction(t => t.commit())
    expect(opsOf(opened).join()).toBe('start,commit')
  })

  test('refuses what is no function, and a number of retries that is none', async () => {
    const { db } = openDatabase(answers)
    expect((await rejectionOf(db.runTransaction('x' as never))).message).toContain('must be a function')
    expect((await rejectionOf(db.runTransaction(() => 1, 1.5))).message).toContain('must be an integer')
  })
})
