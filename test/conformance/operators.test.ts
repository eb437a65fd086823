import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { createDatabase } from '../../src/sdk/database.ts'
import type { Projection } from '../../src/sdk/projection.ts'
import type { DocumentData } from '../../src/sdk/query.ts'
import { callDatabase } from './local-call.ts'

// Each command of wxcloud-spec §4.4 to §4.6 as a program writes it, against the engine: what it finds and changes.

const engine = new Database()
afterAll(() => engine.close())
const db = createDatabase({ call: callDatabase(engine), profile: 'server' })
const _ = db.command
const $ = db.command.aggregate
const { Geo } = db
const goods = db.collection('goods')
const box = (west: number, south: number, east: number, north: number): object =>
  Geo.Polygon([
    Geo.LineString([
      Geo.Point(west, south),
      Geo.Point(east, south),
      Geo.Point(east, north),
      Geo.Point(west, north),
      Geo.Point(west, south),
    ]),
  ])

const GOODS = [
  {
    _id: 'pen',
    n: 1,
    s: 'Mini pen',
    tags: ['red', 'blue'],
    style: { color: 'w', size: 'L' },
    at: new Date(1000),
    loc: Geo.Point(113, 23),
  },
  {
    _id: 'ink',
    n: 5,
    s: 'ink',
    tags: [],
    style: { color: 'y', size: 'S' },
    at: new Date(2000),
    loc: Geo.Point(114, 23),
    none: null,
  },
  {
    _id: 'cup',
    n: 9,
    s: 'mini\ncup',
    tags: 'red',
    lines: [
      { q: 1, w: 5 },
      { q: 2, w: 50 },
    ],
    root: { objects: [{ numbers: [10, 20, 30] }, { numbers: [50] }] },
  },
  {
    _id: 7,
    n: 12.5,
    a: 3,
    b: 2,
    marks: [1, 4, 9],
    style: { color: 'w', size: 'L', deep: { w: 1 } },
    area: box(113, 22, 115, 24),
  },
  { _id: '7', n: Number.NaN, a: 2, b: 3, marks: [-3, 40], list: [[1, 2], [3]] },
]
type Goods = 'pen' | 'ink' | 'cup' | 7 | '7'

beforeAll(async () => {
  await db.createCollection('goods')
  await goods.add({ data: GOODS })
})

const unset: unknown = undefined

