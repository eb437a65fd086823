import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  CancelledError,
  DeadlineError,
  FunctionError,
  FunctionNotFoundError,
  InvalidOptionError,
  OverloadedError,
  ValueError,
} from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { toAccessAnswer } from '../../src/transport/http-access-answer.ts'
import type { AccessCall, HttpAccess } from '../../src/transport/http-options.ts'
import {
  findHttpPath,
  type HttpPathSetting,
  isHttpPath,
  resolveHttpPaths,
} from '../../src/transport/http-paths.ts'
import type { ListenOptions } from '../../src/transport/server.ts'
import { openDoor, type TestDoor } from './open-door.ts'
import { sendRaw } from './raw-http.ts'

interface MappedDoor extends TestDoor {
  readonly calls: AccessCall[]
}

/** A door whose mapped functions answer with `result`. */
async function openMapped(
  result: unknown,
  httpPaths: Readonly<Record<string, HttpPathSetting>> = { '/f': 'fun' },
  options: Partial<ListenOptions> = {},
): Promise<MappedDoor> {
  const calls: AccessCall[] = []
  const access: HttpAccess = {
    declaredPaths: () => new Map([['/declared', { functionName: 'own', wholePath: false }]]),
    call: async call => {
      calls.push(call)
      return { result, requestId: 'r-1' }
    },
  }
  return { ...(await openDoor({ access, httpPaths, ...options })), calls }
}

describe('paths', () => {
  const paths = resolveHttpPaths({
    '/bar': 'bar',
    '/bar/baz': 'baz',
    '/whole': { functionName: 'whole', wholePath: true },
  })

  test.each([
    ['/bar', 'bar', '/'],
    ['/bar/', 'bar', '/'],
    ['/bar/x/y', 'bar', '/x/y'],
    ['/bar/bazz', 'bar', '/bazz'],
    ['/bar/baz', 'baz', '/'],
    ['/bar/baz/q%2F', 'baz', '/q%2F'],
    ['/bar/baz//', 'baz', '//'],
    ['/whole', 'whole', '/whole'],
    ['/whole/x', 'whole', '/whole/x'],
    [`/bar/${'x/'.repeat(500)}`, 'bar', `/${'x/'.repeat(500)}`],
  ])('%s leads to %s, which is told %s', (path, functionName, told) => {
    expect(findHttpPath(paths, path)).toEqual({ functionName, path: told })
  })

  test.each([
    '/',
    '',
    '/ba',
    '/barx',
    '/Bar',
    '//bar',
    'http://x/bar',
    '*',
    '/b%61r',
    `/${'x'.repeat(10_000)}`,
  ])('%s leads nowhere', path => {
    expect(findHttpPath(paths, path)).toBeUndefined()
  })

  test('the root takes what no other path does', () => {
    const all = resolveHttpPaths({ '/': 'root', '/bar': 'bar' })
    expect(findHttpPath(all, '/x/y')).toEqual({ functionName: 'root', path: '/x/y' })
    expect(findHttpPath(all, '')).toEqual({ functionName: 'root', path: '/' })
    expect(findHttpPath(all, '/bar/y')).toEqual({ functionName: 'bar', path: '/y' })
    expect(findHttpPath(all, 'http://x/')).toBeUndefined()
  })

  test.each(['/', '/a', '/a/b', '/.well-known/x', '/a_b-c.d~e', `/${'x'.repeat(255)}`])(
    '%s can be mapped',
    path => {
      expect(isHttpPath(path)).toBe(true)
    },
  )

  test.each([
    '',
    'a',
    '/a/',
    '//',
    '/a//b',
    '/../a',
    '/a/.',
    '/a b',
    '/ä',
    '/a%20b',
    '/a?b',
    '/a*',
    `/${'x'.repeat(256)}`,
    '/healthz',
    '/storage/a',
    '/functions',
  ])('%s can not', path => {
    expect(() => resolveHttpPaths({ [path]: 'f' })).toThrow(InvalidOptionError)
  })

  test.each<unknown>([null, 1, '', {}, { functionName: '' }, { functionName: 'f', wholePath: 1 }])(
    'a path leads to a function, not to %j',
    async setting => {
      const httpPaths = { '/f': setting as string }
      await expect(openDoor({ httpPaths })).rejects.toMatchObject({ option: 'httpPaths./f' })
    },
  )
})

