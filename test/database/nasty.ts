import type { Document } from '../../src/database/document.ts'
import { parseFilter } from '../../src/database/filter-parser.ts'
import { compileFilter, sortValue } from '../../src/database/match.ts'
import type { SortKey } from '../../src/database/sort.ts'
import { compareValues, RANKS, rankOf } from '../../src/database/value-order.ts'
import { decodeValue, type Encoded, type EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'

export interface QueryCase {
  readonly filter: EncodedObject
  readonly sort: [string, 1 | -1][]
  readonly skip: number
  readonly limit: number
}

/** The same query by the compiled matcher and a plain JavaScript sort. */
export function expected(
  documents: readonly EncodedObject[],
  { filter, sort, skip, limit }: QueryCase,
): number[] {
  const matches = compileFilter(parseFilter(filter, 0))
  const decoded = documents.map((document, _id) => decodeValue({ _id, ...document }) as Document)
  const found = decoded.filter(matches).sort((a, b) => compareDocuments(a, b, sort))
  return found.slice(skip, limit === 0 ? undefined : skip + limit).map(document => Number(document['_id']))
}

function compareDocuments(a: Document, b: Document, sort: readonly SortKey[]): number {
  for (const [path, direction] of sort) {
    const [left, right] = [a, b].map(document => sortValue(document, path.split('.'), direction))
    if (left === undefined || right === undefined) throw new Error('unreachable')
    const ranks = [left, right].map(key => (key.isNothing ? RANKS.nothing : rankOf(key.value)))
    const order = Number(ranks[0]) - Number(ranks[1]) || compareValues(left.value, right.value)
    if (order !== 0) return order * direction
  }
  return 0
}

const number = fc.constantFrom<Encoded>(
  0,
  1,
  2,
  -1,
  1.5,
  0.1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 60 + 256,
  -(2 ** 62),
  1e21,
  5e-324,
  { $numberDouble: 'NaN' },
  { $numberDouble: 'Infinity' },
  { $numberDouble: '-Infinity' },
)
const text = fc.constantFrom<Encoded>(
  '',
  'a',
  'b',
  'ab',
  'A',
  '1',
  'null',
  '{"b":1}',
  '[1]',
  'x\0y',
  'é',
  '\uffff',
  '😀',
  "o'hara",
  '"',
)
const date = fc.constantFrom<Encoded>({ $date: 0 }, { $date: 1 }, { $date: -5 }, { $date: 1.6e12 })
export const scalar = fc.oneof(number, text, date, fc.boolean(), fc.constant(null))
const names = ['a', 'b', 'c', '0', '1', "q'", 'x"y', '中', 'constructor', '__proto__', 'e\\']
export const field = fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c', ...names)
const { nasty } = fc.letrec<{ nasty: Encoded }>(tie => ({
  nasty: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    scalar,
    fc.array(tie('nasty'), { maxLength: 4 }),
    fc.array(fc.tuple(field, tie('nasty')), { maxLength: 3 }).map(toObject),
  ),
}))
export const document = fc.array(fc.tuple(field, nasty), { maxLength: 4 }).map(toObject)
export const path = fc.array(field, { minLength: 1, maxLength: 3 }).map(segments => segments.join('.'))
export const regex = fc.constantFrom<Encoded>(
  { $regularExpression: { pattern: 'a', options: '' } },
  { $regularExpression: { pattern: '^A', options: 'i' } },
)

/** Not through Object.fromEntries alone: a field may be called __proto__. */
export function toObject(entries: readonly (readonly [string, Encoded])[]): EncodedObject {
  return Object.fromEntries(entries)
}

const test1 = (value: fc.Arbitrary<Encoded>): fc.Arbitrary<EncodedObject> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), value)
      .map(entry => toObject([entry])),
    fc
      .tuple(fc.constantFrom('$in', '$nin'), fc.array(fc.oneof(value, regex), { maxLength: 4 }))
      .map(entry => toObject([entry])),
    fc.boolean().map($exists => ({ $exists })),
    fc.nat(3).map($size => ({ $size })),
    fc.array(value, { maxLength: 2 }).map($all => ({ $all })),
    fc.constant({ $mod: [2, 1] }),
    fc.constant({ $regex: 'a' }),
    fc.constantFrom('string', 'number', 'array', 'object', 'null').map($type => ({ $type })),
  )
const nastyTest = fc.oneof(
  { weight: 5, arbitrary: test1(nasty) },
  { weight: 1, arbitrary: test1(nasty).map($not => ({ $not })) },
  { weight: 1, arbitrary: test1(nasty).map($elemMatch => ({ $elemMatch })) },
  { weight: 1, arbitrary: fc.tuple(path, test1(nasty)).map(entry => ({ $elemMatch: toObject([entry]) })) },
)
const { filter } = fc.letrec<{ filter: EncodedObject }>(tie => ({
  filter: fc.oneof(
    { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
    fc.tuple(path, fc.oneof(nastyTest, nasty, regex)).map(entry => toObject([entry])),
    fc.tuple(path, nastyTest, nastyTest).map(([name, a, b]) => ({ [name]: { ...a, ...b } })),
    fc
      .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
      .map(entry => toObject([entry])),
    fc.constant({}),
  ),
}))
const sort = fc.array(fc.tuple(path, fc.constantFrom<1 | -1>(1, -1)), { maxLength: 2 })
export const query: fc.Arbitrary<QueryCase> = fc.record({
  filter,
  sort,
  skip: fc.constantFrom(0, 0, 0, 1),
  limit: fc.constantFrom(0, 0, 3),
})
