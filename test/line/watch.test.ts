// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language of rules has templates of its own.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Cloud, createCloud } from '../../src/client/node.ts'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Snapshot, Watch, WatchOptions } from '../../src/sdk/watch.ts'
import type { WxError } from '../../src/sdk/wx-errors.ts'
import { BreakingProxy } from '../client/breaking-proxy.ts'

let host: FunctionHost
const clouds: Cloud[] = []
beforeEach(async () => {
  host = new FunctionHost()
  await host.database.createCollection('todos')
})
afterEach(async () => {
  await Promise.all(clouds.splice(0).map(cloud => cloud.close()))
  await host.close()
})

async function openCloud(openid = 'me', url?: string): Promise<Cloud> {
  const cloud = createCloud({ url: url ?? (await host.listen({ port: 0 })).url, openid })
  clouds.push(cloud)
  return cloud
}

/** What a watch tells, in order. */
class Told {
  readonly snapshots: Snapshot[] = []
  readonly errors: WxError[] = []
  readonly watch: Watch
  #waiters: (() => void)[] = []

  constructor(query: { watch(options: WatchOptions): Watch }) {
    this.watch = query.watch({
      onChange: snapshot => {
        this.snapshots.push(snapshot)
        this.#wake()
      },
      onError: error => {
        this.errors.push(error)
        this.#wake()
      },
    })
  }

  get last(): Snapshot | undefined {
    return this.snapshots.at(-1)
  }