const QUERIES: readonly [spelling: string, condition: object, found: readonly Goods[]][] = [
  // Values
  ['a value', { s: 'ink' }, ['ink']],
  ['a value in an array', { tags: 'red' }, ['pen', 'cup']],
  ['null: null or missing', { none: null }, ['pen', 'ink', 'cup', 7, '7']],
  ['a Date', { at: new Date(1000) }, ['pen']],
  ['a nested object: its fields only', { style: { color: 'w' } }, ['pen', 7]],
  ['an empty nested object: anything', { style: {}, n: 1 }, ['pen']],
  ['_.eq of an object: all of it', { style: _.eq({ color: 'w', size: 'L' }) }, ['pen']],
  ['_.eq of an object: in its order', { style: _.eq({ size: 'L', color: 'w' }) }, []],
  ['a whole array', { tags: ['red', 'blue'] }, ['pen']],
  ['an array within an array', { list: [3] }, ['7']],
  ['undefined: ignored', { n: 1, s: unset }, ['pen']],
  ['a dotted key', { 'style.color': 'w' }, ['pen', 7]],
  ['a dotted key with an index', { 'tags.1': 'blue' }, ['pen']],
  ['a dotted key through arrays', { 'root.objects.numbers': 30 }, ['cup']],
  ['a dotted key with an index on the way', { 'root.objects.1.numbers': 50 }, ['cup']],
  ['a dotted key with two indexes', { 'root.objects.0.numbers.2': 30 }, ['cup']],
  ['a raw $ object', { s: { $regex: '^ink' } }, ['ink']],
  ['an id that is a number', { _id: 7 }, [7]],
  ['an id that is a string', { _id: '7' }, ['7']],
  ['a server date', { at: _.lt(db.serverDate()) }, ['pen', 'ink']],
  // Regular expressions
  ['a literal', { s: /^mini/ }, ['cup']],
  ['a literal with i', { s: /^mini/i }, ['pen', 'cup']],
  ['a literal with m', { s: /^cup/m }, ['cup']],
  ['a literal with s', { s: /mini.cup/s }, ['cup']],
  ['without s a dot is no newline', { s: /mini.cup/ }, []],
  ['db.RegExp', { s: db.RegExp({ regexp: '^MINI', options: 'i' }) }, ['pen', 'cup']],
  ['db.RegExp with ims', { s: db.RegExp({ regexp: '^M.*^C', options: 'ims' }) }, ['cup']],
  ['new db.RegExp', { s: Reflect.construct(db.RegExp, [{ regexp: 'k$' }]) as object }, ['ink']],
  ['a pattern on array elements', { tags: /^b/ }, ['pen']],
  ['a pattern in _.in', { s: _.in([/^MINI/i, 'ink']) }, ['pen', 'ink', 'cup']],
  ['a pattern in _.nin', { s: _.nin([/^MINI/i]) }, ['ink', 7, '7']],
  ['a pattern in _.not', { s: _.not(/mini/i) }, ['ink', 7, '7']],
  ['a pattern in _.or', { s: _.or(/^ink/, /^Mini/) }, ['pen', 'ink']],
  ['a pattern in _.elemMatch', { tags: _.elemMatch(/^B/i) }, ['pen']],
  ['db.RegExp in _.elemMatch', { tags: _.elemMatch(db.RegExp({ regexp: '^b' })) }, ['pen']],
  ['a pattern in _.all', { tags: _.all([/^r/, /e$/]) }, ['pen']],
  // Comparisons
  ['_.eq', { n: _.eq(5) }, ['ink']],
  ['_.eq of null', { none: _.eq(null) }, ['pen', 'ink', 'cup', 7, '7']],
  ['_.eq of NaN', { n: _.eq(Number.NaN) }, ['7']],
  ['_.neq: also missing', { a: _.neq(3) }, ['pen', 'ink', 'cup', '7']],
  ['_.neq of null', { none: _.neq(null) }, []],
  ['_.lt', { n: _.lt(5) }, ['pen']],
  ['_.lte', { n: _.lte(5) }, ['pen', 'ink']],
  ['_.gt', { n: _.gt(9) }, [7]],
  ['_.gte', { n: _.gte(9) }, ['cup', 7]],
  ['_.gt compares one type only', { s: _.gt(0) }, []],
  ['_.gt of a string', { s: _.gt('ink') }, ['cup']],
  ['_.gt of a Date', { at: _.gt(new Date(1000)) }, ['ink']],
  ['_.gt of null finds nothing', { none: _.gt(null) }, []],
  ['_.gte of null', { none: _.gte(null) }, ['pen', 'ink', 'cup', 7, '7']],
  ['_.in', { n: _.in([1, 9, 'x']) }, ['pen', 'cup']],
  ['_.in of null', { at: _.in([null, new Date(1000)]) }, ['pen', 'cup', 7, '7']],
  ['_.in of nothing', { n: _.in([]) }, []],
  ['_.nin: also missing', { a: _.nin([3]) }, ['pen', 'ink', 'cup', '7']],
  ['_.exists', { none: _.exists(true) }, ['ink']],
  ['_.exists of false', { none: _.exists(false) }, ['pen', 'cup', 7, '7']],
  ['_.mod of two', { n: _.mod(4, 1) }, ['pen', 'ink', 'cup']],
  ['_.mod of an array', { n: _.mod([4, 1]) }, ['pen', 'ink', 'cup']],
  ['_.mod of a fraction', { n: _.mod(5, 2) }, [7]],
  ['_.mod of a negative', { marks: _.mod(2, -1) }, ['7']],
  ['_.all', { tags: _.all(['blue', 'red']) }, ['pen']],
  ['_.all on one value', { tags: _.all(['red']) }, ['pen', 'cup']],
  ['_.all of nothing', { tags: _.all([]) }, []],
  ['_.all of _.elemMatch', { lines: _.all([_.elemMatch({ q: 1 }), _.elemMatch({ w: _.gt(9) })]) }, ['cup']],
  ['_.elemMatch of a condition', { lines: _.elemMatch({ q: 2, w: _.gt(9) }) }, ['cup']],
  ['_.elemMatch: of one element', { lines: _.elemMatch({ q: 1, w: _.gt(9) }) }, []],
  ['_.elemMatch of a command', { marks: _.elemMatch(_.gt(5).lt(10)) }, [7]],
  ['without it each may be another element', { marks: _.gt(5).lt(0) }, ['7']],
  ['_.elemMatch of _.or', { marks: _.elemMatch(_.or(_.eq(4), _.gt(30))) }, [7, '7']],
  ['_.elemMatch of _.and', { marks: _.elemMatch(_.and(_.gt(1), _.lt(9))) }, [7]],
  ['_.elemMatch of _.or of conditions', { lines: _.elemMatch(_.or({ q: 9 }, { w: 50 })) }, ['cup']],
  ['_.size', { marks: _.size(2) }, ['7']],
  ['_.size of 0', { tags: _.size(0) }, ['ink']],
  ['_.expr', _.expr($.gt(['$a', '$b'])), [7]],
  ['_.expr beside fields', _.and([{ n: 12.5 }, _.expr($.gt(['$a', '$b']))]), [7]],
  ['_.jsonSchema', _.jsonSchema({ required: ['marks'], properties: { a: { minimum: 3 } } }), [7]],
  // Geometry
  ['_.geoNear', { loc: _.geoNear({ geometry: Geo.Point(113.9, 23) }) }, ['ink', 'pen']],
  [
    '_.geoNear with maxDistance',
    { loc: _.geoNear({ geometry: Geo.Point(113.9, 23), maxDistance: 11_000 }) },
    ['ink'],
  ],
  [
    '_.geoNear with minDistance',
    { loc: _.geoNear({ geometry: Geo.Point(113.9, 23), minDistance: 11_000 }) },
    ['pen'],
  ],
  ['_.geoNear beside fields', { n: _.lt(5), loc: _.geoNear({ geometry: Geo.Point(113.9, 23) }) }, ['pen']],
  ['_.geoWithin', { loc: _.geoWithin({ geometry: box(112, 22, 113.5, 24) as never }) }, ['pen']],
  ['_.geoWithin of a circle', { loc: _.geoWithin({ centerSphere: [[114, 23], 0.001] }) }, ['ink']],
  ['_.geoIntersects', { area: _.geoIntersects({ geometry: Geo.Point(114, 23) }) }, [7]],
  [
    '_.geoIntersects of a line',
    { area: _.geoIntersects({ geometry: Geo.LineString([Geo.Point(112, 23), Geo.Point(116, 23)]) }) },
    [7],
  ],
  [
    '_.not of geometry: also missing',
    { loc: _.not(_.geoWithin({ centerSphere: [[114, 23], 0.001] })) },
    ['pen', 'cup', 7, '7'],
  ],
  // Chaining: and
  ['_.gt().lt()', { n: _.gt(1).lt(9) }, ['ink']],
  ['_.gte().lte().neq()', { n: _.gte(1).lte(9).neq(5) }, ['pen', 'cup']],
  ['_.in().nin()', { n: _.in([1, 5]).nin([5]) }, ['pen']],
  ['_.gt().eq()', { n: _.gt(1).eq(5) }, ['ink']],
  ['_.exists().in()', { n: _.exists(true).in([1]) }, ['pen']],
  [
    '_.exists().geoWithin()',
    { loc: _.exists(true).geoWithin({ centerSphere: [[114, 23], 0.001] }) },
    ['ink'],
  ],
  ['_.exists().geoNear()', { loc: _.exists(true).geoNear({ geometry: Geo.Point(114, 23) }) }, ['ink', 'pen']],
  [
    '_.exists().geoIntersects()',
    { area: _.exists(true).geoIntersects({ geometry: Geo.Point(114, 23) }) },
    [7],
  ],
  // Logic in its four spellings
  ['infix and', { n: _.gt(1).and(_.lt(9)) }, ['ink']],
  ['infix or', { n: _.lt(5).or(_.gt(9)) }, ['pen', 7]],
  ['infix nor', { n: _.lt(5).nor(_.gt(9)) }, ['ink', 'cup', '7']],
  ['infix not', { n: _.lt(5).not(_.gt(9)) }, ['ink', 'cup', '7']],
  ['infix and, or', { n: _.gt(1).and(_.lt(9)).or(_.eq(12.5)) }, ['ink', 7]],
  ['prefix and', { n: _.and(_.gt(1), _.lt(9)) }, ['ink']],
  ['prefix or', { n: _.or(_.gt(9), _.lt(5)) }, ['pen', 7]],
  ['prefix or of an array', { n: _.or([_.gt(9), _.lt(5)]) }, ['pen', 7]],
  ['prefix or of values', { n: _.or(1, 5) }, ['pen', 'ink']],
  ['prefix nor', { n: _.nor(_.eq(1), _.eq(5)) }, ['cup', 7, '7']],
  ['prefix not', { n: _.not(_.gt(1)) }, ['pen', '7']],
  ['prefix not of logic', { n: _.not(_.or(_.eq(1), _.gt(5))) }, ['ink', '7']],
  ['top or of an array', _.or([{ n: _.lte(1) }, { style: { color: _.in(['y']) } }]), ['pen', 'ink']],
  ['top or of arguments', _.or({ n: 1 }, { n: 5 }), ['pen', 'ink']],
  ['top and', _.and({ n: _.gt(1) }, { tags: 'red' }), ['cup']],
  ['top nor', _.nor([{ n: 1 }, { n: 5 }]), ['cup', 7, '7']],
  ['top not', _.not({ n: _.lt(10) }), [7, '7']],
  ['nested', _.and([{ style: { color: 'w' } }, _.or({ n: 1 }, { a: _.gt(3) })]), ['pen']],
  ['two fields with or', { n: _.or(_.eq(1), _.eq(9)), tags: _.or(_.eq('blue'), _.size(0)) }, ['pen']],
  ['logic below an object', { style: { color: _.eq('w').or(_.eq('y')), size: 'S' } }, ['ink']],
]

