import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FunctionHost, WechatError, type WechatHandlers } from '../../src/index.ts'
import { RawPeer } from '../transport/raw-peer.ts'
import { openWechat } from './wechat-host.ts'

/** Calls of everything that needs WeChat, by name. */
const CALLS = {
  'openapi.security.msgSecCheck': `cloud.openapi.security.msgSecCheck({ theContent: 'x' })`,
  'cloudPay.unifiedOrder': `cloud.cloudPay.unifiedOrder({ outTradeNo: '1' })`,
  getOpenData: `cloud.getOpenData({ list: ['id-1', 'id-2'] })`,
  getVoIPSign: `cloud.getVoIPSign({ groupId: 'g', timestamp: 1, nonce: 'n' })`,
  getCloudCallSign: `cloud.getCloudCallSign({ parameterList: ['a=1'] })`,
} as const

const handlers: WechatHandlers = {
  openapi: ({ api, params }) => ({ errcode: 0, errmsg: 'ok', the_api: api, the_params: params }),
  cloudPay: async ({ method, params }) => ({
    return_code: 'SUCCESS',
    the_method: method,
    the_params: params,
  }),
  getOpenData: ({ cloudIDs }) => ({
    list: cloudIDs.map(cloudID => ({ cloudID, data: { phoneNumber: '1' } })),
  }),
  getVoIPSign: ({ groupId, timestamp, nonce }) => ({ signature: `${groupId}${timestamp}${nonce}` }),
  getCloudCallSign: ({ parameterList }) => ({ signature: JSON.stringify(parameterList) }),
}

describe('without credentials and handlers', () => {
  test.each(Object.entries(CALLS))('%s is no API, with a line of guidance', async (api, call) => {
    await using wechat = await openWechat([], { wechat: undefined as never })
    const result = await wechat.run(`return ${call}`)
    expect(result).toMatchObject({
      isError: true,
      name: 'Error',
      keys: ['errCode', 'errMsg'],
      errCode: -604100,
    })
    const { errMsg } = result as { errMsg: string }
    expect(errMsg).toContain(`${api}:fail -604100 API not found. `)
    expect(errMsg).toContain('new FunctionHost({ wechat')
    expect(errMsg).not.toContain('\n')
    expect(wechat.standin.requests).toEqual([])
  })
})

