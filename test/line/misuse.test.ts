import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

/** What an embedder gets wrong, or does at a bad moment. */
let host: FunctionHost
beforeEach(async () => {
  host = new FunctionHost()
  await host.deploy('f', { files: { 'index.js': 'exports.main = e => e' }, config: { concurrency: 1 } })
})
afterEach(() => host.close())

const source = { files: { 'index.js': 'exports.main = () => 1' } }

describe('arguments of the wrong kind are typed errors, and nothing is left behind', () => {
  test.each<[string, () => unknown]>([
    ['a controller for a signal', () => host.invoke('f', {}, { signal: new AbortController() as never })],
    ['options of null', () => host.invoke('f', {}, null as never)],
    ['a caller of null', () => host.invoke('f', {}, { caller: null as never })],
    ['an openid that is a number', () => host.invoke('f', {}, { caller: { openid: 5 as never } })],
    ['an empty openid', () => host.invoke('f', {}, { caller: { openid: '' } })],
    ['an openid too long', () => host.invoke('f', {}, { caller: { openid: 'x'.repeat(257) } })],
    ['no source', () => host.deploy('g', undefined as never)],
    ['a source of null', () => host.deploy('g', null as never)],
    ['a source of files: null', () => host.deploy('g', { files: null as never })],
    ['deploy options of null', () => host.deploy('g', source, null as never)],
    ['capabilities of text', () => host.deploy('g', source, { capabilities: 'database' as never })],
    ['no directory', () => host.deployDirectory(undefined as never)],
    ['host options of null', async () => new FunctionHost(null as never)],
    ['a server of null', async () => host.attach(null as never)],
  ])('%s', async (_, misuse) => {
    await expect((async () => misuse())()).rejects.toMatchObject({ code: 'CLOUDLET_INVALID_OPTION' })
    expect(host.stats()).toMatchObject({ runningCount: 0, queuedCount: 0 })
    expect((await host.invoke('f', { a: 1 })).result).toEqual({ a: 1 })
  })

  test.each([null, 5, 'text', [1]])('an event of %j', async event => {
    await expect(host.invoke('f', event as never)).rejects.toMatchObject({ code: 'CLOUDLET_VALUE' })
  })

  test('the longest openid is fine', async () => {
    const openid = 'x'.repeat(256)
    expect((await host.invoke('f', {}, { caller: { openid } })).result).toEqual({
      userInfo: { openId: openid },
    })
  })
})

test('a name longer than any function’s is not compared with them, nor repeated', async () => {
  const error = await host.invoke('f'.repeat(3_000_000)).catch((caught: Error) => caught)
  expect(error).toMatchObject({ code: 'CLOUDLET_FUNCTION_NOT_FOUND', nearMatches: [] })
  expect((error as Error).message.length).toBeLessThan(300)
})

describe('listeners at fault', () => {
  const fault = (): never => {
    throw new Error('listener')
  }
  test.each([
    ['throw', fault],
    ['reject', () => Promise.reject(new Error('listener'))],
  ])('all of them %s: calls end as they would', async (_, listener) => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', onWarning)
    const other = new FunctionHost({
      autoCreateCollections: true,
      onInvocation: listener,
      onWarning: listener,
      onInternalError: listener,
    })
    await other.deploy('f', source)
    expect((await other.invoke('f')).result).toBe(1)
    await other.database.collection('made').add({ data: { a: 1 } })
    expect(await other.database.collection('made').count()).toMatchObject({ total: 1 })
    await other.close()
    await expect.poll(() => warnings.some(({ message }) => message.includes('listener'))).toBe(true)
    process.off('warning', onWarning)
  })
})

describe('bad moments', () => {
  test('a door asked for before close is not left open after it', async () => {
    const refused = expect(host.listen({ port: 0 })).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
    await host.close()
    await refused
  })

  test('a door that its owner closed is not used for temp URLs any more', async () => {
    const { fileID } = await host.storage.upload({ cloudPath: 'a', content: new Uint8Array(1) })
    const first = await host.listen({ port: 0 })
    await first.close()
    const second = await host.listen({ port: 0 })
    const { files } = await host.storage.getTempUrls({ files: [{ fileID }] })
    expect(files).toMatchObject([{ url: expect.stringContaining(second.httpUrl) }])
  })

  test('of two deploys under way, the one called later stands', async () => {
    const modules = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`m${i}.js`, 'exports.x = 1']))
    const slow = host.deploy('g', { files: { ...modules, 'index.js': 'exports.main = () => "first"' } })
    const fast = host.deploy('g', { files: { 'index.js': 'exports.main = () => "second"' } })
    await Promise.all([slow, fast])
    expect((await host.invoke('g')).result).toBe('second')
  })

  test('a remove during a deploy stands', async () => {
    const deploying = host.deploy('g', source)
    await host.remove('g')
    await deploying
    await expect(host.invoke('g')).rejects.toMatchObject({ code: 'CLOUDLET_FUNCTION_NOT_FOUND' })
  })

  test('a function removed while it runs is gone from the figures too', async () => {
    await host.deploy('g', {
      files: { 'index.js': 'exports.main = () => new Promise(r => setTimeout(r, 50))' },
    })
    const running = host.invoke('g')
    await expect.poll(() => host.stats().runningCount).toBe(1)
    await host.remove('g')
    await running
    expect(Object.keys(host.stats().functions)).toEqual([])
    expect(host.stats().total.invocationCount).toBe(1)
  })
})

test('links that lead nowhere, to themselves, or up again do no harm', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-links-'))
  mkdirSync(join(folder, 'good'))
  writeFileSync(join(folder, 'good', 'index.js'), 'exports.main = () => 1')
  symlinkSync('loop.js', join(folder, 'good', 'loop.js'))
  symlinkSync('nowhere', join(folder, 'good', 'dead.js'))
  symlinkSync('.', join(folder, 'good', 'self'))
  const { deployed, failed } = await host.deployDirectory(folder)
  expect(failed).toEqual([])
  expect(deployed).toMatchObject([{ name: 'good', fileCount: 1 }])
})

test('a client can not have more rows than its limit by asking for 0', async () => {
  await host.database.createCollection('c')
  await host.database.collection('c').add({ data: Array.from({ length: 30 }, () => ({ _openid: 'o-1' })) })
  const door = await host.listen({ port: 0 })
  await using cloud = createCloud({ url: door.url, openid: 'o-1' })
  for (const limit of [0, 1000]) {
    const { documents } = await cloud.call('database.query', { collection: 'c', filter: {}, limit })
    expect(documents).toHaveLength(LIMITS.clientQueryRows)
  }
})
