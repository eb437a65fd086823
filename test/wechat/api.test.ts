import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { WechatApi } from '../../src/wechat/api.ts'
import { listen } from '../network/servers.ts'
import fc from '../random.ts'
import { jsonOf, openStandin, type Route } from './standin.ts'

async function opened(route: Route, timeoutMs = 5000) {
  const standin = await openStandin(route)
  const api = new WechatApi({ apiUrl: `${standin.url}/`, timeoutMs })
  return { standin, api, [Symbol.asyncDispose]: () => standin[Symbol.asyncDispose]() }
}

async function failureOf(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  const error: unknown = await promise.then(
    () => expect.unreachable('it was to fail'),
    reason => reason,
  )
  if (!(error instanceof Error)) throw new Error('not an error')
  return { ...error, message: error.message }
}

test('sends query and JSON, and gives the fields of the answer', async () => {
  await using run = await opened(() => ({ body: { errcode: 0, errmsg: 'ok', found: ['你好'] } }))
  expect(await run.api.get('/sns/jscode2session', { js_code: 'a b&c' })).toEqual({
    errcode: 0,
    errmsg: 'ok',
    found: ['你好'],
  })
  await run.api.post('/cgi-bin/x', { access_token: 't' }, { text: '你好', n: [1, null] })
  const [get, post] = run.standin.requests
  expect(get?.query.get('js_code')).toBe('a b&c')
  expect(get?.method).toBe('GET')
  expect(post && jsonOf(post)).toEqual({ text: '你好', n: [1, null] })
  expect(post?.headers['content-type']).toBe('application/json')
})

test('gives files with their type', async () => {
  const content = new Uint8Array([1, 2, 3])
  await using run = await opened(() => ({ headers: { 'content-type': 'image/jpeg' }, body: content }))
  const reply = await run.api.post('/wxa/getwxacode', {}, {})
  expect(reply).toMatchObject({ kind: 'file', contentType: 'image/jpeg' })
  expect(reply.kind === 'file' && [...reply.content]).toEqual([1, 2, 3])
  expect(await failureOf(run.api.get('/sns/x', {}))).toMatchObject({ errCode: -601001, api: '/sns/x' })
})

test('plain text that is no JSON is the answer itself, and long numbers keep their digits', async () => {
  await using run = await opened(({ path }) => ({
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from(path === '/text' ? 'ok' : '{"msgid":294402298110051942,"n":[1,-2.5,1e30]}'),
  }))
  expect(await run.api.get('/text', {})).toEqual({ result: 'ok' })
  expect(await run.api.get('/json', {})).toEqual({ msgid: '294402298110051942', n: [1, -2.5, 1e30] })
})

test('whatever bytes come, under whatever type, they are an answer or a typed error', async () => {
  let reply: Awaited<ReturnType<Route>> = { body: {} }
  await using run = await opened(() => reply)
  const types = fc.constantFrom(
    'application/json',
    'text/plain',
    'text/html',
    'image/png',
    'application/json; charset=x',
    '',
  )
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.json().map(text => Buffer.from(text)),
  )
  const status = fc.constantFrom(200, 200, 200, 204, 400, 500)
  await fc.assert(
    fc.asyncProperty(types, bodies, status, async (contentType, body, code) => {
      reply = { status: code, headers: { 'content-type': contentType }, body: Buffer.from(body) }
      const answer = await run.api.post('/x', {}, {}).catch((error: unknown) => error)
      if (answer instanceof Error)
        expect(answer).toMatchObject({ code: 'CLOUDLET_WECHAT', errCode: expect.any(Number) })
      else expect(answer).toMatchObject({ kind: expect.stringMatching(/^(?:fields|file)$/) })
    }),
    { numRuns: 500 },
  )
})

