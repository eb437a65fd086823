import assert from 'node:assert'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { UnauthenticatedError } from '../../src/errors.ts'
import type { Authenticate, Login } from '../../src/transport/auth.ts'
import { BreakingProxy } from '../client/breaking-proxy.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

async function sayHello(url: string, hello: object = {}): Promise<RawPeer> {
  const peer = await RawPeer.connect(url)
  onTestFinished(() => peer.terminate())
  peer.send({ type: 'hello', versions: [1], ...hello })
  return peer
}

const caller = { openid: 'o-1' }

describe('what an authenticator gives', () => {
  test('reaches the client as far as it is the client’s', async () => {
    const login: Login = {
      caller,
      login: { token: 't'.repeat(8192), expiresMs: 5, secret: 'x' } as Login['login'] & object,
      endsMs: Number.MAX_SAFE_INTEGER,
    }
    const { url } = await openDoor({ authenticate: () => login })
    const welcome = await (await sayHello(url)).next('welcome')
    expect(welcome.login).toEqual({ token: 't'.repeat(8192), expiresMs: 5 })
    expect(Object.keys(welcome).sort()).toEqual(['limits', 'login', 'sessionId', 'type', 'version'])
  })

  test('is told the code, and nothing that the frame has no field for', async () => {
    const authenticate = vi.fn<Authenticate>(() => caller)
    const { url } = await openDoor({ authenticate })
    const peer = await sayHello(url, { code: 'c'.repeat(256), unionid: 'u-evil', remoteAddress: '6.6.6.6' })
    await peer.next('welcome')
    expect(authenticate.mock.calls[0]?.[0]).toEqual({
      code: 'c'.repeat(256),
      headers: expect.any(Object),
      remoteAddress: expect.stringContaining('127.0.0.1'),
    })
  })

  test.each<[string, unknown]>([
    ['no caller', { caller: undefined }],
    ['a caller that is text', { caller: 'o-1' }],
    ['an openid that is no text', { caller: { openid: 7 } }],
    ['an openid with a line', { caller: { openid: 'a\nb' } }],
    ['a token that is no text', { caller, login: { token: 7, expiresMs: 1 } }],
    ['an empty token', { caller, login: { token: '', expiresMs: 1 } }],
    ['a token too long', { caller, login: { token: 't'.repeat(8193), expiresMs: 1 } }],
    ['a token without an end', { caller, login: { token: 't' } }],
    ['a token that ends at no whole time', { caller, login: { token: 't', expiresMs: 1.5 } }],
    ['an end that is none', { caller, endsMs: Number.NaN }],
    ['an end that is text', { caller, endsMs: 'soon' }],
    ['an onRevoked that is no function', { caller, onRevoked: true }],
    ['nothing', undefined],
    ['null', null],
  ])('is refused, and reported to the host, when it is %s', async (_, answer) => {
    const { url, faults } = await openDoor({ authenticate: () => answer as Login })
    const peer = await sayHello(url)
    expect((await peer.next('error')).error).toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'The login was refused.',
      // Which is a fault of the authenticator's, not of the login.
      retryable: true,
    })
    expect((await peer.closed).code).toBe(4401)
    expect(faults).toHaveLength(1)
  })
})