describe('a query', () => {
  test.each(QUERIES)('%s', async (_spelling, condition, found) => {
    const { data } = await goods.where(condition).get()
    expect(data.map(({ _id }) => _id)).toEqual(found)
    expect(await goods.where(condition).count()).toMatchObject({ total: found.length })
  })

  test('only some commands can be chained', () => {
    for (const name of ['expr', 'jsonSchema', 'set', 'inc', 'aggregate']) {
      expect(Reflect.get(_.eq(1), name)).toBeUndefined()
    }
  })

  test.each<[string, object, errCode: number, text: string]>([
    ['_.in of no array', { n: _.in(5 as never) }, -501007, '$in needs an array'],
    ['_.mod by 0', { n: _.mod(0, 1) }, -501007, '$mod needs a divisor'],
    ['_.size of a fraction', { n: _.size(1.5) }, -501007, '$size needs'],
    ['the option x', { s: db.RegExp({ regexp: 'a', options: 'x' }) }, -501007, 'options are i, m, s'],
    ['a pattern that is none', { s: db.RegExp({ regexp: '(' }) }, -501007, 'Invalid regular expression'],
    ['_.gt of a pattern', { s: _.gt(/a/) }, -501007, 'regular expression'],
    ['_.neq of a pattern', { s: _.neq(/a/) }, -501007, 'regular expression'],
    [
      'two _.geoNear',
      { loc: _.geoNear({ geometry: Geo.Point(0, 0) }), area: _.geoNear({ geometry: Geo.Point(0, 0) }) },
      -501007,
      'one $nearSphere',
    ],
    [
      '_.geoNear within or',
      { loc: _.or(_.geoNear({ geometry: Geo.Point(0, 0) }), _.eq(1)) },
      -501007,
      'one $nearSphere',
    ],
    [
      '_.geoWithin of what crosses itself',
      {
        loc: {
          $geoWithin: {
            $geometry: {
              type: 'Polygon',
              coordinates: [
                [
                  [0, 0],
                  [9, 9],
                  [9, 0],
                  [0, 9],
                  [0, 0],
                ],
              ],
            },
          },
        },
      },
      -501007,
      'crosses itself',
    ],
    ["an operator there isn't", { n: { $near2: 1 } }, -502002, '$near2'],
  ])('refuses %s', async (_spelling, condition, errCode, text) => {
    await expect(goods.where(condition).get()).rejects.toMatchObject({
      errCode,
      errMsg: expect.stringContaining(text),
    })
  })
})

