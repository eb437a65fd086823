import { Agent, request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  CancelledError,
  CapabilityDeniedError,
  type CloudletError,
  DeadlineError,
  DeployError,
  FunctionError,
  FunctionNotFoundError,
  HostClosedError,
  IsolateCrashedError,
  MemoryLimitError,
  OverloadedError,
  UnauthenticatedError,
  ValueError,
} from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { tokenAuthenticator } from '../../src/transport/auth.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import type { ListenOptions } from '../../src/transport/server.ts'
import { HeldCalls, openDoor, type TestDoor } from './open-door.ts'
import { connectRaw, sendRaw } from './raw-http.ts'
import { RawPeer } from './raw-peer.ts'

const TOKENS = new Map([
  ['token-1', { openid: 'o-1' }],
  ['token-2', { openid: 'o-2' }],
])

const JSON_TYPE = { 'content-type': 'application/json' }

function openTokenDoor(options: Partial<ListenOptions> = {}): Promise<TestDoor> {
  return openDoor({ authenticate: tokenAuthenticator(TOKENS), ...options })
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  // Whatever JSON was answered; the tests compare it.
  readonly body: unknown
}

async function post(
  { door }: TestDoor,
  path: string,
  init: { body?: string | Uint8Array; headers?: Record<string, string>; method?: string } = {},
): Promise<Answer> {
  const { body, headers = { ...JSON_TYPE, authorization: 'Bearer token-1' }, method = 'POST' } = init
  const response = await fetch(`${door.httpUrl}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: body as BodyInit }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

describe('a call', () => {
  test('runs the op of sessions, as the caller of the token', async () => {
    const calls: DoorCall[] = []
    const door = await openTokenDoor({
      call: async call => {
        calls.push(call)
        return { result: { sum: 3 }, requestId: 'r-1' }
      },
    })
    const answer = await post(door, '/functions/s%75m', { body: '{"a":1,"b":2}' })
    expect(answer).toMatchObject({ status: 200, body: { result: { sum: 3 }, requestId: 'r-1' } })
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(calls).toMatchObject([
      {
        op: 'functions.invoke',
        args: { name: 'sum', data: { a: 1, b: 2 } },
        caller: { openid: 'o-1', clientIp: '127.0.0.1' },
      },
    ])
  })

  test('has {} for its event without a body, of whatever type', async () => {
    const door = await openTokenDoor()
    for (const type of [{}, { 'content-type': 'text/plain' }]) {
      const answer = await post(door, '/functions/f', {
        headers: { authorization: 'Bearer token-1', ...type },
      })
      expect(answer).toMatchObject({ status: 200, body: { args: { name: 'f', data: {} }, openid: 'o-1' } })
    }
  })

  test('keeps what a body names like an identity where it is: in data', async () => {
    const door = await openTokenDoor()
    const body = '{"userInfo":{"openId":"o-9"},"openid":"o-9","__proto__":{"openid":"o-9"}}'
    const answer = await post(door, '/functions/f', { body })
    expect(answer).toMatchObject({ status: 200, body: { openid: 'o-1' } })
  })

  test('is verified anew for each request of a connection', async () => {
    const tokens = new Map(TOKENS)
    const door = await openDoor({ authenticate: tokenAuthenticator(tokens) })
    expect((await post(door, '/functions/f')).status).toBe(200)
    tokens.delete('token-1')
    expect((await post(door, '/functions/f')).status).toBe(401)
  })

  test('many go over one connection', async () => {
    const { door } = await openTokenDoor()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const ports = new Set<number | undefined>()
    for (let index = 0; index < 200; index++) {
      const asked = httpRequest(`${door.httpUrl}/functions/f`, {
        method: 'POST',
        agent,
        headers: { ...JSON_TYPE, authorization: 'Bearer token-1' },
      })
      asked.end(`{"index":${index}}`)
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      asked.on('response', response => {
        ports.add(response.socket.localPort)
        text(response).then(resolve, reject)
      })
      asked.on('error', reject)
      expect(JSON.parse(await promise)).toMatchObject({ args: { data: { index } } })
    }
    expect(ports.size).toBe(1)
  })
})

describe('a login', () => {
  const challenge = 'Bearer realm="cloudlet"'

  test.each([
    ['none', {}, challenge],
    ['an unknown token', { authorization: 'Bearer token-9' }, `${challenge}, error="invalid_token"`],
    ['another scheme', { authorization: 'Basic dG9rZW4tMQ==' }, challenge],
    ['an empty token', { authorization: 'Bearer ' }, challenge],
    ['two tokens', { authorization: 'Bearer token-1 token-2' }, challenge],
    ['a token over the limit', { authorization: `Bearer ${'x'.repeat(8193)}` }, challenge],
    ['an openid of the client', { 'x-cloudlet-openid': 'o-1' }, challenge],
    ['an openid beside a token', { authorization: 'Bearer token-1', 'x-cloudlet-openid': 'o-2' }, challenge],
  ])('with %s is refused with 401', async (_, headers, expected) => {
    const held = new HeldCalls()
    const answer = await post(await openTokenDoor({ call: held.call }), '/functions/f', { headers })
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false },
    })
    expect(answer.headers.get('www-authenticate')).toBe(expected)
    expect(held.count).toBe(0)
  })

  test('may have a token as long as a hello', async () => {
    const token = 'x'.repeat(8192)
    const door = await openDoor({ authenticate: ({ token: given }) => ({ openid: `o-${given?.length}` }) })
    const answer = await post(door, '/functions/f', { headers: { authorization: `bearer ${token}` } })
    expect(answer).toMatchObject({ status: 200, body: { openid: 'o-8192' } })
  })

  test('for development is believed the openid it names', async () => {
    const door = await openDoor()
    const headers = { 'x-cloudlet-openid': 'o-7' }
    expect(await post(door, '/functions/f', { headers })).toMatchObject({
      status: 200,
      body: { openid: 'o-7' },
    })
    expect(await post(door, '/functions/f', { headers: {} })).toMatchObject({ status: 401 })
  })

  test('for development serves no page from elsewhere, and nobody through a proxy', async () => {
    const door = await openDoor()
    for (const other of [{ origin: 'https://evil.test' }, { 'x-forwarded-for': '203.0.113.9' }]) {
      const answer = await post(door, '/functions/f', { headers: { 'x-cloudlet-openid': 'o-7', ...other } })
      expect(answer).toMatchObject({ status: 401, body: { code: 'CLOUDLET_UNAUTHENTICATED' } })
    }
  })

  test('that fails tells the client nothing of why', async () => {
    const fault = new Error('connect ECONNREFUSED 10.0.0.5:5432')
    const door = await openDoor({ authenticate: () => Promise.reject(fault) })
    const answer = await post(door, '/functions/f')
    expect(answer).toMatchObject({ status: 401, body: { message: 'The login was refused.' } })
    expect(door.faults).toEqual([fault])
  })

  test('that is overloaded is answered with 503 and Retry-After', async () => {
    const door = await openDoor({ authenticate: () => Promise.reject(new OverloadedError('Later.')) })
    const answer = await post(door, '/functions/f')
    expect(answer).toMatchObject({ status: 503, body: { code: 'CLOUDLET_OVERLOADED', retryable: true } })
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})

describe('a request that is no call', () => {
  test.each([
    ['POST', '/functions/', 400],
    ['POST', '/functions/a/b', 400],
    ['POST', '/functions/a%2Fb', 400],
    ['POST', '/functions/%', 400],
    ['POST', '/functions', 404],
    ['GET', '/functions/f', 405],
    ['PUT', '/functions/f', 405],
    ['OPTIONS', '/functions/f', 405],
  ])('%s %s is answered with %i', async (method, path, status) => {
    const answer = await post(await openTokenDoor(), path, { method })
    expect(answer.status).toBe(status)
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST')
  })

  const authorization = 'Bearer token-1'

  test.each([
    ['no type', {}, 415],
    ['another type', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['another charset', { 'content-type': 'application/json; charset=gbk' }, 415],
    ['compressed', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415],
    ['JSON', { 'content-type': 'Application/JSON; charset="UTF-8"' }, 200],
  ])('a body that says %s', async (_, headers, status) => {
    const body = Buffer.from('{}')
    const answer = await post(await openTokenDoor(), '/functions/f', {
      body,
      headers: { authorization, ...headers },
    })
    expect(answer.status).toBe(status)
  })

  test.each([
    ['broken', '{"a":', 400, 'CLOUDLET_VALUE'],
    ['not in UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'CLOUDLET_VALUE'],
    ['a list', '[1]', 422, 'CLOUDLET_VALUE'],
    ['text', '"a"', 422, 'CLOUDLET_VALUE'],
    ['null', 'null', 422, 'CLOUDLET_VALUE'],
  ])('a body that is %s', async (_, body, status, code) => {
    const answer = await post(await openTokenDoor(), '/functions/f', { body })
    expect(answer).toMatchObject({ status, body: { code, retryable: false, details: { path: 'body' } } })
  })

  test('a body nested as deep as a frame may be is taken, a level more is not', async () => {
    const door = await openTokenDoor()
    const bodyOf = (levels: number): string =>
      `{"text":"[[\\"[{","a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect((await post(door, '/functions/f', { body: bodyOf(LIMITS.frameDepth) })).status).toBe(200)
    for (const levels of [LIMITS.frameDepth + 1, 3_000_000]) {
      const answer = await post(door, '/functions/f', { body: bodyOf(levels) })
      expect(answer).toMatchObject({ status: 422, body: { code: 'CLOUDLET_VALUE' } })
    }
  })

  test('a body at the limit is taken, one byte over it is not, announced or not', async () => {
    const door = await openTokenDoor({ maxBodyBytes: 100 })
    const bodyOf = (sizeBytes: number): string => `{"a":"${'x'.repeat(sizeBytes - 8)}"}`
    expect((await post(door, '/functions/f', { body: bodyOf(100) })).status).toBe(200)
    const announced = await post(door, '/functions/f', { body: bodyOf(101) })
    expect(announced).toMatchObject({ status: 413, body: { code: 'CLOUDLET_VALUE' } })
    const chunked = await sendRaw(
      door.door.port,
      [
        'POST /functions/f HTTP/1.1',
        'Host: x',
        'Connection: close',
        `Authorization: ${authorization}`,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ],
      `65\r\n${bodyOf(101)}\r\n0\r\n\r\n`,
    )
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /)
  })
})