describe('the end of a login', () => {
  test('in the past ends the session once it is welcomed', async () => {
    const { url } = await openDoor({ authenticate: () => ({ caller, endsMs: 1 }) })
    const peer = await sayHello(url)
    await peer.next('welcome')
    expect((await peer.next('error')).error.message).toContain('expired')
    expect((await peer.closed).code).toBe(4401)
  })

  test('years from now is no end now', async () => {
    const { url, door } = await openDoor({
      authenticate: () => ({ caller, endsMs: Date.now() + 2 ** 31 + 1000 }),
    })
    const peer = await sayHello(url)
    await peer.next('welcome')
    expect(await peer.call(1, 'echo', {})).toMatchObject({ openid: 'o-1' })
    expect(door.sessionCount).toBe(1)
  })

  test('cuts a call off that takes too long, and refuses new ones', async () => {
    const held = new HeldCalls()
    const { url } = await openDoor({
      authenticate: () => ({ caller, endsMs: Date.now() + 300 }),
      call: held.call,
      drainTimeoutMs: 200,
    })
    const peer = await sayHello(url)
    await peer.next('welcome')
    peer.send({ type: 'call', id: 1, op: 'x', args: {} })
    await peer.next('goodbye')
    peer.send({ type: 'call', id: 2, op: 'x', args: {} })
    expect((await peer.next('error', 2)).error.code).toBe('CLOUDLET_HOST_CLOSED')
    expect((await peer.closed).code).toBe(4401)
    expect(held.count).toBe(1)
    expect(held.at(0).call.cancellation.signal.aborted).toBe(true)
  })

  test('by revocation is at once, aborts what runs, and is listened for as long as the session only', async () => {
    const listeners = new Set<() => void>()
    const held = new HeldCalls()
    const onRevoked = (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
    const { url } = await openDoor({ authenticate: () => ({ caller, onRevoked }), call: held.call })
    const [first, second] = await Promise.all([sayHello(url), sayHello(url)])
    await Promise.all([first.next('welcome'), second.next('welcome')])
    expect(listeners.size).toBe(2)
    second.terminate()
    await vi.waitFor(() => expect(listeners.size).toBe(1))
    first.send({ type: 'call', id: 1, op: 'x', args: {} })
    await held.reached(1)
    for (const listener of listeners) listener()
    expect((await first.next('error')).error).toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'The login was revoked.',
    })
    expect((await first.closed).code).toBe(4401)
    expect(held.at(0).call.cancellation.signal.aborted).toBe(true)
    expect(listeners.size).toBe(0)
  })
})

describe('an onRevoked', () => {
  test('that tells at once of a login that is revoked already: nobody is welcomed, nothing is left', async () => {
    let takenOff = 0
    const onRevoked = (listener: () => void) => {
      listener()
      return () => takenOff++
    }
    const { url, door, faults } = await openDoor({ authenticate: () => ({ caller, onRevoked }) })
    const peer = await sayHello(url, { isResumable: true })
    expect((await peer.next('error')).error).toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'The login was revoked.',
    })
    expect((await peer.closed).code).toBe(4401)
    expect(peer.frames).toEqual([])
    await vi.waitFor(() => expect(door.sessionCount + door.brokenSessionCount).toBe(0))
    expect(takenOff).toBe(1)
    expect(faults).toEqual([])
  })

  test('of which a resumed session hears at once ends that session', async () => {
    const held = new HeldCalls()
    let isRevoked = false
    const onRevoked = (listener: () => void) => {
      if (isRevoked) listener()
      return () => {}
    }
    const { url, door } = await openDoor({ authenticate: () => ({ caller, onRevoked }), call: held.call })
    const first = await sayHello(url, { isResumable: true })
    const { sessionId, resume } = await first.next('welcome')
    first.send({ type: 'call', id: 1, op: 'x', args: {} })
    await held.reached(1)
    first.terminate()
    await vi.waitFor(() => expect(door.brokenSessionCount).toBe(1))
    isRevoked = true
    const resumeToken = resume?.resumeToken ?? ''
    const second = await sayHello(url, { resume: { sessionId, resumeToken, receivedCount: 0 } })
    expect((await second.closed).code).toBe(4401)
    expect(held.at(0).call.cancellation.signal.aborted).toBe(true)
    expect(door.brokenSessionCount).toBe(0)
  })

  test.each<[string, () => unknown]>([
    ['returns nothing', () => undefined],
    ['returns what throws', () => () => assert.fail('The listener is not there.')],
  ])('that %s is reported to the host, which goes on', async (_, answer) => {
    const onRevoked = answer as NonNullable<Login['onRevoked']>
    const { url, door, faults } = await openDoor({ authenticate: () => ({ caller, onRevoked }) })
    const peer = await sayHello(url)
    await peer.next('welcome')
    peer.terminate()
    await vi.waitFor(() => expect(door.sessionCount).toBe(0))
    expect(faults).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^onRevoked must return|listener is not/) }),
    ])
    await (await sayHello(url)).next('welcome')
  })

  test('that throws lets nobody in, and keeps no place of the caller’s', async () => {
    let isBroken = true
    const onRevoked = () => {
      if (isBroken) assert.fail('The list of logins is gone.')
      return () => {}
    }
    const authenticate = () => ({ caller, onRevoked })
    const { url, faults } = await openDoor({ authenticate, maxSessionsPerCaller: 1 })
    expect((await (await sayHello(url)).closed).code).toBe(1011)
    expect(faults).toHaveLength(1)
    isBroken = false
    await (await sayHello(url)).next('welcome')
  })
})

