import { afterAll, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { Groups } from '../../src/database/groups.ts'
import { PipelineMemory } from '../../src/database/pipeline-memory.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import { type Outcome, outcomeOf, store } from './grouped.ts'

const database = new Database()
afterAll(() => database.close())
async function run(
  documents: readonly EncodedObject[],
  pipeline: readonly EncodedObject[],
): Promise<Outcome> {
  const collection = await store(database, documents)
  const outcome = await outcomeOf(database, collection, pipeline)
  await database.dropCollection(collection)
  return outcome
}

const total = { $group: { _id: null, sum: { $sum: '$v' }, avg: { $avg: '$v' } } }
const ends = { $group: { _id: null, min: { $min: '$v' }, max: { $max: '$v' } } }
const keys = { $group: { _id: '$v', n: { $sum: 1 } } }
const withValues = (...values: Encoded[]): EncodedObject[] => values.map(v => ({ v }))

describe('the storage engine groups', () => {
  test('by a field, with what is missing beside null, in the order of the first documents', async () => {
    const documents = [{ v: 'b' }, {}, { v: 'a' }, { v: null }, { v: 'b' }, { v: 1 }, { v: '1' }, { v: true }]
    expect(await run(documents, [keys])).toEqual({
      documents: [
        { _id: 'b', n: 2 },
        { _id: null, n: 2 },
        { _id: 'a', n: 1 },
        { _id: 1, n: 1 },
        { _id: '1', n: 1 },
        { _id: true, n: 1 },
      ],
      by: ['storage'],
    })
  })

  test('by dates, arrays, objects and numbers of any size', async () => {
    const values: Encoded[] = [{ $date: 5 }, [1, 2], { a: 1, b: 2 }, { b: 2, a: 1 }, 0.1, 2 ** 60, 1e300, []]
    const documents = withValues(...values, ...values)
    expect(await run(documents, [keys])).toEqual({
      documents: values.map(_id => ({ _id, n: 2 })),
      by: ['storage'],
    })
  })

  test('by an object of fields, in which a missing one is left out', async () => {
    const documents = [{ a: 1, b: { c: 2 } }, { a: 1 }, { a: 1, b: { c: null } }, { a: 1, b: 3 }]
    const pipeline = [{ $group: { _id: { x: '$a', y: '$b.c' }, n: { $count: {} } } }]
    expect(await run(documents, pipeline)).toEqual({
      documents: [
        { _id: { x: 1, y: 2 }, n: 1 },
        { _id: { x: 1 }, n: 2 },
        { _id: { x: 1, y: null }, n: 1 },
      ],
      by: ['storage'],
    })
  })

  test('behind a match, before other stages; of no documents it makes no group', async () => {
    const documents = withValues(1, 2, 3, 4)
    const pipeline = [{ $match: { v: { $gt: 2 } } }, total, { $project: { sum: 1, _id: 0 } }]
    expect(await run(documents, pipeline)).toEqual({
      documents: [{ sum: 7 }],
      by: ['storage', 'storage', 'memory'],
    })
    expect(await run([], [total])).toEqual({ documents: [], by: ['storage'] })
    expect(await run(documents, [{ $match: { v: 9 } }, total])).toEqual({
      documents: [],
      by: ['storage', 'storage'],
    })
  })

  test('integers, among what sums leave out', async () => {
    const documents = withValues(1, '2', true, null, [3], { a: 4 }, { $date: 5 }, 6)
    expect(await run([...documents, {}], [total])).toEqual({
      documents: [{ _id: null, sum: 7, avg: 3.5 }],
      by: ['storage'],
    })
    expect(await run(withValues('a'), [total])).toEqual({
      documents: [{ _id: null, sum: 0, avg: null }],
      by: ['storage'],
    })
  })

  test('the least and the greatest of numbers, strings and dates', async () => {
    expect(await run(withValues(2.5, '10', null, -3, '9', { $date: 5 }, 0.1), [ends])).toEqual({
      documents: [{ _id: null, min: -3, max: { $date: 5 } }],
      by: ['storage'],
    })
    expect(await run(withValues('a b', 'a', 'é', '\u{1f600}', '\uffff'), [ends])).toEqual({
      documents: [{ _id: null, min: 'a', max: '\u{1f600}' }],
      by: ['storage'],
    })
    expect(await run(withValues(null), [ends])).toEqual({
      documents: [{ _id: null, min: null, max: null }],
      by: ['storage'],
    })
  })

  test('with an index that finds the documents', async () => {
    const collection = await store(
      database,
      Array.from({ length: 1200 }, (_, v) => ({ v, k: v % 3, even: v % 2 === 0 })),
    )
    await database.createIndex({ collection, fields: [['even', 1]] })
    await database.createIndex({ collection, fields: [['v', -1]] })
    for (const $match of [{ even: true }, { v: { $gte: 100 } }, { even: true, v: { $lt: 1100 } }]) {
      const { documents, by } = await outcomeOf(database, collection, [
        { $match },
        { $group: { _id: '$k', n: { $sum: 1 }, sum: { $sum: '$v' } } },
      ])
      expect(by).toEqual(['storage', 'storage'])
      const of = (k: number) => {
        const found = Array.from({ length: 1200 }, (_, v) => v).filter(
          v =>
            v % 3 === k &&
            (!('even' in $match) || v % 2 === 0) &&
            (!('v' in $match) || ('$gte' in $match.v ? v >= 100 : v < 1100)),
        )
        return { _id: k, n: found.length, sum: found.reduce((sum, v) => sum + v, 0) }
      }
      expect(documents).toEqual(expect.arrayContaining([of(0), of(1), of(2)]))
    }
  })
})

describe('is left to JavaScript:', () => {
  test.each<[string, EncodedObject, Encoded[], EncodedObject]>([
    ['a sum of fractions', total, [0.1, 0.2, 0.3], { sum: 0.6, avg: 0.6 / 3 }],
    ['a sum beyond 2^53', total, [2 ** 53 - 1, 3], { sum: 2 ** 53 + 2, avg: 2 ** 52 + 1 }],
    ['a sum of long integers', total, [2 ** 60, -(2 ** 60), 1], { sum: 1, avg: 1 / 3 }],
    ['a sum with NaN', total, [1, { $numberDouble: 'NaN' }], { sum: { $numberDouble: 'NaN' } }],
    [
      'a sum with an infinity',
      total,
      [1, { $numberDouble: 'Infinity' }],
      { sum: { $numberDouble: 'Infinity' } },
    ],
    ['the greatest with booleans', ends, [1, true, 'a'], { min: 1, max: true }],
    ['the greatest with arrays', ends, [1, [0], 'a'], { min: 1, max: [0] }],
    ['the least with long integers', ends, [2 ** 60, 1], { min: 1, max: 2 ** 60 }],
    ['the least of many digits', ends, [0.1 + 0.2, 0.3], { min: 0.3, max: 0.1 + 0.2 }],
    ['the least of escaped strings', ends, ['a"', 'a!'], { min: 'a!', max: 'a"' }],
    ['long keys', keys, ['x'.repeat(200)], { _id: 'x'.repeat(200), n: 1 }],
  ])('%s', async (_, stage, values, expected) => {
    const { documents, by } = await run(withValues(...values), [stage])
    expect(by).toEqual(['memory'])
    expect(documents).toEqual([expect.objectContaining(expected)])
  })

  test('a path through an array', async () => {
    const pipeline = [{ $group: { _id: '$a.b', n: { $sum: 1 } } }]
    expect(await run([{ a: [{ b: 1 }, { b: 2 }] }, { a: { b: 1 } }], pipeline)).toEqual({
      documents: [
        { _id: [1, 2], n: 1 },
        { _id: 1, n: 1 },
      ],
      by: ['memory'],
    })
  })

  test.each<[string, EncodedObject[]]>([
    ['what needs the documents one by one', [{ $group: { _id: null, first: { $first: '$v' } } }]],
    ['expressions', [{ $group: { _id: { $abs: '$v' } } }]],
    ['a sum of fractions per document', [{ $group: { _id: null, n: { $sum: 0.1 } } }]],
  ])('%s', async (_, pipeline) => {
    expect((await run(withValues(1, 2), pipeline)).by).toEqual(['memory'])
  })

  test('groups whose order a sort makes', async () => {
    const pipeline = [{ $sort: { v: -1 } }, keys]
    expect(await run(withValues(1, 3, 2), pipeline)).toEqual({
      documents: [3, 2, 1].map(_id => ({ _id, n: 1 })),
      by: ['storage', 'memory'],
    })
  })

  test('the rest, from the documents among which there is something else', async () => {
    const documents = withValues(...Array.from({ length: 2000 }, (_, index) => (index === 1500 ? 0.5 : 1)))
    expect(await run(documents, [total])).toEqual({
      documents: [{ _id: null, sum: 1999.5, avg: 0.99975 }],
      by: ['both'],
    })
  })

  test('the rest, where nearly each document is a group of its own', async () => {
    const documents = withValues(...Array.from({ length: 10_200 }, (_, index) => index))
    expect(await run(documents, [keys, { $count: 'n' }])).toEqual({
      documents: [{ n: 10_200 }],
      by: ['both', 'memory'],
    })
  })
})

test('groups made in SQL count as memory too', () => {
  const groups = new Groups(new PipelineMemory().hold('$group'), { keyOf: () => null, fields: [] })
  const add = (index: number) =>
    groups.addGroups([{ key: `${index}`.padStart(1_000_000), count: 1, outputs: [] }])
  const addAll = () => {
    for (let index = 0; index < 30; index++) add(index)
  }
  expect(addAll).toThrow('$group would hold too much')
})
