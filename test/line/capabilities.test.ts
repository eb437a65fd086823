import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Capability } from '../../src/protocol/calls.ts'

let host: FunctionHost
const warnings: string[] = []
beforeEach(() => {
  warnings.length = 0
  host = new FunctionHost({ onWarning: message => warnings.push(message) })
})
afterEach(() => host.close())

const SDK =
  "const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database(); const _ = db.command\n"

async function deploy(name: string, body: string, capabilities?: Capability[]): Promise<void> {
  const source = `${SDK}exports.main = async event => { try { ${body} } catch (e) { return { errCode: e.errCode, errMsg: e.errMsg, keys: Object.keys(e) } } }`
  await host.deploy(
    name,
    { files: { 'index.js': source } },
    capabilities === undefined ? {} : { capabilities },
  )
}

async function run(body: string, event: object = {}, capabilities?: Capability[]): Promise<unknown> {
  await deploy('f', body, capabilities)
  return (await host.invoke('f', { ...event }, { caller: { openid: 'o-1' } })).result
}

describe('the SDK over real engines', () => {
  test('documents: add, get, update with commands, count, order, paging, remove', async () => {
    const result = await run(`
      await db.createCollection('todos')
      const todos = db.collection('todos')
      for (let i = 0; i < 5; i++) await todos.add({ data: { _id: 't' + i, n: i, done: i % 2 === 0, tags: ['a'], at: new Date(i) } })
      const updated = await todos.where({ done: true }).update({ data: { n: _.inc(10), tags: _.push(['b']), 'nested.x': 1 } })
      const page = await todos.where({ n: _.gte(3).and(_.lt(100)) }).orderBy('n', 'desc').skip(1).limit(2).field({ n: true }).get()
      const one = await todos.doc('t1').get()
      const set = await todos.doc('t9').set({ data: { n: 9 } })
      const total = await todos.where(_.or([{ n: 9 }, { tags: 'b' }])).count()
      const removed = await todos.doc('t0').remove()
      return { updated, page, one, isDate: one.data.at instanceof Date, set, total, removed }`)
    expect(result).toEqual({
      updated: { stats: { updated: 3 }, errMsg: 'collection.update:ok' },
      page: {
        data: [
          { _id: 't2', n: 12 },
          { _id: 't0', n: 10 },
        ],
        errMsg: 'collection.get:ok',
      },
      one: {
        data: { _id: 't1', n: 1, done: false, tags: ['a'], at: '1970-01-01T00:00:00.001Z' },
        errMsg: 'document.get:ok',
      },
      isDate: true,
      set: { _id: 't9', errMsg: 'document.set:ok', stats: { updated: 0, created: 1 } },
      total: { total: 4, errMsg: 'collection.count:ok' },
      removed: { stats: { removed: 1 }, errMsg: 'document.remove:ok' },
    })
  })

  test('a missing collection and a missing document fail as the platform does', async () => {
    expect(await run("return await db.collection('none').get()")).toEqual({
      errCode: -502005,
      errMsg: expect.stringMatching(
        /^collection\.get:fail -502005 database collection not exists\. .*Db or Table not exist/,
      ),
      keys: ['errCode', 'errMsg'],
    })
    await host.database.createCollection('there')
    expect(await run("return await db.collection('there').doc('x').get()")).toMatchObject({
      errCode: -1,
      errMsg: 'document.get:fail document with _id x does not exist',
    })
  })

  test('files: upload, download, remove; the URL needs an open door', async () => {
    const result = await run(`
      const { fileID } = await cloud.uploadFile({ cloudPath: 'a/b.txt', fileContent: Buffer.from('你好') })
      const down = await cloud.downloadFile({ fileID })
      const gone = await cloud.deleteFile({ fileList: [fileID, 'cloud://local.6c6f-local/none'] })
      return { fileID, text: down.fileContent.toString(), isBuffer: Buffer.isBuffer(down.fileContent), gone }`)
    expect(result).toMatchObject({
      fileID: 'cloud://local.6c6f-local/a/b.txt',
      text: '你好',
      isBuffer: true,
      gone: { fileList: [{ status: 0 }, { status: -503003 }] },
    })
    expect(
      await run("return await cloud.getTempFileURL({ fileList: ['cloud://local.6c6f-local/x'] })"),
    ).toMatchObject({
      errCode: -503001,
      errMsg: expect.stringContaining('host.listen'),
    })
  })

  test('20 MB are downloaded at the limit, one byte more is not', async () => {
    await deploy(
      'f',
      `
      const { fileID } = await cloud.uploadFile({ cloudPath: 'big', fileContent: new Uint8Array(event.size).fill(7) })
      const { fileContent } = await cloud.downloadFile({ fileID })
      return [fileContent.length, fileContent[0], fileContent[event.size - 1]]`,
    )
    expect((await host.invoke('f', { size: LIMITS.fileBytes })).result).toEqual([LIMITS.fileBytes, 7, 7])
    expect((await host.invoke('f', { size: LIMITS.fileBytes + 1 })).result).toMatchObject({
      errCode: -403001,
    })
  })

  test('a called function that throws, and one that does not exist', async () => {
    await host.deploy('thrower', {
      files: { 'index.js': 'exports.main = async () => { throw new Error("inner") }' },
    })
    expect(await run("return await cloud.callFunction({ name: 'thrower' })")).toEqual({
      errCode: -504002,
      errMsg: expect.stringMatching(
        /^callFunction:fail -504002 functions execute fail\. requestID [\w-]+, .*inner/,
      ),
      keys: ['errCode', 'errMsg', 'requestID'],
    })
    expect(await run("return await cloud.callFunction({ name: 'nope' })")).toMatchObject({
      errCode: -504002,
      errMsg: expect.stringContaining('FunctionName parameter could not be found.'),
    })
  })

  test('the host’s own database is the same one, with every right', async () => {
    await host.database.createCollection('shared')
    await host.database.collection('shared').add({ data: { _id: 'x', _openid: 'someone', at: new Date(5) } })
    expect(await run("return (await db.collection('shared').doc('x').get()).data._openid")).toBe('someone')
    const { data } = await host.database
      .collection('shared')
      .where({ at: host.database.command.gt(new Date(1)) })
      .get()
    expect(data).toEqual([{ _id: 'x', _openid: 'someone', at: new Date(5) }])
  })

  test('host calls made in one turn all get their own answers', async () => {
    const result = await run(`
      await db.createCollection('many')
      await Promise.all(Array.from({ length: 100 }, (_, i) => db.collection('many').add({ data: { _id: 'd' + i, i } })))
      const docs = await Promise.all(Array.from({ length: 100 }, (_, i) => db.collection('many').doc('d' + i).get()))
      return docs.every((doc, i) => doc.data.i === i)`)
    expect(result).toBe(true)
  })

  test('calls waiting at the limit are fine, one more is refused', async () => {
    await deploy(
      'f',
      `
      await db.createCollection('c').catch(() => {})
      const all = Array.from({ length: event.n }, () => db.collection('c').count().then(() => 'ok', e => e.errMsg))
      return [...new Set(await Promise.all(all))]`,
    )
    expect((await host.invoke('f', { n: LIMITS.hostCallsInFlight })).result).toEqual(['ok'])
    const { result } = await host.invoke('f', { n: LIMITS.hostCallsInFlight + 1 })
    expect(result).toEqual(['ok', expect.stringContaining(`More than ${LIMITS.hostCallsInFlight} calls`)])
  })
})