describe('the event', () => {
  test('is the platform’s', async () => {
    const { door, calls } = await openMapped(null)
    await fetch(`${door.httpUrl}/f/a%20b?x=1&y=%E5%9B%BE&z`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', 'x-own': 'Ö' },
      body: '{"图":1}',
    })
    expect(calls).toMatchObject([{ functionName: 'fun', clientIp: '127.0.0.1' }])
    expect(calls[0]?.event).toEqual({
      path: '/a%20b',
      httpMethod: 'PATCH',
      headers: expect.objectContaining({
        host: `127.0.0.1:${door.port}`,
        'content-type': 'application/json',
        'x-own': 'Ö',
      }),
      multiValueHeaders: expect.objectContaining({ 'content-type': ['application/json'] }),
      queryStringParameters: { x: '1', y: '图', z: '' },
      multiValueQueryStringParameters: { x: ['1'], y: ['图'], z: [''] },
      body: '{"图":1}',
      isBase64Encoded: false,
    })
  })

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('comes of %s', async method => {
    const { door, calls } = await openMapped('text')
    const response = await fetch(`${door.httpUrl}/f`, { method })
    expect(await response.text()).toBe(method === 'HEAD' ? '' : 'text')
    expect(calls[0]?.event).toMatchObject({ httpMethod: method, path: '/', body: '', isBase64Encoded: false })
  })

  test('has what came several times: joined and as a list, and the last of a parameter', async () => {
    const { door, calls } = await openMapped(null)
    await sendRaw(door.port, [
      'GET /f?a=1&a=2&__proto__=p HTTP/1.1',
      'Host: x',
      'Connection: close',
      'X-A: 1',
      'x-a: 2',
      'Cookie: a=1',
      'Cookie: b=2',
      '__proto__: h',
    ])
    const event = calls[0]?.event
    expect(event?.headers).toMatchObject({ 'x-a': '1, 2', cookie: 'a=1; b=2' })
    expect(event?.multiValueHeaders).toMatchObject({ 'x-a': ['1', '2'], cookie: ['a=1', 'b=2'] })
    expect(event?.queryStringParameters['a']).toBe('2')
    expect(event?.multiValueQueryStringParameters['a']).toEqual(['1', '2'])
    expect(Object.getPrototypeOf(event?.queryStringParameters)).toBe(Object.prototype)
    expect(Object.keys(event?.queryStringParameters ?? {})).toEqual(['a', '__proto__'])
  })

  test('has no header in which a gateway of WeChat would name the user', async () => {
    const { door, calls } = await openMapped(null)
    const headers = {
      'x-wx-openid': 'o-9',
      'X-WX-Source': 'wx_client',
      'x-cloudbase-context': 'e30=',
      'x-tcb-source': 'wx_client',
      authorization: 'Bearer own',
      'x-wxyz': 'kept',
    }
    await fetch(`${door.httpUrl}/f`, { headers })
    expect(calls[0]?.event.headers).toMatchObject({ authorization: 'Bearer own', 'x-wxyz': 'kept' })
    for (const field of ['headers', 'multiValueHeaders'] as const) {
      const names = Object.keys(calls[0]?.event[field] ?? {})
      expect(names.filter(name => /wx-|cloudbase|tcb/.test(name))).toEqual([])
    }
  })

  const latin = Buffer.from([0xff, 0xfe])

  test.each<[string, Record<string, string>, Buffer, boolean]>([
    ['text', { 'content-type': 'text/csv; charset=UTF-8' }, Buffer.from('ä'), false],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, Buffer.from('a=1'), false],
    ['JSON of a kind', { 'content-type': 'application/vnd.api+json' }, Buffer.from('{}'), false],
    ['XML, as WeChat pushes it', { 'content-type': 'text/xml' }, Buffer.from('<xml/>'), false],
    ['text of no type', {}, Buffer.from('a'), false],
    ['an image', { 'content-type': 'image/png' }, Buffer.from('png'), true],
    ['bytes that are no text', { 'content-type': 'text/plain' }, latin, true],
    ['text in another charset', { 'content-type': 'text/plain; charset=gbk' }, Buffer.from('a'), true],
    ['compressed', { 'content-type': 'text/plain', 'content-encoding': 'gzip' }, gzipSync('a'), true],
  ])('has %s as what it is', async (_, headers, body, isBase64Encoded) => {
    const { door, calls } = await openMapped(null)
    await sendRaw(
      door.port,
      [
        'POST /f HTTP/1.1',
        'Host: x',
        'Connection: close',
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        'Transfer-Encoding: chunked',
      ],
      '0\r\n\r\n',
    )
    expect(calls[0]?.event).toMatchObject({ body: '', isBase64Encoded: false })
    await fetch(`${door.httpUrl}/f`, { method: 'POST', headers, body: new Uint8Array(body) })
    const event = calls[1]?.event
    expect(event?.isBase64Encoded).toBe(isBase64Encoded)
    expect(Buffer.from(event?.body ?? '', isBase64Encoded ? 'base64' : 'utf8')).toEqual(body)
  })

  test('is refused a body over the limit', async () => {
    const { door, calls } = await openMapped(null, undefined, { maxBodyBytes: 3 })
    const send = (body: string): Promise<Response> => fetch(`${door.httpUrl}/f`, { method: 'POST', body })
    expect((await send('123')).status).toBe(200)
    expect((await send('1234')).status).toBe(413)
    expect(calls).toHaveLength(1)
  })
})

