import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { ClientIdentity } from '../../src/database/messages.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { PERMISSION_MODES, type Permission } from '../../src/types.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

const owner: ClientIdentity = { openid: 'me' }
const other: ClientIdentity = { openid: 'other' }
const anonymous: ClientIdentity = {}

let collection = ''
let count = 0
beforeEach(async () => {
  collection = `c${count++}`
  await database.createCollection({ collection })
  await database.add({
    collection,
    documents: [
      { _id: 'mine', _openid: 'me', n: 1, tags: ['a', 'b'] },
      { _id: 'theirs', _openid: 'other', n: 2 },
      { _id: 'nobodys', n: 3 },
    ],
  })
})

type Outcome = 'denied' | unknown

/** What an op gave, or `denied`. Any other failure is one of the test. */
async function outcome(work: Promise<unknown>): Promise<Outcome> {
  try {
    return await work
  } catch (error) {
    expect(error).toMatchObject(failure('DATABASE_PERMISSION_DENIED', 'permission denied'))
    return 'denied'
  }
}

async function idsOf(work: Promise<{ documents: EncodedObject[] }>): Promise<Outcome> {
  return outcome(work.then(({ documents }) => documents.map(document => document['_id'])))
}

/** Every op of a client on its own document, on another's, and on one that isn't there. */
const OPS: Record<string, (client: ClientIdentity) => Promise<Outcome>> = {
  'query all': client => idsOf(database.query({ client, collection, filter: {} })),
  'get mine': client => idsOf(database.query({ client, collection, filter: { _id: 'mine' } })),
  'get theirs': client => idsOf(database.query({ client, collection, filter: { _id: 'theirs' } })),
  'get none': client => idsOf(database.query({ client, collection, filter: { _id: 'none' } })),
  count: client => outcome(database.count({ client, collection, filter: {} }).then(({ total }) => total)),
  add: client =>
    outcome(
      database.add({ client, collection, documents: [{ _id: 'new', n: 9 }] }).then(() => readOwner('new')),
    ),
  'update mine': client => write('update', client, 'mine'),
  'update theirs': client => write('update', client, 'theirs'),
  'update none': client => write('update', client, 'none'),
  'set mine': client => replace(client, 'mine'),
  'set theirs': client => replace(client, 'theirs'),
  'set none': client => replace(client, 'none'),
  'remove mine': client => write('remove', client, 'mine'),
  'remove theirs': client => write('remove', client, 'theirs'),
  'remove none': client => write('remove', client, 'none'),
  'update where': client =>
    outcome(
      database
        .update({ client, collection, filter: { n: 1 }, update: { $set: { n: 5 } }, multi: true })
        .then(({ updated }) => updated),
    ),
  'remove where': client =>
    outcome(
      database.remove({ client, collection, filter: { n: 1 }, multi: true }).then(({ removed }) => removed),
    ),
}

function write(op: 'update' | 'remove', client: ClientIdentity, id: string): Promise<Outcome> {
  const filter = { _id: id }
  return outcome(
    op === 'remove'
      ? database.remove({ client, collection, filter, multi: false }).then(({ removed }) => removed)
      : database
          .update({ client, collection, filter, update: { $set: { n: 7 } }, multi: false })
          .then(({ updated }) => updated),
  )
}

function replace(client: ClientIdentity, id: string): Promise<Outcome> {
  const work = database.replace({ client, collection, id, document: { n: 8 } })
  return outcome(work.then(async stats => [stats.updated, stats.created, await readOwner(id)]))
}

async function readOwner(id: string): Promise<unknown> {
  const { documents } = await database.query({ collection, filter: { _id: id } })
  return documents[0]?.['_openid']
}

const ALL = ['mine', 'theirs', 'nobodys']

/** By mode, then op: what the owner of "mine" gets, what another client, what one without an openid. */
const MATRIX: Record<string, Record<string, readonly [mine: Outcome, others: Outcome, none: Outcome]>> = {
  READONLY: {
    'query all': [ALL, ALL, ALL],
    'get mine': [['mine'], ['mine'], ['mine']],
    'get theirs': [['theirs'], ['theirs'], ['theirs']],
    'get none': [[], [], []],
    count: [3, 3, 3],
    add: ['me', 'other', 'denied'],
    'update mine': [1, 0, 'denied'],
    'update theirs': [0, 1, 'denied'],
    'update none': [0, 0, 'denied'],
    'set mine': [[1, 0, 'me'], 'denied', 'denied'],
    'set theirs': ['denied', [1, 0, 'other'], 'denied'],
    'set none': [[0, 1, 'me'], [0, 1, 'other'], 'denied'],
    'remove mine': [1, 0, 'denied'],
    'remove theirs': [0, 1, 'denied'],
    'remove none': [0, 0, 'denied'],
    'update where': ['denied', 'denied', 'denied'],
    'remove where': ['denied', 'denied', 'denied'],
  },
  PRIVATE: {
    'query all': [['mine'], ['theirs'], 'denied'],
    'get mine': [['mine'], [], 'denied'],
    'get theirs': [[], ['theirs'], 'denied'],
    'get none': [[], [], 'denied'],
    count: [1, 1, 'denied'],
    add: ['me', 'other', 'denied'],
    'update mine': [1, 0, 'denied'],
    'update theirs': [0, 1, 'denied'],
    'update none': [0, 0, 'denied'],
    'set mine': [[1, 0, 'me'], 'denied', 'denied'],
    'set theirs': ['denied', [1, 0, 'other'], 'denied'],
    'set none': [[0, 1, 'me'], [0, 1, 'other'], 'denied'],
    'remove mine': [1, 0, 'denied'],
    'remove theirs': [0, 1, 'denied'],
    'remove none': [0, 0, 'denied'],
    'update where': ['denied', 'denied', 'denied'],
    'remove where': ['denied', 'denied', 'denied'],
  },
  ADMINWRITE: {
    'query all': [ALL, ALL, ALL],
    'get mine': [['mine'], ['mine'], ['mine']],
    'get theirs': [['theirs'], ['theirs'], ['theirs']],
    'get none': [[], [], []],
    count: [3, 3, 3],
    ...denyAll('add', 'update mine', 'update theirs', 'update none', 'set mine', 'set theirs', 'set none'),
    ...denyAll('remove mine', 'remove theirs', 'remove none', 'update where', 'remove where'),
  },
  ADMINONLY: denyAll(...Object.keys(OPS)),
}