const FIELDS: readonly [string, id: Goods, projection: Projection, expected: object][] = [
  ['true', 'ink', { n: true }, { _id: 'ink', n: 5 }],
  ['1 and any other number', 'ink', { n: 1, s: 2 }, { _id: 'ink', n: 5, s: 'ink' }],
  ['false', 7, { marks: false, style: 0, area: false }, { _id: 7, n: 12.5, a: 3, b: 2 }],
  ['without _id', 'ink', { n: true, _id: false }, { n: 5 }],
  [
    'only without _id',
    '7',
    { _id: false },
    { n: Number.NaN, a: 2, b: 3, marks: [-3, 40], list: [[1, 2], [3]] },
  ],
  ['a path', 'pen', { 'style.color': true }, { _id: 'pen', style: { color: 'w' } }],
  ['a path through an array', 'cup', { 'lines.w': true }, { _id: 'cup', lines: [{ w: 5 }, { w: 50 }] }],
  ['_.project.slice', 7, { marks: _.project.slice(2), n: 1 }, { _id: 7, n: 12.5, marks: [1, 4] }],
  [
    '_.project.slice from the end',
    7,
    { marks: _.project.slice(-2), n: 1 },
    { _id: 7, n: 12.5, marks: [4, 9] },
  ],
  [
    '_.project.slice of a range',
    7,
    { marks: _.project.slice([1, 1]), n: 1 },
    { _id: 7, n: 12.5, marks: [4] },
  ],
  [
    '_.project.elemMatch',
    'cup',
    { lines: _.project.elemMatch({ w: _.gt(9) }) },
    { _id: 'cup', lines: [{ q: 2, w: 50 }] },
  ],
  ['_.project.elemMatch of a command', 7, { marks: _.project.elemMatch(_.gt(1)) }, { _id: 7, marks: [4] }],
  ['_.project.elemMatch of nothing', 7, { marks: _.project.elemMatch(_.gt(99)) }, { _id: 7 }],
]