describe('an error of the call', () => {
  const guest = {
    name: 'TypeError',
    message: 'a is not defined',
    stack: 'at /var/user/index.js:1:1',
    fields: {},
  }
  const retryable = new IsolateCrashedError('Its neighbour brought it down.', { retryable: true })

  test.each<[number, CloudletError]>([
    [403, new CapabilityDeniedError('functions', 'functions.invoke', 'No.')],
    [404, new FunctionNotFoundError('f', [])],
    [422, new ValueError('event', 'The event is too large.')],
    [500, new ValueError('result', 'The result is too large.')],
    [500, new FunctionError('f', guest)],
    [500, new DeployError('f', 'It does not load.')],
    [500, new MemoryLimitError('f', 1)],
    [500, new IsolateCrashedError('It died.')],
    [503, retryable],
    [503, new OverloadedError('Too much.')],
    [503, new HostClosedError()],
    [503, new CancelledError()],
    [504, new DeadlineError('f', 1000, { cpuMs: 1, waitedMs: {} })],
  ])('is answered with %i and its code: %s', async (status, error) => {
    error.requestId = 'r-1'
    const door = await openTokenDoor({ call: () => Promise.reject(error) })
    const answer = await post(door, '/functions/f')
    expect(answer.status).toBe(status)
    const { code, message } = error
    expect(answer.body).toMatchObject({ code, message, retryable: error.retryable, requestId: 'r-1' })
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '1' : null)
    expect(door.faults).toEqual([])
  })

  test('has the details of its code', async () => {
    const door = await openTokenDoor({ call: () => Promise.reject(new FunctionError('f', guest)) })
    expect((await post(door, '/functions/f')).body).toEqual({
      code: 'CLOUDLET_FUNCTION_THREW',
      message: 'a is not defined',
      retryable: false,
      details: { functionName: 'f', guest },
    })
  })

  test('that nobody foresaw is an incident, and says nothing of the host', async () => {
    const fault = new Error('ENOENT: /srv/secret')
    const door = await openTokenDoor({ call: () => Promise.reject(fault) })
    const answer = await post(door, '/functions/f')
    expect(answer).toMatchObject({ status: 500, body: { code: 'CLOUDLET_INTERNAL' } })
    expect(JSON.stringify(answer.body)).not.toContain('secret')
    expect(door.faults).toMatchObject([{ code: 'CLOUDLET_INTERNAL', cause: fault }])
  })
})

