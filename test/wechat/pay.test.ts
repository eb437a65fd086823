import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { signPay } from '../../src/wechat/pay-sign.ts'
import { readPayXml, writePayXml } from '../../src/wechat/pay-xml.ts'
import { openStandin, type Route, type StandinRequest } from './standin.ts'
import { CREDENTIALS } from './standin-token.ts'
import { openWechat } from './wechat-host.ts'

const MERCHANT = { mchId: '1900009231', key: '192006250b4c09247ec02edce69f6a2d' } as const

const xml = (fields: Record<string, string>) => ({
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(writePayXml(fields)),
})
const textOf = ({ body }: StandinRequest): string => new TextDecoder().decode(body)

/** The merchant's server: checks the signature of each request by itself, and signs its answers. */
function merchantServer(answers: Record<string, Record<string, string>>): Route {
  return request => {
    const fields = readPayXml(textOf(request)) ?? {}
    const { sign, ...rest } = fields
    const text = `${Object.keys(rest)
      .sort()
      .map(key => `${key}=${rest[key]}`)
      .join('&')}&key=${MERCHANT.key}`
    const expected = createHmac('sha256', MERCHANT.key).update(text).digest('hex').toUpperCase()
    if (sign !== expected) return xml({ return_code: 'FAIL', return_msg: '签名错误' })
    const answer = answers[request.path]
    if (answer === undefined) return undefined
    const given = { return_code: 'SUCCESS', return_msg: 'OK', nonce_str: 'n', ...answer }
    return xml({ ...given, sign: signPay(given, MERCHANT.key, 'HMAC-SHA256') })
  }
}

async function openPay(route: Route, pay: object = {}) {
  const merchant = await openStandin(route)
  const options = { notifyUrl: 'https://shop.example/paid/{functionName}', apiUrl: merchant.url, ...pay }
  const wechat = await openWechat([], {
    wechat: { ...CREDENTIALS, apiUrl: merchant.url, pay: { ...MERCHANT, ...options } },
  })
  return {
    run: wechat.run,
    asked: () => readPayXml(textOf(merchant.requests.at(-1) as StandinRequest)) ?? {},
    merchant,
    async [Symbol.asyncDispose]() {
      await wechat[Symbol.asyncDispose]()
      await merchant[Symbol.asyncDispose]()
    },
  }
}

const ORDER = `cloud.cloudPay.unifiedOrder({ body: '小秋TIT店-超市', outTradeNo: '1217', spbillCreateIp: '10.0.0.1',
  subMchId: '${MERCHANT.mchId}', totalFee: 1, envId: 'test', functionName: 'pay_cb', detail: { goodsDetail: [1] } })`

test('signs as WeChat Pay’s documentation does in its example', () => {
  const fields = {
    appid: 'wxd930ea5d5a258f4f',
    mch_id: '10000100',
    device_info: '1000',
    body: 'test',
    nonce_str: 'ibuaiVcKdpRxkhJA',
    sign: 'x',
    empty: '',
  }
  expect(signPay(fields, MERCHANT.key, 'MD5')).toBe('9A0A8659F005D6984697E2CA0A9CF3B7')
  expect(signPay(fields, MERCHANT.key, 'HMAC-SHA256')).toBe(
    '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
  )
})

test('writes and reads its XML', () => {
  const fields = { a: 'x<&>"]]>y', b_2: '你好', c: '', d: ' 1 ' }
  expect(readPayXml(writePayXml(fields))).toEqual(fields)
  expect(
    readPayXml('<?xml version="1.0"?>\n<xml>\n <a>1 &lt;&amp;&gt; &#65;</a>\n <b><![CDATA[2]]></b></xml>\n'),
  ).toEqual({
    a: '1 <&> &#65;',
    b: '2',
  })
  expect(readPayXml('<xml><__proto__><![CDATA[x]]></__proto__></xml>')).toEqual(
    JSON.parse('{"__proto__":"x"}'),
  )
  for (const text of ['', '<html></html>', 'date,amount', '<xml><a>'])
    expect(readPayXml(text)).toBeUndefined()
  expect(() => writePayXml({ 'a b': '1' })).toThrow(expect.objectContaining({ code: 'CLOUDLET_VALUE' }))
})

