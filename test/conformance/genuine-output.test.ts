import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { createDatabase } from '../../src/sdk/database.ts'
import { callDatabase } from './local-call.ts'
import { filterVectors, updateVectors } from './vectors.ts'

// What the genuine SDK's builders send (wxcloud-spec Appendix B), in relaxed and in canonical form, does in the
// engine what the program says.

const engine = new Database()
afterAll(() => engine.close())
const db = createDatabase({ call: callDatabase(engine), profile: 'server' })

/** The same in canonical extended JSON, as the genuine SDK writes it: numbers and dates as text. */
function canonical(value: unknown): unknown {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return { $numberDouble: String(value) }
    return Math.abs(value) < 2 ** 31 ? { $numberInt: String(value) } : { $numberLong: String(value) }
  }
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null || '$tcb_server_date' in value) return value
  if ('$date' in value) return { $date: { $numberLong: String(value.$date) } }
  // The operand of $position and the like is a number, but coordinates stay GeoJSON.
  if ('coordinates' in value) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, canonical(field)]))
}

const { Geo } = db
const ITEMS = [
  {
    ...{
      _id: 'A',
      style: { color: 'w', size: 'L' },
      p: 3,
      a: 3,
      b: 2,
      x: 1,
      y: 2,
      s: 'a MINI',
      d: new Date(0),
    },
    ...{ e: { f: new Date(0) }, l: Geo.Point(2, 1), n: Geo.Point(-88, 31), k: Geo.Point(113, 23.0005), z: 1 },
  },
  {
    ...{
      _id: 'B',
      style: { color: 'y', size: 'S' },
      p: 9,
      a: { b: 2, c: { d: 1 } },
      x: [5, 2],
      al: [{ q: 1 }],
    },
    ...{ s: { c: 'w' }, y: null, z: 0, d: new Date(1), l: Geo.Point(1, 2), n: Geo.Point(0, 30) },
  },
  { _id: 'C', a: 1, b: 2, c: 4, x: 7, k: Geo.Point(113, 23), s: 'mini', z: null },
  { _id: 'D', a: 9, b: 10, x: null, s: 'other', style: { color: 'r', size: 'L' }, k: Geo.Point(114, 23) },
]

/** What each vector finds among them. */
const FOUND: Readonly<Record<string, readonly string[]>> = {
  'nested object and in': ['A'],
  'infix and': ['A'],
  'infix and, or': ['A', 'D'],
  'logic and fields below one object': ['B'],
  'exists and neq null': ['A'],
  'or of conditions': ['A', 'B', 'C', 'D'],
  'or inside and': ['C'],
  not: ['B', 'C', 'D'],
  nor: ['C', 'D'],
  'mod of two': ['A', 'B'],
  'mod of an array': ['A', 'B'],
  'elemMatch and all': ['B'],
  null: ['D'],
  dates: ['A'],
  undefined: ['A'],
  'empty object': ['A', 'B', 'C', 'D'],
  'regular expression': ['A', 'C'],
  'geoWithin area': ['A'],
  'geoWithin circle': ['A'],
  geoNear: ['A'],
  // An object comes after a missing field.
  expr: ['A', 'B'],
}

describe('a condition', () => {
  const collection = 'items'
  beforeAll(async () => {
    await db.createCollection(collection)
    await db.collection(collection).add({ data: ITEMS })
  })

  test.each(filterVectors(db))('%s', async (name, program, sent) => {
    const { data } = await db.collection(collection).where(program).get()
    expect(data.map(({ _id }) => _id)).toEqual(FOUND[name])
    for (const filter of [sent, canonical(sent)] as EncodedObject[]) {
      const { documents } = await engine.query({ collection, filter })
      expect(documents.map(({ _id }) => _id)).toEqual(FOUND[name])
    }
  })
})