describe('the answer', () => {
  const text = 'text/plain; charset=utf-8'
  const json = 'application/json; charset=utf-8'

  test.each<[unknown, string, string]>([
    ['<b>text</b>', text, '<b>text</b>'],
    ['', text, ''],
    [3.5, text, '3.5'],
    [true, text, 'true'],
    [{ a: 1, headers: {} }, json, '{"a":1,"headers":{}}'],
    [[1, 2], json, '[1,2]'],
    [null, json, 'null'],
  ])('of %j', async (result, type, body) => {
    const { door } = await openMapped(result)
    const response = await fetch(`${door.httpUrl}/f`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.text()).toBe(body)
  })

  test('is what an integration response says', async () => {
    const { door } = await openMapped({
      statusCode: 418,
      headers: {
        'Content-Type': 'text/html',
        'X-Count': 3,
        'X-Flag': false,
        'X-None': null,
        'set-cookie': ['a=1', 'b=2'],
      },
      multiValueHeaders: { 'X-Multi': ['1', '2'] },
      body: '<h1>图</h1>',
    })
    const response = await fetch(`${door.httpUrl}/f`)
    expect(response.status).toBe(418)
    expect(await response.text()).toBe('<h1>图</h1>')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html',
      'x-count': '3',
      'x-flag': 'false',
      'x-multi': '1, 2',
      'content-length': '12',
    })
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.has('x-none')).toBe(false)
  })

  test('may be bytes', async () => {
    const body = Buffer.from([0, 255, 1])
    const { door } = await openMapped({
      isBase64Encoded: true,
      statusCode: 200,
      body: body.toString('base64'),
    })
    const response = await fetch(`${door.httpUrl}/f`)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(body)
  })

  test.each([204, 205, 304])('has no body with %i', async statusCode => {
    const { door } = await openMapped({ statusCode, body: 'text' })
    const response = await fetch(`${door.httpUrl}/f`)
    expect(response.status).toBe(statusCode)
    expect(await response.text()).toBe('')
    // The connection is still in step.
    expect((await fetch(`${door.httpUrl}/healthz`)).status).toBe(200)
  })

  test('keeps its length and its connection whatever the function says of them', async () => {
    const { door } = await openMapped({
      statusCode: 200,
      headers: {
        'Content-Length': '999',
        'Transfer-Encoding': 'chunked',
        Connection: 'upgrade',
        Upgrade: 'x',
        Trailer: 'x',
      },
      body: 'text',
    })
    const answer = await sendRaw(door.port, ['GET /f HTTP/1.1', 'Host: x', 'Connection: close'])
    const [head = '', body] = answer.split('\r\n\r\n')
    expect(body).toBe('text')
    expect(head).toMatch(/\r\nContent-Length: 4\r\n/)
    expect(head).not.toMatch(/999|chunked|upgrade|trailer/i)
  })

  test.each<[string, unknown]>([
    ['statusCode', { statusCode: '200' }],
    ['statusCode', { statusCode: 199 }],
    ['statusCode', { statusCode: 600 }],
    ['statusCode', { statusCode: 200.5 }],
    ['statusCode', { statusCode: null }],
    ['isBase64Encoded', { statusCode: 200, isBase64Encoded: 'true', body: '' }],
    ['body', { statusCode: 200, isBase64Encoded: true, body: 'ä' }],
    ['body', { statusCode: 200, isBase64Encoded: true, body: 1 }],
    ['headers', { statusCode: 200, headers: [] }],
    ['headers', { statusCode: 200, headers: 'a: b' }],
    ['headers', { statusCode: 200, headers: { 'a b': 'c' } }],
    ['headers', { statusCode: 200, headers: { '': 'c' } }],
    ['headers', { statusCode: 200, headers: { 'a\r\nSet-Cookie': 'c' } }],
    ['headers.a', { statusCode: 200, headers: { a: 'b\r\nSet-Cookie: c=1' } }],
    ['headers.a', { statusCode: 200, headers: { a: 'b\nc' } }],
    ['headers.a', { statusCode: 200, headers: { a: 'b\0c' } }],
    ['headers.a', { statusCode: 200, headers: { a: '图' } }],
    ['headers.a', { statusCode: 200, headers: { a: { b: 1 } } }],
    ['headers.a', { statusCode: 200, headers: { a: ['b', ['c']] } }],
    ['multiValueHeaders.a', { statusCode: 200, multiValueHeaders: { a: ['b\r\nc'] } }],
  ])('is 502 for a bad %s: %j', async (field, result) => {
    const { door, faults } = await openMapped(result)
    const response = await fetch(`${door.httpUrl}/f`)
    expect(response.status).toBe(502)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await response.json()).toMatchObject({
      code: 'CLOUDLET_VALUE',
      message: expect.stringContaining(`its ${field} `),
      retryable: false,
      requestId: 'r-1',
    })
    expect(faults).toEqual([])
  })

  test('has as many headers as the limits say, and not one more', () => {
    const { httpHeaders, httpHeaderBytes } = LIMITS
    const lines = (count: number): unknown => ({ statusCode: 200, headers: { a: Array(count).fill('') } })
    expect(toAccessAnswer(lines(httpHeaders)).status).toBe(200)
    expect(() => toAccessAnswer(lines(httpHeaders + 1))).toThrow(ValueError)
    const bytes = (count: number): unknown => ({ statusCode: 200, headers: { a: 'x'.repeat(count - 5) } })
    expect(toAccessAnswer(bytes(httpHeaderBytes)).status).toBe(200)
    expect(() => toAccessAnswer(bytes(httpHeaderBytes + 1))).toThrow(ValueError)
  })

  test('may be taken slowly when it is large, as long as something of it goes', async () => {
    const size = 24 * 1024 * 1024
    const { door } = await openMapped('x'.repeat(size), undefined, { stallTimeoutMs: 1000 })
    const response = await fetch(`${door.httpUrl}/f`)
    let sizeBytes = 0
    // Three seconds or so, of which the last megabytes are in buffers of the system.
    for await (const chunk of response.body ?? []) {
      sizeBytes += chunk.byteLength
      await delay(chunk.byteLength / 8192)
    }
    expect(sizeBytes).toBe(size)
  })

  test('counts what it holds', async () => {
    const { door } = await openMapped('x'.repeat(2000), undefined, { maxHttpBytes: 1024 })
    expect((await fetch(`${door.httpUrl}/f`)).status).toBe(503)
  })
})