function denyAll(...ops: string[]): Record<string, readonly [Outcome, Outcome, Outcome]> {
  return Object.fromEntries(ops.map(op => [op, ['denied', 'denied', 'denied']]))
}

describe('the modes', () => {
  test('of the table are all there are, with every op', () => {
    expect(Object.keys(MATRIX).toSorted()).toEqual([...PERMISSION_MODES].toSorted())
    for (const rows of Object.values(MATRIX))
      expect(Object.keys(rows).toSorted()).toEqual(Object.keys(OPS).toSorted())
  })

  const cases = Object.entries(MATRIX).flatMap(([mode, rows]) =>
    Object.entries(rows).flatMap(([op, expected]) =>
      [owner, other, anonymous].map((client, index) => ({
        mode,
        op,
        who: client.openid ?? 'anonymous',
        client,
        expected: expected[index],
      })),
    ),
  )
  test.each(cases)('$mode: $op as $who', async ({ mode, op, client, expected }) => {
    await database.setPermission({ collection, permission: mode as Permission })
    expect(await OPS[op]?.(client)).toEqual(expected)
  })

  test('PRIVATE is the default, and no mode holds back functions and the host', async () => {
    expect(await database.getPermission({ collection })).toEqual({ permission: 'PRIVATE' })
    await database.setPermission({ collection, permission: 'ADMINONLY' })
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 3 })
    expect(await database.remove({ collection, filter: {}, multi: true })).toEqual({ removed: 3 })
  })

  test('survive a restart, and go with their collection', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-permission-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const rules = { read: true, write: 'doc._openid == auth.openid' }
    const first = new Database({ directory })
    await first.createCollection({ collection: 'a' })
    await first.createCollection({ collection: 'b' })
    await first.setPermission({ collection: 'a', permission: rules })
    await first.setPermission({ collection: 'b', permission: 'ADMINONLY' })
    await first.close()
    await using second = new Database({ directory })
    expect(await second.getPermission({ collection: 'a' })).toEqual({ permission: rules })
    await second.dropCollection('b')
    await second.createCollection({ collection: 'b' })
    expect(await second.getPermission({ collection: 'b' })).toEqual({ permission: 'PRIVATE' })
  })

  test.each([
    ['PUBLIC', 'A permission is READONLY, PRIVATE, ADMINWRITE, ADMINONLY, or an object'],
    [null, 'A permission is'],
    [['read'], 'A permission is'],
    [{ reed: true }, 'There is no rule "reed"'],
    [{ ['__proto__']: true }, 'There is no rule "__proto__"'],
    [{ read: 1 }, 'The rule "read" must be true, false or an expression'],
    [{ write: 'doc.a ==' }, 'In "write": Security rule: it ends too early'],
  ])('%j is refused', async (permission, message) => {
    await expect(
      database.setPermission({ collection, permission: permission as Permission }),
    ).rejects.toMatchObject(failure('INVALID_PARAM', message))
    expect(await database.getPermission({ collection })).toEqual({ permission: 'PRIVATE' })
  })

  test('a collection that is not there has none to set', async () => {
    await expect(database.setPermission({ collection: 'none', permission: 'PRIVATE' })).rejects.toMatchObject(
      failure('DATABASE_COLLECTION_NOT_EXIST', 'none'),
    )
  })
})

describe('_openid', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['add', () => database.add({ client: owner, collection, documents: [{ _openid: 'me' }] })],
    ['set', () => database.replace({ client: owner, collection, id: 'x', document: { _openid: 'me' } })],
    ...['$set', '$unset', '$inc', '$rename', '$push'].map((operator): [string, () => Promise<unknown>] => [
      operator,
      () => change({ [operator]: { _openid: 'x' } }),
    ]),
    ['$set below', () => change({ $set: { '_openid.x': 1 } })],
    ['$rename to', () => change({ $rename: { n: '_openid' } })],
  ])('is not for a client to write: %s', async (_, work) => {
    expect(await outcome(work())).toBe('denied')
    expect(await readOwner('mine')).toBe('me')
  })

  const change = (update: EncodedObject): Promise<unknown> =>
    database.update({ client: owner, collection, filter: { _id: 'mine' }, update, multi: false })

  test('a failed add of several adds none', async () => {
    const documents = [{ _id: 'one' }, { _id: 'two', _openid: 'me' }]
    expect(await outcome(database.add({ client: owner, collection, documents }))).toBe('denied')
    expect(await database.count({ collection, filter: {} })).toEqual({ total: 3 })
  })
})
