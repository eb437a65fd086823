import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { createDatabase } from '../../src/sdk/database.ts'
import { openDatabase } from './opener.ts'
import { recordCalls, rejectionOf } from './recorder.ts'

/** Spelt so that nobody takes an operand for a promise. */
const THEN = 'then'

const answer = (count: number, isTruncated = false) => ({
  'database.aggregate': { documents: Array.from({ length: count }, (_, _id) => ({ _id })), isTruncated },
})

describe('stages', () => {
  const { db, items, recording } = openDatabase(answer(0))
  const {
    command: _,
    command: { aggregate: $ },
  } = db
  const point = new db.Geo.Point(113, 23)
  const pointJson = { type: 'Point', coordinates: [113, 23] }
  type Chain = ReturnType<typeof items.aggregate>

  test.each<[string, (chain: Chain) => Chain, object]>([
    ['match', c => c.match({ a: _.gt(1), b: { c: 'x' } }), { $match: { a: { $gt: 1 }, 'b.c': 'x' } }],
    ['match with $', c => c.match({ a: $.gt(1), b: $.neq(2) }), { $match: { a: { $gt: 1 }, b: { $ne: 2 } } }],
    [
      'match with $ around',
      c => c.match($.or([{ a: $.gt(1) }, { b: 2 }])),
      { $match: { $or: [{ a: { $gt: 1 } }, { b: 2 }] } },
    ],
    [
      'match with logic',
      c => c.match(_.or([{ a: 1 }, { b: _.lt(2) }])),
      { $match: { $or: [{ a: 1 }, { b: { $lt: 2 } }] } },
    ],
    [
      'match with expr',
      c => c.match(_.expr($.gt(['$a', '$b']))),
      { $match: { $expr: { $gt: ['$a', '$b'] } } },
    ],
    [
      'project',
      c => c.project({ _id: 0, a: true, b: $.sum('$c'), d: { e: 1 } }),
      { $project: { _id: 0, a: true, b: { $sum: '$c' }, d: { e: 1 } } },
    ],
    [
      'addFields',
      c => c.addFields({ 'a.b': $.concat(['$x', ' ', '$y']) }),
      { $addFields: { 'a.b': { $concat: ['$x', ' ', '$y'] } } },
    ],
    [
      'group',
      c => c.group({ _id: null, n: $.sum(1), l: $.push({ a: '$a' }) }),
      { $group: { _id: null, n: { $sum: 1 }, l: { $push: { a: '$a' } } } },
    ],
    ['sort', c => c.sort({ a: 1, b: -1 }), { $sort: { a: 1, b: -1 } }],
    ['limit', c => c.limit(5), { $limit: 5 }],
    ['skip', c => c.skip(1), { $skip: 1 }],
    ['count', c => c.count('c'), { $count: 'c' }],
    ['unwind', c => c.unwind('$os'), { $unwind: '$os' }],
    [
      'unwind with options',
      c => c.unwind({ path: '$os', includeArrayIndex: 'i' }),
      { $unwind: { path: '$os', includeArrayIndex: 'i' } },
    ],
    [
      'lookup',
      c => c.lookup({ from: 'o', localField: 'a', foreignField: 'b', as: 'p' }),
      { $lookup: { from: 'o', localField: 'a', foreignField: 'b', as: 'p' } },
    ],
    [
      'graphLookup',
      c =>
        c.graphLookup({
          from: 'o',
          startWith: '$boss',
          connectFromField: 'boss',
          connectToField: '_id',
          as: 'above',
          maxDepth: 2,
          restrictSearchWithMatch: { age: _.gt(30), at: { home: true } },
        }),
      {
        $graphLookup: {
          from: 'o',
          startWith: '$boss',
          connectFromField: 'boss',
          connectToField: '_id',
          as: 'above',
          maxDepth: 2,
          restrictSearchWithMatch: { age: { $gt: 30 }, 'at.home': true },
        },
      },
    ],
    [
      'replaceRoot',
      c => c.replaceRoot({ newRoot: $.mergeObjects([$.arrayElemAt(['$o', 0]), '$$ROOT']) }),
      { $replaceRoot: { newRoot: { $mergeObjects: [{ $arrayElemAt: ['$o', 0] }, '$$ROOT'] } } },
    ],
    ['sample', c => c.sample({ size: 3 }), { $sample: { size: 3 } }],
    ['sample of a number', c => c.sample(3), { $sample: { size: 3 } }],
    ['sortByCount', c => c.sortByCount('$a'), { $sortByCount: '$a' }],
    [
      'bucket',
      c => c.bucket({ groupBy: '$a', boundaries: [0, new Date(5)], default: 'x' }),
      { $bucket: { groupBy: '$a', boundaries: [0, { $date: 5 }], default: 'x' } },
    ],
    [
      'bucketAuto',
      c => c.bucketAuto({ groupBy: '$a', buckets: 3 }),
      { $bucketAuto: { groupBy: '$a', buckets: 3 } },
    ],
    [
      'geoNear',
      c => c.geoNear({ near: point, distanceField: 'd', spherical: true, query: { a: { b: _.gt(1) } } }),
      { $geoNear: { near: pointJson, distanceField: 'd', spherical: true, query: { 'a.b': { $gt: 1 } } } },
    ],
    ['facet', c => c.facet({ a: $.pipeline().limit(1).done() }), { $facet: { a: [{ $limit: 1 }] } }],
    ['redact', c => c.redact('$$KEEP'), { $redact: '$$KEEP' }],
    [
      'lookup with a pipeline',
      c =>
        c.lookup({
          from: 'o',
          let: { x: '$a' },
          pipeline: $.pipeline()
            .match(_.expr($.and([$.eq(['$k', '$$x']), $.gt(['$q', 1])])))
            .project({ _id: 0 })
            .done(),
          as: 'p',
        }),
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
    ],
  ])('%s', async (_name, add, stage) => {
    await add(items.aggregate()).end()
    expect(recording.last()).toStrictEqual({ collection: 'items', pipeline: [stage] })
  })

  test('a chain grows where it stands, as on the platform', async () => {
    const chain = items.aggregate()
    chain.match({ a: 1 })
    chain.limit(2)
    await chain.end()
    expect(recording.last()).toMatchObject({ pipeline: [{ $match: { a: 1 } }, { $limit: 2 }] })
  })

  test('every expression of the platform has a name', () => {
    const names = [
      'abs',
      'arrayElemAt',
      'cond',
      'dateToString',
      'ifNull',
      'neq',
      'setUnion',
      'stdDevPop',
      'toObjectId',
      'zip',
    ]
    for (const name of names) expect($).toHaveProperty(name)
    expect($.sum(['$a', '$b']).encodeValue()).toEqual({ $sum: ['$a', '$b'] })
    expect($.cond({ if: '$a', [THEN]: 1, else: 2 }).encodeValue()).toEqual({
      $cond: { if: '$a', [THEN]: 1, else: 2 },
    })
  })

  test('bad conditions throw where they are written', () => {
    expect(() => items.aggregate().match({ a: undefined })).toThrow('查询参数对象值不能均为undefined')
    expect(() => items.aggregate().match('x' as unknown as object)).toThrow('查询参数必须为对象')
    expect(() => items.aggregate().project({ a: _.gt(1).or(_.lt(0)) })).toThrow('_.or()')
  })
})

