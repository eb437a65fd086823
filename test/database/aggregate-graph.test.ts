import { Aggregator } from 'mingo'
import { Context } from 'mingo/core'
import * as pipelineOperators from 'mingo/operators/pipeline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

beforeAll(async () => {
  await database.createCollection({ collection: 'staff' })
  await database.add({
    collection: 'staff',
    documents: [
      { _id: 'ann', office: 'oslo' },
      { _id: 'bob', boss: 'ann', office: 'oslo' },
      { _id: 'cid', boss: 'bob', office: 'riga' },
      { _id: 'dot', boss: ['cid', 'eve'], office: 'oslo' },
      // Two who are each other's.
      { _id: 'eve', boss: 'fay', office: 'riga' },
      { _id: 'fay', boss: 'eve' },
    ],
  })
})

const climb: EncodedObject = {
  from: 'staff',
  startWith: '$boss',
  connectFromField: 'boss',
  connectToField: '_id',
  as: 'above',
}

async function above(
  id: string,
  more: EncodedObject = {},
  shown: Encoded = { $map: { input: '$above', in: '$$this._id' } },
) {
  const pipeline = [{ $match: { _id: id } }, { $graphLookup: { ...climb, ...more } }, { $project: { shown } }]
  const { documents } = await database.aggregate({ collection: 'staff', pipeline })
  return documents[0]?.['shown']
}

test('follows references, through arrays and circles, each document once', async () => {
  expect(await above('ann')).toEqual([])
  expect(await above('cid')).toEqual(['bob', 'ann'])
  expect(await above('dot')).toEqual(['cid', 'eve', 'bob', 'fay', 'ann'])
  expect(await above('eve')).toEqual(['fay', 'eve'])
})

test('goes so far, tells how far, and only through what fulfils a condition', async () => {
  expect(await above('dot', { maxDepth: 0 })).toEqual(['cid', 'eve'])
  expect(await above('dot', { maxDepth: 1, depthField: 'at.step' }, '$above.at.step')).toEqual([0, 0, 1, 1])
  expect(await above('dot', { restrictSearchWithMatch: { office: { $ne: 'oslo' } } })).toEqual([
    'cid',
    'eve',
    'fay',
  ])
  expect(await above('dot', { startWith: ['bob', '$_id'] })).toEqual([
    'bob',
    'dot',
    'ann',
    'cid',
    'eve',
    'fay',
  ])
})

test('downwards from what has no value it finds those without, as null does', async () => {
  const down = { connectFromField: '_id', connectToField: 'boss', startWith: '$none' }
  expect(await above('ann', down)).toEqual(['ann', 'bob', 'cid', 'dot'])
})

test.each<[EncodedObject, string]>([
  [{ from: '' }, 'collection'],
  [{ maxDepth: -1 }, 'maxDepth'],
  [{ maxDepth: 1.5 }, 'maxDepth'],
  [{ connectToField: '$_id' }, 'connectToField'],
  [{ restrictSearchWithMatch: 1 }, 'restrictSearchWithMatch'],
  [{ depth: 1 }, 'depth'],
])('refuses %j', async (more, message) => {
  await expect(above('ann', more)).rejects.toMatchObject(failure('INVALID_PARAM', message))
})

test('needs each field, a collection that is there, and leave to read it', async () => {
  for (const name of Object.keys(climb)) {
    const { [name]: _, ...others } = climb
    const asked = database.aggregate({ collection: 'staff', pipeline: [{ $graphLookup: others }] })
    await expect(asked).rejects.toMatchObject(failure('INVALID_PARAM', `needs ${name}`))
  }
  await expect(above('cid', { from: 'none' })).rejects.toMatchObject(failure('DATABASE_COLLECTION_NOT_EXIST'))
  await database.createCollection({ collection: 'open' })
  await database.add({ collection: 'open', documents: [{ _id: 1, boss: 'cid' }] })
  await database.setPermission({ collection: 'open', permission: 'READONLY' })
  const ask = async (more: EncodedObject = {}): Promise<unknown> => {
    const pipeline = [{ $graphLookup: { ...climb, ...more } }]
    const { documents } = await database.aggregate({ collection: 'open', pipeline, client: { openid: 'me' } })
    return documents[0]?.['above']
  }
  expect(await ask()).toEqual([])
  await database.setPermission({ collection: 'staff', permission: { read: 'doc.office == "riga"' } })
  await expect(ask()).rejects.toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
  expect(await ask({ restrictSearchWithMatch: { office: 'riga' } })).toMatchObject([{ _id: 'cid' }])
})

test('holds no more than the stages of one aggregation may', async () => {
  const collection = 'heavy'
  await database.createCollection({ collection })
  const text = 'x'.repeat(4 * 1024 * 1024)
  const count = Math.ceil(LIMITS.aggregateHeldBytes / text.length) + 1
  for (let _id = 0; _id < count; _id++)
    await database.add({ collection, documents: [{ _id, next: _id + 1, text }] })
  const graph = {
    from: collection,
    startWith: '$next',
    connectFromField: 'next',
    connectToField: '_id',
    as: 'rest',
  }
  const ask = (more: EncodedObject): Promise<unknown> =>
    database.aggregate({
      collection,
      pipeline: [
        { $match: { _id: 0 } },
        { $graphLookup: { ...graph, ...more } },
        { $project: { n: { $size: '$rest' } } },
      ],
    })
  expect(await ask({ maxDepth: 3 })).toMatchObject({ documents: [{ n: 4 }] })
  await expect(ask({})).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', '$graphLookup'))
})

test('finds what mingo finds', async () => {
  const context = Context.init({ pipeline: { $graphLookup: pipelineOperators.$graphLookup } })
  let runCount = 0
  // Mingo takes an empty array for null, and what an array names that is not there for a document.
  const node = fc.record({
    to: fc.oneof(fc.nat(9), fc.array(fc.nat(9), { minLength: 1, maxLength: 3 })),
    k: fc.nat(2),
  })
  const options = fc.record(
    {
      maxDepth: fc.nat(3),
      depthField: fc.constant('step'),
      restrictSearchWithMatch: fc.record({ k: fc.nat(2) }),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 10 }), options, async (nodes, more) => {
      const collection = `graph${runCount++}`
      const within = (id: number): number => id % nodes.length
      const documents = nodes.map(({ to, k }, _id) => ({
        _id,
        to: Array.isArray(to) ? to.map(within) : within(to),
        k,
      }))
      await database.createCollection({ collection })
      await database.add({ collection, documents })
      const graph = {
        startWith: '$to',
        connectFromField: 'to',
        connectToField: '_id',
        as: 'reached',
        ...more,
      }
      const found = await database.aggregate({
        collection,
        pipeline: [{ $graphLookup: { from: collection, ...graph } }],
      })
      const expected = new Aggregator([{ $graphLookup: { from: documents, ...graph } }], { context }).run(
        documents,
      )
      expect(found.documents.map(sorted)).toEqual(expected.map(one => sorted(one as EncodedObject)))
      await database.dropCollection(collection)
    }),
    { numRuns: 100 },
  )
}, 60_000)

/** What is reached has no order that mingo promises. */
function sorted({ reached, ...own }: EncodedObject): object {
  const list = Array.isArray(reached) ? reached : []
  return { ...own, reached: list.toSorted((a, b) => Number(a._id) - Number(b._id)) }
}