describe('failures', () => {
  test('an errcode is an error with WeChat’s own number and text', async () => {
    await using run = await opened(() => ({ body: { errcode: 87014, errmsg: 'risky content' } }))
    const failure = await failureOf(run.api.post('/wxa/msg_sec_check', {}, {}, { api: 'openapi.a.b' }))
    expect(failure).toMatchObject({ code: 'CLOUDLET_WECHAT', errCode: 87014, errMsg: 'risky content' })
    expect(failure).toMatchObject({ api: 'openapi.a.b', retryable: false })
  })

  test('no part of a secret is left where a long text is cut, nor of one that holds another', async () => {
    const token = `token-${'x'.repeat(100)}-end`
    await using run = await opened(({ query }) => ({
      body: {
        errcode: 40001,
        errmsg: query.has('long') ? 'e'.repeat(LIMITS.wechatMessageChars - 50) + token : token,
      },
    }))
    const cut = await failureOf(run.api.get('/x', { access_token: token, long: '1' }))
    expect(cut['errMsg']).toBe(`${'e'.repeat(LIMITS.wechatMessageChars - 50)}…`)
    const nested = await failureOf(run.api.post('/x', { access_token: 'token-x' }, { session_key: token }))
    expect(nested['errMsg']).toBe('…')
  })

  test('secrets that an answer repeats are not passed on, and a long text is cut', async () => {
    await using run = await opened(({ query, body }) => ({
      body: {
        errcode: 40001,
        errmsg: `bad ${query.get('access_token')} ${new TextDecoder().decode(body)}`.padEnd(5000, '.'),
      },
    }))
    const failure = await failureOf(run.api.post('/x', { access_token: 'token-1' }, { secret: 'secret-1' }))
    expect(failure['errMsg']).toContain('bad … {"secret":"…"}')
    expect(JSON.stringify(failure)).not.toMatch(/token-1|secret-1/)
    expect(String(failure['errMsg']).length).toBeLessThanOrEqual(LIMITS.wechatMessageChars)
  })

  test.each([
    [
      'text that is no JSON',
      { body: Buffer.from('<html>'), headers: { 'content-type': 'text/html' } },
      -601001,
    ],
    ['JSON that is no object', { body: [1] }, -601001],
    ['a status without a text', { status: 502, body: Buffer.from('bad gateway') }, -604103],
    ['a status with a text', { status: 500, body: { errmsg: 'no' } }, -604103],
    ['an errcode that is no number', { body: { errcode: 'x', errmsg: 'no' } }, -604103],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' }, body: {} }, -604103],
  ])('%s', async (_name, reply, errCode) => {
    await using run = await opened(() => reply)
    expect(await failureOf(run.api.get('/x', {}))).toMatchObject({ code: 'CLOUDLET_WECHAT', errCode })
    expect(run.standin.requests).toHaveLength(1)
  })

  test('no answer in time, and no server', async () => {
    await using run = await opened(() => new Promise(() => {}), 50)
    const slow = await failureOf(run.api.get('/x', { secret: 's' }))
    expect(slow).toMatchObject({ errCode: -604102, retryable: true })
    const closed = await listen(createServer())
    await closed[Symbol.asyncDispose]()
    const api = new WechatApi({ apiUrl: `http://127.0.0.1:${closed.port}`, timeoutMs: 5000 })
    const refused = await failureOf(api.get('/x', { secret: 's-e-c-r-e-t' }))
    expect(refused).toMatchObject({ errCode: -604103, errMsg: 'WeChat could not be reached (ECONNREFUSED)' })
    expect(JSON.stringify(refused)).not.toContain('s-e-c-r-e-t')
  })

  test('a caller may give up', async () => {
    await using run = await opened(() => new Promise(() => {}))
    const controller = new AbortController()
    const asked = run.api.get('/x', {}, { signal: controller.signal })
    controller.abort()
    expect(await failureOf(asked)).toMatchObject({ code: 'CLOUDLET_CANCELLED' })
  })

  test('an answer may be as large as the limit and no larger, unpacked', async () => {
    const { wechatReplyBytes } = LIMITS
    let content = new Uint8Array(wechatReplyBytes)
    await using run = await opened(() => ({
      headers: { 'content-type': 'video/mp4', 'content-encoding': 'gzip' },
      body: gzipSync(content),
    }))
    const reply = await run.api.post('/x', {}, {})
    expect(reply.kind === 'file' && reply.content.byteLength).toBe(wechatReplyBytes)
    content = new Uint8Array(wechatReplyBytes + 1)
    const failure = await failureOf(run.api.post('/x', {}, {}))
    expect(failure).toMatchObject({ errCode: -604103, errMsg: expect.stringContaining('larger than') })
  })
})