/** A document before and after each vector. */
const CHANGED: Readonly<Record<string, readonly [before: object, after: object]>> = {
  'every basic command': [
    {
      ...{
        a: 1,
        p: { q: 1, r: 1 },
        style: { color: 'red', size: 'L', deep: { w: 0, v: 0 } },
        rep: { y: 1 },
        rm: 1,
      },
      ...{ mu: 3, t: ['zero'], po: [1, 2], sh: [1, 2], un: ['z'], arr: [], nul: 1 },
    },
    {
      ...{
        a: 2,
        p: { q: 2, r: 1 },
        style: { color: 'blue', size: 'L', deep: { w: 1, v: 0 } },
        rep: { x: 1 },
        mu: 6,
      },
      ...{
        t: ['zero', 'one'],
        t2: ['a', 'b'],
        po: [1],
        sh: [2],
        un: ['q', 'z'],
        arr: [1, { k: 2 }],
        nul: null,
      },
      sd: { $date: expect.any(Number) },
    },
  ],
  'later commands': [
    {
      pe: [5, 6],
      pl: [2, 3, 4],
      pl2: [{ a: 1, b: 2 }, { a: 2 }],
      pa: [1, 3, 2],
      as: [4],
      mi: 3,
      ma: 3,
      rn: 'v',
    },
    { pe: [6, 5, 2], pl: [2, 3], pl2: [{ a: 2 }], pa: [3], as: [4, 5], mi: 1, ma: 9, newname: 'v' },
  ],
  'commands below objects': [
    { s: { c: 1, d: { y: 1 }, e: 1, f: { g: [0] } }, k: { m: 1, n: 2 }, z: { keep: 1 } },
    { s: { c: 2, d: { x: 1 }, f: { g: [0, 1] } }, k: { n: 2 }, z: { keep: 1 }, y: [] },
  ],
  'push of two': [{}, { f: [1, 2] }],
  'push of an object': [{ f: [0] }, { f: [0, { x: 1 }] }],
  'push of an array': [{ f: [0] }, { f: [0, [1, 2]] }],
  'unshift of two': [{ f: [0] }, { f: [1, 2, 0] }],
  'pull of a command': [{ f: [1, 2, 3, 1] }, { f: [3] }],
  'pull of a condition': [{ g: [{ a: 1 }, { a: 2 }] }, { g: [{ a: 1 }] }],
  'addToSet of an array': [{ h: [1] }, { h: [1, [1, 2]] }],
}

describe('an update', () => {
  const collection = 'updated'
  beforeAll(() => db.createCollection(collection))

  test.each(updateVectors(db))('%s', async (name, program, sent) => {
    const [before, after] = CHANGED[name] ?? []
    const read = async (): Promise<unknown> =>
      (await engine.query({ collection, filter: { _id: 'x' } })).documents[0]
    const item = db.collection(collection).doc('x')
    await item.set({ data: { reset: true, ...before } })
    await item.update({ data: program })
    expect(await read()).toEqual({ _id: 'x', reset: true, ...after })
    for (const update of [sent, canonical(sent)] as EncodedObject[]) {
      await item.set({ data: { reset: true, ...before } })
      await engine.update({ collection, filter: { _id: 'x' }, update, multi: false })
      expect(await read()).toEqual({ _id: 'x', reset: true, ...after })
    }
  })
})

test('values in canonical form are stored as what they say', async () => {
  const collection = 'values'
  await db.createCollection(collection)
  const documents = [
    {
      _id: { $numberInt: '5' },
      int: { $numberInt: '-7' },
      long: { $numberLong: '9007199254740991' },
      double: { $numberDouble: '-1.5e3' },
      nan: { $numberDouble: 'NaN' },
      date: { $date: { $numberLong: '1540000000000' } },
      iso: { $date: '2018-08-31T17:30:00.882Z' },
      oid: { $oid: '5b8979d8c6f3a2b1a0e4d0c1' },
    },
  ]
  expect(await engine.add({ collection, documents })).toEqual({ ids: [5] })
  expect((await engine.query({ collection, filter: {} })).documents).toEqual([
    {
      _id: 5,
      int: -7,
      long: 9007199254740991,
      double: -1500,
      nan: { $numberDouble: 'NaN' },
      date: { $date: 1540000000000 },
      iso: { $date: Date.UTC(2018, 7, 31, 17, 30, 0, 882) },
      oid: '5b8979d8c6f3a2b1a0e4d0c1',
    },
  ])
})