describe('an error of the function', () => {
  const guest = {
    name: 'Error',
    message: 'password of the database: x',
    stack: 'secret.js',
    fields: { secret: 1 },
  }

  test.each([
    [404, new FunctionNotFoundError('secret', ['secret2'])],
    [422, new ValueError('event', 'secret')],
    [500, new FunctionError('secret', guest)],
    [503, new OverloadedError('secret: raise maxQueued.')],
    [503, new CancelledError('secret')],
    [504, new DeadlineError('secret', 1000, { cpuMs: 1, waitedMs: {} })],
  ])('is %i, and no more than its code and id: %s', async (status, error) => {
    error.requestId = 'r-9'
    const access = { declaredPaths: () => new Map(), call: () => Promise.reject(error) }
    const { door, faults } = await openDoor({ access, httpPaths: { '/f': 'secret' } })
    const response = await fetch(`${door.httpUrl}/f`)
    const body = await response.text()
    expect(response.status).toBe(status)
    expect(body).not.toMatch(/secret|password/)
    expect(JSON.parse(body)).toEqual({
      code: error.code,
      message: expect.any(String),
      retryable: error.retryable,
      requestId: 'r-9',
    })
    expect(faults).toEqual([])
  })
})

describe('what is mapped', () => {
  test('functions that declare a path, when the door says nothing', async () => {
    const access: HttpAccess = {
      declaredPaths: () => new Map([['/declared', { functionName: 'own', wholePath: false }]]),
      call: async ({ functionName, event }) => ({ result: [functionName, event.path], requestId: 'r-1' }),
    }
    const { door } = await openDoor({ access })
    expect(await (await fetch(`${door.httpUrl}/declared/x`)).json()).toEqual(['own', '/x'])
    const silent = await openDoor({ access, httpPaths: {} })
    expect((await fetch(`${silent.door.httpUrl}/declared`)).status).toBe(404)
  })

  test('nothing that the door has itself, nor its sockets', async () => {
    const { door, calls } = await openMapped('root', { '/': 'root' })
    expect(await (await fetch(`${door.httpUrl}/anything?x`)).text()).toBe('root')
    expect(await (await fetch(door.httpUrl)).text()).toBe('root')
    expect((await fetch(`${door.httpUrl}/healthz`)).headers.get('content-type')).toMatch(/json/)
    expect((await fetch(`${door.httpUrl}/functions/f`)).status).toBe(405)
    expect((await fetch(`${door.httpUrl}/storage/x`)).status).toBe(404)
    expect(
      await sendRaw(door.port, ['GET http://evil.test/ HTTP/1.1', 'Host: x', 'Connection: close']),
    ).toMatch(/^HTTP\/1\.1 404 /)
    expect(calls).toHaveLength(2)
  })
})
