import { describe, expect, test } from 'vitest'
import { openDatabase } from './opener.ts'
import { rejectionOf } from './recorder.ts'

describe('what crosses', () => {
  test('queries are immutable and can be branched', async () => {
    const { items, recording } = openDatabase()
    const base = items.where({ a: 1 }).limit(5)
    base.orderBy('x', 'asc').skip(3)
    base.where({ b: 2 })
    await base.get()
    expect(recording.last()).toStrictEqual({ collection: 'items', filter: { a: 1 }, limit: 5 })
  })

  test('a later change of the condition object does not count', async () => {
    const { items, recording } = openDatabase()
    const condition = { a: 1 }
    const query = items.where(condition)
    condition.a = 2
    await query.get()
    expect(recording.last()).toMatchObject({ filter: { a: 1 } })
  })

  test.each([
    [undefined, 100],
    [0, 100],
    [1000, 1000],
    [1001, 1000],
  ])('server limit %s is %s', async (asked, sent) => {
    const { items, recording, warnings } = openDatabase()
    await (asked === undefined ? items : items.limit(asked)).get()
    expect(recording.last()).toMatchObject({ limit: sent })
    expect(warnings).toHaveLength(asked === 1001 ? 1 : 0)
  })

  test('orderBy of one path twice changes its direction', async () => {
    const { items, recording } = openDatabase()
    await items.orderBy('a', 'asc').orderBy('b', 'asc').orderBy('a', 'desc').get()
    expect(recording.last()).toMatchObject({
      sort: [
        ['a', -1],
        ['b', 1],
      ],
    })
  })

  test('orderBy takes 32 fields', () => {
    let query = openDatabase().items.orderBy('f0', 'asc')
    for (let index = 1; index < 32; index++) query = query.orderBy(`f${index}`, 'asc')
    expect(() => query.orderBy('f32', 'asc')).toThrow('orderBy takes 32 fields at most')
  })

  test('projections of arrays', async () => {
    const { db, items, recording } = openDatabase()
    const { project } = db.command
    await items
      .doc('a')
      .field({ n: 2, a: project.slice(2), b: project.slice([1, 3]), c: project.elemMatch({ x: 1 }) })
      .get()
      .catch(() => {})
    expect(recording.last()).toStrictEqual({
      collection: 'items',
      filter: { _id: 'a' },
      limit: 1,
      projection: { n: 1, a: { $slice: 2 }, b: { $slice: [1, 3] }, c: { $elemMatch: { x: 1 } } },
    })
  })

  test('count, update and remove', async () => {
    const { items, recording } = openDatabase()
    const some = items.where({ a: 1 }).skip(3).limit(5)
    await some.count()
    await some.update({ data: { b: 2 } })
    await some.remove({ multi: false })
    await items.doc(5).remove()
    expect(recording.calls.map(({ op, args }) => [op, args])).toStrictEqual([
      ['database.count', { collection: 'items', filter: { a: 1 } }],
      ['database.update', { collection: 'items', filter: { a: 1 }, update: { $set: { b: 2 } }, multi: true }],
      ['database.remove', { collection: 'items', filter: { a: 1 }, multi: false }],
      ['database.remove', { collection: 'items', filter: { _id: 5 }, multi: false }],
    ])
  })

  test('update of nothing but undefined sends an empty update', async () => {
    const { items, recording } = openDatabase()
    await items.doc('a').update({ data: { a: undefined } })
    expect(recording.last()).toMatchObject({ update: {} })
  })

  test('add without data adds an empty document', async () => {
    const { items, recording } = openDatabase()
    await items.add({})
    expect(recording.last()).toStrictEqual({ collection: 'items', documents: [{}] })
  })

  test('addToSet takes each; pull takes values, dates and geometry', async () => {
    const { db, items, recording } = openDatabase()
    const { addToSet, pull, bit } = db.command
    await items.doc('a').update({
      data: {
        s: addToSet({ each: [1, 2] }),
        p: pull(new Date(0)),
        q: pull(new db.Geo.Point(1, 2)),
        r: pull(db.command.gt(1).lt(5)),
        b: bit({ and: 5 }),
      },
    })
    expect(recording.last()).toMatchObject({
      update: {
        $addToSet: { s: { $each: [1, 2] } },
        $pull: {
          p: { $date: 0 },
          q: { type: 'Point', coordinates: [1, 2] },
          r: { $gt: 1, $lt: 5 },
        },
        $bit: { b: { and: 5 } },
      },
    })
    expect(() => pull(db.command.or(1, 2))).toThrow('Use _.in()')
  })

  test('__proto__ in data stays an ordinary key', async () => {
    const { items, recording } = openDatabase()
    await items.add({ data: JSON.parse('{"__proto__": {"polluted": 1}}') })
    expect(JSON.stringify(recording.last())).toContain('"__proto__":{"polluted":1}')
    await items.doc('a').update({ data: JSON.parse('{"__proto__": 1}') })
    expect(JSON.stringify(recording.last())).toContain('"$set":{"__proto__":1}')
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})

describe('reading', () => {
  test('dates, numbers and geometry are revived, look-alikes are not', async () => {
    const { db, items } = openDatabase({
      'database.query': {
        documents: [
          {
            _id: 'a',
            at: { $date: 5 },
            n: { $numberDouble: 'NaN' },
            where: { type: 'Point', coordinates: [1, 2] },
            list: [{ type: 'MultiPoint', coordinates: [[1, 2]] }],
            not: { type: 'Point', coordinates: [999, 0] },
            more: { type: 'Point', coordinates: [1, 2], extra: 1 },
          },
        ],
      },
    })
    const { data } = await items.get()
    const [found] = data
    expect(found?.['at']).toStrictEqual(new Date(5))
    expect(found?.['n']).toBeNaN()
    expect(found?.['where']).toBeInstanceOf(db.Geo.Point)
    expect(found?.['where']).toMatchObject({ longitude: 1, latitude: 2 })
    expect(found?.['list']).toStrictEqual([db.Geo.MultiPoint([db.Geo.Point(1, 2)])])
    expect(found?.['not']).toStrictEqual({ type: 'Point', coordinates: [999, 0] })
    expect(found?.['more']).toStrictEqual({ type: 'Point', coordinates: [1, 2], extra: 1 })
  })

  test('a document of just type and coordinates stays one', async () => {
    const { items } = openDatabase({
      'database.query': { documents: [{ type: 'Point', coordinates: [1, 2] }] },
    })
    const { data } = await items.field({ _id: false }).get()
    expect(data).toStrictEqual([{ type: 'Point', coordinates: [1, 2] }])
  })

  test('a missing document rejects, or is null', async () => {
    const error = await rejectionOf(openDatabase().items.doc('nope').get())
    expect({ ...error }).toStrictEqual({
      errCode: -1,
      errMsg: 'document.get:fail document with _id nope does not exist',
    })
    expect(await openDatabase({}, false).items.doc('nope').get()).toStrictEqual({
      data: null,
      errMsg: 'document.get:ok',
    })
  })
})
