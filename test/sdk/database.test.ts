import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/errors.ts'
import { openDatabase } from './opener.ts'
import { rejectionOf } from './recorder.ts'

/** Results as text, since programs and our callers see key order too. */
async function textOf(promise: PromiseLike<unknown>): Promise<string> {
  return JSON.stringify(await promise)
}

describe('result shapes', () => {
  const { db, items } = openDatabase({
    'database.query': { documents: [{ _id: 'a', n: 1 }] },
    'database.count': { total: 7 },
    'database.update': { updated: 3 },
    'database.remove': { removed: 2 },
    'database.replace': { updated: 0, created: 1 },
  })

  test.each([
    ['add', () => items.add({ data: { a: 1 } }), '{"_id":"id-1","errMsg":"collection.add:ok"}'],
    ['add of an array', () => items.add({ data: [{}] }), '{"_ids":["id-1"],"errMsg":"collection.add:ok"}'],
    ['doc.get', () => items.doc('a').get(), '{"data":{"_id":"a","n":1},"errMsg":"document.get:ok"}'],
    ['get', () => items.get(), '{"data":[{"_id":"a","n":1}],"errMsg":"collection.get:ok"}'],
    [
      'doc.set',
      () => items.doc('a').set({ data: { a: 1 } }),
      '{"_id":"a","errMsg":"document.set:ok","stats":{"updated":0,"created":1}}',
    ],
    [
      'doc.update',
      () => items.doc('a').update({ data: { a: 1 } }),
      '{"stats":{"updated":3},"errMsg":"document.update:ok"}',
    ],
    ['doc.remove', () => items.doc('a').remove(), '{"stats":{"removed":2},"errMsg":"document.remove:ok"}'],
    [
      'update',
      () => items.where({ a: 1 }).update({ data: { a: 2 } }),
      '{"stats":{"updated":3},"errMsg":"collection.update:ok"}',
    ],
    [
      'remove',
      () => items.where({ a: 1 }).remove(),
      '{"stats":{"removed":2},"errMsg":"collection.remove:ok"}',
    ],
    ['count', () => items.count(), '{"total":7,"errMsg":"collection.count:ok"}'],
    [
      'createCollection',
      () => db.createCollection('x'),
      '{"errMsg":"createCollection:ok","requestId":"req-1"}',
    ],
  ])('%s', async (_name, run, expected) => {
    expect(await textOf(run())).toBe(expected)
  })
})

describe('synchronous throws', () => {
  const { db, items } = openDatabase()
  const any = (value: unknown): never => value as never

  test.each([
    ["limit('5')", () => items.limit(any('5')), 'limitmust be integer'],
    ['limit(1.5)', () => items.limit(1.5), 'limitmust be integer'],
    ['limit(-1)', () => items.limit(-1), 'limit must not be negative'],
    ['skip(1.5)', () => items.skip(1.5), 'offsetmust be integer'],
    ['skip(2 ** 53)', () => items.skip(2 ** 53), 'offsetmust be integer'],
    ["orderBy('a','up')", () => items.orderBy('a', any('up')), '排序字符不合法'],
    ['orderBy(1)', () => items.orderBy(any(1), 'asc'), 'orderBy needs the path of a field'],
    ["where('x')", () => items.where(any('x')), '查询参数必须为对象'],
    ['where(null)', () => items.where(any(null)), '查询参数必须为对象'],
    ['where([])', () => items.where([]), '查询参数必须为对象'],
    ['where of undefined', () => items.where({ a: undefined }), '查询参数对象值不能均为undefined'],
    ['doc(undefined)', () => items.doc(any(undefined)), 'docId必须为字符串或数字'],
    ['doc(NaN)', () => items.doc(Number.NaN), 'docId必须为字符串或数字'],
    ['collection()', () => db.collection(any(undefined)), 'Collection name is required'],
    ["collection('')", () => db.collection(''), 'Collection name is required'],
    ["field('a')", () => items.field(any('a')), 'field must be an object'],
    [
      'field of text',
      () => items.field({ a: any('1') }),
      'field "a" must be true, false or made by _.project',
    ],
  ])('%s', (_name, run, message) => {
    expect(run).toThrow(message)
  })

  test('a value that cannot be compared has wx fields', () => {
    const where = () => items.where({ a: 1n })
    expect(where).toThrow(
      "collection.where:fail -501007 invalid parameters. a is a BigInt, which can't be stored. Use a number or a string.",
    )
    expect(where).toThrow(expect.objectContaining({ errCode: -501007 }))
  })
})

