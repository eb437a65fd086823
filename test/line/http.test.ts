import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost, tokenAuthenticator } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost({ appid: 'wx-app', envId: 'test-env' })
})
afterEach(() => host.close())

const SOURCE = {
  echo: 'exports.main = event => event',
  who: "const cloud = require('wx-server-sdk'); cloud.init(); exports.main = event => ({ context: cloud.getWXContext(), userInfo: event.userInfo })",
  image:
    "exports.main = ({ body, isBase64Encoded }) => ({ isBase64Encoded: true, statusCode: 201, headers: { 'Content-Type': 'image/png' }, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').reverse().toString('base64') })",
  throws: "exports.main = () => { throw new Error('the secret of the function') }",
  loop: 'exports.main = () => { for (;;); }',
  nested:
    "const cloud = require('wx-server-sdk'); cloud.init(); exports.main = async () => (await cloud.callFunction({ name: 'who' })).result",
}

async function deploy(name: keyof typeof SOURCE, config: object = {}): Promise<void> {
  await host.deploy(name, { files: { 'index.js': SOURCE[name] }, config })
}

const authenticate = tokenAuthenticator(new Map([['secret', { openid: 'o-ming', unionid: 'u-ming' }]]))
const AUTHORIZATION = { authorization: 'Bearer secret' }

async function open(settings: Parameters<FunctionHost['listen']>[0] = {}): Promise<string> {
  return (await host.listen({ port: 0, authenticate, ...settings })).httpUrl
}

async function post(url: string, body: string, headers: Record<string, string> = AUTHORIZATION) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

