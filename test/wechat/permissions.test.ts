import { describe, expect, onTestFinished, test } from 'vitest'
import { developmentAuthenticator, FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { RawPeer } from '../transport/raw-peer.ts'
import { openWechat } from './wechat-host.ts'

const CALL = `return cloud.openapi.security.msgSecCheck({ content: 'x' })`
const ok = () => ({ body: { errcode: 0, errmsg: 'ok' } })

describe('permissions.openapi', () => {
  test('without the API the call fails before WeChat hears of it', async () => {
    await using wechat = await openWechat([ok])
    const errMsg =
      'openapi.security.msgSecCheck:fail -604101 function has no permission to call this API. ' +
      'system error: error code: -604101. Add "security.msgSecCheck" to permissions.openapi in the config.json of "f" and deploy it again.'
    for (const openapi of [[], ['security.imgSecCheck'], ['security'], ['security.msgSecCheckAll']]) {
      expect(await wechat.run(CALL, { openapi })).toMatchObject({ errCode: -604101, errMsg })
    }
    expect(wechat.standin.requests).toEqual([])
    expect(await wechat.run(CALL, { openapi: ['wxacode.get', ' security.msgSecCheck '] })).toMatchObject({
      errCode: 0,
    })
  })

  test('holds whoever calls, a timer among them, and for handlers', async () => {
    await using wechat = await openWechat([ok], { wechatHandlers: { openapi: () => ({}) } })
    for (const caller of [{}, { openid: 'o-1' }, { source: 'wx_trigger' }]) {
      expect(await wechat.run(CALL, { openapi: [], caller })).toMatchObject({ errCode: -604101 })
      expect(await wechat.run(CALL, { openapi: ['security.msgSecCheck'], caller })).toMatchObject({
        errCode: 0,
      })
    }
  })

  test('belongs to the function that asks, not to the one that called it', async () => {
    await using wechat = await openWechat([ok])
    await wechat.host.deploy('inner', {
      files: {
        'index.js': `const cloud = require('wx-server-sdk'); cloud.init(); exports.main = () => cloud.openapi.security.msgSecCheck({}).catch(e => e.errCode)`,
      },
    })
    const outer = `return (await cloud.callFunction({ name: 'inner' })).result`
    expect(await wechat.run(outer)).toBe(-604101)
  })

  test('"*" allows all here, with a warning at deploy', async () => {
    await using wechat = await openWechat([ok])
    expect(await wechat.run(CALL, { openapi: ['*'] })).toMatchObject({ errCode: 0 })
    expect(wechat.host.list()[0]?.warnings).toEqual([
      expect.stringContaining('the real cloud wants each by its name'),
    ])
  })

  test('is not for cloudPay, open data and signatures', async () => {
    await using wechat = await openWechat([() => ({ body: { errcode: 0, signature: 's' } })])
    const sign = `return cloud.getVoIPSign({ groupId: 'g', timestamp: 1, nonce: 'n' })`
    expect(await wechat.run(sign, { openapi: [] })).toMatchObject({ signature: 's' })
  })

  const deploy = async (permissions: unknown) => {
    await using host = new FunctionHost()
    return await host.deploy('f', {
      files: { 'index.js': 'exports.main = () => 1' },
      config: { permissions },
    })
  }

  test('is read at deploy: what names no API is a warning, what is no list an error', async () => {
    expect((await deploy({ openapi: ['wxacode.get'] })).warnings).toEqual([])
    expect((await deploy({})).warnings).toEqual([])
    expect((await deploy({ openapi: ['', 'a b.c', 'msgSecCheck'] })).warnings).toHaveLength(3)
    for (const permissions of [
      'x',
      [],
      null,
      { openapi: 'wxacode.get' },
      { openapi: [1] },
      { openapi: {} },
    ]) {
      await expect(deploy(permissions)).rejects.toMatchObject({
        code: 'CLOUDLET_DEPLOY',
        file: 'config.json',
      })
    }
    const names = Array.from({ length: LIMITS.openapiPermissions }, (_, index) => `a.b${index}`)
    await deploy({ openapi: names })
    await expect(deploy({ openapi: [...names, 'a.b'] })).rejects.toMatchObject({ code: 'CLOUDLET_DEPLOY' })
  })

  test('a change of it is another version', async () => {
    await using host = new FunctionHost()
    const files = { 'index.js': 'exports.main = () => 1' }
    const versions = [['a.b'], ['a.c'], ['a.b']].map(async openapi => {
      const { version } = await host.deploy('f', { files, config: { permissions: { openapi } } })
      return version
    })
    const [first, second, third] = await Promise.all(versions)
    expect(first).toBe(third)
    expect(first).not.toBe(second)
  })
})

test('clients have none of it', async () => {
  await using wechat = await openWechat([ok])
  const { url } = await wechat.host.listen({ port: 0, authenticate: developmentAuthenticator() })
  const peer = await RawPeer.welcomed(url)
  onTestFinished(() => peer.terminate())
  const content = new Uint8Array(0)
  const asked = [
    ['wechat.openapi', { api: 'security.msgSecCheck', params: {}, media: [], content, convertCase: true }],
    ['wechat.cloudPay', { method: 'unifiedOrder', params: {} }],
    ['wechat.getOpenData', { cloudIDs: [] }],
    ['wechat.getVoIPSign', { groupId: 'g', timestamp: 1, nonce: 'n' }],
    ['wechat.getCloudCallSign', { parameterList: [] }],
  ] as const
  for (const [index, [op, args]] of asked.entries()) {
    peer.send({ type: 'call', id: index + 1, op, args })
    expect((await peer.next('error', index + 1)).error).toMatchObject({ code: 'CLOUDLET_CAPABILITY_DENIED' })
  }
  expect(wechat.standin.requests).toEqual([])
})

test('a function deployed without the capability has none of it', async () => {
  await using wechat = await openWechat([ok])
  const files = {
    'index.js': `const cloud = require('wx-server-sdk'); cloud.init()
      const code = promise => promise.then(() => 0, e => [e.errCode, e.errMsg])
      exports.main = async () => [await code(cloud.openapi.security.msgSecCheck({})), await code(cloud.cloudPay.unifiedOrder({})),
        await code(cloud.getOpenData({ list: ['x'] })), await code(cloud.getVoIPSign({ groupId: 'g', timestamp: 1, nonce: 'n' })),
        await code(cloud.getCloudCallSign({ parameterList: [] }))]`,
  }
  await wechat.host.deploy(
    'f',
    { files, config: { permissions: { openapi: ['*'] } } },
    { capabilities: ['database'] },
  )
  const { result } = await wechat.host.invoke('f')
  expect(result).toHaveLength(5)
  for (const entry of result as [number, string][]) {
    expect(entry).toEqual([-601004, expect.stringContaining('api permission denied')])
  }
  expect(wechat.standin.requests).toEqual([])
})
