import { describe, expect, test } from 'vitest'
import { UnauthenticatedError } from '../../src/errors.ts'
import type { CorsOptions } from '../../src/transport/http-cors.ts'
import type { HttpAccess } from '../../src/transport/http-options.ts'
import type { ListenOptions } from '../../src/transport/server.ts'
import { openDoor, type TestDoor } from './open-door.ts'

const SHOP = 'https://shop.example'

function openCors(cors: CorsOptions, options: Partial<ListenOptions> = {}): Promise<TestDoor> {
  return openDoor({
    cors,
    authenticate: () => Promise.reject(new UnauthenticatedError('No.')),
    serveFile: async () => ({
      kind: 'found',
      contentType: 'text/plain',
      sizeBytes: 4,
      sha256: 'a',
      open: async () => Buffer.from('text'),
    }),
    ...options,
  })
}

interface Asked {
  readonly status: number
  readonly allowed: Record<string, string>
  readonly vary: string | null
}

async function ask(
  { door }: TestDoor,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<Asked> {
  const response = await fetch(`${door.httpUrl}${path}`, { method, headers })
  await response.arrayBuffer()
  const allowed = [...response.headers].filter(([name]) => name.startsWith('access-control-'))
  return { status: response.status, allowed: Object.fromEntries(allowed), vary: response.headers.get('vary') }
}

const PREFLIGHT = { origin: SHOP, 'access-control-request-method': 'POST' }

describe('without rules', () => {
  test('no page is told anything, and a preflight is a request like any other', async () => {
    const door = await openDoor()
    expect(await ask(door, '/healthz', { origin: SHOP })).toEqual({ status: 200, allowed: {}, vary: null })
    expect(await ask(door, '/functions/f', PREFLIGHT, 'OPTIONS')).toEqual({
      status: 405,
      allowed: {},
      vary: null,
    })
    expect(await ask(door, '/storage/a', PREFLIGHT, 'OPTIONS')).toEqual({
      status: 405,
      allowed: {},
      vary: null,
    })
  })

  test('a mapped function answers pages as it likes', async () => {
    const access: HttpAccess = {
      declaredPaths: () => new Map(),
      call: async ({ event }) => ({
        result: { statusCode: 200, headers: { 'Access-Control-Allow-Origin': event.headers['origin'] } },
        requestId: 'r-1',
      }),
    }
    const door = await openDoor({ access, httpPaths: { '/f': 'f' } })
    const answer = await ask(door, '/f', PREFLIGHT, 'OPTIONS')
    expect(answer).toEqual({ status: 200, allowed: { 'access-control-allow-origin': SHOP }, vary: null })
  })
})

describe('a page of a listed origin', () => {
  const exposed = 'Accept-Ranges, Content-Disposition, Content-Range, ETag, Retry-After'
  const allowed = { 'access-control-allow-origin': SHOP, 'access-control-expose-headers': exposed }

  test.each([
    ['/healthz', 200],
    ['/storage/a?sign=s', 200],
    ['/functions/f', 405],
    ['/nothing', 404],
  ])('may read %s', async (path, status) => {
    const door = await openCors({ origins: ['https://other.example', SHOP] })
    expect(await ask(door, path, { origin: SHOP })).toEqual({ status, allowed, vary: 'Origin' })
  })

  test('may read errors', async () => {
    const door = await openCors({ origins: [SHOP] })
    expect(await ask(door, '/functions/f', { origin: SHOP }, 'POST')).toEqual({
      status: 401,
      allowed,
      vary: 'Origin',
    })
  })

  test('may read a part of a file, and that it has not changed', async () => {
    const door = await openCors({ origins: [SHOP] })
    const part = await ask(door, '/storage/a', { origin: SHOP, range: 'bytes=0-1' })
    expect(part).toEqual({ status: 206, allowed, vary: 'Origin' })
    const unchanged = await ask(door, '/storage/a', { origin: SHOP, 'if-none-match': '"a"' })
    expect(unchanged).toEqual({ status: 304, allowed, vary: 'Origin' })
  })

  test('has its preflight answered, before any login', async () => {
    const door = await openCors({ origins: [SHOP] })
    expect(await ask(door, '/functions/f', PREFLIGHT, 'OPTIONS')).toEqual({
      status: 204,
      allowed: {
        'access-control-allow-origin': SHOP,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers':
          'Authorization, Content-Type, Range, If-Match, If-None-Match, If-Modified-Since, If-Range',
        'access-control-max-age': '600',
      },
      vary: 'Origin',
    })
  })

  test('is told the rules of the door', async () => {
    const door = await openCors({
      origins: [SHOP],
      methods: ['POST'],
      headers: ['X-Own'],
      credentials: true,
      maxAgeSeconds: 5,
    })
    const preflight = await ask(door, '/functions/f', PREFLIGHT, 'OPTIONS')
    expect(preflight.allowed).toEqual({
      'access-control-allow-origin': SHOP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'X-Own',
      'access-control-max-age': '5',
    })
    const answer = await ask(door, '/healthz', { origin: SHOP })
    expect(answer.allowed).toMatchObject({ 'access-control-allow-credentials': 'true' })
  })
})

describe('a page of another origin', () => {
  test.each([
    'https://evil.example',
    'http://shop.example',
    'https://shop.example:8443',
    'https://shop.example.evil',
    'null',
    '',
  ])('from %j may read nothing', async origin => {
    const door = await openCors({ origins: [SHOP] })
    expect(await ask(door, '/healthz', { origin })).toEqual({ status: 200, allowed: {}, vary: 'Origin' })
    expect(await ask(door, '/healthz', { ...PREFLIGHT, origin }, 'OPTIONS')).toEqual({
      status: 403,
      allowed: {},
      vary: 'Origin',
    })
  })

  test('nor does a cache mix them up with programs that have no origin', async () => {
    const door = await openCors({ origins: [SHOP] })
    expect(await ask(door, '/healthz', {})).toEqual({ status: 200, allowed: {}, vary: 'Origin' })
  })
})

test('every page may, without credentials', async () => {
  const door = await openCors({ origins: '*' })
  const answer = await ask(door, '/storage/a', { origin: 'null' })
  expect(answer).toMatchObject({ status: 200, allowed: { 'access-control-allow-origin': '*' }, vary: null })
  expect(answer.allowed).not.toHaveProperty('access-control-allow-credentials')
})

describe('a mapped function behind rules', () => {
  test('gets no preflights, and its own words to pages are dropped', async () => {
    const methods: string[] = []
    const access: HttpAccess = {
      declaredPaths: () => new Map(),
      call: async ({ event }) => {
        methods.push(event.httpMethod)
        const headers = {
          'Access-Control-Allow-Origin': '*',
          'Access-Control-Allow-Credentials': 'true',
          Vary: 'Accept',
        }
        return { result: { statusCode: 200, headers }, requestId: 'r-1' }
      },
    }
    const door = await openCors({ origins: [SHOP] }, { access, httpPaths: { '/f': 'f' } })
    expect(await ask(door, '/f', PREFLIGHT, 'OPTIONS')).toMatchObject({ status: 204 })
    expect(await ask(door, '/f', { origin: 'https://evil.example' })).toEqual({
      status: 200,
      allowed: {},
      vary: 'Origin, Accept',
    })
    expect((await ask(door, '/f', { origin: SHOP })).allowed).toMatchObject({
      'access-control-allow-origin': SHOP,
    })
    // An OPTIONS that no browser sent for a page is the function's.
    expect(await ask(door, '/f', {}, 'OPTIONS')).toMatchObject({ status: 200 })
    expect(methods).toEqual(['GET', 'GET', 'OPTIONS'])
  })
})

describe('rules', () => {
  test.each<[string, unknown]>([
    ['cors', null],
    ['cors', 'https://shop.example'],
    ['cors.origin', { origin: '*' }],
    ['cors.origins', {}],
    ['cors.origins', { origins: SHOP }],
    ['cors.origins', { origins: ['*'] }],
    ['cors.origins', { origins: ['null'] }],
    ['cors.origins', { origins: [`${SHOP}/`] }],
    ['cors.origins', { origins: ['https://Shop.example'] }],
    ['cors.origins', { origins: ['https://shop.example:443'] }],
    ['cors.origins', { origins: ['https://*.example'] }],
    ['cors.origins', { origins: ['ftp://shop.example'] }],
    ['cors.origins', { origins: [1] }],
    ['cors.origins', { origins: Array(1001).fill(SHOP) }],
    ['cors.methods', { origins: '*', methods: 'GET' }],
    ['cors.methods', { origins: '*', methods: ['GET, POST'] }],
    ['cors.headers', { origins: '*', headers: ['a\r\nb'] }],
    ['cors.credentials', { origins: [SHOP], credentials: 'yes' }],
    ['cors.credentials', { origins: '*', credentials: true }],
    ['cors.maxAgeSeconds', { origins: '*', maxAgeSeconds: -1 }],
    ['cors.maxAgeSeconds', { origins: '*', maxAgeSeconds: 86_401 }],
  ])('a bad one is refused by name: %s in %j', async (option, cors) => {
    await expect(openDoor({ cors: cors as CorsOptions })).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      option,
    })
  })

  test('good ones are taken at their limits', async () => {
    await openCors({ origins: Array(1000).fill(SHOP), maxAgeSeconds: 86_400 })
    await openCors({ origins: ['http://127.0.0.1:8080', 'https://xn--fsq.example'], maxAgeSeconds: 0 })
  })
})
