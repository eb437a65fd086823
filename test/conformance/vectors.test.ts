import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/errors.ts'
import { createDatabase } from '../../src/sdk/database.ts'
import { recordCalls } from '../sdk/recorder.ts'
import { filterVectors, updateVectors } from './vectors.ts'

// The vectors of wxcloud-spec Appendix B: what the genuine SDK sends for each program text.

const recording = recordCalls()
const db = createDatabase({ call: recording.call, profile: 'server' })
const items = db.collection('items')

async function sentFilter(condition: object): Promise<unknown> {
  await items.where(condition).get()
  return (recording.last() as { filter: unknown }).filter
}

async function sentUpdate(data: object): Promise<unknown> {
  await items.doc('x').update({ data })
  return (recording.last() as { update: unknown }).update
}

describe('filters', () => {
  test.each(filterVectors(db))('%s', async (_name, condition, expected) => {
    expect(await sentFilter(condition)).toStrictEqual(expected)
  })
})

describe('updates', () => {
  test.each(updateVectors(db))('%s', async (_name, data, expected) => {
    expect(await sentUpdate(data)).toStrictEqual(expected)
  })
})

test('set sends the replacement', async () => {
  await items.doc('x').set({ data: { s: { c: 1 }, d: db.serverDate(), x: undefined } })
  expect(recording.calls.at(-1)).toStrictEqual({
    op: 'database.replace',
    args: {
      collection: 'items',
      id: 'x',
      document: { s: { c: 1 }, d: { $tcb_server_date: { offset: 0 } } },
    },
  })
})

test('add keeps NaN and Infinity, null for undefined in arrays, and empty values', async () => {
  await items.add({
    data: { n: Number.NaN, i: Number.POSITIVE_INFINITY, und: [1, undefined, null], e: {}, ea: [] },
  })
  expect(recording.last()).toStrictEqual({
    collection: 'items',
    documents: [
      { n: { $numberDouble: 'NaN' }, i: { $numberDouble: 'Infinity' }, und: [1, null, null], e: {}, ea: [] },
    ],
  })
})

test('order, paging and projection', async () => {
  await items
    .orderBy('a', 'asc')
    .orderBy('b', 'desc')
    .skip(10)
    .limit(5000)
    .field({ a: true, b: false, c: 1 })
    .get()
  expect(recording.last()).toStrictEqual({
    collection: 'items',
    filter: {},
    sort: [
      ['a', 1],
      ['b', -1],
    ],
    skip: 10,
    limit: 1000,
    projection: { a: 1, b: 0, c: 1 },
  })
})

test('an aggregation', async () => {
  const _ = db.command
  const $ = db.command.aggregate
  const aggregating = recordCalls({ 'database.aggregate': { documents: [], isTruncated: false } })
  await createDatabase({ call: aggregating.call, profile: 'server' })
    .collection('items')
    .aggregate()
    .match({ a: _.gt(1) })
    .unwind('$os')
    .skip(1)
    .lookup({
      from: 'o',
      let: { x: '$a' },
      pipeline: $.pipeline()
        .match(_.expr($.and([$.eq(['$k', '$$x']), $.gt(['$q', 1])])))
        .project({ _id: 0 })
        .done(),
      as: 'p',
    })
    .count('c')
    .end()
  expect(aggregating.last()).toStrictEqual({
    collection: 'items',
    pipeline: [
      { $match: { a: { $gt: 1 } } },
      { $unwind: '$os' },
      { $skip: 1 },
      {
        $lookup: {
          from: 'o',
          let: { x: '$a' },
          pipeline: [
            { $match: { $expr: { $and: [{ $eq: ['$k', '$$x'] }, { $gt: ['$q', 1] }] } } },
            { $project: { _id: 0 } },
          ],
          as: 'p',
        },
      },
      { $count: 'c' },
    ],
  })
})

test('a transaction that always conflicts is run four times', async () => {
  let runCount = 0
  const transacting = recordCalls({
    'database.startTransaction': { transactionId: 't-1' },
    'database.commitTransaction': () => {
      throw new DatabaseError('DATABASE_TRANSACTION_CONFLICT', 'conflict')
    },
    'database.abortTransaction': {},
  })
  const { runTransaction } = createDatabase({
    call: transacting.call,
    profile: 'server',
    requestId: () => 'req-1',
  })
  const outcome = runTransaction(async () => {
    runCount++
  })
  await expect(outcome).rejects.toMatchObject({
    code: 'DATABASE_TRANSACTION_CONFLICT',
    message: expect.any(String),
    requestId: 'req-1',
  })
  expect(runCount).toBe(4)
  const ends = transacting.calls.map(({ op }) => /database\.(start|commit|abort)/.exec(op)?.[1])
  expect(ends.join()).toBe('start,commit,start,commit,start,commit,start,commit,abort')
})