  get ids(): unknown[] | undefined {
    return this.last?.docs.map(({ _id }) => _id)
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>(resolve => this.#waiters.push(resolve))
  }

  /** The snapshot of that number, from 1. */
  async nth(count: number): Promise<Snapshot> {
    await this.until(() => this.snapshots.length >= count)
    const snapshot = this.snapshots[count - 1]
    if (snapshot === undefined) throw new Error('no snapshot')
    return snapshot
  }

  async error(): Promise<WxError> {
    await this.until(() => this.errors.length > 0)
    const [error] = this.errors
    if (error === undefined) throw new Error('no error')
    return error
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}

const todos = () => host.database.collection('todos')

describe('snapshots', () => {
  test('of the host: the result first, then each kind of change', async () => {
    const _ = host.database.command
    await todos().add({ data: { _id: 'a', n: 1, meta: { x: 1, y: 2 }, at: new Date(5) } })
    const told = new Told(
      todos()
        .where({ n: _.gt(0) })
        .orderBy('n', 'asc')
        .limit(2),
    )
    const doc = { _id: 'a', n: 1, meta: { x: 1, y: 2 }, at: new Date(5) }
    expect(await told.nth(1)).toEqual({
      id: 0,
      type: 'init',
      msgType: 'INIT_EVENT',
      docs: [doc],
      docChanges: [{ id: 0, queueType: 'init', dataType: 'init', docId: 'a', doc }],
    })

    await todos().add({ data: { _id: 'b', n: 2 } })
    expect(await told.nth(2)).toMatchObject({
      id: 1,
      msgType: 'NEXT_EVENT',
      docChanges: [{ id: 1, queueType: 'enqueue', dataType: 'add', docId: 'b', doc: { _id: 'b', n: 2 } }],
    })
    expect(told.last).not.toHaveProperty('type')

    await todos()
      .doc('a')
      .update({ data: { 'meta.x': 9, at: _.remove(), tags: ['new'] } })
    expect((await told.nth(3)).docChanges).toEqual([
      {
        id: 2,
        queueType: 'update',
        dataType: 'update',
        docId: 'a',
        doc: { _id: 'a', n: 1, meta: { x: 9, y: 2 }, tags: ['new'] },
        updatedFields: { 'meta.x': 9, tags: ['new'] },
        removedFields: ['at'],
      },
    ])

    await todos()
      .doc('a')
      .set({ data: { n: 3 } })
    expect((await told.nth(4)).docChanges).toEqual([
      { id: 3, queueType: 'update', dataType: 'replace', docId: 'a', doc: { _id: 'a', n: 3 } },
    ])
    expect(told.ids).toEqual(['b', 'a'])

    await todos().add({ data: { _id: 'c', n: 1 } })
    expect((await told.nth(5)).docChanges).toMatchObject([
      { id: 4, queueType: 'dequeue', dataType: 'limit', docId: 'a', doc: { _id: 'a', n: 3 } },
      { id: 5, queueType: 'enqueue', dataType: 'add', docId: 'c' },
    ])
    expect(told.ids).toEqual(['c', 'b'])

    await todos()
      .doc('c')
      .update({ data: { n: -1 } })
    expect((await told.nth(6)).docChanges).toMatchObject([
      { queueType: 'dequeue', dataType: 'update', docId: 'c' },
      { queueType: 'enqueue', dataType: 'limit', docId: 'a', doc: { n: 3 } },
    ])

    await todos()
      .doc('c')
      .update({ data: { n: 2.5 } })
    expect((await told.nth(7)).docChanges).toMatchObject([
      { queueType: 'dequeue', dataType: 'limit', docId: 'a' },
      { queueType: 'enqueue', dataType: 'update', docId: 'c' },
    ])

    await todos().doc('b').remove()
    expect((await told.nth(8)).docChanges).toMatchObject([
      { queueType: 'dequeue', dataType: 'remove', docId: 'b', doc: { _id: 'b', n: 2 } },
      { queueType: 'enqueue', dataType: 'limit', docId: 'a' },
    ])

    await todos()
      .doc('c')
      .set({ data: { n: -5 } })
    expect((await told.nth(9)).docChanges).toMatchObject([
      { queueType: 'dequeue', dataType: 'replace', docId: 'c' },
    ])
    expect(told.snapshots.map(({ id }) => id)).toEqual([0, 1, 2, 3, 5, 7, 9, 11, 12])
    await told.watch.close()
    await todos().doc('a').remove()
    expect(told.snapshots).toHaveLength(9)
  })

  test('of nothing, and of one document that comes to be', async () => {
    const told = new Told(todos().doc('later'))
    expect(await told.nth(1)).toEqual({
      id: 0,
      type: 'init',
      msgType: 'INIT_EVENT',
      docs: [],
      docChanges: [],
    })
    await todos()
      .doc('other')
      .set({ data: { n: 1 } })
    await todos()
      .doc('later')
      .set({ data: { n: 1 } })
    expect((await told.nth(2)).docChanges).toMatchObject([
      { queueType: 'enqueue', dataType: 'add', docId: 'later' },
    ])
    await told.watch.close()
  })

  test('do not tell what was undone, and tell a batch as one', async () => {
    const told = new Told(todos().where({ n: host.database.command.gte(0) }))
    await told.nth(1)
    await expect(
      todos().add({
        data: [
          { _id: 'x', n: 1 },
          { _id: 'x', n: 2 },
        ],
      }),
    ).rejects.toMatchObject({ errCode: -502001 })
    await todos().add({
      data: [
        { _id: 'y', n: 1 },
        { _id: 'z', n: 2 },
      ],
    })
    const { docChanges } = await told.nth(2)
    expect(docChanges.map(({ docId }) => docId)).toEqual(['y', 'z'])
    await told.watch.close()
  })

  test('are refused with skip, with field, and without both callbacks', () => {
    const options = { onChange: () => {}, onError: () => {} }
    expect(() => todos().skip(1).watch(options)).toThrow('no skip and no field')
    expect(() => todos().field({ a: true }).watch(options)).toThrow('no skip and no field')
    expect(() => todos().doc('a').field({ a: true }).watch(options)).toThrow('no field')
    expect(() => todos().watch({ onChange: () => {} } as never)).toThrow('onError')
    expect(() => todos().watch({ onError: () => {} } as never)).toThrow('onChange')
    expect(() => todos().watch(undefined as never)).toThrow('onChange')
  })

  test('are not for functions', async () => {
    const source = `const cloud = require('wx-server-sdk'); cloud.init()
      exports.main = async () => {
        try { cloud.database().collection('todos').where({}).watch({ onChange() {}, onError() {} }) } catch (e) { return e }
      }`
    await host.deploy('f', { files: { 'index.js': source } })
    expect((await host.invoke('f')).result).toEqual({
      errCode: -501021,
      errMsg: expect.stringMatching(
        /^collection\.watch:fail -501021 operation unsupported\. .*function can’t watch/,
      ),
    })
  })

  test('of a missing collection fail at once', async () => {
    const error = await new Told(host.database.collection('none').where({})).error()
    expect(error).toMatchObject({
      errCode: -402002,
      errMsg: expect.stringMatching(
        /^collection\.watch:fail -402002 realtime listener init watch fail\. -502005 database collection not exists\./,
      ),
    })
    expect(Object.keys(error)).toEqual(['errCode', 'errMsg'])
  })

  test('end when the host closes', async () => {
    const told = new Told(todos().where({}))
    await told.nth(1)
    await host.close()
    expect(await told.error()).toMatchObject({ errCode: -402006 })
  })
})

describe('limits', () => {
  test('5000 documents are watched; one more ends the watch', async () => {
    const data = Array.from({ length: LIMITS.watchDocuments }, (_, n) => ({ _id: n }))
    await todos().add({ data })
    const told = new Told(todos().where({}))
    expect((await told.nth(1)).docs).toHaveLength(LIMITS.watchDocuments)
    await todos().add({ data: {} })
    expect(await told.error()).toMatchObject({
      errCode: -402006,
      errMsg: expect.stringContaining(`A watch holds ${LIMITS.watchDocuments} documents`),
    })
    expect(await new Told(todos().where({})).error()).toMatchObject({ errCode: -402002 })
    const limited = new Told(todos().limit(LIMITS.watchDocuments))
    expect((await limited.nth(1)).docs).toHaveLength(LIMITS.watchDocuments)
    await limited.watch.close()
    expect(await new Told(todos().limit(LIMITS.watchDocuments + 1)).error()).toMatchObject({
      errCode: -402002,
    })
  })

  test('a session has so many watches, and one more when one is closed', async () => {
    const db = (await openCloud()).database()
    const open = (): Told => new Told(db.collection('todos').where({}))
    const all = Array.from({ length: LIMITS.sessionWatches }, open)
    await Promise.all(all.map(told => told.nth(1)))
    expect(await open().error()).toMatchObject({
      errCode: -402002,
      errMsg: expect.stringContaining(`${LIMITS.sessionWatches} watches open`),
    })
    // They take no place among its calls.
    expect((await db.collection('todos').count()).total).toBe(0)
    await all[0]?.watch.close()
    const next = open()
    await next.nth(1)
  })

  test('a pattern that takes too long ends its watch only', async () => {
    const _ = host.database.command
    const fine = new Told(todos().where({}))
    const slow = new Told(todos().where({ s: host.database.RegExp({ regexp: '^(a+)+$' }), n: _.gt(0) }))
    await Promise.all([fine.nth(1), slow.nth(1)])
    await todos().add({ data: { _id: 'x', n: 1, s: `${'a'.repeat(40)}!` } })
    expect(await slow.error()).toMatchObject({
      errCode: -402006,
      errMsg: expect.stringContaining('was stopped'),
    })
    await fine.nth(2)
    expect((await todos().count()).total).toBe(1)
    await fine.watch.close()
  })
})

describe('clients', () => {
  test('see what they may read, and lose what they may no longer', async () => {
    const cloud = await openCloud('me')
    const told = new Told(cloud.database().collection('todos').where({}))
    await told.nth(1)
    await todos().add({ data: { _id: 'theirs', _openid: 'other' } })
    await cloud
      .database()
      .collection('todos')
      .add({ data: { _id: 'mine' } })
    expect((await told.nth(2)).docs).toEqual([{ _id: 'mine', _openid: 'me' }])
    await todos()
      .doc('mine')
      .update({ data: { _openid: 'other' } })
    expect((await told.nth(3)).docChanges).toMatchObject([
      { queueType: 'dequeue', dataType: 'update', doc: { _id: 'mine', _openid: 'me' } },
    ])
    await host.database.setPermission('todos', 'READONLY')
    expect((await told.nth(4)).docs).toHaveLength(2)
    await host.database.setPermission('todos', 'ADMINONLY')
    expect(await told.error()).toMatchObject({
      errCode: -402006,
      errMsg: expect.stringContaining('-502003 database permission denied'),
    })
    expect(await new Told(cloud.database().collection('todos').where({})).error()).toMatchObject({
      errCode: -402002,
      errMsg: expect.stringContaining('-502003'),
    })
  })

  test('are held to a rule, also when a document it reads changes', async () => {
    await host.database.createCollection('rooms')
    await host.database.collection('rooms').add({ data: { _id: 'r', members: ['me'] } })
    await host.database.setPermission('todos', {
      read: 'auth.openid in get(`database.rooms.${doc.room}`).members',
    })
    await todos().add({ data: { _id: 'a', room: 'r' } })
    const cloud = await openCloud('me')
    const db = cloud.database()
    expect(await new Told(db.collection('todos').where({})).error()).toMatchObject({ errCode: -402002 })
    const told = new Told(db.collection('todos').where({ room: 'r' }))
    expect((await told.nth(1)).docs).toHaveLength(1)
    await host.database
      .collection('rooms')
      .doc('r')
      .update({ data: { members: host.database.command.push('x') } })
    await todos().add({ data: { _id: 'b', room: 'r' } })
    expect((await told.nth(2)).docs).toHaveLength(2)
    await host.database
      .collection('rooms')
      .doc('r')
      .update({ data: { members: [] } })
    expect(await told.error()).toMatchObject({ errMsg: expect.stringContaining('-502003') })
  })

  test('that lose the connection are told the difference, nothing lost and nothing twice', async () => {
    const door = await host.listen({ port: 0 })
    const proxy = await BreakingProxy.open(door.port)
    const cloud = await openCloud('me', proxy.url)
    await host.database.setPermission('todos', 'ADMINWRITE')
    const told = new Told(cloud.database().collection('todos').orderBy('n', 'asc').limit(10))
    await told.nth(1)
    for (let round = 1; round <= 8; round++) {
      proxy.isRefusing = round % 2 === 0
      proxy.cut()
      await todos().add({
        data: [
          { _id: `a${round}`, n: round % 3 },
          { _id: `b${round}`, n: -round },
        ],
      })
      if (round > 1)
        await todos()
          .doc(`a${round - 1}`)
          .remove()
      await todos()
        .where({ n: host.database.command.lt(-2) })
        .update({ data: { seen: round } })
      const seen = proxy.connectionCount
      if (proxy.isRefusing) await expect.poll(() => proxy.connectionCount).toBeGreaterThan(seen)
      proxy.isRefusing = false
      const { data } = await todos().orderBy('n', 'asc').limit(10).get()
      await told.until(() => JSON.stringify(told.last?.docs) === JSON.stringify(data))
    }
    expect(told.errors).toEqual([])
    expect(told.snapshots.filter(({ type }) => type === 'init')).toHaveLength(1)
    replay(told.snapshots)
    const ids = told.snapshots.flatMap(({ docChanges }) => docChanges.map(({ id }) => id))
    expect(ids.filter(id => id > 0)).toEqual(ids.filter(id => id > 0).map((_, index) => index + 1))
  })

  test('that lose it with nothing changed are told nothing', async () => {
    const door = await host.listen({ port: 0 })
    const proxy = await BreakingProxy.open(door.port)
    const cloud = await openCloud('me', proxy.url)
    const told = new Told(cloud.database().collection('todos').where({}))
    await told.nth(1)
    proxy.cut()
    await expect.poll(() => proxy.connectionCount).toBe(2)
    await cloud
      .database()
      .collection('todos')
      .add({ data: { _id: 'x' } })
    await told.nth(2)
    expect(told.snapshots).toHaveLength(2)
  })

  test('go on when the door closes and another opens', async () => {
    const door = await host.listen({ port: 0 })
    const { url, port } = door
    const cloud = await openCloud('me', url)
    const told = new Told(cloud.database().collection('todos').where({}))
    await told.nth(1)
    await door.close()
    await todos().add({ data: { _id: 'x', _openid: 'me' } })
    await host.listen({ port })
    expect((await told.nth(2)).docChanges).toMatchObject([{ queueType: 'enqueue', docId: 'x' }])
  })
})

/** Whether each snapshot is the one before with its changes applied, as a program may do that keeps its own list. */
function replay(snapshots: readonly Snapshot[]): void {
  const known = new Map<unknown, unknown>()
  for (const { docs, docChanges } of snapshots) {
    for (const { queueType, docId, doc } of docChanges) {
      expect(known.has(docId)).toBe(queueType === 'update' || queueType === 'dequeue')
      if (queueType === 'dequeue') known.delete(docId)
      else known.set(docId, doc)
    }
    expect(new Map(docs.map(doc => [doc['_id'], doc]))).toEqual(known)
  }
}
