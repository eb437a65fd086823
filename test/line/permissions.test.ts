import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Cloud, createCloud } from '../../src/client/node.ts'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

let host: FunctionHost
let cloud: Cloud
beforeEach(async () => {
  host = new FunctionHost()
  const { url } = await host.listen({ port: 0 })
  cloud = createCloud({ url, openid: 'me' })
  await host.database.createCollection('todos')
})
afterEach(async () => {
  await cloud.close()
  await host.close()
})

const mine = () => cloud.database().collection('todos')
const all = () => host.database.collection('todos')

test('a client owns what it adds, and does not see what others own', async () => {
  const { _id } = await mine().add({ data: { n: 1 } })
  await all().add({ data: { _id: 'theirs', _openid: 'other' } })
  expect((await mine().get()).data).toEqual([{ _id, n: 1, _openid: 'me' }])
  await expect(mine().doc('theirs').get()).rejects.toMatchObject({
    errCode: -1,
    errMsg: 'document.get:fail document with _id theirs does not exist',
  })
  expect(
    (
      await mine()
        .doc('theirs')
        .update({ data: { n: 2 } })
    ).stats,
  ).toEqual({ updated: 0 })
  expect((await mine().doc('theirs').remove()).stats).toEqual({ removed: 0 })
})

test('a refusal has the platform’s error, the same whether the document is there or not', async () => {
  await all().add({ data: { _id: 'there', _openid: 'me' } })
  await host.database.setPermission('todos', 'ADMINONLY')
  const messages = await Promise.all(
    ['there', 'none'].map(async id => {
      const error = await mine()
        .doc(id)
        .get()
        .catch((caught: unknown) => caught)
      expect(error).toMatchObject({
        errCode: -502003,
        errMsg: expect.stringMatching(
          /^document\.get:fail -502003 database permission denied\. permission denied: /,
        ),
      })
      return error instanceof Error ? error.message : ''
    }),
  )
  expect(new Set(messages).size).toBe(1)
  await host.database.setPermission('todos', { read: 'doc._openid == auth.openid' })
  await expect(mine().doc('there').get()).rejects.toMatchObject({ errCode: -502003 })
  const { data } = await mine().where({ _id: 'there', _openid: '{openid}' }).get()
  expect(data).toEqual([{ _id: 'there', _openid: 'me' }])
})

test('a client writes by condition under rules only', async () => {
  await all().add({
    data: [
      { _openid: 'me', n: 1 },
      { _openid: 'me', n: 1 },
      { _openid: 'other', n: 1 },
    ],
  })
  const change = { data: { n: 2 } }
  await expect(mine().where({ n: 1 }).update(change)).rejects.toMatchObject({ errCode: -502003 })
  await expect(mine().where({ n: 1 }).remove()).rejects.toMatchObject({ errCode: -502003 })
  await host.database.setPermission('todos', { read: true, write: 'doc._openid == auth.openid' })
  await expect(mine().where({ n: 1 }).update(change)).rejects.toMatchObject({ errCode: -502003 })
  expect((await mine().where({ n: 1, _openid: '{openid}' }).update(change)).stats).toEqual({ updated: 2 })
  expect((await mine().where({ n: 2, _openid: '{openid}' }).remove()).stats).toEqual({ removed: 2 })
})

test(`a client gets ${LIMITS.clientQueryRows} documents, a function more`, async () => {
  await all().add({ data: Array.from({ length: 30 }, (_, n) => ({ _openid: 'me', n })) })
  expect((await mine().limit(1000).get()).data).toHaveLength(LIMITS.clientQueryRows)
  expect((await all().get()).data).toHaveLength(30)
})

test('functions are administrators whoever calls them, and set no permissions', async () => {
  await host.database.setPermission('todos', 'ADMINONLY')
  await all().add({ data: { _id: 'theirs', _openid: 'other' } })
  const source = `const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database()
    exports.main = async () => [await db.collection('todos').count(), typeof db.setPermission]`
  await host.deploy('f', { files: { 'index.js': source } })
  const { result } = await cloud.callFunction({ name: 'f' })
  expect(result).toEqual([{ total: 1, errMsg: 'collection.count:ok' }, 'undefined'])
})

test.each(['database.setPermission', 'database.getPermission'] as const)(
  '%s is the host’s alone',
  async op => {
    const args = { collection: 'todos', permission: 'READONLY' } as const
    await expect(cloud.call(op, args)).rejects.toMatchObject({ code: 'CLOUDLET_CAPABILITY_DENIED' })
    expect(await host.database.getPermission('todos')).toBe('PRIVATE')
  },
)

test('who asks can’t be said in a request', async () => {
  const args = { collection: 'todos', filter: {}, client: { openid: 'other' } }
  await expect(cloud.call('database.count', args)).rejects.toMatchObject({ code: 'CLOUDLET_VALUE' })
})

test('a permission that can’t be read is refused with the place', async () => {
  await expect(host.database.setPermission('todos', { read: 'doc.a = 1' })).rejects.toMatchObject({
    code: 'CLOUDLET_DATABASE',
    message: 'In "read": Security rule: "=" at 7 is no part of the language.',
  })
})