describe('rejections of arguments', () => {
  const { items, recording } = openDatabase()
  const any = (value: unknown): never => value as never

  test.each([
    ['update of nothing', () => items.doc('a').update({ data: {} }), -1, 'options.data must not be empty'],
    ['set of nothing', () => items.doc('a').set({ data: {} }), -1, 'options.data must not be empty'],
    ['add of no documents', () => items.add({ data: [] }), -1, 'options.data must not be empty'],
    [
      'update without data',
      () => items.doc('a').update(any({})),
      -1,
      'parameter.data should be object instead of undefined;',
    ],
    [
      'where().update of text',
      () => items.where({}).update({ data: any('x') }),
      -1,
      'parameter.data should be object instead of string;',
    ],
    [
      'set without options',
      () => items.doc('a').set(any(undefined)),
      -1,
      'parameter should be object instead of undefined;',
    ],
    [
      'add of text',
      () => items.add({ data: any('x') }),
      -1,
      'parameter.data should be object instead of string;',
    ],
    [
      'add of a date',
      () => items.add({ data: new Date() }),
      -1,
      'parameter.data should be object instead of date;',
    ],
    [
      'add of a list with a number',
      () => items.add({ data: [{}, 1] }),
      -1,
      'parameter.data[1] should be object instead of number;',
    ],
    [
      'update of _id',
      () => items.doc('a').update({ data: { _id: 'b' } }),
      -501007,
      'document.update:fail -501007 invalid parameters. 不能更新_id的值',
    ],
    [
      'where().update of _id',
      () => items.where({}).update({ data: { _id: 'b' } }),
      -501007,
      'collection.update:fail -501007 invalid parameters. 不能更新_id的值',
    ],
    [
      'set with a command',
      () => items.doc('a').set({ data: { a: { b: openCommand().inc(1) } } }),
      -502001,
      'document.set:fail -502001 database request fail. update operator complicit',
    ],
    [
      'update of one path twice',
      () => items.doc('a').update({ data: { 'a.b': 1, a: { b: 2 } } }),
      -502001,
      'document.update:fail -502001 database request fail. data names the path "a.b" twice (conflict).',
    ],
    [
      'update with a query command',
      () => items.doc('a').update({ data: { a: openCommand().gt(1) } }),
      -501007,
      "document.update:fail -501007 invalid parameters. a holds a query command, which can't be stored.",
    ],
  ])('%s', async (_name, run, errCode, errMsg) => {
    const before = recording.calls.length
    const error = await rejectionOf(Promise.resolve<unknown>(run()))
    expect({ ...error }).toStrictEqual({ errCode, errMsg })
    expect(error.message).toBe(errMsg)
    expect(recording.calls).toHaveLength(before)
  })

  function openCommand() {
    return openDatabase().db.command
  }

  test('a Buffer is refused with what to do instead', async () => {
    const error = await rejectionOf(items.add({ data: { file: Buffer.from('x') } }))
    expect(error['errCode']).toBe(-501007)
    expect(error.message).toContain('data.file is binary data. Put it in file storage with uploadFile')
  })

  test('circular data ends', async () => {
    const circular: Record<string, unknown> = { a: 1 }
    circular['self'] = circular
    expect((await rejectionOf(items.add({ data: circular }))).message).toContain('circular')
    expect((await rejectionOf(items.doc('a').update({ data: circular }))).message).toContain('circular')
  })
})

test('errors of the host carry number and text', async () => {
  const message = '[ResourceNotFound] Db or Table not exist: items.'
  const { items } = openDatabase({
    'database.query': () => Promise.reject(new DatabaseError('DATABASE_COLLECTION_NOT_EXIST', message)),
  })
  const error = await rejectionOf(items.get())
  expect(error.name).toBe('Error')
  expect(JSON.stringify(error)).toBe(
    JSON.stringify({
      errCode: -502005,
      errMsg: `collection.get:fail -502005 database collection not exists. ${message}`,
    }),
  )
})

test('functions get promises whatever callbacks they pass', async () => {
  const called: unknown[] = []
  const result: unknown = openDatabase().items.count({ success: outcome => called.push(outcome) })
  expect(result).toBeInstanceOf(Promise)
  await result
  expect(called).toStrictEqual([])
})
