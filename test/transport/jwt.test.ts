import { createHmac } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { InvalidOptionError, UnauthenticatedError } from '../../src/errors.ts'
import type { AuthenticateRequest } from '../../src/transport/auth.ts'
import { jwtAuthenticator } from '../../src/transport/jwt.ts'
import type { JwtAuthenticatorOptions } from '../../src/transport/jwt-options.ts'
import { listen } from '../network/servers.ts'
import fc from '../random.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes'
const ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const

const from = (token?: string): AuthenticateRequest => ({
  headers: {},
  remoteAddress: '127.0.0.1',
  ...(token === undefined ? {} : { token }),
})

interface Claims {
  readonly [name: string]: unknown
}

const nowS = (): number => Math.floor(Date.now() / 1000)

function sign(claims: Claims, header: Claims = {}, secret = SECRET): Promise<string> {
  const { exp = nowS() + 60, ...rest } = claims
  const all = exp === null ? rest : { ...rest, exp }
  return new SignJWT(all).setProtectedHeader({ alg: 'HS256', ...header }).sign(Buffer.from(secret))
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function refusalOf(token: string | undefined, options: JwtAuthenticatorOptions): Promise<Error> {
  const error = await Promise.resolve(jwtAuthenticator(options)(from(token))).then(
    () => new Error('It was accepted.'),
    (reason: Error) => reason,
  )
  expect(error).toBeInstanceOf(UnauthenticatedError)
  return error
}

interface Issuer {
  readonly url: string
  readonly requestCount: () => number
  answer: (response: ServerResponse) => void
}

/** A real server of a set of keys, which it answers until told otherwise. */
async function openIssuer(keys: readonly JWK[]): Promise<Issuer> {
  let requestCount = 0
  const issuer = {
    url: '',
    requestCount: () => requestCount,
    answer: (response: ServerResponse): void => {
      response.end(JSON.stringify({ keys }))
    },
  }
  const running = await listen(
    createServer((_, response) => {
      requestCount++
      issuer.answer(response)
    }),
  )
  onTestFinished(() => running[Symbol.asyncDispose]())
  issuer.url = `http://127.0.0.1:${running.port}/jwks.json`
  return issuer
}

async function makeKey(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  const signWith = (claims: Claims, header: Claims = {}): Promise<string> =>
    new SignJWT({ exp: nowS() + 60, ...claims }).setProtectedHeader({ alg, kid, ...header }).sign(privateKey)
  return { jwk, sign: signWith, publicKey }
}

describe('a token with a secret', () => {
  const options = { secret: SECRET }

  test('says who its bearer is, and until when', async () => {
    const exp = nowS() + 60
    const token = await sign({ sub: 'o-1', appid: 'wx-1', unionid: 'u-1', source: 'evil', exp })
    expect(await jwtAuthenticator(options)(from(token))).toEqual({
      caller: { openid: 'o-1', appid: 'wx-1', unionid: 'u-1' },
      endsMs: exp * 1000 + 5000,
    })
  })

  test('may be mapped otherwise, and refused by it', async () => {
    const authenticate = jwtAuthenticator({
      ...options,
      toCaller: ({ user }) => (user === 'ming' ? { openid: 'o-ming' } : undefined),
    })
    expect(await authenticate(from(await sign({ user: 'ming' })))).toMatchObject({
      caller: { openid: 'o-ming' },
    })
    await expect(authenticate(from(await sign({ user: 'else' })))).rejects.toThrow(UnauthenticatedError)
  })

  test('is asked for', async () => {
    for (const token of [undefined, ''])
      expect((await refusalOf(token, options)).message).toContain('createCloud')
  })

  test('is refused with no signature, a false one, or another algorithm', async () => {
    const body = part({ sub: 'o-1', exp: nowS() + 60 })
    const hmac = (alg: string, hash: string): string => {
      const head = `${part({ alg })}.${body}`
      return `${head}.${createHmac(hash, SECRET).update(head).digest('base64url')}`
    }
    expect(await jwtAuthenticator(options)(from(hmac('HS256', 'sha256')))).toBeDefined()
    const bad = [
      `${part({ alg: 'none' })}.${body}.`,
      `${part({ alg: 'NONE' })}.${body}.`,
      `${part({ alg: 'none' })}.${body}.${hmac('HS256', 'sha256').split('.')[2]}`,
      hmac('HS512', 'sha512'),
      hmac('hs256', 'sha256'),
      `${hmac('HS256', 'sha256').slice(0, -2)}AA`,
      await sign({ sub: 'o-1' }, {}, `${SECRET}!`),
      await sign({ sub: 'o-1' }, { crit: ['b64'], b64: false }).catch(() => 'a.b.c'),
      'no token at all',
      '..',
      'x'.repeat(8192),
    ]
    for (const token of bad) {
      expect((await refusalOf(token, options)).message).toBe(
        'The token was not accepted. Get a new one and connect again.',
      )
    }
  })

  test.each<[string, Claims, JwtAuthenticatorOptions, RegExp]>([
    ['expired', { exp: nowS() - 6 }, {}, /has expired/],
    ['endless', { exp: null }, {}, /"exp"/],
    ['not yet valid', { nbf: nowS() + 60 }, {}, /"nbf"/],
    ['too old', { iat: nowS() - 70 }, { maxTokenAgeMs: 60_000 }, /has expired/],
    ['of no known age', {}, { maxTokenAgeMs: 60_000 }, /"iat"/],
    ['of another issuer', { iss: 'https://other.test' }, { issuer: 'https://own.test' }, /"iss"/],
    ['of no issuer', {}, { issuer: ['https://own.test'] }, /"iss"/],
    ['for another audience', { aud: 'other' }, { audience: 'own' }, /"aud"/],
    ['without a subject', { sub: undefined }, {}, /"sub"/],
    ['with a subject that is no text', { sub: 7 }, {}, /not accepted|"sub"/],
    ['with a control character', { sub: 'a\nb' }, {}, /"sub"/],
    ['with a long subject', { sub: 'x'.repeat(257) }, {}, /"sub"/],
    ['with an appid that is no text', { appid: {} }, {}, /"appid"/],
  ])('is refused when it is %s', async (_, claims, more, message) => {
    const token = await sign({ sub: 'o-1', ...claims })
    const refusal = await refusalOf(token, { ...options, ...more })
    expect(refusal.message).toMatch(message)
    for (const secret of [SECRET, 'own.test', token]) expect(refusal.message).not.toContain(secret)
  })

  test('is taken within the tolerance, with one of several issuers, and endless where that is allowed', async () => {
    const take = async (claims: Claims, more: JwtAuthenticatorOptions) =>
      jwtAuthenticator({ ...options, ...more })(from(await sign({ sub: 'o-1', ...claims })))
    expect(await take({ exp: nowS() - 3 }, {})).toMatchObject({ caller: { openid: 'o-1' } })
    expect(await take({ iss: 'b', aud: ['x', 'y'] }, { issuer: ['a', 'b'], audience: 'y' })).toBeDefined()
    expect(await take({ exp: null }, { requiresExpiry: false })).toEqual({ caller: { openid: 'o-1' } })
    const iat = nowS()
    expect(await take({ exp: null, iat }, { requiresExpiry: false, maxTokenAgeMs: 60_000 })).toEqual({
      caller: { openid: 'o-1' },
      endsMs: iat * 1000 + 65_000,
    })
  })

  test('with other keys of its own, __proto__ among them, gives no other identity', async () => {
    const head = part({ alg: 'HS256' })
    const body = Buffer.from(
      `{"sub":"o-1","exp":${nowS() + 60},"__proto__":{"appid":"wx-evil","unionid":"u-evil"},"openid":"o-evil","constructor":1}`,
    ).toString('base64url')
    const signature = createHmac('sha256', SECRET).update(`${head}.${body}`).digest('base64url')
    const login = await jwtAuthenticator(options)(from(`${head}.${body}.${signature}`))
    expect(login).toMatchObject({ caller: { openid: 'o-1' } })
    expect(Object.keys(Reflect.get(login, 'caller'))).toEqual(['openid'])
  })
})

describe('a token with public keys', () => {
  test.each(ALGORITHMS)('of %s is taken, from a list and from an address', async alg => {
    const key = await makeKey(alg, 'k-1')
    const other = await makeKey(alg, 'k-2')
    const issuer = await openIssuer([other.jwk, key.jwk])
    for (const options of [{ keys: [other.jwk, key.jwk] }, { jwksUrl: issuer.url }]) {
      const authenticate = jwtAuthenticator(options as JwtAuthenticatorOptions)
      expect(await authenticate(from(await key.sign({ sub: 'o-1' })))).toMatchObject({
        caller: { openid: 'o-1' },
      })
      const forged = await other.sign({ sub: 'o-1' }, { kid: 'k-1' })
      await expect(authenticate(from(forged))).rejects.toThrow('The token was not accepted.')
    }
  })

  test('is refused when it uses a public key as a secret', async () => {
    const key = await makeKey('RS256', 'k-1')
    const pem = await import('jose').then(({ exportSPKI }) => exportSPKI(key.publicKey))
    for (const material of [pem, pem.trim(), JSON.stringify(key.jwk)]) {
      const head = `${part({ alg: 'HS256', kid: 'k-1' })}.${part({ sub: 'o-1', exp: nowS() + 60 })}`
      const token = `${head}.${createHmac('sha256', material).update(head).digest('base64url')}`
      await refusalOf(token, { keys: [key.jwk] })
    }
    await refusalOf(`${part({ alg: 'none', kid: 'k-1' })}.${part({ sub: 'o-1', exp: nowS() + 60 })}.`, {
      keys: [key.jwk],
    })
  })

  test('of an algorithm that is not listed is refused', async () => {
    const key = await makeKey('ES256', 'k-1')
    await refusalOf(await key.sign({ sub: 'o-1' }), { keys: [key.jwk], algorithms: ['RS256'] })
  })

  test('makes one request for many, and one more for an unknown key after the cool-down', async () => {
    const first = await makeKey('EdDSA', 'k-1')
    const second = await makeKey('EdDSA', 'k-2')
    const keys = [first.jwk]
    const issuer = await openIssuer(keys)
    const authenticate = jwtAuthenticator({ jwksUrl: issuer.url, jwksCooldownMs: 300 })
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => first.sign({ sub: `o-${i}` })))
    await Promise.all(tokens.map(token => authenticate(from(token))))
    expect(issuer.requestCount()).toBe(1)
    const later = await second.sign({ sub: 'o-2' })
    for (let i = 0; i < 20; i++) await expect(authenticate(from(later))).rejects.toThrow(UnauthenticatedError)
    expect(issuer.requestCount()).toBe(1)
    keys.push(second.jwk)
    await vi.waitFor(async () => expect(await authenticate(from(later))).toBeDefined(), 3000)
    expect(issuer.requestCount()).toBe(2)
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['no answer in time', () => undefined],
    ['an error', response => response.writeHead(500).end('{}')],
    ['a redirection', response => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no JSON', response => response.end('<html>')],
    ['no keys', response => response.end('{"keys":7}')],
    ['too much', response => response.end(`{"keys":[],"x":"${'x'.repeat(1024 * 1024)}"}`)],
    ['a broken connection', response => response.destroy()],
  ])('is not refused for good when its issuer gives %s', async (_, answer) => {
    const key = await makeKey('EdDSA', 'k-1')
    const issuer = await openIssuer([key.jwk])
    const { answer: good } = issuer
    issuer.answer = answer
    const warnings: string[] = []
    const authenticate = jwtAuthenticator({
      jwksUrl: issuer.url,
      jwksTimeoutMs: 200,
      onWarning: message => warnings.push(message),
    })
    const token = await key.sign({ sub: 'o-1' })
    for (let i = 0; i < 5; i++) {
      await expect(authenticate(from(token))).rejects.toMatchObject({
        code: 'CLOUDLET_UNAUTHENTICATED',
        retryable: true,
        message: 'The token can not be checked just now. Try again in a moment.',
      })
    }
    expect(issuer.requestCount()).toBe(1)
    expect(warnings).toHaveLength(1)
    issuer.answer = good
    await vi.waitFor(async () => expect(await authenticate(from(token))).toBeDefined(), 4000)
  })

  test('with a key the host was given broken is reported to the host, not to the client', async () => {
    const key = await makeKey('ES256', 'k-1')
    const { x: _, ...broken } = key.jwk
    const { url, faults } = await openDoor({
      authenticate: jwtAuthenticator({ keys: [broken] }),
    })
    const cloud = createCloud({ url, token: await key.sign({ sub: 'o-1' }) })
    onTestFinished(() => cloud.close())
    await expect(cloud.call('functions.invoke', { name: 'x' })).rejects.toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'The login was refused.',
    })
    expect(faults).toHaveLength(1)
  })
})