describe('field', () => {
  test.each(FIELDS)('%s', async (_spelling, _id, projection, expected) => {
    const { data } = await goods.where({ _id }).field(projection).get()
    expect(data).toEqual([expected])
    expect((await goods.doc(_id).field(projection).get()).data).toEqual(expected)
  })

  test('refuses keeping and leaving out at once', async () => {
    await expect(goods.field({ n: true, s: false }).get()).rejects.toMatchObject({ errCode: -501007 })
  })
})

test('orderBy goes by the keys in their order, all types among each other', async () => {
  const ids = async (keys: readonly [string, 'asc' | 'desc'][]): Promise<unknown[]> => {
    const query = keys.reduce((chain, [path, direction]) => chain.orderBy(path, direction), goods.where({}))
    return (await query.get()).data.map(({ _id }) => _id)
  }
  expect(await ids([['n', 'asc']])).toEqual(['7', 'pen', 'ink', 'cup', 7])
  expect(await ids([['n', 'desc']])).toEqual([7, 'cup', 'ink', 'pen', '7'])
  expect(
    await ids([
      ['style.color', 'desc'],
      ['n', 'desc'],
    ]),
  ).toEqual(['ink', 7, 'pen', 'cup', '7'])
  expect(
    await ids([
      ['marks', 'asc'],
      ['_id', 'asc'],
    ]),
  ).toEqual(['cup', 'ink', 'pen', '7', 7])
})

