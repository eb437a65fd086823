import { describe, expect, test } from 'vitest'
import { wechatHandlers } from '../../src/capabilities/wechat.ts'
import type { FunctionHostOptions } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { WechatServices } from '../../src/wechat/services.ts'
import { jsonOf, type Route, type StandinRequest } from './standin.ts'
import { CREDENTIALS } from './standin-token.ts'
import { openWechat } from './wechat-host.ts'

const ok: Route = () => ({ body: { errcode: 0, errmsg: 'ok' } })
const on =
  (path: string, reply: Exclude<Awaited<ReturnType<Route>>, undefined>): Route =>
  request =>
    request.path === path ? reply : undefined

/** Fields and files of a multipart body. */
async function formOf(request: StandinRequest): Promise<Record<string, unknown>> {
  const contentType = request.headers['content-type'] ?? ''
  const body = new Response(request.body as Uint8Array<ArrayBuffer>, {
    headers: { 'content-type': contentType },
  })
  const fields: Record<string, unknown> = {}
  for (const [key, value] of await body.formData()) {
    fields[key] =
      typeof value === 'string'
        ? value
        : {
            name: value.name,
            type: value.type,
            text: Buffer.from(await value.arrayBuffer()).toString('latin1'),
          }
  }
  return fields
}

const isolations: readonly FunctionHostOptions[] = [
  { isolation: 'in-process' },
  { isolation: 'process', cells: { count: 1 } },
]

describe.each(isolations)('a function with $isolation', options => {
  test('asks with its parameters in snake_case and gets the answer in camelCase', async () => {
    await using wechat = await openWechat(
      [
        on('/wxa/msg_sec_check', {
          body: {
            errcode: 0,
            errmsg: 'ok',
            trace_id: 't',
            detail: [{ strategy_name: 's', inner_list: [{ a_b: null }] }],
          },
        }),
      ],
      options,
    )
    const result = await wechat.run(`return cloud.openapi.security.msgSecCheck({
      openid: cloud.getWXContext().OPENID, version: 2, content: '你好', deepValue: { someList: [{ oneKey: 'aB' }, [{ twoKeys: 1 }]] },
      nothing: undefined, at: new Date(0),
    })`)
    expect(result).toStrictEqual({
      traceId: 't',
      detail: [{ strategyName: 's', innerList: [{ aB: null }] }],
      errMsg: 'openapi.security.msgSecCheck:ok',
      errCode: 0,
    })
    const request = wechat.asked()
    expect(request.method).toBe('POST')
    expect(Object.fromEntries(request.query)).toEqual({ access_token: 'token-1' })
    expect(jsonOf(request)).toStrictEqual({
      openid: 'o-1',
      version: 2,
      content: '你好',
      deep_value: { some_list: [{ one_key: 'aB' }, [{ two_keys: 1 }]] },
      at: '1970-01-01T00:00:00.000Z',
    })
  })

  test('sends files as a form and gets files as Buffers', async () => {
    const png = Buffer.from([0x89, 0x50, 0xff, 0x00])
    await using wechat = await openWechat(
      [
        on('/wxa/getwxacodeunlimit', { headers: { 'content-type': 'image/png' }, body: png }),
        on('/wxa/img_sec_check', { body: { errcode: 0, errmsg: 'ok' } }),
      ],
      options,
    )
    const code = await wechat.run(`
      const code = await cloud.openapi.wxacode.getUnlimited({ scene: 'a=1', isHyaline: true })
      return { ...code, buffer: [Buffer.isBuffer(code.buffer), code.buffer.toString('hex')] }`)
    expect(code).toStrictEqual({
      contentType: 'image/png',
      buffer: [true, '8950ff00'],
      errMsg: 'openapi.wxacode.getUnlimited:ok',
      errCode: 0,
    })
    expect(jsonOf(wechat.asked())).toEqual({ scene: 'a=1', is_hyaline: true })
    const checked = await wechat.run(
      `return cloud.openapi.security.imgSecCheck({ media: { contentType: 'image/jpeg', value: Buffer.from([1, 255, 0]) } })`,
    )
    expect(checked).toEqual({ errMsg: 'openapi.security.imgSecCheck:ok', errCode: 0 })
    expect(await formOf(wechat.asked())).toEqual({
      media: { name: 'media.jpg', type: 'image/jpeg', text: '\x01\xff\x00' },
    })
  })

  test('sees a refusal as an error with WeChat’s own number and text', async () => {
    await using wechat = await openWechat(
      [on('/wxa/msg_sec_check', { body: { errcode: 87014, errmsg: 'risky content rid: 5f' } })],
      options,
    )
    const errMsg = 'openapi.security.msgSecCheck:fail risky content rid: 5f'
    expect(await wechat.run(`return cloud.openapi.security.msgSecCheck({ content: 'x' })`)).toStrictEqual({
      isError: true,
      name: 'Error',
      keys: ['errCode', 'errMsg'],
      errCode: 87014,
      errMsg,
      message: errMsg,
    })
  })
})