describe('results', () => {
  test('are a list with values revived', async () => {
    const documents = [{ _id: 1, at: { $date: 5 }, p: { type: 'Point', coordinates: [1, 2] } }]
    const { db, items } = openDatabase({ 'database.aggregate': { documents, isTruncated: false } })
    const result = await items.aggregate().end()
    expect(result.errMsg).toBe('collection.aggregate:ok')
    expect(result.list).toEqual([{ _id: 1, at: new Date(5), p: new db.Geo.Point(1, 2) }])
    expect(result.list[0]?.['p']).toBeInstanceOf(db.Geo.Point)
  })

  test('failures have the platform’s code and name the API', async () => {
    const { items } = openDatabase({
      'database.aggregate': () => {
        throw Object.assign(new Error('no such stage'), {
          code: 'CLOUDLET_DATABASE',
          details: () => ({ reason: 'DATABASE_INVALID_OPERATOR' }),
        })
      },
    })
    const error = await rejectionOf(items.aggregate().end())
    expect(error['errCode']).toBe(-502002)
    expect(error.message).toBe('collection.aggregate:fail -502002 database invalid command. no such stage')
  })

  test.each([
    [LIMITS.aggregateRowsDefault, false, 0, ''],
    [LIMITS.aggregateRowsDefault + 1, false, 1, 'the platform returns 20'],
    [LIMITS.aggregateRowsDefault + 1, true, 0, ''],
  ])('%i documents, with limit %s, give %i warnings', async (count, isLimited, warned, text) => {
    const { items, warnings } = openDatabase(answer(count))
    const chain = items.aggregate()
    await (isLimited ? chain.limit(1000) : chain).end()
    expect(warnings).toHaveLength(warned)
    expect(warnings.join()).toContain(text)
  })

  test('what is left out is told', async () => {
    const { items, warnings } = openDatabase(answer(3, true))
    await items.aggregate().limit(5).end()
    expect(warnings).toEqual([expect.stringContaining('the rest is left out')])
  })

  test('explain asks for the pipeline', async () => {
    const explained = {
      ...{ plan: 'scan', indexes: [], bounds: [], exact: false, sort: 'none', examined: 3, returned: 1 },
      stages: [{ name: '$group', by: 'storage' }],
    }
    const { items, recording } = openDatabase({ 'database.explain': explained })
    const result = await items
      .aggregate()
      .group({ _id: null, n: { $sum: 1 } })
      .explain()
    expect(result).toEqual({ ...explained, errMsg: 'collection.aggregate.explain:ok' })
    expect(recording.calls.at(-1)).toMatchObject({
      op: 'database.explain',
      args: { collection: 'items', filter: {}, pipeline: [{ $group: { _id: null, n: { $sum: 1 } } }] },
    })
  })

  test('clients may use callbacks', async () => {
    const recording = recordCalls(answer(1))
    const client = createDatabase({ call: recording.call, profile: 'client' })
    const result = await new Promise(resolve => {
      void client.collection('items').aggregate().end({ success: resolve })
    })
    expect(result).toEqual({ list: [{ _id: 0 }], errMsg: 'collection.aggregate:ok' })
  })
})