describe('a client with getLoginCode', () => {
  /** Takes each code once for a token, and the tokens that it has not forgotten. */
  function openShop(lifeMs = 60_000) {
    const tokens = new Set<string>()
    const seen: string[] = []
    const authenticate: Authenticate = async ({ token, code }) => {
      seen.push(token === undefined ? `code ${code}` : `token ${token}`)
      if (token !== undefined && tokens.has(token)) return caller
      if (code === undefined || code === 'bad') throw new UnauthenticatedError('No.')
      const next = `for-${code}`
      tokens.add(next)
      return { caller, login: { token: next, expiresMs: Date.now() + lifeMs } }
    }
    return { tokens, seen, authenticate }
  }

  const ask = (cloud: ReturnType<typeof createCloud>) => cloud.call('functions.invoke', { name: 'x' })

  async function open(options: object, shop = openShop()) {
    const { door } = await openDoor({ authenticate: shop.authenticate })
    const proxy = await BreakingProxy.open(door.port)
    let count = 0
    const getLoginCode = vi.fn(async () => `c${++count}`)
    const cloud = createCloud({ url: proxy.url, getLoginCode, ...options })
    onTestFinished(() => cloud.close())
    return { ...shop, proxy, cloud, getLoginCode }
  }

  test('says a token it was made with, and asks for a code when that is refused, with the calls that wait', async () => {
    const { cloud, seen } = await open({ token: 'old' })
    await Promise.all([ask(cloud), ask(cloud), ask(cloud)])
    expect(seen).toEqual(['token old', 'code c1'])
  })

  test('asks for one code for one connection, and fails when that is refused', async () => {
    const { cloud, seen, getLoginCode } = await open({ token: 'old', getLoginCode: vi.fn(async () => 'bad') })
    await expect(Promise.all([ask(cloud), ask(cloud)])).rejects.toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'No.',
    })
    expect(seen).toEqual(['token old', 'code bad'])
    expect(getLoginCode).not.toHaveBeenCalled()
  })

  test.each([
    ['says the token again while it lasts', 60_000, 'token for-c1'],
    ['does not say a token that ends in seconds by its own clock', 4000, 'code c2'],
  ])('%s', async (_, lifeMs, second) => {
    const { cloud, seen, proxy } = await open({}, openShop(lifeMs))
    await ask(cloud)
    proxy.cut()
    await vi.waitFor(() => expect(cloud.status).toBe('idle'))
    await ask(cloud)
    expect(seen).toEqual(['code c1', second])
  })

  test('keeps a token that could not be checked', async () => {
    let isBusy = true
    const seen: (string | undefined)[] = []
    const { cloud, getLoginCode } = await open(
      { token: 'good' },
      {
        ...openShop(),
        authenticate: async ({ token }) => {
          seen.push(token)
          if (isBusy) throw new UnauthenticatedError('Not now.', { retryable: true })
          return caller
        },
      },
    )
    await expect(ask(cloud)).rejects.toMatchObject({ code: 'CLOUDLET_UNAUTHENTICATED', retryable: true })
    isBusy = false
    await ask(cloud)
    expect(seen).toEqual(['good', 'good'])
    expect(getLoginCode).not.toHaveBeenCalled()
  })

  test('is closed while it waits for a code', async () => {
    const { cloud, seen } = await open({ getLoginCode: () => new Promise(() => {}), connectTimeoutMs: 300 })
    const asked = ask(cloud)
    await expect(asked).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION' })
    await cloud.close()
    expect(seen).toEqual([])
  })

  test('must be given a function', () => {
    expect(() => createCloud({ url: 'ws://127.0.0.1:1', getLoginCode: 'code' as never })).toThrow(
      expect.objectContaining({ option: 'getLoginCode' }),
    )
  })
})