describe('parameters', () => {
  test('of a GET, and some of a POST, stand behind the path', async () => {
    await using wechat = await openWechat([ok])
    await wechat.run(
      `return cloud.openapi.subscribeMessage.getPubTemplateTitleList({ ids: '2,616', start: 0, limit: 1 })`,
    )
    expect(wechat.asked().method).toBe('GET')
    expect(Object.fromEntries(wechat.asked().query)).toEqual({
      ids: '2,616',
      start: '0',
      limit: '1',
      access_token: 'token-1',
    })
    await wechat.run(`return cloud.openapi.customerServiceMessage.uploadTempMedia({
      type: 'image', media: { contentType: 'image/png', value: Buffer.from('png') } })`)
    expect(wechat.asked().query.get('type')).toBe('image')
    expect(await formOf(wechat.asked())).toEqual({
      media: { name: 'media.png', type: 'image/png', text: 'png' },
    })
    await wechat.run(`return cloud.openapi.ocr.idcard({ type: 'photo', imgUrl: 'https://a/b?c=d&e' })`)
    expect(Object.fromEntries(wechat.asked().query)).toMatchObject({
      type: 'photo',
      img_url: 'https://a/b?c=d&e',
    })
    expect(jsonOf(wechat.asked())).toEqual({})
  })

  test('keep their names with convertCase: false, both ways, and files have the name they are given', async () => {
    await using wechat = await openWechat([
      on('/wxa/msg_sec_check', { body: { errcode: 0, errmsg: 'ok', trace_id: 't' } }),
      on('/cv/ocr/comm', { body: { errcode: 0, errmsg: 'ok', img_size: { w: 1 } } }),
    ])
    const plain = `const api = cloud.openapi({ convertCase: false, version: 'v2' });`
    expect(
      await wechat.run(`${plain} return api.security.msgSecCheck({ someKey: 1, a_b: 2 })`),
    ).toStrictEqual({
      trace_id: 't',
      errMsg: 'openapi.security.msgSecCheck:ok',
      errCode: 0,
    })
    expect(jsonOf(wechat.asked())).toEqual({ someKey: 1, a_b: 2 })
    await wechat.run(
      `${plain} return api.ocr.printedText({ img: { content_type: 'image/gif', fileName: 'a b.gif', value: Buffer.from('gif') } })`,
    )
    expect(await formOf(wechat.asked())).toEqual({ img: { name: 'a b.gif', type: 'image/gif', text: 'gif' } })
  })

  test('may be none, and are no text', async () => {
    await using wechat = await openWechat([ok])
    const done = { errMsg: 'openapi.subscribeMessage.getTemplateList:ok', errCode: 0 }
    expect(await wechat.run('return cloud.openapi.subscribeMessage.getTemplateList()')).toEqual(done)
    expect(await wechat.run('return cloud.openapi.subscribeMessage.getTemplateList(null)')).toEqual(done)
    expect(await wechat.run(`return cloud.openapi.subscribeMessage.getTemplateList('x')`)).toMatchObject({
      errCode: -1,
      errMsg: 'parameter should be object instead of string;',
    })
  })

  test('can’t set the access token, nor the prototype of anything', async () => {
    await using wechat = await openWechat([ok])
    await wechat.run(`return cloud.openapi.subscribeMessage.getTemplateList({ accessToken: 'mine' })`)
    expect(wechat.asked().query.getAll('access_token')).toEqual(['token-1'])
    await wechat.run(
      `return cloud.openapi.security.msgSecCheck({ accessToken: 'mine', access_token: 'x', a: 1 })`,
    )
    expect(jsonOf(wechat.asked())).toEqual({ a: 1 })
    await wechat.run(`return cloud.openapi.customerServiceMessage.uploadTempMedia({
      accessToken: 'mine', a: 1, type: 'image', media: { contentType: 'image/png', value: Buffer.from('png') } })`)
    expect(Object.keys(await formOf(wechat.asked()))).toEqual(['a', 'media'])
    await wechat.run(
      `return cloud.openapi.security.msgSecCheck(JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":{"b":2}}}'))`,
    )
    expect(new TextDecoder().decode(wechat.asked().body)).toBe(
      '{"__proto__":{"polluted":1},"a":{"__proto__":{"b":2}}}',
    )
  })

  test('can’t break out of the form or the address', async () => {
    await using wechat = await openWechat([ok])
    await wechat.run(`return cloud.openapi.customerServiceMessage.uploadTempMedia({
      type: 'image&access_token=mine#/../x', 'a"\\r\\nX-Evil: 1': 'b',
      media: { contentType: 'image/png\\r\\nX-Evil: 1', fileName: 'a"\\r\\n\\r\\n--x.png', value: Buffer.from('png') } })`)
    const request = wechat.asked()
    expect(request.path).toBe('/cgi-bin/media/upload')
    expect(request.query.getAll('access_token')).toEqual(['token-1'])
    expect(request.query.get('type')).toBe('image&access_token=mine#/../x')
    expect(new TextDecoder().decode(request.body)).not.toMatch(/^X-Evil/im)
    const form = await formOf(request)
    expect(Object.keys(form)).toHaveLength(2)
    expect(form['media']).toMatchObject({ text: 'png' })
  })

  test('that don’t fit their bytes are refused', async () => {
    const services = new WechatServices({
      wechatHandlers: { openapi: () => ({}) },
      users: () => undefined,
      onWarning: () => {},
    })
    const scope = {
      kind: 'function',
      caller: {},
      depth: 1,
      cancellation: undefined,
      place: undefined,
      openapi: ['*'],
    } as const
    const ask = (sizeBytes: number) =>
      wechatHandlers(services)['wechat.openapi'](
        {
          api: 'a.b',
          params: {},
          media: [{ key: 'media', contentType: 'image/png', sizeBytes }],
          content: new Uint8Array(3),
          convertCase: true,
        },
        scope,
      )
    expect(await ask(3)).toEqual({ fields: {} })
    for (const sizeBytes of [0, 2, 4]) {
      await expect(ask(sizeBytes)).rejects.toMatchObject({
        code: 'CLOUDLET_VALUE',
        path: 'wechat.openapi.content',
      })
    }
  })

  test('have so many levels and so many files, and no more', async () => {
    await using wechat = await openWechat([ok])
    const nested = (levels: number): string =>
      `let v = 1; for (let i = 1; i < ${levels}; i++) v = { v }; return cloud.openapi.security.msgSecCheck({ v })`
    expect(await wechat.run(nested(LIMITS.valueDepth))).toMatchObject({ errCode: 0 })
    expect(await wechat.run(nested(LIMITS.valueDepth + 1))).toMatchObject({
      errCode: -501007,
      errMsg: expect.stringContaining('nested deeper than'),
    })
    const files = (count: number): string => `const p = {}
      for (let i = 0; i < ${count}; i++) p['f' + i] = { contentType: 'image/png', value: Buffer.from('x') }
      return cloud.openapi.security.imgSecCheck(p)`
    expect(await wechat.run(files(LIMITS.wechatMedia))).toMatchObject({
      errMsg: expect.stringContaining('takes a file as media only, not as "f0"'),
    })
    expect(await wechat.run(files(LIMITS.wechatMedia + 1))).toMatchObject({
      errCode: -501007,
      errMsg: expect.stringContaining('wechat.openapi.media'),
    })
    expect(
      await wechat.run(
        `return cloud.openapi.security.msgSecCheck({ media: { contentType: 'image/png', value: Buffer.from('x') } })`,
      ),
    ).toMatchObject({ errMsg: expect.stringContaining('takes no file') })
  })

  test('of several files travel in one call, each with its own bytes', async () => {
    const calls: unknown[] = []
    await using wechat = await openWechat([], {
      wechatHandlers: {
        openapi: ({ media, params }) => {
          calls.push({
            params,
            media: media.map(({ content, ...rest }) => ({ ...rest, text: Buffer.from(content).toString() })),
          })
          return {}
        },
      },
    })
    await wechat.run(`return cloud.openapi.any.thing({ firstOne: { contentType: 'image/png', value: Buffer.from('one') },
      second: { contentType: 'text/x-odd', value: new Uint8Array(0) }, third: { contentType: 'video/mp4', value: Buffer.from('three') }, other: 1 })`)
    expect(calls).toEqual([
      {
        params: { other: 1 },
        media: [
          { key: 'first_one', contentType: 'image/png', fileName: 'first_one.png', text: 'one' },
          { key: 'second', contentType: 'text/x-odd', fileName: 'second.png', text: '' },
          { key: 'third', contentType: 'video/mp4', fileName: 'third.mp4', text: 'three' },
        ],
      },
    ])
  })
})