describe('whatever a client sends as a token', () => {
  test('is refused as one, and nothing of it is a fault of the host', async () => {
    const key = await makeKey('ES256', 'k-1')
    const authenticators = [
      jwtAuthenticator({ secret: SECRET }),
      jwtAuthenticator({ keys: [key.jwk], issuer: 'a', audience: 'b', maxTokenAgeMs: 60_000 }),
    ]
    const good = await sign({ sub: 'o-1' })
    const value = fc.oneof(fc.constantFrom('HS256', 'ES256', 'none', 'k-1', 'JWT', 'b64', ''), fc.jsonValue())
    const header = fc.dictionary(
      fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'enc', '__proto__'),
      value,
    )
    const claims = fc.dictionary(fc.constantFrom('sub', 'iss', 'aud', 'exp', 'nbf', 'iat', 'jti'), value)
    const built = fc
      .tuple(header, claims, fc.base64String())
      .map(([head, body, end]) => `${part(head)}.${part(body)}.${end}`)
    const signed = fc.tuple(header, claims).map(([head, body]) => {
      const text = `${part({ ...head, alg: 'HS256' })}.${part(body)}`
      return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
    })
    const cut = fc
      .tuple(fc.nat(good.length), fc.string({ maxLength: 2 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1))
    const anything = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), built, signed, cut)
    await fc.assert(
      fc.asyncProperty(anything, async token => {
        for (const authenticate of authenticators) {
          const outcome = await Promise.resolve(authenticate(from(token))).catch((error: unknown) => error)
          if (!(outcome instanceof UnauthenticatedError)) {
            // Signed with the secret: then its subject is what it says.
            expect(outcome).toMatchObject({ caller: { openid: expect.any(String) } })
            const body = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
            expect(outcome).toMatchObject({ caller: { openid: body.sub } })
          }
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('the tokens that are remembered', () => {
  test('are verified once, and their bearer is looked up each time', async () => {
    const key = await makeKey('EdDSA', 'k-1')
    const issuer = await openIssuer([key.jwk])
    let isBanned = false
    const authenticate = jwtAuthenticator({
      jwksUrl: issuer.url,
      jwksCacheMs: 1000,
      toCaller: ({ sub }) => (isBanned ? undefined : { openid: String(sub) }),
    })
    const token = await key.sign({ sub: 'o-1' })
    await authenticate(from(token))
    issuer.answer = response => response.writeHead(500).end()
    expect(await authenticate(from(token))).toMatchObject({ caller: { openid: 'o-1' } })
    isBanned = true
    await expect(authenticate(from(token))).rejects.toThrow('The token was not accepted.')
    isBanned = false
    // The key may have been withdrawn meanwhile.
    await vi.waitFor(() => expect(authenticate(from(token))).rejects.toMatchObject({ retryable: true }), 3000)
  })

  test('end with their expiry', async () => {
    const authenticate = jwtAuthenticator({ secret: SECRET, clockToleranceMs: 0 })
    const token = await sign({ sub: 'o-1', exp: nowS() + 1 })
    expect(await authenticate(from(token))).toBeDefined()
    await vi.waitFor(() => expect(authenticate(from(token))).rejects.toThrow('has expired'), 3000)
  })
})

describe('the options', () => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'x' }
  test.each<[JwtAuthenticatorOptions | object, string]>([
    [{}, 'secret'],
    [{ secret: SECRET, keys: [key] }, 'secret'],
    [{ secret: 'x'.repeat(31) }, 'secret'],
    [{ secret: new Uint8Array(31) }, 'secret'],
    [{ secret: 7 }, 'secret'],
    [{ secret: SECRET, algorithms: ['RS256'] }, 'algorithms'],
    [{ secret: SECRET, algorithms: ['none'] }, 'algorithms'],
    [{ secret: SECRET, algorithms: [] }, 'algorithms'],
    [{ keys: [key], algorithms: ['HS256'] }, 'algorithms'],
    [{ keys: [] }, 'keys'],
    [{ keys: [{ kty: 'oct', k: 'x' }] }, 'keys'],
    [{ keys: [{ ...key, d: 'private' }] }, 'keys'],
    [{ keys: Array.from({ length: 101 }, () => key) }, 'keys'],
    [{ jwksUrl: 'http://issuer.test/jwks' }, 'jwksUrl'],
    [{ jwksUrl: 'file:///etc/passwd' }, 'jwksUrl'],
    [{ jwksUrl: 'nonsense' }, 'jwksUrl'],
    [{ secret: SECRET, issuer: '' }, 'issuer'],
    [{ secret: SECRET, audience: [] }, 'audience'],
    [{ secret: SECRET, clockToleranceMs: 600_001 }, 'clockToleranceMs'],
    [{ secret: SECRET, maxTokenAgeMs: 999 }, 'maxTokenAgeMs'],
    [{ secret: SECRET, jwksCacheMs: 999 }, 'jwksCacheMs'],
    [{ secret: SECRET, jwksCooldownMs: -1 }, 'jwksCooldownMs'],
    [{ secret: SECRET, jwksTimeoutMs: 60_001 }, 'jwksTimeoutMs'],
    [{ secret: SECRET, maxCachedTokens: 0 }, 'maxCachedTokens'],
    [{ secret: SECRET, requiresExpiry: 'no' }, 'requiresExpiry'],
    [{ secret: SECRET, toCaller: {} }, 'toCaller'],
    [{ secret: SECRET, onWarning: {} }, 'onWarning'],
    [{ secret: SECRET, algorithm: 'HS256' }, 'algorithm'],
  ])('%j: %s is at fault', (options, option) => {
    const make = () => jwtAuthenticator(options as JwtAuthenticatorOptions)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(expect.objectContaining({ option }))
    expect(make).not.toThrow(SECRET)
  })

  test('take a secret of 32 bytes, and a hundred keys', () => {
    jwtAuthenticator({ secret: 'x'.repeat(32) })
    jwtAuthenticator({ keys: Array.from({ length: 100 }, () => key) })
    jwtAuthenticator({ jwksUrl: 'https://issuer.test/jwks' })
  })
})

describe('a session', () => {
  test('ends with its token: what runs is answered, and the door closes with 4401', async () => {
    let answerCall = (_: string): void => {}
    const { url } = await openDoor({
      authenticate: jwtAuthenticator({ secret: SECRET, clockToleranceMs: 0 }),
      drainTimeoutMs: 5000,
      call: () =>
        new Promise(resolve => {
          answerCall = resolve
        }),
    })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], token: await sign({ sub: 'o-1', exp: nowS() + 1 }) })
    await peer.next('welcome')
    peer.send({ type: 'call', id: 1, op: 'functions.invoke', args: {} })
    expect((await peer.next('goodbye')).reason).toContain('expired')
    answerCall('late')
    expect((await peer.next('result', 1)).result).toBe('late')
    expect((await peer.next('error')).error.code).toBe('CLOUDLET_UNAUTHENTICATED')
    expect(await peer.closed).toMatchObject({ code: 4401 })
  })
})
