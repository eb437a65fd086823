// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language of rules has templates of its own.

import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { ClientIdentity } from '../../src/database/messages.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import type { SecurityRules } from '../../src/types.ts'
import fc from '../random.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())

const me: ClientIdentity = { openid: 'me' }
const other: ClientIdentity = { openid: 'other' }
const anonymous: ClientIdentity = {}

let collection = ''
let count = 0
beforeEach(async () => {
  collection = `c${count++}`
  await database.createCollection({ collection })
  await database.add({ collection, documents: DOCUMENTS })
})

const HOUR_MS = 3_600_000
const DOCUMENTS: EncodedObject[] = [
  { _id: 'a', _openid: 'me', status: 'open', n: 1, teachers: ['me', 'x'], room: 'r1', shared: true },
  { _id: 'b', _openid: 'other', status: 'open', n: 5, teachers: ['x'], room: 'r2', shared: false },
  { _id: 'c', status: 'closed', n: 9, room: 'r1', ends: Date.now() + HOUR_MS },
  { _id: 'd', _openid: ['me', 'other'], status: ['open', 'closed'], ends: { $date: Date.now() - HOUR_MS } },
]

async function read(rule: SecurityRules['read'], filter: EncodedObject, client = me): Promise<unknown> {
  await database.setPermission({ collection, permission: { read: rule ?? false } })
  return outcome(
    database.query({ client, collection, filter }).then(({ documents }) => documents.map(({ _id }) => _id)),
  )
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    expect(error).toMatchObject(failure('DATABASE_PERMISSION_DENIED', 'permission denied'))
    return 'denied'
  }
}

const IN_ROOM = 'auth.openid in get(`database.rooms.${doc.room}`).members'

