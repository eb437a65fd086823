import { describe, expect, test } from 'vitest'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import { parseWatchUpdate, type WatchUpdate } from '../../src/protocol/watching.ts'
import { decodeDocument } from '../../src/sdk/document-data.ts'
import { diffFields } from '../../src/sdk/document-diff.ts'
import { WatchList } from '../../src/sdk/watch-list.ts'
import fc from '../random.ts'

const names = fc.constantFrom('a', 'b', 'c', '__proto__')
const documentArb = fc.letrec<{ fields: EncodedObject; value: Encoded }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Encoded[]>(1, 'x', null, true, { $date: 5 }, { $numberDouble: 'NaN' }, {}, []),
    fc.array(tie('value'), { maxLength: 2 }),
    tie('fields'),
  ),
  fields: fc
    .uniqueArray(fc.tuple(names, tie('value')), { maxLength: 3, selector: ([name]) => name })
    .map(fromPairs),
})).fields

function fromPairs(pairs: [string, Encoded][]): EncodedObject {
  return JSON.parse(
    `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  )
}

/** As a program would that keeps its own copy: set and unset by path. */
function applyDifference(
  document: Record<string, unknown>,
  { updatedFields, removedFields }: ReturnType<typeof diffFields>,
): void {
  const parentOf = (path: string): [Record<string, unknown>, string] => {
    const segments = path.split('.')
    const last = segments.pop() ?? ''
    const parent = segments.reduce<Record<string, unknown>>(
      (object, name) => Object.getOwnPropertyDescriptor(object, name)?.value,
      document,
    )
    return [parent, last]
  }
  for (const path of removedFields) {
    const [parent, name] = parentOf(path)
    delete parent[name]
  }
  for (const [path, value] of Object.entries(updatedFields)) {
    const [parent, name] = parentOf(path)
    Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true })
  }
}

describe('updatedFields and removedFields', () => {
  test('make one document the other', () => {
    fc.assert(
      fc.property(documentArb, documentArb, (before, after) => {
        const document = decodeDocument(before)
        applyDifference(document, diffFields(before, after))
        expect(sorted(document)).toEqual(sorted(decodeDocument(after)))
      }),
    )
  })

  test('name nothing that is alike', () => {
    fc.assert(
      fc.property(documentArb, document => {
        expect(diffFields(document, structuredClone(document))).toEqual({
          updatedFields: {},
          removedFields: [],
        })
      }),
    )
  })

  test('decode what they hold', () => {
    const point = { type: 'Point', coordinates: [1, 2] }
    expect(diffFields({ a: { b: 1 } }, { a: { b: { $date: 5 }, p: point } })).toEqual({
      updatedFields: { 'a.b': new Date(5), 'a.p': expect.objectContaining({ longitude: 1 }) },
      removedFields: [],
    })
  })
})

/** Without regard to the order of fields, which set and unset don't keep. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => [name, sorted(field)])
}

const placed = { index: 0, id: 'a', version: 'v', dataType: 'add', isNew: true, document: {} }
const update = (change: object): unknown => ({ isInit: false, left: [], placed: [], ...change })

describe('an update from the host', () => {
  test.each([
    [null],
    [[]],
    [{}],
    [update({ isInit: 1 })],
    [update({ left: {} })],
    [update({ left: [{ id: 'a' }] })],
    [update({ left: [{ id: {}, dataType: 'remove' }] })],
    [update({ left: [{ id: 'a', dataType: 'constructor' }] })],
    [update({ placed: [{ ...placed, index: 1.5 }] })],
    [update({ placed: [{ ...placed, version: 1 }] })],
    [update({ placed: [{ ...placed, isNew: undefined }] })],
    [update({ placed: [{ ...placed, document: [] }] })],
  ])('that is %j is refused', value => {
    expect(() => parseWatchUpdate(value)).toThrow(expect.objectContaining({ code: 'CLOUDLET_PROTOCOL' }))
  })

  test.each<[string, object]>([
    ['leaves without having been there', { left: [{ id: 'a', dataType: 'remove' }] }],
    ['is placed beyond the end', { placed: [{ ...placed, index: 1 }] }],
    ['comes without content', { placed: [{ ...placed, document: undefined }] }],
  ])('of a document that %s is refused', (_, change) => {
    const list = new WatchList()
    expect(() => list.apply(parseWatchUpdate(update(change)))).toThrow(
      expect.objectContaining({ code: 'CLOUDLET_PROTOCOL' }),
    )
    expect(list.documents).toEqual([])
  })

  test('may move a document it does not send again', () => {
    const list = new WatchList()
    const both = [0, 1].map(index => ({ ...placed, index, id: index, document: { _id: index } }))
    list.apply({ isInit: true, left: [], placed: both } as WatchUpdate)
    const [change] = list.apply(
      parseWatchUpdate(
        update({ placed: [{ ...placed, id: 1, isNew: false, dataType: 'update', document: undefined }] }),
      ),
    )
    expect(list.documents).toEqual([{ _id: 1 }, { _id: 0 }])
    expect(change).toMatchObject({ queueType: 'update', docId: 1, updatedFields: {}, removedFields: [] })
  })
})
