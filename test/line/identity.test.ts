import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(async () => {
  host = new FunctionHost({ appid: 'wx-app', envId: 'env-1' })
  await host.deploy('who', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
        exports.main = async (event, context) => {
          const before = cloud.getWXContext()
          await new Promise(resolve => setTimeout(resolve, Math.random() * 3))
          const after = cloud.getWXContext()
          return { userInfo: event.userInfo, before, after, env: process.env.WX_OPENID, environ: context.environ }
        }`,
    },
  })
  await host.deploy('outer', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async event => (await cloud.callFunction({ name: 'who', data: event.data })).result`,
    },
  })
})
afterEach(() => host.close())

interface Who {
  userInfo?: Record<string, unknown>
  before: Record<string, string>
  after: Record<string, string>
  env?: string
  environ: string
}

async function ask(name: string, event: object, openid?: string): Promise<Who> {
  const { result } = await host.invoke(name, { ...event }, openid === undefined ? {} : { caller: { openid } })
  return result as Who
}

test('a caller is given to the function: userInfo, getWXContext, process.env', async () => {
  const who = await ask('who', {}, 'o-1')
  expect(who.userInfo).toEqual({ appId: 'wx-app', openId: 'o-1' })
  expect(who.before).toEqual({ OPENID: 'o-1', APPID: 'wx-app', ENV: 'env-1', SOURCE: 'wx_client' })
  expect(who.env).toBe('o-1')
})

test('without a caller there is none', async () => {
  const who = await ask('who', {})
  expect(who.userInfo).toBeUndefined()
  expect(who.before).toEqual({ APPID: 'wx-app', ENV: 'env-1' })
  expect(who.env).toBeUndefined()
})

test('unionid, client address and a source of the embedder’s', async () => {
  const caller = { openid: 'o', appid: 'other', unionid: 'u', clientIp: '10.0.0.1', source: 'wx_http' }
  const { result } = await host.invoke('who', {}, { caller })
  expect((result as Who).before).toEqual({
    OPENID: 'o',
    APPID: 'other',
    UNIONID: 'u',
    CLIENTIP: '10.0.0.1',
    ENV: 'env-1',
    SOURCE: 'wx_http',
  })
})

describe('userInfo in the data', () => {
  test('is overwritten for a caller', async () => {
    const who = await ask('who', { userInfo: { openId: 'forged', appId: 'forged', nickName: 'n' } }, 'o-1')
    expect(who.userInfo).toEqual({ appId: 'wx-app', openId: 'o-1' })
  })

  test('loses its identity fields where there is no caller', async () => {
    expect((await ask('who', { userInfo: { openId: 'forged', nickName: 'n' } })).userInfo).toEqual({
      nickName: 'n',
    })
    expect(
      (await ask('who', { userInfo: { openid: 'forged', appid: 'x', unionId: 'y' } })).userInfo,
    ).toBeUndefined()
  })

  test('loses them in a nested call too, while a profile passed along survives', async () => {
    const data = { userInfo: { openId: 'forged', nickName: 'n' } }
    expect((await ask('outer', { data }, 'o-1')).userInfo).toEqual({ nickName: 'n' })
  })
})

test('a nested call keeps the caller and says where it came from', async () => {
  const who = await ask('outer', { data: {} }, 'o-1')
  expect(who.before).toMatchObject({ OPENID: 'o-1', APPID: 'wx-app', SOURCE: 'wx_client,scf' })
  expect(who.userInfo).toBeUndefined()
})

test('two users never see each other under 200 interleaved calls', async () => {
  const calls = Array.from({ length: 200 }, async (_, index) => {
    const openid = index % 2 === 0 ? 'user-even' : 'user-odd'
    const who = await ask(index % 3 === 0 ? 'outer' : 'who', index % 3 === 0 ? { data: {} } : {}, openid)
    expect([who.before.OPENID, who.after.OPENID, who.env]).toEqual([openid, openid, openid])
    expect(who.environ).toContain(`WX_OPENID=${openid}`)
    if (index % 3 !== 0) expect(who.userInfo?.openId).toBe(openid)
  })
  await Promise.all(calls)
  const { instances } = host.stats()
  expect(instances.createdCount).toBeLessThan(200)
})

test('a function that rewrites its environment or context changes nothing for the next call', async () => {
  await host.deploy('bad', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        exports.main = async () => {
          const seen = [process.env.WX_OPENID, cloud.getWXContext().OPENID]
          process.env.WX_OPENID = 'forged'
          process.env = { WX_OPENID: 'forged', WX_CONTEXT_KEYS: 'WX_OPENID' }
          return seen
        }`,
    },
  })
  for (const openid of ['o-1', 'o-2']) {
    expect((await host.invoke('bad', {}, { caller: { openid } })).result).toEqual([openid, openid])
  }
})

test('what a function writes into its environment never reaches the functions it calls', async () => {
  await host.deploy('forger', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async () => {
          process.env.WX_OPENID = 'forged'
          process.env.TCB_SOURCE = 'forged'
          return (await cloud.callFunction({ name: 'who' })).result
        }`,
    },
  })
  expect((await ask('forger', {}, 'o-1')).before).toMatchObject({ OPENID: 'o-1', SOURCE: 'wx_client,scf' })
})