test.each([
  ['elements whose CDATA has no end', '<a><![CDATA['.repeat(200_000), {}],
  ['elements in CDATA that ends', `${'<a><![CDATA['.repeat(200_000)}]]></a>`, { a: expect.any(String) }],
  ['elements that are not closed', '<a><![CDATA[x]]>'.repeat(200_000), {}],
  ['one name without an end', `<${'a'.repeat(2_000_000)}`, {}],
  ['elements around an element', `<a><b>1</b>${'<![CDATA[x]]>'.repeat(100_000)}</a>`, { b: '1' }],
])('reads %s once through, however many there are', (_, inner, fields) => {
  // By going back to each beginning this took minutes.
  expect(readPayXml(`<xml>${inner}</xml>`)).toEqual(fields)
})

describe('cloudPay over the merchant’s own key', () => {
  test('unifiedOrder gives what wx.requestPayment takes', async () => {
    await using pay = await openPay(
      merchantServer({
        '/pay/unifiedorder': { result_code: 'SUCCESS', prepay_id: 'wx2017', trade_type: 'JSAPI' },
      }),
    )
    const result = (await pay.run(`return ${ORDER}`)) as Record<string, unknown>
    expect(result).toMatchObject({
      returnCode: 'SUCCESS',
      resultCode: 'SUCCESS',
      prepayId: 'wx2017',
      errMsg: 'cloudPay.unifiedOrder:ok',
      errCode: 0,
    })
    const { paySign, ...payment } = result['payment'] as Record<string, string>
    expect(Object.keys(payment)).toEqual(['appId', 'timeStamp', 'nonceStr', 'package', 'signType'])
    expect(payment).toMatchObject({
      appId: CREDENTIALS.appid,
      package: 'prepay_id=wx2017',
      signType: 'HMAC-SHA256',
    })
    expect(Math.abs(Number(payment['timeStamp']) - Date.now() / 1000)).toBeLessThan(60)
    expect(paySign).toBe(signPay(payment, MERCHANT.key, 'HMAC-SHA256'))
    expect(pay.asked()).toMatchObject({
      appid: CREDENTIALS.appid,
      mch_id: MERCHANT.mchId,
      openid: 'o-1',
      trade_type: 'JSAPI',
      total_fee: '1',
      body: '小秋TIT店-超市',
      detail: '{"goods_detail":[1]}',
      notify_url: 'https://shop.example/paid/pay_cb',
      spbill_create_ip: '10.0.0.1',
    })
    expect(Object.keys(pay.asked())).not.toContain('sub_mch_id')
    expect(Object.keys(pay.asked())).not.toContain('env_id')
  })

  test('a refusal is in the fields, as on the platform', async () => {
    await using pay = await openPay(
      merchantServer({ '/pay/orderquery': { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' } }),
    )
    expect(await pay.run(`return cloud.cloudPay.queryOrder({ outTradeNo: '1' })`)).toMatchObject({
      returnCode: 'SUCCESS',
      resultCode: 'FAIL',
      errCode: 0,
    })
    await using refused = await openPay(() => xml({ return_code: 'FAIL', return_msg: 'appid不存在' }))
    expect(await refused.run(`return cloud.cloudPay.closeOrder({ outTradeNo: '1' })`)).toMatchObject({
      returnCode: 'FAIL',
      returnMsg: 'appid不存在',
      errMsg: 'cloudPay.closeOrder:ok',
    })
  })

  test('an answer that is not signed with the key is an error', async () => {
    const forged = { return_code: 'SUCCESS', result_code: 'SUCCESS', prepay_id: 'wx1' }
    for (const sign of [
      '',
      'A'.repeat(64),
      signPay(forged, 'another-key-of-thirty-two-chars-x', 'HMAC-SHA256'),
    ]) {
      await using pay = await openPay(() => xml({ ...forged, sign }))
      expect(await pay.run(`return ${ORDER}`)).toMatchObject({
        errCode: -601001,
        errMsg: expect.stringContaining('not signed'),
      })
    }
  })

  test('a bill comes as text, or as a Buffer when it is packed', async () => {
    const bill = '交易时间,公众账号ID\n`2026-01-01,`wx'
    await using plain = await openPay(() => ({
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(bill),
    }))
    const call = (tar: string): string =>
      `cloud.cloudPay.downloadBill({ billDate: '20260101', billType: 'ALL'${tar} })`
    expect(await plain.run(`return ${call('')}`)).toStrictEqual({
      data: bill,
      errMsg: 'cloudPay.downloadBill:ok',
      errCode: 0,
    })
    await using packed = await openPay(() => ({ body: gzipSync(bill) }))
    expect(
      await packed.run(`const { data, errCode } = await ${call(`, tarType: 'GZIP'`)}
        return [Buffer.isBuffer(data), require('zlib').gunzipSync(data).toString(), errCode]`),
    ).toEqual([true, bill, 0])
    await using none = await openPay(() => xml({ return_code: 'FAIL', return_msg: 'No Bill Exist' }))
    expect(await none.run(`return ${call('')}`)).toMatchObject({ returnMsg: 'No Bill Exist' })
  })

  test.each([
    ['refund', `refund({ outTradeNo: '1' })`, -604100, 'needs the merchant'],
    ['another merchant', `unifiedOrder({ subMchId: '42' })`, -601018, 'not of "42"'],
    ['another appid', `unifiedOrder({ subAppid: 'wx-2' })`, -601018, 'not of "wx-2"'],
    ['a name of a prototype', `toLocaleString.x({})`, -604100, 'passes on'],
    ['a field with a name that is none', `queryOrder({ 'a b': 1 })`, -501007, 'letters, digits'],
  ])('%s is refused', async (_what, call, errCode, text) => {
    await using pay = await openPay(merchantServer({}))
    expect(await pay.run(`return cloud.cloudPay.${call}`)).toMatchObject({
      errCode,
      errMsg: expect.stringContaining(text),
    })
    expect(pay.merchant.requests).toEqual([])
  })

  test('an order needs a place where the outcome is told', async () => {
    await using pay = await openPay(merchantServer({ '/pay/unifiedorder': { result_code: 'SUCCESS' } }), {
      notifyUrl: undefined,
    })
    expect(await pay.run(`return ${ORDER}`)).toMatchObject({
      errCode: -601002,
      errMsg: expect.stringContaining('notifyUrl'),
    })
    const own = `return cloud.cloudPay.unifiedOrder({ notifyUrl: 'https://a.example/b', body: 'x' })`
    expect(await pay.run(own)).toMatchObject({ resultCode: 'SUCCESS' })
    expect(pay.asked()).toMatchObject({ notify_url: 'https://a.example/b', spbill_create_ip: '127.0.0.1' })
  })
})

test.each([
  { mchId: 'x' },
  { key: 'short' },
  { signType: 'SHA1' },
  { apiUrl: 'http://pay.example' },
  { apiUrl: 'https://pay.example/?a' },
  { notifyUrl: 'ftp://x' },
  { notifyUrl: 'https://a.example/?b' },
  { certificate: 'x' },
])('the options are checked, and the key is never repeated: %j', wrong => {
  const make = (): FunctionHost =>
    new FunctionHost({ wechat: { ...CREDENTIALS, pay: { ...MERCHANT, ...wrong } as never } })
  expect(make).toThrow(expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION' }))
  expect(make).not.toThrow(new RegExp(MERCHANT.key))
})