describe('names', () => {
  test('are called in any form a program may have', async () => {
    await using wechat = await openWechat([ok])
    const forms = await wechat.run(`const { security } = cloud.openapi; const { msgSecCheck } = security
      const of = async promise => (await promise).errMsg
      return [await of(msgSecCheck({})), await of(cloud.openapi['security.msgSecCheck']({})), await of(msgSecCheck.call(null, {})),
        await of(security.msgSecCheck.apply(null, [{}])), JSON.stringify({ cloud: cloud.openapi }), typeof await cloud.openapi]`)
    const done = 'openapi.security.msgSecCheck:ok'
    expect(forms).toEqual([done, done, done, done, '{}', 'function'])
  })

  test.each(['security.msgSecChek', 'security', 'toString', 'constructor.x', 'a.b.c.d.e'])(
    '%s is no API, and the error says where names are',
    async name => {
      await using wechat = await openWechat([ok])
      expect(await wechat.run(`return cloud.openapi['${name}']({})`, { openapi: [] })).toMatchObject({
        errCode: -604100,
        errMsg: expect.stringMatching(/^openapi\.\S+:fail -604100 API not found\. The host knows no API/),
      })
    },
  )

  test('another appid than the host’s is refused', async () => {
    await using wechat = await openWechat([ok])
    const call = (appid: string): string =>
      `return cloud.openapi({ appid: '${appid}' }).security.msgSecCheck({})`
    expect(await wechat.run(call('wx0123456789abcdef'))).toMatchObject({ errCode: 0 })
    expect(await wechat.run(call('wx-other'))).toMatchObject({
      errCode: -601018,
      errMsg: expect.stringContaining('openapi.security.msgSecCheck:fail -601018 unauthorized API.'),
    })
    expect(await wechat.run('return cloud.openapi()')).toMatchObject({
      message: 'an options object is expected',
    })
  })
})