describe('a query must keep within the rule', () => {
  test.each<[rule: SecurityRules['read'], filter: EncodedObject, expected: unknown]>([
    [true, {}, ['a', 'b', 'c', 'd']],
    [false, {}, 'denied'],
    [undefined, {}, 'denied'],
    ['true', {}, ['a', 'b', 'c', 'd']],
    ['doc._openid == auth.openid', {}, 'denied'],
    ['doc._openid == auth.openid', { _id: 'a' }, 'denied'],
    ['doc._openid == auth.openid', { _openid: 'other' }, 'denied'],
    // The array holds the owner too, so MongoDB's equality takes it in, in the condition as in the rule.
    ['doc._openid == auth.openid', { _openid: '{openid}' }, ['a', 'd']],
    ['auth.openid == doc._openid', { _id: 'a', _openid: '{openid}' }, ['a']],
    ['doc._openid == auth.openid', { _openid: { $eq: 'me' } }, ['a', 'd']],
    ['doc._openid == auth.openid', { _openid: { $in: ['me'] } }, ['a', 'd']],
    ['doc._openid == auth.openid', { _openid: { $in: ['me', 'other'] } }, 'denied'],
    ['doc._openid == auth.openid', { $and: [{ n: 1 }, { _openid: '{openid}' }] }, ['a']],
    ['doc._openid == auth.openid', { $or: [{ n: 1 }, { _openid: '{openid}' }] }, 'denied'],
    ['doc._openid == auth.openid', { _openid: { $ne: 'other' } }, 'denied'],
    ['doc._openid == auth.openid', { $nor: [{ _openid: { $ne: 'me' } }] }, ['a', 'd']],
    ["doc.status == 'open' || doc._openid == auth.openid", { status: 'open' }, ['a', 'b', 'd']],
    [
      "doc.status == 'open' || doc._openid == auth.openid",
      { $or: [{ status: 'open' }, { _openid: '{openid}' }] },
      ['a', 'b', 'd'],
    ],
    ["doc.status == 'open' || doc._openid == auth.openid", { $or: [{ status: 'open' }, { n: 1 }] }, 'denied'],
    ["doc.status == 'open' && doc.n < 3", { status: 'open' }, 'denied'],
    ["doc.status == 'open' && doc.n < 3", { status: 'open', n: { $lte: 2 } }, ['a']],
    ['doc.n < 3', { n: { $lt: 3 } }, ['a']],
    ['doc.n < 3', { n: { $lt: 2.5 } }, ['a']],
    ['doc.n < 3', { n: { $lte: 3 } }, 'denied'],
    ['3 > doc.n', { n: { $lt: 3 } }, ['a']],
    ['doc.n >= 5', { n: { $gt: 5 } }, ['c']],
    ['doc.n >= 5', { n: { $in: [5, 9] } }, ['b', 'c']],
    ['doc.n >= 5', { n: { $in: [5, 1] } }, 'denied'],
    ["doc.n < 'x'", { n: { $lt: 3 } }, 'denied'],
    ["doc.status != 'closed'", { status: 'open' }, ['a', 'b']],
    ["doc.status != 'closed'", { status: { $ne: 'closed' } }, ['a', 'b']],
    ["doc.status != 'closed'", { status: 'closed' }, 'denied'],
    ["doc.status in ['open', 'new']", { status: 'open' }, ['a', 'b', 'd']],
    ["doc.status in ['open', 'new']", { status: { $in: ['open', 'new'] } }, ['a', 'b', 'd']],
    ["doc.status in ['open', 'new']", { status: { $in: ['open', 'closed'] } }, 'denied'],
    ["!(doc.status in ['closed'])", { status: 'open' }, ['a', 'b']],
    ["!(doc.status == 'closed' || doc.n > 3)", { status: 'open', n: { $lt: 3 } }, ['a']],
    ["!(doc.status == 'closed' || doc.n > 3)", { status: 'open' }, 'denied'],
    ['auth.openid in doc.teachers', { teachers: '{openid}' }, ['a']],
    ['auth.openid in doc.teachers', { teachers: { $elemMatch: { $eq: 'me' } } }, ['a']],
    ['auth.openid in doc.teachers', { teachers: 'x' }, 'denied'],
    ['doc.shared', { shared: true }, ['a']],
    ['doc.shared', {}, 'denied'],
    ['!doc.shared', { shared: false }, ['b']],
    ['doc.ends > now', { ends: { $gt: Date.now() + 60_000 } }, ['c']],
    ['doc.ends > now', { ends: { $gt: 0 } }, 'denied'],
    ['doc.ends < now', { ends: { $lt: { $date: 1000 } } }, []],
    ['doc.n == doc.m', { m: 5, n: 5 }, []],
    ['doc.n == doc.m', { n: 5 }, 'denied'],
    ['doc.room == `r${1}`', { room: 'r1' }, ['a', 'c']],
    ["doc['room'] == 'r1'", { room: 'r1' }, ['a', 'c']],
    ["doc == 'x'", {}, 'denied'],
    ['doc', {}, 'denied'],
    ['request.data.n == 1', { n: 1 }, 'denied'],
    ['request.data == undefined', {}, ['a', 'b', 'c', 'd']],
    ['auth.loginType == undefined', {}, ['a', 'b', 'c', 'd']],
    ["auth.openid in ['me', 'x']", {}, ['a', 'b', 'c', 'd']],
    ["auth.openid == 'x'", {}, 'denied'],
  ])('%s: %j', async (rule, filter, expected) => {
    expect(await read(rule, filter)).toEqual(expected)
  })

  test.each<[rule: string, filter: EncodedObject, expected: unknown]>([
    ['auth != null', {}, 'denied'],
    ['auth == null', {}, ['a', 'b', 'c', 'd']],
    // What isn't there equals nothing, and differs from nothing.
    ['doc._openid == auth.openid', { _openid: null }, 'denied'],
    ['doc._openid == auth.openid', {}, 'denied'],
    ['doc._openid != auth.openid', { _openid: 'me' }, 'denied'],
    ['!(doc._openid == auth.openid)', { _openid: 'me' }, 'denied'],
    ['!(auth.openid in doc.teachers)', { teachers: 'x' }, 'denied'],
    ["auth.openid == 'x'", {}, 'denied'],
    ['auth.openid == auth.uid', {}, 'denied'],
    ['auth.openid != auth.uid', {}, 'denied'],
    ["doc.status == 'open' || doc._openid == auth.openid", { status: 'open' }, ['a', 'b', 'd']],
    ['doc._openid == auth.openid', { _openid: '{openid}' }, 'denied'],
  ])('of a client without an openid: %s: %j', async (rule, filter, expected) => {
    expect(await read(rule, filter, anonymous)).toEqual(expected)
  })

  test('and count and aggregate too', async () => {
    await database.setPermission({ collection, permission: { read: 'doc._openid == auth.openid' } })
    const ask = (filter: EncodedObject): Promise<unknown>[] => [
      outcome(database.count({ client: me, collection, filter }).then(({ total }) => total)),
      outcome(
        database
          .aggregate({ client: me, collection, pipeline: [{ $match: filter }] })
          .then(({ documents }) => documents.length),
      ),
    ]
    expect(await Promise.all(ask({ _openid: '{openid}' }))).toEqual([2, 2])
    expect(await Promise.all(ask({ n: 1 }))).toEqual(['denied', 'denied'])
  })

  test('an aggregation reads no collection its client may not', async () => {
    const secret = `s${count++}`
    await database.createCollection({ collection: secret })
    await database.add({ collection: secret, documents: [{ _id: 'x', _openid: 'other' }] })
    await database.setPermission({ collection, permission: 'READONLY' })
    const look = { from: secret, localField: 'none', foreignField: 'none', as: 'found' }
    const join = (): Promise<unknown> =>
      outcome(
        database
          .aggregate({ client: me, collection, pipeline: [{ $match: { _id: 'a' } }, { $lookup: look }] })
          .then(({ documents }) => documents[0]?.['found']),
      )
    expect(await join()).toEqual([])
    await database.setPermission({ collection: secret, permission: 'ADMINONLY' })
    expect(await join()).toBe('denied')
    await database.setPermission({ collection: secret, permission: 'ADMINWRITE' })
    expect(await join()).toEqual([{ _id: 'x', _openid: 'other' }])
  })
})