describe('an update', () => {
  const items = db.collection('items')
  beforeAll(() => db.createCollection('items'))
  beforeEach(() => items.where({}).remove())

  const UPDATES: readonly [spelling: string, before: DocumentData, data: object, after: DocumentData][] = [
    ['a value', { a: 1, b: 2 }, { a: 5 }, { a: 5, b: 2 }],
    [
      'a nested object: merged',
      { style: { color: 'w', size: 'L' } },
      { style: { color: 'b' } },
      { style: { color: 'b', size: 'L' } },
    ],
    ['a nested object where there is none', {}, { style: { deep: { w: 1 } } }, { style: { deep: { w: 1 } } }],
    ['an empty object: nothing', { a: 1, s: { x: 1 } }, { a: 2, s: {} }, { a: 2, s: { x: 1 } }],
    ['an array: whole', { l: [1, 2, 3] }, { l: [9] }, { l: [9] }],
    ['null and a Date', { a: 1, d: 1 }, { a: null, d: new Date(5) }, { a: null, d: new Date(5) }],
    [
      'geometry: whole',
      { g: { type: 'Point', coordinates: [0, 0] } },
      { g: Geo.Point(1, 2) },
      { g: Geo.Point(1, 2) },
    ],
    ['undefined: left', { a: 1, b: 1 }, { a: unset, b: 2 }, { a: 1, b: 2 }],
    ['a dotted key', { o: { a: 1, b: 1 } }, { 'o.a': 2 }, { o: { a: 2, b: 1 } }],
    ['an index', { l: [{ done: false, t: 1 }] }, { 'l.0.done': true }, { l: [{ done: true, t: 1 }] }],
    ['an index beyond the end', { l: [1] }, { 'l.3': 4 }, { l: [1, null, null, 4] }],
    ['_.set: replaces', { o: { a: 1, b: 1 } }, { o: _.set({ x: 1 }) }, { o: { x: 1 } }],
    ['_.remove', { a: 1, b: 1 }, { a: _.remove() }, { b: 1 }],
    ['_.remove below', { o: { a: 1, b: 1 } }, { o: { a: _.remove() }, 'o.c': 1 }, { o: { b: 1, c: 1 } }],
    ['_.inc', { a: 1 }, { a: _.inc(2), b: _.inc(-3) }, { a: 3, b: -3 }],
    ['_.mul', { a: 3 }, { a: _.mul(2), b: _.mul(5) }, { a: 6, b: 0 }],
    ['_.min', { a: 3, b: 3 }, { a: _.min(1), b: _.min(9), c: _.min(2) }, { a: 1, b: 3, c: 2 }],
    ['_.max', { a: 3, b: 3 }, { a: _.max(1), b: _.max(9), c: _.max(2) }, { a: 3, b: 9, c: 2 }],
    ['_.min and _.max among types', { a: 3, b: 3 }, { a: _.min('x'), b: _.max('x') }, { a: 3, b: 'x' }],
    ['_.rename', { a: 1, b: 2 }, { a: _.rename('c'), b: _.rename('o.deep') }, { c: 1, o: { deep: 2 } }],
    ['_.rename of nothing', { b: 2 }, { a: _.rename('c') }, { b: 2 }],
    [
      '_.bit',
      { a: 13, b: 1, c: 5 },
      { a: _.bit({ and: 10 }), b: _.bit({ or: 6 }), c: _.bit({ xor: 1 }) },
      { a: 8, b: 7, c: 4 },
    ],
    ['_.push of a value', { l: [1] }, { l: _.push(2) }, { l: [1, 2] }],
    ['_.push of arguments', { l: [1] }, { l: _.push(2, 3) }, { l: [1, 2, 3] }],
    ['_.push of an array: its elements', { l: [1] }, { l: _.push([2, 3]) }, { l: [1, 2, 3] }],
    ['_.push of an array in an array', { l: [1] }, { l: _.push([[2, 3]]) }, { l: [1, [2, 3]] }],
    ['_.push where there is none', {}, { l: _.push('x') }, { l: ['x'] }],
    ['_.push of an object', { l: [] }, { l: _.push({ x: 1 }) }, { l: [{ x: 1 }] }],
    [
      '_.push with position',
      { l: [1, 4] },
      { l: _.push({ each: [2, 3], position: 1 }) },
      { l: [1, 2, 3, 4] },
    ],
    [
      '_.push with a position from the end',
      { l: [1, 4] },
      { l: _.push({ each: [2, 3], position: -1 }) },
      { l: [1, 2, 3, 4] },
    ],
    [
      '_.push with sort and slice',
      { l: [5, 1] },
      { l: _.push({ each: [3, 9], sort: -1, slice: 3 }) },
      { l: [9, 5, 3] },
    ],
    [
      '_.push with sort by a field',
      { l: [{ n: 2 }] },
      { l: _.push({ each: [{ n: 1 }], sort: { n: 1 } }) },
      { l: [{ n: 1 }, { n: 2 }] },
    ],
    [
      '_.push with a slice from the end',
      { l: [1, 2] },
      { l: _.push({ each: [3], slice: -2 }) },
      { l: [2, 3] },
    ],
    ['_.push of nothing but a slice', { l: [1, 2] }, { l: _.push({ each: [], slice: 1 }) }, { l: [1] }],
    ['_.pop', { l: [1, 2, 3] }, { l: _.pop() }, { l: [1, 2] }],
    ['_.shift', { l: [1, 2, 3] }, { l: _.shift() }, { l: [2, 3] }],
    ['_.unshift', { l: [3] }, { l: _.unshift(1, 2) }, { l: [1, 2, 3] }],
    ['_.unshift of an array', { l: [3] }, { l: _.unshift([1, 2]) }, { l: [1, 2, 3] }],
    ['_.pull of a value', { l: [1, 3, 3, 5] }, { l: _.pull(3) }, { l: [1, 5] }],
    ['_.pull of a command', { l: [1, 2, 3] }, { l: _.pull(_.in([1, 2])) }, { l: [3] }],
    ['_.pull of chained commands', { l: [1, 2, 3] }, { l: _.pull(_.gt(1).lt(3)) }, { l: [1, 3] }],
    [
      '_.pull of a condition',
      { l: [{ a: 1, b: 1 }, { a: 3 }] },
      { l: _.pull({ a: _.gt(1) }) },
      { l: [{ a: 1, b: 1 }] },
    ],
    ['_.pull of an object', { l: [{ a: 1, b: 1 }, { a: 3 }] }, { l: _.pull({ a: 1 }) }, { l: [{ a: 3 }] }],
    ['_.pull of a pattern', { l: ['ab', 'cd'] }, { l: _.pull(/^a/) }, { l: ['cd'] }],
    [
      '_.pull of db.RegExp',
      { l: ['ab', 'cd'] },
      { l: _.pull(db.RegExp({ regexp: '^A', options: 'i' })) },
      { l: ['cd'] },
    ],
    ['_.pullAll', { l: [1, 2, 1, 3, { a: 1 }] }, { l: _.pullAll([1, { a: 1 }]) }, { l: [2, 3] }],
    ['_.addToSet of a new value', { l: [1] }, { l: _.addToSet(2) }, { l: [1, 2] }],
    ['_.addToSet of a value there', { l: [1] }, { l: _.addToSet(1) }, { l: [1] }],
    ['_.addToSet of an array: one element', { l: [1] }, { l: _.addToSet([1, 2]) }, { l: [1, [1, 2]] }],
    ['_.addToSet of each', { l: [1] }, { l: _.addToSet({ each: [1, 2, 2] }) }, { l: [1, 2] }],
    ['_.addToSet of $each', { l: [1] }, { l: _.addToSet({ $each: [1, 2] }) }, { l: [1, 2] }],
    ['_.addToSet where there is none', {}, { l: _.addToSet({ x: 1 }) }, { l: [{ x: 1 }] }],
    [
      'commands below objects',
      { s: { c: 1, d: { y: 1 }, e: 1 } },
      { s: { c: _.inc(1), d: _.set({ x: 1 }), e: _.remove(), f: { g: _.push([1]) } } },
      { s: { c: 2, d: { x: 1 }, f: { g: [1] } } },
    ],
    [
      'a command on an element',
      { l: [{ n: 1 }, { n: 2 }] },
      { 'l.1.n': _.inc(5) },
      { l: [{ n: 1 }, { n: 7 }] },
    ],
  ]

  test.each(UPDATES)('%s', async (_spelling, before, data, after) => {
    await items.add({ data: { _id: 'x', ...before } })
    expect(await items.doc('x').update({ data })).toMatchObject({ stats: { updated: 1 } })
    expect((await items.doc('x').get()).data).toEqual({ _id: 'x', ...after })
  })

  test('of the element that the condition found', async () => {
    await items.add({ data: { _id: 'x', list: [{ k: 1 }, { k: 2 }] } })
    await items.where({ 'list.k': 2 }).update({ data: { 'list.$.x': _.inc(1) } })
    expect((await items.doc('x').get()).data).toEqual({ _id: 'x', list: [{ k: 1 }, { k: 2, x: 1 }] })
  })

  test('with serverDate in push and below objects', async () => {
    const start = Date.now()
    await items.add({ data: { _id: 'x', l: [] } })
    await items
      .doc('x')
      .update({ data: { l: _.push({ at: db.serverDate() }), o: { d: db.serverDate({ offset: 60_000 }) } } })
    const times = (await items.field({ 'l.at': true, 'o.d': true }).get()).data.flatMap(({ l, o }) => [l, o])
    expect(times).toEqual([[{ at: expect.any(Date) }], { d: expect.any(Date) }])
    const [[{ at }], { d }] = times as [[{ at: Date }], { d: Date }]
    expect(at.getTime()).toBeGreaterThanOrEqual(start)
    expect(d.getTime() - at.getTime()).toBe(60_000)
  })

  test('updates and removes the nearest first', async () => {
    await items.add({ data: [1, 2, 3].map(n => ({ _id: n, loc: Geo.Point(n, 0) })) })
    const near = items.where({ loc: _.geoNear({ geometry: Geo.Point(2.6, 0) }) })
    await near.update({ data: { first: true }, multi: false })
    await near.remove({ multi: false })
    expect((await items.where({}).get()).data.map(({ _id }) => _id)).toEqual([1, 2])
    expect(await near.update({ data: { all: true } })).toMatchObject({ stats: { updated: 2 } })
  })

  test.each<[string, DocumentData, object, errCode: number, text: string]>([
    ['_.inc of a string', { a: 'x' }, { a: _.inc(1) }, -502001, 'non-numeric'],
    ['_.inc by a string', { a: 1 }, { a: _.inc('1' as never) }, -501007, 'must be a number'],
    ['_.push to a number', { a: 1 }, { a: _.push(1) }, -502001, 'must be an array'],
    ['_.pop of a string', { a: 'x' }, { a: _.pop() }, -502001, 'must be an array'],
    ['a field of a number', { a: 1 }, { 'a.b': 1 }, -502001, "Cannot create field 'b'"],
    ['a path twice', { a: 1 }, { 'a.b': 1, a: { b: 2 } }, -502001, 'conflict'],
    ['a path and one above it', { a: {} }, { a: _.set({}), 'a.b': 1 }, -502001, 'conflict'],
    ['_.rename to what is set', { a: 1 }, { a: _.rename('b'), b: 1 }, -502001, 'conflict'],
    ['$ without a condition on the array', { l: [1] }, { 'l.$': 1 }, -502001, 'positional operator'],
  ])('refuses %s', async (_spelling, before, data, errCode, text) => {
    await items.add({ data: { _id: 'x', ...before } })
    await expect(items.doc('x').update({ data })).rejects.toMatchObject({
      errCode,
      errMsg: expect.stringContaining(text),
    })
    expect((await items.doc('x').get()).data).toEqual({ _id: 'x', ...before })
  })

  test('that fails for one document changes none', async () => {
    await items.add({ data: [{ n: 1 }, { n: 'x' }] })
    await expect(items.where({}).update({ data: { n: _.inc(1) } })).rejects.toMatchObject({
      errCode: -502001,
    })
    expect((await items.where({}).get()).data.map(({ n }) => n)).toEqual([1, 'x'])
  })

  test('set refuses update commands', async () => {
    await expect(items.doc('x').set({ data: { a: _.inc(1) } })).rejects.toMatchObject({
      errCode: -502001,
      errMsg: expect.stringContaining('update operator complicit'),
    })
  })
})
