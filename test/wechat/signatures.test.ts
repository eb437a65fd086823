import { describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { AccessToken } from '../../src/wechat/access-token.ts'
import { WechatApi } from '../../src/wechat/api.ts'
import { Openapi } from '../../src/wechat/openapi.ts'
import { signVoip } from '../../src/wechat/voip-sign.ts'
import { jsonOf, openStandin, type Route } from './standin.ts'
import { StandinLogin, seal, toCloudID, watermark } from './standin-login.ts'
import { CREDENTIALS, issueTokens } from './standin-token.ts'
import { openWechat } from './wechat-host.ts'

/** WeChat's open data: knows any id that starts with `good`. Gives them in another order. */
const openData: Route = request => {
  if (request.path !== '/wxa/getopendata') return undefined
  const ids = jsonOf(request)['cloudid_list'] as string[]
  const list = ids
    .filter(id => id.startsWith('good'))
    .map(id => ({
      cloud_id: id,
      json: JSON.stringify({ cloudID: id, data: { some_key: id, watermark: { appid: 'wx' } } }),
    }))
  return {
    headers: { 'content-type': 'text/plain' },
    body: { errcode: 0, errmsg: 'ok', data_list: list.toReversed() },
  }
}

describe('getOpenData', () => {
  test('asks WeChat for the caller’s, and gives one entry per id, in order', async () => {
    await using wechat = await openWechat([openData])
    expect(await wechat.run(`return cloud.getOpenData({ list: ['good-1', 'good-2'] })`)).toStrictEqual({
      list: [
        { cloudID: 'good-1', data: { some_key: 'good-1', watermark: { appid: 'wx' } } },
        { cloudID: 'good-2', data: { some_key: 'good-2', watermark: { appid: 'wx' } } },
      ],
      errMsg: 'getOpenData:ok',
      errCode: 0,
    })
    expect(wechat.asked().query.get('openid')).toBe('o-1')
    expect(jsonOf(wechat.asked())).toEqual({ cloudid_list: ['good-1', 'good-2'] })
  })

  test('has the platform’s error in the place of an id that can’t be opened', async () => {
    await using wechat = await openWechat([openData])
    expect(
      await wechat.run(`return cloud.getOpenData({ list: ['good-1', 'bad', 'cloudlet1.x'] })`),
    ).toMatchObject({
      list: [
        { cloudID: 'good-1', data: { some_key: 'good-1' } },
        { cloudID: 'bad', errCode: -601005, errMsg: 'invalid cloudID' },
        { cloudID: 'cloudlet1.x', errCode: -601005, errMsg: 'invalid cloudID' },
      ],
      errCode: 0,
    })
    expect(jsonOf(wechat.asked())).toEqual({ cloudid_list: ['good-1', 'bad'] })
  })

  test('opens an id of cloudlet’s own with the key of who logged in', async () => {
    const login = new StandinLogin()
    await using standin = await openStandin(login.route)
    await using host = new FunctionHost({ wechat: { ...CREDENTIALS, apiUrl: standin.url } })
    const files = {
      'index.js': `const cloud = require('wx-server-sdk'); cloud.init(); exports.main = ({ id }) => cloud.getOpenData({ list: [id] })`,
    }
    await host.deploy('f', { files })
    const code = login.login({ openid: 'o-1' })
    await host.wechat?.authenticate({ code, remoteAddress: '127.0.0.1' })
    const data = { phoneNumber: '1', watermark: watermark() }
    const id = toCloudID(seal(data, login.sessionKeyOf('o-1')))
    const { result } = await host.invoke('f', { id }, { caller: { openid: 'o-1' } })
    expect(result).toMatchObject({ list: [{ cloudID: id, data }], errCode: 0 })
  })

  test('fails when WeChat can’t be asked', async () => {
    await using wechat = await openWechat([() => ({ body: { errcode: -1, errmsg: 'system error' } })])
    expect(await wechat.run(`return cloud.getOpenData({ list: ['good-1'] })`)).toMatchObject({
      errCode: -1,
      errMsg: 'getOpenData:fail system error',
    })
  })

  test('takes so many ids and no more', async () => {
    await using wechat = await openWechat([openData])
    const list = (count: number): string => `return cloud.getOpenData({ list: Array(${count}).fill('good') })`
    expect(await wechat.run(list(LIMITS.openDataIDs))).toMatchObject({ errCode: 0 })
    expect(await wechat.run(list(LIMITS.openDataIDs + 1))).toMatchObject({ errCode: -501007 })
    const long = (count: number): string =>
      `return cloud.getOpenData({ list: ['good'.padEnd(${count}, 'x')] })`
    expect(await wechat.run(long(LIMITS.cloudIDChars))).toMatchObject({ errCode: 0 })
    expect(await wechat.run(long(LIMITS.cloudIDChars + 1))).toMatchObject({ errCode: -501007 })
  })
})

describe('getVoIPSign', () => {
  test('is WeChat’s published algorithm, with its own example', () => {
    const call = { groupId: '1559129713_672975982', nonce: '8AP6DT9ybtniUJfb', timestamp: 1559129714 }
    expect(signVoip('wx20afc706a711eefc', call, 'gDyVgzwa0mFz9uUP7M6GQQ==')).toBe(
      'b002b824688dd8593a6079e11d8c5e8734fbcb39a6d5906eb347bfbcad79c617',
    )
  })

  test('is computed here for a user who logged in here', async () => {
    await using standin = await openStandin(() => undefined)
    const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
    const accessToken = new AccessToken({
      api,
      ...CREDENTIALS,
      endpoint: 'stable_token',
      onWarning: () => {},
    })
    const keys = new Map([['o-1', 'gDyVgzwa0mFz9uUP7M6GQQ==']])
    const openapi = new Openapi({
      api,
      appid: 'wx20afc706a711eefc',
      accessToken,
      sessionKeyOf: async openid => keys.get(openid),
    })
    const asker = { caller: { openid: 'o-1' }, functionName: 'f', signal: undefined }
    const call = { groupId: '1559129713_672975982', nonce: '8AP6DT9ybtniUJfb', timestamp: 1559129714 }
    expect(await openapi.signVoip({ ...asker, ...call })).toMatch(/^b002b824688dd859/)
    expect(standin.requests).toEqual([])
  })

  test('is asked of WeChat for another', async () => {
    await using wechat = await openWechat([
      request =>
        request.path === '/wxa/getvoipsign'
          ? { body: { errcode: 0, errmsg: 'ok', signature: 'abc' } }
          : undefined,
    ])
    const call = `return cloud.getVoIPSign({ groupId: 'g', timestamp: 12, nonce: 'n' })`
    expect(await wechat.run(call)).toStrictEqual({ signature: 'abc', errMsg: 'getVoIPSign:ok', errCode: 0 })
    expect(wechat.asked().query.get('openid')).toBe('o-1')
    expect(jsonOf(wechat.asked())).toEqual({ group_id: 'g', timestamp: 12, nonce: 'n' })
    expect(await wechat.run(call, { caller: {} })).toMatchObject({ errCode: -601002 })
  })

  test('without a signature in the answer is an error', async () => {
    await using wechat = await openWechat([() => ({ body: { errcode: 0 } })])
    expect(
      await wechat.run(`return cloud.getVoIPSign({ groupId: 'g', timestamp: 12, nonce: 'n' })`),
    ).toMatchObject({
      errCode: -601001,
    })
  })
})

test('the issuer of tokens refuses what WeChat would', async () => {
  const issuer = issueTokens()
  await using standin = await openStandin(issuer.route)
  const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
  await expect(api.get('/cgi-bin/token', { ...CREDENTIALS })).rejects.toMatchObject({ errCode: 40002 })
  const wrong = { grant_type: 'client_credential', ...CREDENTIALS, appid: 'x' }
  await expect(api.get('/cgi-bin/token', wrong)).rejects.toMatchObject({ errCode: 40013 })
})