describe('get()', () => {
  const rooms = 'rooms'
  beforeEach(async () => {
    if (!(await database.listCollections()).includes(rooms)) {
      await database.createCollection({ collection: rooms })
      await database.add({
        collection: rooms,
        documents: [
          { _id: 'r1', members: ['me'], next: 'r2' },
          { _id: 'r2', members: ['other'] },
          { _id: 7, members: ['me'] },
          { _id: 'a.b', members: ['me'] },
        ],
      })
    }
  })

  test.each<[rule: string, filter: EncodedObject, expected: unknown]>([
    [IN_ROOM, { room: 'r1' }, ['a', 'c']],
    [IN_ROOM, { room: { $in: ['r1'] } }, ['a', 'c']],
    [IN_ROOM, { room: { $in: ['r1', 'r2'] } }, 'denied'],
    [IN_ROOM, { room: 'r2' }, 'denied'],
    [IN_ROOM, { room: 'none' }, 'denied'],
    [IN_ROOM, {}, 'denied'],
    ["auth.openid in get('database.rooms.7').members", {}, ['a', 'b', 'c', 'd']],
    ["auth.openid in get('database.rooms.a.b').members", {}, ['a', 'b', 'c', 'd']],
    ["get('database.rooms.none') == null", {}, ['a', 'b', 'c', 'd']],
    ["!get('database.rooms.none').isClosed", {}, ['a', 'b', 'c', 'd']],
    ["get('database.rooms.none').owner == auth.openid", {}, 'denied'],
    ["get('database.none.x') == undefined", {}, ['a', 'b', 'c', 'd']],
    ["get('rooms.r1').members == undefined", {}, 'denied'],
    ["get('database.rooms.r1').__proto__ != undefined", {}, 'denied'],
    ["get('database.rooms.r1')['members'][0] == auth.openid", {}, ['a', 'b', 'c', 'd']],
    ["'other' in get(`database.rooms.${get('database.rooms.r1').next}`).members", {}, ['a', 'b', 'c', 'd']],
    ["doc.room in [get('database.rooms.r1').next]", { room: 'r2' }, ['b']],
  ])('%s: %j', async (rule, filter, expected) => {
    expect(await read(rule, filter)).toEqual(expected)
  })

  test(`reads ${LIMITS.ruleDocuments} documents at most in one request`, async () => {
    const rule = 'get(`database.rooms.${request.data.key}`) == null'
    await database.setPermission({ collection, permission: { create: rule } })
    const add = (many: number): Promise<unknown> => {
      const documents = Array.from({ length: many }, (_, key) => ({ key: `k${key}` }))
      return outcome(database.add({ client: me, collection, documents }).then(({ ids }) => ids.length))
    }
    expect(await add(LIMITS.ruleDocuments)).toBe(LIMITS.ruleDocuments)
    expect(await add(LIMITS.ruleDocuments + 1)).toBe('denied')
  })
})

