/** Many requests of one asker, beside few of others. */
import { expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { CancelledError } from '../../src/errors.ts'

const DOCUMENTS = 300
const STORM = 150

async function open(): Promise<Database> {
  const database = new Database()
  await database.createCollection({ collection: 'all' })
  const adds = Array.from({ length: DOCUMENTS }, (_, index) =>
    database.add({ collection: 'all', documents: [{ _id: `${index}`, text: `${'x'.repeat(50)}${index}` }] }),
  )
  await Promise.all(adds)
  return database
}

const slowFilter = { text: { $regex: 'x+x+7$' } }
const by = (signal?: AbortSignal) => ({ asker: {}, signal })

test('a request does not wait for all that another has asked for, however small the results', async () => {
  await using database = await open()
  const told: string[] = []
  const storm = by()
  const counts = Array.from({ length: STORM }, () =>
    database.count({ collection: 'all', filter: slowFilter }, storm).then(() => told.push('storm')),
  )
  // When the first are under way.
  await counts[0]
  const read = database.query({ collection: 'all', filter: { _id: '1' } }, by())
  const add = database.add({ collection: 'all', documents: [{ _id: 'new' }] }, by())
  const made = database.createCollection({ collection: 'other' })
  await Promise.all([
    read.then(() => told.push('read')),
    add.then(() => told.push('add')),
    made.then(() => told.push('host')),
  ])
  const before = told.filter(name => name === 'storm').length
  await Promise.all(counts)
  expect(told).toHaveLength(STORM + 3)
  expect(before).toBeLessThan(STORM - 30)
})

test('what nobody waits for any more is not read', async () => {
  await using database = await open()
  const aborter = new AbortController()
  const storm = by(aborter.signal)
  const counts = Array.from({ length: STORM }, () =>
    database.count({ collection: 'all', filter: slowFilter }, storm).then(
      () => 'counted',
      error => error,
    ),
  )
  const add = database.add({ collection: 'all', documents: [{ _id: 'kept' }] }, storm)
  await counts[0]
  aborter.abort()
  const outcomes = await Promise.all(counts)
  const dropped = outcomes.filter(outcome => outcome !== 'counted')
  expect(dropped.length).toBeGreaterThan(STORM / 3)
  expect(dropped.every(error => error instanceof CancelledError)).toBe(true)
  await add
  expect(await database.query({ collection: 'all', filter: { _id: 'kept' } })).toEqual({
    documents: [{ _id: 'kept' }],
  })
})