describe('bounds', () => {
  test('a caller has so many calls running; others are not affected', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, maxCallsPerCaller: 2 })
    const running = [post(door, '/functions/f'), post(door, '/functions/f')]
    await held.reached(2)
    const refused = await post(door, '/functions/f')
    expect(refused).toMatchObject({ status: 429, body: { code: 'CLOUDLET_OVERLOADED', retryable: true } })
    expect(refused.headers.get('retry-after')).toBe('1')
    const other = post(door, '/functions/f', { headers: { authorization: 'Bearer token-2' } })
    await held.reached(3)
    held.finishAll()
    expect((await Promise.all([...running, other])).map(({ status }) => status)).toEqual([200, 200, 200])
    const next = post(door, '/functions/f')
    await held.reached(4)
    held.finishAll()
    expect((await next).status).toBe(200)
  })

  test('a caller has them together with its sessions', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, maxCallsPerCaller: 1 })
    const peer = await RawPeer.connect(door.url)
    peer.send({ type: 'hello', versions: [1], token: 'token-1' })
    await peer.next('welcome')
    peer.send({ type: 'call', id: 1, op: 'functions.invoke', args: {} })
    await held.reached(1)
    expect((await post(door, '/functions/f')).status).toBe(429)
    held.finishAll()
    await peer.next('result', 1)
    const next = post(door, '/functions/f')
    await held.reached(2)
    held.finishAll()
    expect((await next).status).toBe(200)
  })

  test('a caller makes so many calls a second, and is told when the next', async () => {
    const door = await openTokenDoor({ maxCallsPerSecond: 1, maxCallsBurst: 2 })
    const statuses = [await post(door, '/functions/f'), await post(door, '/functions/f')].map(
      ({ status }) => status,
    )
    expect(statuses).toEqual([200, 200])
    const refused = await post(door, '/functions/f')
    expect(refused).toMatchObject({ status: 429, body: { code: 'CLOUDLET_OVERLOADED' } })
    expect(refused.headers.get('retry-after')).toBe('1')
  })

  test('calls wait for their turn, and are forgotten when their client goes meanwhile', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, maxCallsRunning: 1, maxCallsPerCaller: 2 })
    const first = post(door, '/functions/first')
    await held.reached(1)
    const controller = new AbortController()
    const second = fetch(`${door.door.httpUrl}/functions/second`, {
      method: 'POST',
      headers: { authorization: 'Bearer token-1' },
      signal: controller.signal,
    })
    // A request that would be refused for its body tells whether this caller has a place left.
    const probe = async (): Promise<number> => {
      const headers = { authorization: 'Bearer token-1', 'content-type': 'text/plain' }
      return (await post(door, '/functions/f', { body: 'x', headers })).status
    }
    await expect.poll(probe).toBe(429)
    controller.abort()
    await expect(second).rejects.toThrow()
    await expect.poll(probe).toBe(415)
    const third = post(door, '/functions/third', { headers: { authorization: 'Bearer token-2' } })
    held.finishAll()
    expect((await first).status).toBe(200)
    await held.reached(2)
    expect(held.at(1).call.args).toMatchObject({ name: 'third' })
    held.finishAll()
    expect((await third).status).toBe(200)
  })

  test('the door answers so many requests at once, beside /healthz', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, maxHttpRequests: 1 })
    const running = post(door, '/functions/f')
    await held.reached(1)
    expect(await post(door, '/functions/f')).toMatchObject({ status: 503 })
    expect((await fetch(`${door.door.httpUrl}/healthz`)).status).toBe(200)
    held.finishAll()
    expect((await running).status).toBe(200)
  })

  test('bodies hold so many bytes together, and give them back', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, maxHttpBytes: 1024 })
    const body = `{"a":"${'x'.repeat(600)}"}`
    const running = post(door, '/functions/f', { body })
    await held.reached(1)
    expect(await post(door, '/functions/f', { body })).toMatchObject({
      status: 503,
      body: { code: 'CLOUDLET_OVERLOADED' },
    })
    held.finishAll()
    expect((await running).status).toBe(200)
    const next = post(door, '/functions/f', { body })
    await held.reached(2)
    held.finishAll()
    expect((await next).status).toBe(200)
  })

  test('a body that trickles is answered with 408, and its connection closed', async () => {
    const { door } = await openTokenDoor({ bodyTimeoutMs: 100 })
    const socket = connectRaw(door.port)
    socket.write(
      'POST /functions/f HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    )
    const trickle = setInterval(() => socket.write('{'), 20)
    onTestFinished(() => clearInterval(trickle))
    socket.on('error', () => undefined)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 [\s\S]*Connection: close[\s\S]*CLOUDLET_CONNECTION/i)
  })

  test('a client that goes away cancels its call', async () => {
    const held = new HeldCalls()
    const { door, faults } = await openTokenDoor({ call: held.call })
    const controller = new AbortController()
    const request = fetch(`${door.httpUrl}/functions/f`, {
      method: 'POST',
      headers: { authorization: 'Bearer token-1' },
      signal: controller.signal,
    })
    await held.reached(1)
    const { call, reject } = held.at(0)
    controller.abort()
    await expect(request).rejects.toThrow()
    await expect.poll(() => call.cancellation.signal.aborted).toBe(true)
    expect(call.cancellation.signal.reason).toMatchObject({ code: 'CLOUDLET_CANCELLED' })
    reject(new CancelledError())
    await door.close()
    expect(faults).toEqual([])
  })

  test('a client that goes away in the middle of its body costs nothing', async () => {
    const held = new HeldCalls()
    const { door, faults } = await openTokenDoor({ call: held.call, maxHttpBytes: 1024 })
    for (let round = 0; round < 5; round++) {
      const socket = connectRaw(door.port)
      socket.write(
        `POST /functions/f HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a":"${'x'.repeat(700)}`,
      )
      await new Promise(resolve => setTimeout(resolve, 30))
      socket.destroy()
    }
    expect(held.count).toBe(0)
    const request = () =>
      fetch(`${door.httpUrl}/functions/f`, {
        method: 'POST',
        headers: { ...JSON_TYPE, authorization: 'Bearer token-1' },
        body: `{"a":"${'x'.repeat(700)}"}`,
      })
    // The last one's going may not have been noticed yet.
    const run = held.reached(1).then(() => undefined)
    let next = request()
    for (;;) {
      const refused = await Promise.race([run, next])
      if (refused === undefined) break
      expect(refused.status).toBe(503)
      next = request()
    }
    held.finishAll()
    expect((await next).status).toBe(200)
    expect(faults).toEqual([])
  })
})