describe('POST /functions/<name>', () => {
  test('runs the function as the user of the token', async () => {
    await deploy('who')
    const url = await open()
    const body = '{"userInfo":{"openId":"o-evil","appId":"wx-evil"},"openid":"o-evil"}'
    const answer = await post(`${url}/functions/who`, body)
    expect(answer).toEqual({
      status: 200,
      body: {
        result: {
          context: expect.objectContaining({
            OPENID: 'o-ming',
            UNIONID: 'u-ming',
            APPID: 'wx-app',
            SOURCE: 'wx_client',
            ENV: 'test-env',
          }),
          userInfo: { openId: 'o-ming', appId: 'wx-app' },
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    })
  })

  test('tells of each failure by its code, with the id under which the log has it', async () => {
    const ids: string[] = []
    await host.close()
    host = new FunctionHost({ onInvocation: ({ requestId, error }) => error && ids.push(requestId) })
    await deploy('throws')
    await deploy('loop', { timeout: 0.2 })
    await deploy('echo')
    const url = await open()
    const thrown = await post(`${url}/functions/throws`, '{}')
    expect(thrown).toMatchObject({
      status: 500,
      body: { code: 'CLOUDLET_FUNCTION_THREW', message: 'the secret of the function' },
    })
    expect(thrown.body.requestId).toBe(ids[0])
    expect(await post(`${url}/functions/loop`, '{}')).toMatchObject({
      status: 504,
      body: { code: 'CLOUDLET_DEADLINE' },
    })
    expect(await post(`${url}/functions/missing`, '{}')).toMatchObject({
      status: 404,
      body: { code: 'CLOUDLET_FUNCTION_NOT_FOUND' },
    })
    expect(await post(`${url}/functions/echo`, '{"a":1}')).toMatchObject({ body: { result: { a: 1 } } })
  })

  test('ends the function when its client goes away', async () => {
    const ended: (string | undefined)[] = []
    await host.close()
    host = new FunctionHost({ onInvocation: ({ error }) => ended.push(error?.code) })
    await deploy('loop')
    const url = await open()
    const controller = new AbortController()
    const request = fetch(`${url}/functions/loop`, {
      method: 'POST',
      headers: AUTHORIZATION,
      signal: controller.signal,
    })
    await expect.poll(() => host.stats().runningCount).toBe(1)
    controller.abort()
    await expect(request).rejects.toThrow()
    await expect.poll(() => ended).toEqual(['CLOUDLET_CANCELLED'])
  })
})

describe('a mapped function', () => {
  test('gets the platform’s event, and no user at all', async () => {
    await deploy('echo')
    await deploy('who')
    await deploy('nested')
    const url = await open({ httpPaths: { '/echo': 'echo', '/who': 'who', '/nested': 'nested' } })
    const forged = { ...AUTHORIZATION, 'x-wx-openid': 'o-evil', 'x-cloudlet-openid': 'o-evil' }
    const event = await (await fetch(`${url}/echo/a?b=c`, { headers: forged })).json()
    expect(event).toEqual({
      path: '/a',
      httpMethod: 'GET',
      headers: expect.objectContaining({ authorization: 'Bearer secret' }),
      multiValueHeaders: expect.anything(),
      requestContext: {
        appId: 'wx-app',
        envId: 'test-env',
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      queryStringParameters: { b: 'c' },
      multiValueQueryStringParameters: { b: ['c'] },
      body: '',
      isBase64Encoded: false,
    })
    const { context, userInfo } = await (await fetch(`${url}/who`, { headers: forged })).json()
    expect(context).toEqual({ ENV: 'test-env', SOURCE: 'wx_http', CLIENTIP: '127.0.0.1' })
    expect(userInfo).toBeUndefined()
    const nested = await (await fetch(`${url}/nested`, { headers: forged })).json()
    expect(nested.context).toMatchObject({ SOURCE: 'wx_http,scf' })
    expect(nested.context).not.toHaveProperty('OPENID')
  })

  test('has one id in its event, its context and the log', async () => {
    const ids: string[] = []
    await host.close()
    host = new FunctionHost({ onInvocation: ({ requestId }) => ids.push(requestId) })
    const source = 'exports.main = (event, context) => [event.requestContext.requestId, context.request_id]'
    await host.deploy('ids', { files: { 'index.js': source } })
    const url = await open({ httpPaths: { '/ids': 'ids' } })
    const answered = await (await fetch(`${url}/ids`)).json()
    expect(answered).toEqual([ids[0], ids[0]])
  })

  test('takes and answers bytes', async () => {
    await deploy('image')
    const url = await open({ httpPaths: { '/image': 'image' } })
    const body = randomBytes(100_000)
    const response = await fetch(`${url}/image`, {
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(body),
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(body).reverse())
  })

  test('says nothing of why it failed', async () => {
    await deploy('throws')
    const url = await open({ httpPaths: { '/throws': 'throws', '/gone': 'gone' } })
    const response = await fetch(`${url}/throws`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect((await fetch(`${url}/gone`)).status).toBe(404)
  })
})

describe('"http" in config.json', () => {
  const status = async (url: string): Promise<number> => (await fetch(url)).status

  test('maps a path as long as the function is deployed', async () => {
    const url = await open()
    expect(await status(`${url}/e`)).toBe(404)
    await deploy('echo', { http: { path: '/e' } })
    expect(host.list()).toMatchObject([{ name: 'echo', httpPath: '/e' }])
    expect(await (await fetch(`${url}/e/x`)).json()).toMatchObject({ path: '/x' })
    await deploy('echo', { http: { path: '/f', wholePath: true } })
    expect(await status(`${url}/e`)).toBe(404)
    expect(await (await fetch(`${url}/f/x`)).json()).toMatchObject({ path: '/f/x' })
    await deploy('echo')
    expect(await status(`${url}/f`)).toBe(404)
    await deploy('echo', { http: { path: '/e' } })
    await host.remove('echo')
    expect(await status(`${url}/e`)).toBe(404)
  })

  test('counts for no door that has httpPaths', async () => {
    await deploy('echo', { http: { path: '/e' } })
    expect(await status(`${await open({ httpPaths: {} })}/e`)).toBe(404)
    const url = await open({ httpPaths: { '/other': 'echo' } })
    expect(await status(`${url}/e`)).toBe(404)
    expect(await status(`${url}/other`)).toBe(200)
  })

  test('names a path of one function only', async () => {
    await deploy('echo', { http: { path: '/e' } })
    await expect(deploy('image', { http: { path: '/e' } })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file: 'config.json',
      message: expect.stringContaining('that of function "echo"'),
    })
    expect(host.list().map(({ name }) => name)).toEqual(['echo'])
    await deploy('echo', { http: { path: '/e2' } })
    await deploy('image', { http: { path: '/e' } })
    const url = await open()
    expect([await status(`${url}/e`), await status(`${url}/e2`)]).toEqual([201, 200])
  })

  test.each<unknown>([
    '/e',
    null,
    [],
    {},
    { path: 'e' },
    { path: '/healthz' },
    { path: '/e/' },
    { path: '/e', wholePath: 'yes' },
    { path: '/e', methods: ['GET'] },
  ])('is refused as %j', async http => {
    await expect(deploy('echo', { http })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file: 'config.json',
    })
  })
})

describe('a temp URL', () => {
  test('gives parts of the file, and says when it has changed', async () => {
    await open()
    const content = randomBytes(200_000)
    const { fileID } = await host.storage.upload({ cloudPath: 'a/图.bin', content })
    const { files } = await host.storage.getTempUrls({ files: [{ fileID, maxAgeSeconds: 120 }] })
    const url = files[0] !== undefined && 'url' in files[0] ? files[0].url : ''
    const etag = `"${createHash('sha256').update(content).digest('hex')}"`
    const whole = await fetch(url)
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(content)
    expect(whole.headers.get('etag')).toBe(etag)
    expect(whole.headers.get('cache-control')).toMatch(/^private, max-age=1(?:1\d|20), must-revalidate$/)
    const part = await fetch(url, { headers: { range: 'bytes=100000-100009', 'if-range': etag } })
    expect(part.status).toBe(206)
    expect(Buffer.from(await part.arrayBuffer())).toEqual(content.subarray(100_000, 100_010))
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
    await host.storage.upload({ cloudPath: 'a/图.bin', content: Buffer.from('new') })
    const changed = await fetch(url, { headers: { range: 'bytes=1-1', 'if-range': etag } })
    expect(changed.status).toBe(200)
    expect(await changed.text()).toBe('new')
    expect((await fetch(url, { headers: { 'if-match': etag } })).status).toBe(412)
    const forgedUrl = url.replace(/sign=(.)/, (_, first) => `sign=${first === '0' ? '1' : '0'}`)
    const forged = await fetch(forgedUrl, { headers: { 'if-none-match': '*' } })
    expect(forged.status).toBe(403)
  })
})