test('so many requests are made at once, the others wait', async () => {
  let running = 0
  let most = 0
  let release = (): void => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  await using wechat = await openWechat([], {
    wechatHandlers: {
      openapi: async () => {
        most = Math.max(most, ++running)
        await released
        running--
        return {}
      },
    },
  })
  const count = LIMITS.wechatRequests + 20
  const run = wechat.run(`const calls = Array.from({ length: ${count} }, () => cloud.openapi.a.b({}))
    return (await Promise.all(calls)).length`)
  await expect.poll(() => running).toBe(LIMITS.wechatRequests)
  release()
  expect(await run).toBe(count)
  expect(most).toBe(LIMITS.wechatRequests)
})

test('an invocation gets so many bytes of files, and no more', async () => {
  let content = new Uint8Array(LIMITS.wechatFileBytes / 4)
  await using wechat = await openWechat([], {
    wechatHandlers: { openapi: () => ({ contentType: 'video/mp4', content }) },
  })
  const fetch = (count: number): string => `let bytes = 0
    for (let i = 0; i < ${count}; i++) bytes += (await cloud.openapi.a.b({})).buffer.length
    return bytes`
  expect(await wechat.run(fetch(4))).toBe(LIMITS.wechatFileBytes)
  content = new Uint8Array(LIMITS.wechatFileBytes / 4 + 1)
  expect(await wechat.run(fetch(4))).toMatchObject({ errCode: -501007 })
})

describe('the access token', () => {
  test('is renewed when WeChat refuses it, unseen by the function', async () => {
    await using wechat = await openWechat([ok])
    expect(await wechat.run(`return cloud.openapi.security.msgSecCheck({})`)).toMatchObject({ errCode: 0 })
    wechat.issuer.replace()
    expect(await wechat.run(`return cloud.openapi.security.msgSecCheck({})`)).toMatchObject({ errCode: 0 })
    expect(wechat.asked().query.get('access_token')).toBe('token-2')
  })

  test('that can’t be had is the function’s error, without a secret', async () => {
    await using wechat = await openWechat([ok])
    wechat.issuer.refusal = { errcode: 40125, errmsg: `invalid appsecret ${CREDENTIALS.secret}` }
    expect(await wechat.run(`return cloud.openapi.security.msgSecCheck({})`)).toMatchObject({
      errCode: 40125,
      errMsg: 'openapi.security.msgSecCheck:fail invalid appsecret …',
    })
  })
})

describe('a server that misbehaves', () => {
  test.each<[string, Route, number, string]>([
    ['answers with HTML', () => ({ status: 502, body: Buffer.from('<html>') }), -604103, 'HTTP status 502'],
    [
      'answers with broken JSON',
      () => ({ headers: { 'content-type': 'application/json' }, body: Buffer.from('{') }),
      -601001,
      'not a JSON object',
    ],
    ['doesn’t answer', () => new Promise(() => {}), -604102, 'did not answer within 100 ms'],
  ])('%s', async (_what, route, errCode, text) => {
    await using wechat = await openWechat([route])
    await using slow = await openWechat([route], {
      wechat: { ...CREDENTIALS, apiUrl: wechat.standin.url, timeoutMs: 100 },
    })
    expect(await slow.run(`return cloud.openapi.security.msgSecCheck({})`)).toMatchObject({
      errCode,
      errMsg: expect.stringContaining(text),
    })
  })
})