describe('closing', () => {
  test('lets calls end, and their connections with them', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, drainTimeoutMs: 5000 })
    const running = post(door, '/functions/f')
    const socket = connectRaw(door.door.port)
    socket.write(
      'POST /functions/f HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-1\r\nContent-Length: 0\r\n\r\n',
    )
    await held.reached(2)
    const closed = door.door.close()
    held.finishAll()
    expect((await running).status).toBe(200)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*Connection: close/)
    await closed
  })

  test('gives up a call that takes too long', async () => {
    const held = new HeldCalls()
    const door = await openTokenDoor({ call: held.call, drainTimeoutMs: 50 })
    const running = post(door, '/functions/f')
    await held.reached(1)
    const { call, reject } = held.at(0)
    call.cancellation.signal.addEventListener('abort', () => reject(call.cancellation.signal.reason))
    const closed = door.door.close()
    // Either it still hears why, or its connection is closed under it.
    const outcome = await running.then(
      ({ status }) => status,
      () => 'cut',
    )
    expect([503, 'cut']).toContain(outcome)
    expect(call.cancellation.signal.reason).toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
    await closed
  })
})

test('an UnauthenticatedError of the authenticator is passed on in its words', async () => {
  const door = await openDoor({
    authenticate: () => Promise.reject(new UnauthenticatedError('The token has expired.')),
  })
  expect(await post(door, '/functions/f')).toMatchObject({
    status: 401,
    body: { message: 'The token has expired.' },
  })
})
