import { describe, expect, test } from 'vitest'
import { InvalidOptionError, OverloadedError, UnauthenticatedError } from '../../src/errors.ts'
import {
  type AuthenticateRequest,
  developmentAuthenticator,
  tokenAuthenticator,
} from '../../src/transport/auth.ts'
import { isLoopbackHost } from '../../src/transport/loopback.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const from = (fields: Partial<AuthenticateRequest>): AuthenticateRequest => ({
  headers: {},
  remoteAddress: '127.0.0.1',
  ...fields,
})

describe('developmentAuthenticator', () => {
  test('believes the client', () => {
    expect(developmentAuthenticator()(from({ openid: 'o-1' }))).toEqual({ openid: 'o-1' })
    expect(developmentAuthenticator()(from({ openid: 'o-1', appid: 'wx-1' }))).toEqual({
      openid: 'o-1',
      appid: 'wx-1',
    })
  })

  test('gives its own appid if it has one', () => {
    const authenticate = developmentAuthenticator({ appid: 'wx-own' })
    expect(authenticate(from({ openid: 'o-1', appid: 'wx-other' }))).toEqual({
      openid: 'o-1',
      appid: 'wx-own',
    })
  })

  test.each([undefined, '', 'x'.repeat(129), 'a b', 'a\n', '{openid}', 'ö'])(
    'refuses the openid %j',
    openid => {
      const request = openid === undefined ? from({}) : from({ openid })
      expect(() => developmentAuthenticator()(request)).toThrow(UnauthenticatedError)
    },
  )

  test('takes an openid of 128 characters', () => {
    const openid = 'x'.repeat(128)
    expect(developmentAuthenticator()(from({ openid }))).toEqual({ openid })
  })

  test.each([
    ['http://localhost:5173', true],
    ['http://127.0.0.1', true],
    ['http://[::1]:8080', true],
    ['https://evil.test', false],
    ['http://localhost.evil.test', false],
    ['http://127.0.0.1.evil.test', false],
    ['null', false],
    ['', false],
  ])('serves a page of %j: %s', (origin, isServed) => {
    const authenticate = () => developmentAuthenticator()(from({ openid: 'o-1', headers: { origin } }))
    if (isServed) expect(authenticate()).toEqual({ openid: 'o-1' })
    else expect(authenticate).toThrow(UnauthenticatedError)
  })

  test('serves pages of the origins it was given, and no others', () => {
    const authenticate = developmentAuthenticator({ allowedOrigins: ['https://my.test'] })
    const ask = (origin: string) => authenticate(from({ openid: 'o-1', headers: { origin } }))
    expect(ask('https://my.test')).toEqual({ openid: 'o-1' })
    expect(() => ask('http://localhost')).toThrow(UnauthenticatedError)
  })
})

describe('tokenAuthenticator', () => {
  const tokens = new Map([
    ['secret-a', { openid: 'o-a' }],
    ['secret-b', { openid: 'o-b' }],
  ])

  test('knows a caller by its token', async () => {
    expect(await tokenAuthenticator(tokens)(from({ token: 'secret-b', openid: 'o-a' }))).toEqual({
      openid: 'o-b',
    })
  })

  test.each([undefined, '', 'secret-', 'secret-a ', 'SECRET-A', 'secret-ab'])('refuses %j', async token => {
    const request = token === undefined ? from({}) : from({ token })
    await expect(tokenAuthenticator(tokens)(request)).rejects.toThrow(UnauthenticatedError)
  })

  test('forgets a token that is taken out of its map', async () => {
    const live = new Map([['t', { openid: 'o' }]])
    const authenticate = tokenAuthenticator(live)
    expect(await authenticate(from({ token: 't' }))).toEqual({ openid: 'o' })
    live.delete('t')
    await expect(authenticate(from({ token: 't' }))).rejects.toThrow('not accepted')
  })

  test('asks a function', async () => {
    const authenticate = tokenAuthenticator(async token => (token === 't' ? { openid: 'o' } : undefined))
    expect(await authenticate(from({ token: 't' }))).toEqual({ openid: 'o' })
    await expect(authenticate(from({ token: 'u' }))).rejects.toThrow(UnauthenticatedError)
  })
})

describe('a session', () => {
  test('with a wrong token is told so and closed with 4401', async () => {
    const { url, faults } = await openDoor({
      authenticate: tokenAuthenticator(new Map([['good', { openid: 'o' }]])),
    })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], token: 'bad' })
    expect((await peer.next('error')).error).toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'The token was not accepted.',
    })
    expect(await peer.closed).toEqual({ code: 4401, reason: 'The token was not accepted.' })
    expect(faults).toEqual([])
  })

  test('keeps the words of the authenticator’s own faults from the client', async () => {
    const fault = new Error('database at 10.0.0.7 is down')
    const { url, faults } = await openDoor({
      authenticate: () => {
        throw fault
      },
    })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1] })
    expect(await peer.closed).toEqual({ code: 4401, reason: 'The login was refused.' })
    expect(faults).toEqual([fault])
  })

  test('is refused when the authenticator returns no caller', async () => {
    const { url, faults } = await openDoor({ authenticate: () => JSON.parse('{"openid": 5}') })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1] })
    expect((await peer.closed).code).toBe(4401)
    expect(faults).toEqual([expect.any(InvalidOptionError)])
  })

  test('is refused when the authenticator takes too long', async () => {
    const { url } = await openDoor({ authenticate: () => new Promise(() => {}), authenticateTimeoutMs: 20 })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1] })
    expect(await peer.closed).toEqual({ code: 4401, reason: 'The login was not decided within 20 ms.' })
  })

  test('learns that a login was turned away for now', async () => {
    const { url } = await openDoor({
      authenticate: () => Promise.reject(new OverloadedError('Too many logins.')),
    })
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1] })
    expect((await peer.next('error')).error).toMatchObject({ code: 'CLOUDLET_OVERLOADED', retryable: true })
  })

  test('through a proxy is not local, so the development login refuses it', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.connect(url, { 'X-Forwarded-For': '203.0.113.5' })
    peer.send({ type: 'hello', versions: [1], openid: 'o-1' })
    expect((await peer.closed).code).toBe(4401)
    const open = await openDoor({ exposeDevelopmentAuthenticator: true })
    const welcome = await RawPeer.connect(open.url, { 'X-Forwarded-For': '203.0.113.5' })
    welcome.send({ type: 'hello', versions: [1], openid: 'o-1' })
    await welcome.next('welcome')
    welcome.terminate()
  })
})

describe('listening where other machines reach', () => {
  test('with the development authenticator must be asked for', async () => {
    await expect(openDoor({ hostname: '0.0.0.0' })).rejects.toThrow(InvalidOptionError)
    await openDoor({ hostname: '0.0.0.0', exposeDevelopmentAuthenticator: true })
    await openDoor({ hostname: '0.0.0.0', authenticate: tokenAuthenticator(new Map()) })
  })

  test.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.evil.test', false],
    ['', false],
  ])('%j is this machine alone: %s', (host, isLoopback) => {
    expect(isLoopbackHost(host)).toBe(isLoopback)
  })
})