describe('writes under rules', () => {
  const rules = (permission: SecurityRules): Promise<unknown> =>
    database.setPermission({ collection, permission })
  const update = (filter: EncodedObject, change: EncodedObject, client = me): Promise<unknown> =>
    outcome(
      database
        .update({ client, collection, filter, update: change, multi: true })
        .then(({ updated }) => updated),
    )

  test('where().update and where().remove are allowed within the rule', async () => {
    await rules({ read: true, write: 'doc._openid == auth.openid' })
    const mine = { _openid: '{openid}', status: 'open' }
    expect(await update({ status: 'open' }, { $set: { n: 0 } })).toBe('denied')
    expect(await update(mine, { $set: { n: 0 } })).toBe(2)
    const remove = (filter: EncodedObject): Promise<unknown> =>
      outcome(database.remove({ client: me, collection, filter, multi: true }).then(({ removed }) => removed))
    expect(await remove({ _id: 'a' })).toBe('denied')
    expect(await remove(mine)).toBe(2)
  })

  test('create, update and delete go before write', async () => {
    await rules({ write: true, update: false, delete: "doc.status == 'closed'" })
    expect(await update({}, { $set: { n: 0 } })).toBe('denied')
    const removed = database.remove({
      client: me,
      collection,
      filter: { status: 'closed', n: 9 },
      multi: true,
    })
    expect(await removed).toEqual({ removed: 1 })
    expect(await database.add({ client: me, collection, documents: [{}] })).toMatchObject({
      ids: [expect.any(String)],
    })
  })

  test.each<[rule: string, document: EncodedObject, client: ClientIdentity, isAllowed: boolean]>([
    ['doc._openid == auth.openid', {}, me, true],
    ['doc._openid == auth.openid', {}, anonymous, false],
    ['request.data.n > 3', { n: 4 }, me, true],
    ['request.data.n > 3', { n: 3 }, me, false],
    ['request.data.n > 3', {}, me, false],
    ['doc.n > 3', { n: 4 }, me, true],
    ["request.data.role == undefined || request.data.role == 'user'", { role: 'admin' }, me, false],
    ["request.data.role == undefined || request.data.role == 'user'", { role: 'user' }, me, true],
    ["request.data.role == undefined || request.data.role == 'user'", {}, me, true],
    ["request.data.deep.x in ['y']", { deep: { x: 'y' } }, me, true],
    ['request.data.at <= now', { at: { $tcb_server_date: { offset: 0 } } }, me, true],
    ['request.data.at <= now', { at: { $date: Date.now() + HOUR_MS } }, me, false],
    ["doc._id == 'mine'", { _id: 'mine' }, me, true],
    ["doc._id == 'mine'", {}, me, false],
    ['doc.a == doc.b', { a: 1, b: 1 }, me, true],
    ['doc.a == doc.b', { a: 1, b: 2 }, me, false],
    ['request.data.__proto__ == undefined', {}, me, true],
    ['request.data.constructor == undefined', {}, me, true],
  ])('create by %s: %j', async (create, document, client, isAllowed) => {
    await rules({ create })
    const added = database.add({ client, collection, documents: [document] })
    expect((await outcome(added)) === 'denied').toBe(!isAllowed)
    expect(await database.count({ collection, filter: {} })).toEqual({ total: isAllowed ? 5 : 4 })
  })

  test.each<[rule: string, change: EncodedObject, isAllowed: boolean]>([
    ['request.data.role == undefined', { $set: { n: 1 } }, true],
    ['request.data.role == undefined', { $set: { role: 'x' } }, false],
    ['request.data.role == undefined', { $set: { 'role.x': 1 } }, false],
    ['request.data.role == undefined', { $inc: { role: 1 } }, false],
    ['request.data.role == undefined', { $unset: { role: '' } }, false],
    ['request.data.role == undefined', { $rename: { n: 'role' } }, false],
    ['request.data.role == undefined', { $push: { 'role.list': 1 } }, false],
    ['request.data.role != null', { $inc: { role: 1 } }, false],
    ['request.data.n < 5', { $set: { n: 4 } }, true],
    ['request.data.n < 5', { $set: { n: 5 } }, false],
    ['request.data.n < 5', { $inc: { n: 1 } }, false],
    ['request.data.n < 5', {}, false],
    ["request.data.deep.x == 'y'", { $set: { deep: { x: 'y' } } }, true],
    ["request.data.deep.x == 'y'", { $set: { 'deep.x': 'y' } }, true],
    ["request.data.deep.x == 'y'", { $set: { 'deep.x': 'y', 'deep.z': 1 } }, true],
    ["request.data.deep == 'y'", { $set: { 'deep.x': 'y' } }, false],
  ])('update by %s: %j', async (rule, change, isAllowed) => {
    await rules({ update: rule })
    expect((await update({ _id: 'none' }, change)) === 'denied').toBe(!isAllowed)
  })

  test('set needs the update rule, and the create rule where nothing is', async () => {
    const set = (id: string, client: ClientIdentity): Promise<unknown> =>
      outcome(
        database
          .replace({ client, collection, id, document: { n: 1 } })
          .then(({ updated, created }) => [updated, created]),
      )
    await rules({ update: 'doc._openid == auth.openid', create: true })
    expect([await set('a', me), await set('none', me)]).toEqual(['denied', 'denied'])
    await rules({ update: true, create: 'request.data.n == 2' })
    expect([await set('b', me), await set('none', me)]).toEqual([[1, 0], 'denied'])
    await rules({ update: "doc._id == 'c'", create: true })
    expect([await set('c', other), await set('none', other)]).toEqual([[1, 0], 'denied'])
    expect((await database.query({ collection, filter: { _id: 'c' } })).documents).toEqual([
      { _id: 'c', n: 1, _openid: 'other' },
    ])
  })
})

