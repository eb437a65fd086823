import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

beforeAll(async () => {
  for (const collection of ['mine', 'open', 'closed', 'ruled']) {
    await database.createCollection({ collection })
    await database.add({
      collection,
      documents: [
        { _id: 1, _openid: 'me', n: 1, state: 'live' },
        { _id: 2, _openid: 'you', n: 2, state: 'live' },
        { _id: 3, n: 3, state: 'draft' },
      ],
    })
  }
  await database.setPermission({ collection: 'open', permission: 'ADMINWRITE' })
  await database.setPermission({ collection: 'closed', permission: 'ADMINONLY' })
  await database.setPermission({
    collection: 'ruled',
    permission: { read: 'doc.state == "live"', write: false },
  })
})

async function run(collection: string, ...pipeline: EncodedObject[]): Promise<unknown> {
  const { documents } = await database.aggregate({ collection, pipeline, client: { openid: 'me' } })
  return documents
}

const total = { $group: { _id: null, ids: { $push: '$_id' } } }
const ids = (...list: number[]): object[] => [{ _id: null, ids: list }]
const lookup = (from: string, more: EncodedObject = {}): EncodedObject => ({
  $lookup: { from, pipeline: [{ $sort: { _id: 1 } }], as: 'all', ...more },
})

test('a client aggregates what it may read', async () => {
  expect(await run('mine', total)).toEqual(ids(1))
  expect(await run('mine', { $count: 'n' })).toEqual([{ n: 1 }])
  expect(await run('mine', { $match: { $or: [{ n: 1 }, { n: 2 }] } }, total)).toEqual(ids(1))
  expect(await run('mine', { $skip: 1 }, total)).toEqual([])
  expect(await run('open', total)).toEqual(ids(1, 2, 3))
  await expect(run('closed', total)).rejects.toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
})

test('a rule holds for the match that comes first, and for it alone', async () => {
  expect(await run('ruled', { $match: { state: 'live' } }, total)).toEqual(ids(1, 2))
  await expect(run('ruled', total)).rejects.toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
  await expect(run('ruled', { $limit: 9 }, { $match: { state: 'live' } })).rejects.toMatchObject(
    failure('DATABASE_PERMISSION_DENIED'),
  )
  await expect(run('ruled', { $match: { state: 'draft' } }, total)).rejects.toMatchObject(
    failure('DATABASE_PERMISSION_DENIED'),
  )
})

test('lookups are held to the permission of the collection they look in', async () => {
  const one = { $match: { _id: 1 } }
  expect(await run('open', one, lookup('mine'), { $project: { ids: '$all._id' } })).toEqual([
    { _id: 1, ids: [1] },
  ])
  const byField = { from: 'mine', localField: 'n', foreignField: 'n', as: 'all' }
  expect(await run('open', { $lookup: byField }, { $project: { ids: '$all._id' } })).toEqual([
    { _id: 1, ids: [1] },
    { _id: 2, ids: [] },
    { _id: 3, ids: [] },
  ])
  await expect(run('open', lookup('closed'))).rejects.toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
  await expect(run('open', lookup('ruled'))).rejects.toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
  const live = { pipeline: [{ $match: { state: 'live' } }] }
  expect(await run('open', one, lookup('ruled', live), { $project: { ids: '$all._id' } })).toEqual([
    { _id: 1, ids: [1, 2] },
  ])
  const nested = lookup('open', { pipeline: [lookup('closed')] })
  await expect(run('open', one, nested)).rejects.toMatchObject(failure('DATABASE_PERMISSION_DENIED'))
})

test('the placeholder stands for the caller in a match', async () => {
  expect(await run('open', { $match: { _openid: '{openid}' } }, total)).toEqual(ids(1))
})