describe('bindings', () => {
  test.each([
    ["await db.collection('c').count()", ['storage', 'functions'], 'database.count'],
    ["await cloud.downloadFile({ fileID: 'cloud://x.y/z' })", ['database'], 'storage.download'],
    ["await cloud.callFunction({ name: 'f' })", [], 'functions.invoke'],
  ] as const)('%s without the capability is denied', async (body, capabilities, op) => {
    expect(await run(`${body}; return 'reached'`, {}, [...capabilities])).toMatchObject({
      errMsg: expect.stringContaining(`This function may not use ${op}`),
    })
  })

  test('a capability there isn’t', async () => {
    const source = { files: { 'index.js': 'exports.main = () => 1' } }
    await expect(host.deploy('f', source, { capabilities: ['root' as Capability] })).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      option: 'capabilities',
    })
  })
})

describe('bad hooks', () => {
  test('a listener that throws fails no call', async () => {
    const incidents: unknown[] = []
    const other = new FunctionHost({
      onInvocation: () => {
        throw new Error('listener')
      },
      onInternalError: (_, cause) => incidents.push(cause),
    })
    await other.deploy('f', { files: { 'index.js': 'exports.main = () => 1' } })
    expect((await other.invoke('f')).result).toBe(1)
    expect(incidents).toEqual([new Error('listener')])
    await other.close()
  })
})