describe('a rule lets out nothing beyond itself', () => {
  const values = fc.constantFrom<Encoded[]>(1, 2, 'x', 'me', null, true, [1, 2], ['me'])
  const fields = fc.constantFrom('p', 'q', '_openid')
  const documentArb = fc.dictionary(fields, values, { maxKeys: 3 })
  const leafArb = fc.oneof(
    fc
      .tuple(
        fields,
        fc.constantFrom('==', '!=', '<', '>='),
        fc.constantFrom('1', "'x'", 'auth.openid', 'null'),
      )
      .map(([field, operator, value]) => `doc.${field} ${operator} ${value}`),
    fc.tuple(fields, fc.constantFrom("[1, 'me']", "['x']")).map(([field, list]) => `doc.${field} in ${list}`),
    fields.map(field => `auth.openid in doc.${field}`),
    fields.map(field => `doc.${field}`),
    fc.constantFrom('auth.openid == null', "auth.openid == 'me'"),
  )
  const ruleArb = fc.letrec<{ rule: string }>(tie => ({
    rule: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leafArb,
      tie('rule').map(rule => `!(${rule})`),
      fc.tuple(tie('rule'), tie('rule')).map(([left, right]) => `(${left}) && (${right})`),
      fc.tuple(tie('rule'), tie('rule')).map(([left, right]) => `(${left}) || (${right})`),
    ),
  })).rule
  const conditionArb = fc.oneof(
    values,
    fc
      .tuple(fc.constantFrom('$eq', '$ne', '$lt', '$gte'), values)
      .map(([operator, value]) => ({ [operator]: value })),
    fc.array(values, { maxLength: 2 }).map(list => ({ $in: list })),
  )
  const filterArb = fc.letrec<{ filter: EncodedObject }>(tie => ({
    filter: fc.oneof(
      { maxDepth: 2 },
      fc.dictionary(fields, conditionArb, { maxKeys: 2 }) as fc.Arbitrary<EncodedObject>,
      fc.array(tie('filter'), { minLength: 1, maxLength: 2 }).map(list => ({ $or: list })),
      fc.array(tie('filter'), { minLength: 1, maxLength: 2 }).map(list => ({ $nor: list })),
    ),
  })).filter

  test('whatever is asked: what comes is what the rule holds for, and asked for', async () => {
    let allowedCount = 0
    await fc.assert(
      fc.asyncProperty(
        ruleArb,
        filterArb,
        fc.array(documentArb, { maxLength: 5 }),
        fc.boolean(),
        async (rule, filter, documents, isMe) => {
          const target = `p${count++}`
          await database.createCollection({ collection: target })
          if (documents.length > 0) await database.add({ collection: target, documents })
          await database.setPermission({ collection: target, permission: { read: rule } })
          const client = isMe ? me : anonymous
          const asked = await outcome(database.query({ client, collection: target, filter }))
          await database.dropCollection(target)
          if (asked === 'denied') return
          allowedCount++
          const holds = (document: EncodedObject): boolean | undefined => judge(rule, document, client.openid)
          for (const document of (asked as { documents: EncodedObject[] }).documents) {
            expect(holds(document)).toBe(true)
          }
        },
      ),
      { numRuns: 400 },
    )
    expect(allowedCount).toBeGreaterThan(20)
  })
})