describe('handlers of the embedder’s', () => {
  test.each<[keyof typeof CALLS, object]>([
    ['openapi.security.msgSecCheck', { theApi: 'security.msgSecCheck', theParams: { theContent: 'x' } }],
    [
      'cloudPay.unifiedOrder',
      { returnCode: 'SUCCESS', theMethod: 'unifiedOrder', theParams: { outTradeNo: '1' } },
    ],
    [
      'getOpenData',
      {
        list: [
          { cloudID: 'id-1', data: { phoneNumber: '1' } },
          { cloudID: 'id-2', data: { phoneNumber: '1' } },
        ],
      },
    ],
    ['getVoIPSign', { signature: 'g1n' }],
    ['getCloudCallSign', { signature: '["a=1"]' }],
  ])('answer %s', async (api, answer) => {
    await using wechat = await openWechat([], { wechatHandlers: handlers })
    expect(await wechat.run(`return ${CALLS[api]}`)).toStrictEqual({
      ...answer,
      errMsg: `${api}:ok`,
      errCode: 0,
    })
    expect(wechat.standin.requests).toEqual([])
  })

  test('hear who asks, in WeChat’s spelling, and can serve any name', async () => {
    const heard: unknown[] = []
    await using host = new FunctionHost({
      wechatHandlers: {
        openapi: ({ signal, ...call }) => {
          heard.push({ ...call, isSignal: signal instanceof AbortSignal })
          return { contentType: 'image/png', content: Buffer.from('png') }
        },
      },
    })
    const files = {
      'index.js': `const cloud = require('wx-server-sdk'); cloud.init()
        exports.main = async () => { const { buffer, ...rest } = await cloud.openapi({ appid: 'wx-2' }).new.api({ someKey: 1 }); return { ...rest, text: buffer.toString() } }`,
    }
    await host.deploy('f', { files, config: { permissions: { openapi: ['new.api'] } } })
    const { result } = await host.invoke('f', {}, { caller: { openid: 'o-7' } })
    expect(result).toEqual({
      contentType: 'image/png',
      text: 'png',
      errMsg: 'openapi.new.api:ok',
      errCode: 0,
    })
    expect(heard).toMatchObject([
      {
        api: 'new.api',
        params: { some_key: 1 },
        media: [],
        appid: 'wx-2',
        caller: { openid: 'o-7' },
        functionName: 'f',
        isSignal: true,
      },
    ])
  })

  test('leave to WeChat what they answer undefined to', async () => {
    await using wechat = await openWechat([() => ({ body: { errcode: 0, from: 'wechat' } })], {
      wechatHandlers: { openapi: ({ api }) => (api === 'wxacode.get' ? { from: 'handler' } : undefined) },
    })
    expect(await wechat.run('return cloud.openapi.wxacode.get({})')).toMatchObject({ from: 'handler' })
    expect(await wechat.run('return cloud.openapi.security.msgSecCheck({})')).toMatchObject({
      from: 'wechat',
    })
    expect(await wechat.run('return cloud.openapi.not.there({})')).toMatchObject({ errCode: -604100 })
  })

  test('refuse as WeChat does, by an errcode or a WechatError', async () => {
    await using wechat = await openWechat([], {
      wechatHandlers: {
        openapi: () => ({ errcode: 43101, errmsg: 'user refuse to accept the msg' }),
        cloudPay: ({ method }) => {
          throw new WechatError(`cloudPay.${method}`, 40001, 'no')
        },
      },
    })
    expect(await wechat.run('return cloud.openapi.subscribeMessage.send({})')).toMatchObject({
      errCode: 43101,
      errMsg: 'openapi.subscribeMessage.send:fail user refuse to accept the msg',
    })
    expect(await wechat.run('return cloud.cloudPay.refund({})')).toMatchObject({
      errCode: 40001,
      errMsg: 'cloudPay.refund:fail no',
    })
  })

  test.each<[string, WechatHandlers, keyof typeof CALLS]>([
    [
      'throws',
      {
        openapi: () => {
          throw new Error('secret of the host')
        },
      },
      'openapi.security.msgSecCheck',
    ],
    ['answers with text', { openapi: () => 'secret of the host' as never }, 'openapi.security.msgSecCheck'],
    ['answers with a list', { cloudPay: () => ['secret of the host'] as never }, 'cloudPay.unifiedOrder'],
    ['answers with too few', { getOpenData: () => ({ list: [{}] }) }, 'getOpenData'],
    ['answers without a signature', { getVoIPSign: () => ({}) as never }, 'getVoIPSign'],
    ['answers without one', { getCloudCallSign: () => 'x' as never }, 'getCloudCallSign'],
  ])('that fail by themselves are a fault of the host: it %s', async (_what, wechatHandlers, api) => {
    await using wechat = await openWechat([], { wechatHandlers })
    const result = await wechat.run(`return ${CALLS[api]}`)
    expect(result).toMatchObject({
      errCode: -501001,
      errMsg: expect.stringContaining('Internal error, incident'),
    })
    expect(JSON.stringify(result)).not.toContain('secret')
    expect(wechat.faults).toHaveLength(1)
  })

  test('open the CloudIDs of a mini-program’s call, also on a host without credentials', async () => {
    await using host = new FunctionHost({ wechatHandlers: handlers })
    await host.deploy('echo', { files: { 'index.js': 'exports.main = async event => event' } })
    const peer = await RawPeer.welcomed((await host.listen({ port: 0 })).url)
    onTestFinished(() => peer.terminate())
    const cloudIDs = { phone: 'id-1' }
    expect(await peer.call(1, 'functions.invoke', { name: 'echo', cloudIDs })).toMatchObject({
      result: { phone: { cloudID: 'id-1', data: { phoneNumber: '1' } } },
    })
  })

  test('hear that the function gave up', async () => {
    let signal: AbortSignal | undefined
    await using host = new FunctionHost({
      wechatHandlers: {
        openapi: async call => {
          signal = call.signal
          await once(call.signal as AbortSignal, 'abort')
          return {}
        },
      },
    })
    const files = {
      'index.js': `const cloud = require('wx-server-sdk'); cloud.init(); exports.main = () => cloud.openapi.a.b({})`,
    }
    await host.deploy('f', { files, config: { timeout: 0.3, permissions: { openapi: ['a.b'] } } })
    await expect(host.invoke('f')).rejects.toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    await expect.poll(() => signal?.aborted).toBe(true)
  })

  test('are checked when the host is made', () => {
    for (const wechatHandlers of [{ openApi: () => ({}) }, { openapi: {} }, [], 'x']) {
      expect(() => new FunctionHost({ wechatHandlers: wechatHandlers as never })).toThrow(
        expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION' }),
      )
    }
  })
})

describe('arguments', () => {
  test.each([
    [
      'getOpenData()',
      'getOpenData:fail undefined . Params for getOpenData must be an object instead of undefined',
    ],
    ['getOpenData({})', 'getOpenData:fail list must be provided'],
    [
      'getVoIPSign(1)',
      'getVoIPSign:fail undefined . Params for getVoIPSign must be an object instead of number',
    ],
    [`getVoIPSign({ groupId: 1 })`, 'parameter.groupId should be string instead of number;'],
    [
      `getVoIPSign({ groupId: 'g', timestamp: '1' })`,
      'parameter.timestamp should be number instead of string;',
    ],
    [
      'getCloudCallSign()',
      'getCloudCallSign:fail undefined . Params for getCloudCallSign must be an object instead of undefined',
    ],
  ])('%s', async (call, errMsg) => {
    await using wechat = await openWechat([], { wechatHandlers: handlers })
    expect(await wechat.run(`return cloud.${call}`)).toMatchObject({ errCode: -1, errMsg })
  })

  test.each([
    [`getOpenData({ list: 'x' })`, 'wechat.getOpenData.cloudIDs'],
    [`getOpenData({ list: [1] })`, 'wechat.getOpenData.cloudIDs.0'],
    [`getVoIPSign({ groupId: 'g', timestamp: 1.5, nonce: 'n' })`, 'wechat.getVoIPSign.timestamp'],
    [`getVoIPSign({ groupId: 'g', timestamp: 1, nonce: 'n'.repeat(129) })`, 'wechat.getVoIPSign.nonce'],
    [`getCloudCallSign({ parameterList: 'x' })`, 'wechat.getCloudCallSign.parameterList'],
    [`openapi({ appid: 1 }).a.b({})`, 'wechat.openapi.appid'],
    [`openapi['a..b']({})`, 'wechat.openapi.api'],
  ])('%s is refused by the host', async (call, path) => {
    await using wechat = await openWechat([], { wechatHandlers: handlers })
    expect(await wechat.run(`return cloud.${call}`)).toMatchObject({
      errCode: -501007,
      errMsg: expect.stringContaining(path),
    })
  })
})