/** The rule by its own meaning: true, false, or undefined where it can't be told. Written apart from the product. */
function judge(rule: string, document: EncodedObject, openid: string | undefined): boolean | undefined {
  const text = rule.trim()
  const split = (operator: string): [string, string] | undefined => {
    let depth = 0
    for (let at = 0; at < text.length; at++) {
      if (text[at] === '(') depth++
      if (text[at] === ')') depth--
      if (depth === 0 && text.startsWith(operator, at)) return [text.slice(0, at), text.slice(at + 2)]
    }
    return undefined
  }
  for (const [operator, decisive] of [
    ['||', true],
    ['&&', false],
  ] as const) {
    const sides = split(operator)
    if (sides === undefined) continue
    const answers = sides.map(side => judge(side, document, openid))
    if (answers.includes(decisive)) return decisive
    return answers.includes(undefined) ? undefined : !decisive
  }
  if (text.startsWith('!(')) {
    const inner = judge(text.slice(2, -1), document, openid)
    return inner === undefined ? undefined : !inner
  }
  if (text.startsWith('(')) return judge(text.slice(1, -1), document, openid)
  return judgeLeaf(text, document, openid)
}

function judgeLeaf(text: string, document: EncodedObject, openid: string | undefined): boolean | undefined {
  const read = (term: string): Encoded | undefined =>
    term === 'auth.openid' ? openid : JSON.parse(term.replaceAll("'", '"'))
  const field = /doc\.(\w+)/.exec(text)?.[1]
  if (field === undefined) {
    const [, , right = ''] = text.split(' ')
    return right === 'null' ? openid === undefined : openid === read(right)
  }
  const own = document[field]
  const all: (Encoded | undefined)[] = Array.isArray(own) ? [...own] : [own]
  const equals = (value: Encoded): boolean => all.some(item => (item ?? null) === value)
  if (text.startsWith('auth.openid in')) return openid === undefined ? undefined : equals(openid)
  const [, operator, ...rest] = text.split(' ')
  if (operator === undefined) return !all.some(item => [false, null, 0, ''].includes((item ?? null) as never))
  const value = read(rest.join(' '))
  if (value === undefined) return undefined
  if (operator === 'in') return (value as Encoded[]).some(equals)
  if (operator === '==') return equals(value)
  if (operator === '!=') return !equals(value)
  if (value === null) return undefined
  const compares = (item: Encoded | undefined): boolean =>
    typeof item === typeof value &&
    (operator === '<' ? (item as number) < (value as number) : (item as number) >= (value as number))
  return all.some(compares)
}
