import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Cloud, CloudOptions } from '../../src/client/cloud.ts'
import { createCloud } from '../../src/client/node.ts'
import { FunctionHost, type FunctionHostOptions, type WechatOptions } from '../../src/index.ts'
import { RawPeer } from '../transport/raw-peer.ts'
import { openStandin, type Standin } from './standin.ts'
import { APPID, SECRET, StandinLogin } from './standin-login.ts'
import { issueTokens, knowNoOpenData } from './standin-token.ts'

const WHO = `exports.main = async (event) => {
  const cloud = require('wx-server-sdk')
  cloud.init()
  return { context: cloud.getWXContext(), event }
}`

interface Backend {
  readonly host: FunctionHost
  readonly url: string
  readonly httpUrl: string
  readonly login: StandinLogin
  readonly standin: Standin
  readonly warnings: string[]
}

interface BackendOptions {
  readonly wechat?: Partial<WechatOptions>
  readonly host?: FunctionHostOptions
  readonly login?: StandinLogin
}

/** A host whose users log in at a stand-in of WeChat, and a function that says who asks. */
async function openBackend(options: BackendOptions = {}): Promise<Backend> {
  const login = options.login ?? new StandinLogin()
  const standin = await openStandin(login.route, issueTokens().route, knowNoOpenData)
  const warnings: string[] = []
  const host = new FunctionHost({
    onWarning: message => warnings.push(message),
    wechat: { appid: APPID, secret: SECRET, apiUrl: standin.url, ...options.wechat },
    ...options.host,
  })
  onTestFinished(async () => {
    await host.close()
    await standin[Symbol.asyncDispose]()
  })
  await host.deploy('who', { files: { 'index.js': WHO } })
  const { url, httpUrl } = await host.listen({ port: 0 })
  return { host, url, httpUrl, login, standin, warnings }
}

function open(options: CloudOptions): Cloud {
  const cloud = createCloud(options)
  onTestFinished(() => cloud.close())
  return cloud
}

async function whoIs(cloud: Cloud, data: object = {}) {
  const { result } = await cloud.callFunction({ name: 'who', data })
  return result as { context: Record<string, unknown>; event: Record<string, unknown> }
}

/** Says hello with a code or a token, and gives what the door said. */
async function sayHello(url: string, hello: { code?: string; token?: string }) {
  const peer = await RawPeer.connect(url)
  onTestFinished(() => peer.terminate())
  peer.send({ type: 'hello', versions: [1], ...hello })
  const frame = await Promise.race([peer.next('welcome'), peer.next('error')])
  return { peer, frame }
}

async function tokenOf(url: string, code: string): Promise<string> {
  const { peer, frame } = await sayHello(url, { code })
  if (frame.type !== 'welcome' || frame.login === undefined) throw new Error(JSON.stringify(frame))
  peer.terminate()
  return frame.login.token
}

async function refusalOf(url: string, hello: { code?: string; token?: string }) {
  const { peer, frame } = await sayHello(url, hello)
  if (frame.type !== 'error') throw new Error('It was welcomed.')
  expect((await peer.closed).code).toBe(4401)
  return frame.error
}

describe('a login with WeChat', () => {
  test('tells functions who the user is, and the client nothing but a token', async () => {
    const { url, login, standin } = await openBackend()
    const code = login.login({ openid: 'o-ming', unionid: 'u-ming' })
    const { peer, frame } = await sayHello(url, { code })
    if (frame.type !== 'welcome' || frame.login === undefined) throw new Error('no login')
    expect(frame.login.token).toMatch(/^[0-9a-f]{32}\.[\w-]{43}$/)
    expect(frame.login.expiresMs).toBeGreaterThan(Date.now() + 6 * 24 * 3_600_000)
    const said = JSON.stringify(frame)
    for (const hidden of ['o-ming', 'u-ming', login.sessionKeyOf('o-ming'), SECRET]) {
      expect(said).not.toContain(hidden)
    }
    peer.terminate()
    const { context, event } = await whoIs(open({ url, token: frame.login.token }))
    expect(context).toMatchObject({
      OPENID: 'o-ming',
      UNIONID: 'u-ming',
      APPID,
      SOURCE: 'wx_client',
    })
    expect(event).toEqual({ userInfo: { openId: 'o-ming', appId: APPID } })
    expect(standin.requests).toHaveLength(1)
    expect(Object.fromEntries(standin.requests[0]?.query ?? [])).toEqual({
      appid: APPID,
      secret: SECRET,
      js_code: code,
      grant_type: 'authorization_code',
    })
  })

  test('asks for a code once, keeps the token and says it when it connects again', async () => {
    const { host, url, login, standin } = await openBackend()
    const getLoginCode = vi.fn(async () => login.login({ openid: 'o-ming' }))
    const cloud = open({ url, getLoginCode })
    expect((await whoIs(cloud)).context['OPENID']).toBe('o-ming')
    await Promise.all([whoIs(cloud), whoIs(cloud)])
    expect(getLoginCode).toHaveBeenCalledTimes(1)
    // Ended by the host, which a client finds out at its next call.
    expect(await host.wechat?.revoke('o-ming')).toBe(1)
    await vi.waitFor(() => expect(cloud.status).toBe('idle'))
    expect((await whoIs(cloud)).context['OPENID']).toBe('o-ming')
    expect(getLoginCode).toHaveBeenCalledTimes(2)
    expect(standin.requests).toHaveLength(2)
  })

  test('is what a door of the host wants', async () => {
    const { url, httpUrl } = await openBackend()
    for (const openid of ['o-ming', 'o-admin']) {
      const cloud = open({ url, openid })
      await expect(whoIs(cloud)).rejects.toMatchObject({
        errMsg: expect.stringContaining('getLoginCode'),
      })
    }
    expect((await fetch(`${httpUrl}/healthz`)).status).toBe(200)
  })

  test.each([
    ['throws', () => Promise.reject(new Error('no network'))],
    ['gives nothing', async () => ''],
    ['gives no text', async () => 7 as unknown as string],
    ['gives too much', async () => 'x'.repeat(257)],
  ])('fails where getLoginCode %s', async (_, getLoginCode) => {
    const { url } = await openBackend()
    await expect(open({ url, getLoginCode }).call('functions.invoke', { name: 'who' })).rejects.toMatchObject(
      {
        code: 'CLOUDLET_UNAUTHENTICATED',
        message: expect.stringContaining('getLoginCode'),
      },
    )
  })
})

describe('a code', () => {
  test('is exchanged once, however often and how quickly it comes', async () => {
    const { url, login, standin } = await openBackend()
    const code = login.login({ openid: 'o-ming' })
    let letGo = (): void => {}
    login.gate = new Promise<void>(resolve => {
      letGo = resolve
    })
    const hellos = Array.from({ length: 10 }, () => sayHello(url, { code }))
    await vi.waitFor(() => expect(standin.requests).toHaveLength(1))
    letGo()
    const frames = (await Promise.all(hellos)).map(({ frame }) => frame)
    expect(frames.filter(({ type }) => type === 'welcome')).toHaveLength(1)
    expect((await refusalOf(url, { code })).message).toContain('used already')
    expect(standin.requests).toHaveLength(1)
  })

  test.each<[string, number, object]>([
    ['false', 40029, { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false, message: /false, or older/ }],
    ['used', 40163, { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false, message: /used already/ }],
    [
      'of a user WeChat keeps out',
      40226,
      { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false, message: /this user/ },
    ],
    ['while WeChat is busy', -1, { code: 'CLOUDLET_OVERLOADED', retryable: true, message: /busy/ }],
    ['that comes too often', 45011, { code: 'CLOUDLET_OVERLOADED', retryable: true, message: /minute/ }],
    [
      'for another appid',
      40013,
      { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false, message: /^The login was refused/ },
    ],
    [
      'with another secret',
      40125,
      { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false, message: /^The login was refused/ },
    ],
    [
      'of unknown fate',
      48001,
      { code: 'CLOUDLET_UNAUTHENTICATED', retryable: false, message: /^The login was refused/ },
    ],
  ])('%s (%i) is refused', async (_, errcode, expected) => {
    const { url, login, warnings } = await openBackend()
    login.fault = errcode
    const { message, ...rest } = expected as { message: RegExp }
    const error = await refusalOf(url, { code: login.login({ openid: 'o-ming' }) })
    expect(error).toMatchObject(rest)
    expect(error.message).toMatch(message)
    await refusalOf(url, { code: login.login({ openid: 'o-hua' }) })
    const isForOperator = [40013, 40125, 45011, 48001].includes(errcode)
    expect(warnings).toEqual(isForOperator ? [expect.stringContaining(String(errcode))] : [])
    const said = JSON.stringify([error, warnings])
    expect(said).not.toContain(SECRET)
    if (errcode === 40125) expect(JSON.stringify(error)).not.toMatch(/secret|40125/i)
  })

  test.each<[string, (login: StandinLogin) => void, boolean]>([
    [
      'an error',
      login => {
        login.fault = { status: 502, body: Buffer.from('bad gateway') }
      },
      true,
    ],
    [
      'nothing',
      login => {
        login.gate = new Promise(() => {})
      },
      true,
    ],
    [
      'no JSON',
      login => {
        login.fault = { headers: { 'content-type': 'text/plain' }, body: Buffer.from('<html>') }
      },
      false,
    ],
    [
      'no session_key',
      login => {
        login.fault = { body: { openid: 'o-ming' } }
      },
      false,
    ],
    [
      'a short session_key',
      login => {
        login.fault = { body: { openid: 'o-ming', session_key: 'AAAA' } }
      },
      false,
    ],
    [
      'an openid that is none',
      login => {
        login.fault = { body: { openid: 'o ming', session_key: `${'A'.repeat(22)}==` } }
      },
      false,
    ],
    [
      'a unionid that is none',
      login => {
        login.fault = { body: { openid: 'o', unionid: 7, session_key: `${'A'.repeat(22)}==` } }
      },
      false,
    ],
  ])('for which WeChat answers with %s is refused with a warning', async (_, spoil, isRetryable) => {
    const { url, login, warnings } = await openBackend({ wechat: { timeoutMs: 300 } })
    spoil(login)
    const code = login.login({ openid: 'o-ming' })
    const error = await refusalOf(url, { code })
    expect(error).toMatchObject({ code: 'CLOUDLET_UNAUTHENTICATED', retryable: isRetryable })
    expect(warnings).toHaveLength(1)
    login.fault = undefined
    login.gate = undefined
    // Where WeChat didn't answer, the code may still be good.
    if (isRetryable) expect((await sayHello(url, { code })).frame.type).toBe('welcome')
    else expect((await refusalOf(url, { code })).message).toContain('used already')
  })

  test('is refused as retryable when WeChat is not there', async () => {
    const { url, standin, login } = await openBackend()
    const code = login.login({ openid: 'o-ming' })
    await standin[Symbol.asyncDispose]()
    expect(await refusalOf(url, { code })).toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      retryable: true,
    })
  })

  test.each(['', ' ', 'a\u0000b', '../../etc', 'ö', 'x'.repeat(256)])('like %j never harms', async code => {
    const { url, login } = await openBackend()
    expect(await refusalOf(url, { code })).toMatchObject({ code: 'CLOUDLET_UNAUTHENTICATED' })
    expect((await sayHello(url, { code: login.login({ openid: 'o-1' }) })).frame.type).toBe('welcome')
  })

  test('of 257 characters breaks the protocol', async () => {
    const { url } = await openBackend()
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], code: 'x'.repeat(257) })
    expect((await peer.closed).code).toBe(4400)
  })

  test('may come so often in all, and not once more; then nothing asks WeChat', async () => {
    const { url, login, standin } = await openBackend({ wechat: { maxLoginsPerMinute: 3 } })
    for (let i = 0; i < 3; i++) await tokenOf(url, login.login({ openid: `o-${i}` }))
    const error = await refusalOf(url, { code: login.login({ openid: 'o-4' }) })
    expect(error).toMatchObject({ code: 'CLOUDLET_OVERLOADED', retryable: true })
    expect(standin.requests).toHaveLength(3)
  })
})

describe('a token', () => {
  test.each([
    ['false', () => `${'0'.repeat(32)}.${'A'.repeat(43)}`],
    ['of a user, with a false secret', (token: string) => `${token.slice(0, 33)}${'A'.repeat(43)}`],
    ['with a path', (token: string) => `../${token}`],
    ['cut', (token: string) => token.slice(0, -1)],
    ['longer', (token: string) => `${token}A`],
    ['with a line', (token: string) => `${token}\n`],
    ['of no form', () => 'token'],
  ])('that is %s is refused', async (_, spoil) => {
    const { url, login } = await openBackend()
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    expect(await refusalOf(url, { token: spoil(token) })).toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      retryable: false,
      message: 'The login has ended. Log in again with the code of wx.login().',
    })
    expect((await sayHello(url, { token })).frame.type).toBe('welcome')
  })

  test('ends: the session closes, the client logs in anew', async () => {
    const { url, login } = await openBackend({ wechat: { sessionMs: 6000, maxSessionMs: 6000 } })
    const getLoginCode = vi.fn(async () => login.login({ openid: 'o-ming' }))
    const cloud = open({ url, getLoginCode })
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    await whoIs(cloud)
    const { peer } = await sayHello(url, { token })
    expect((await peer.next('goodbye')).reason).toContain('expired')
    expect((await peer.closed).code).toBe(4401)
    expect(await refusalOf(url, { token })).toMatchObject({ code: 'CLOUDLET_UNAUTHENTICATED' })
    await vi.waitFor(() => expect(cloud.status).toBe('idle'), 3000)
    expect((await whoIs(cloud)).context['OPENID']).toBe('o-ming')
    expect(getLoginCode).toHaveBeenCalledTimes(2)
  })

  test('is replaced in the second half of its life, and ends when the new one is used', async () => {
    const { url, login, standin } = await openBackend({ wechat: { sessionMs: 2000 } })
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    const early = (await sayHello(url, { token })).frame
    expect(early).not.toHaveProperty('login')
    await new Promise(resolve => setTimeout(resolve, 1100))
    const offers = await Promise.all([sayHello(url, { token }), sayHello(url, { token })])
    const [first, second] = offers.map(({ frame }) => (frame.type === 'welcome' ? frame.login : undefined))
    // Offered twice, because the first answer may have been lost.
    expect(first?.token).toBe(second?.token)
    if (first === undefined) throw new Error('no new token')
    expect(first.token).not.toBe(token)
    expect((await sayHello(url, { token: first.token })).frame.type).toBe('welcome')
    await refusalOf(url, { token })
    await new Promise(resolve => setTimeout(resolve, 1200))
    expect((await sayHello(url, { token: first.token })).frame).toHaveProperty('login')
    expect(standin.requests).toHaveLength(1)
  })

  test('lasts no longer than a login may in all', async () => {
    const { url, login } = await openBackend({ wechat: { sessionMs: 2000, maxSessionMs: 2000 } })
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    await new Promise(resolve => setTimeout(resolve, 1100))
    expect((await sayHello(url, { token })).frame).not.toHaveProperty('login')
  })

  test('is one of a few of a user; one more ends the oldest and its session', async () => {
    const { url, login } = await openBackend({ wechat: { maxSessionsPerUser: 2 } })
    const first = await sayHello(url, { code: login.login({ openid: 'o-ming' }) })
    const second = await sayHello(url, { code: login.login({ openid: 'o-ming' }) })
    const third = await sayHello(url, { code: login.login({ openid: 'o-ming' }) })
    expect(await first.peer.closed).toEqual({ code: 4401, reason: 'The login was revoked.' })
    for (const { peer } of [second, third]) {
      peer.send({ type: 'ping', nonce: 1 })
      await peer.next('pong')
    }
  })
})

describe('revocation', () => {
  test('by openid ends all logins and open sessions of that user, and no other', async () => {
    const { host, url, login } = await openBackend()
    const one = await sayHello(url, { code: login.login({ openid: 'o-ming' }) })
    const other = await sayHello(url, { code: login.login({ openid: 'o-hua' }) })
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    expect(await host.wechat?.revoke('o-ming')).toBe(2)
    expect((await one.peer.closed).code).toBe(4401)
    await refusalOf(url, { token })
    other.peer.send({ type: 'ping', nonce: 1 })
    await other.peer.next('pong')
    expect(await host.wechat?.revoke('o-ming')).toBe(0)
    expect(await host.wechat?.revoke('o-nobody')).toBe(0)
    expect((await sayHello(url, { code: login.login({ openid: 'o-ming' }) })).frame.type).toBe('welcome')
  })

  test('by token ends that login alone', async () => {
    const { host, url, login } = await openBackend()
    const kept = await tokenOf(url, login.login({ openid: 'o-ming' }))
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    const { peer } = await sayHello(url, { token })
    expect(await host.wechat?.revokeToken(token)).toBe(true)
    expect((await peer.closed).code).toBe(4401)
    await refusalOf(url, { token })
    expect((await sayHello(url, { token: kept })).frame.type).toBe('welcome')
    for (const none of [token, 'nonsense', `${'0'.repeat(32)}.${'A'.repeat(43)}`]) {
      expect(await host.wechat?.revokeToken(none)).toBe(false)
    }
  })

  test('during a hello ends the session it opens', async () => {
    const { host, url, login } = await openBackend()
    const token = await tokenOf(url, login.login({ openid: 'o-ming' }))
    const hellos = Array.from({ length: 20 }, () => sayHello(url, { token }))
    const [, ...answers] = await Promise.all([host.wechat?.revoke('o-ming'), ...hellos])
    for (const { peer } of answers) expect((await peer.closed).code).toBe(4401)
  })
})

describe('logins on disk', () => {
  async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudlet-logins-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return folder
  }

  test('outlast the host, and say nothing to who reads the files', async () => {
    const dataDirectory = await makeFolder()
    const first = await openBackend({ host: { dataDirectory } })
    const token = await tokenOf(first.url, first.login.login({ openid: 'o-ming', unionid: 'u-ming' }))
    await first.host.close()
    const folder = join(dataDirectory, 'wechat')
    const names = await readdir(folder)
    expect(names).toHaveLength(1)
    for (const name of names) {
      const path = join(folder, name)
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      const text = (await readFile(path)).toString('latin1') + name
      for (const hidden of ['o-ming', 'u-ming', token, token.slice(33), first.login.sessionKeyOf('o-ming')]) {
        expect(text).not.toContain(hidden)
      }
    }
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    const second = await openBackend({ host: { dataDirectory }, login: first.login })
    expect((await whoIs(open({ url: second.url, token }))).context).toMatchObject({
      OPENID: 'o-ming',
      UNIONID: 'u-ming',
    })
    expect(await second.host.wechat?.revoke('o-ming')).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })

  test('are worth nothing once damaged, exchanged, or under another AppSecret, which is said once', async () => {
    const dataDirectory = await makeFolder()
    const folder = join(dataDirectory, 'wechat')
    const first = await openBackend({ host: { dataDirectory } })
    const tokens: string[] = []
    for (const openid of ['o-a', 'o-b', 'o-c'])
      tokens.push(await tokenOf(first.url, first.login.login({ openid })))
    await first.host.close()
    const [a, b, c] = tokens.map(token => join(folder, token.slice(0, 32)))
    if (a === undefined || b === undefined || c === undefined) throw new Error('three')
    const bytes = await readFile(a)
    bytes[40] = (bytes[40] ?? 0) ^ 1
    await writeFile(a, bytes)
    // One user's file in another's place would make one of them the other.
    await writeFile(b, await readFile(c))
    const second = await openBackend({ host: { dataDirectory } })
    await refusalOf(second.url, { token: tokens[0] as string })
    await refusalOf(second.url, { token: tokens[1] as string })
    expect(second.warnings).toEqual([expect.stringContaining('log in anew')])
    expect((await sayHello(second.url, { token: tokens[2] as string })).frame.type).toBe('welcome')
    await second.host.close()
    const third = await openBackend({ host: { dataDirectory }, wechat: { secret: 'f'.repeat(32) } })
    await refusalOf(third.url, { token: tokens[2] as string })
  })

  test('go when they have ended', async () => {
    const dataDirectory = await makeFolder()
    const folder = join(dataDirectory, 'wechat')
    const options = { host: { dataDirectory }, wechat: { sessionMs: 1000 } }
    const first = await openBackend(options)
    await tokenOf(first.url, first.login.login({ openid: 'o-a' }))
    const [name = ''] = await readdir(folder)
    await writeFile(join(folder, 'x.draft'), '')
    await first.host.close()
    await new Promise(resolve => setTimeout(resolve, 1100))
    const old = new Date(Date.now() - 60_000)
    await utimes(join(folder, 'x.draft'), old, old)
    await utimes(join(folder, name), old, old)
    const second = await openBackend(options)
    await tokenOf(second.url, second.login.login({ openid: 'o-b' }))
    await vi.waitFor(async () => {
      const names = await readdir(folder)
      expect(names).toHaveLength(1)
      expect(names).not.toContain(name)
    })
  })
})

describe('nothing a client sends', () => {
  test('sets or shadows who it is', async () => {
    const { host, url, login } = await openBackend()
    const peer = new RawPeer(url, {
      'x-wx-openid': 'o-evil',
      'x-wx-appid': 'wx-evil',
      'x-wx-unionid': 'u-evil',
      'x-wx-source': 'evil',
      'x-forwarded-for': '6.6.6.6',
      'x-real-ip': '6.6.6.6',
    })
    onTestFinished(() => peer.terminate())
    await new Promise(resolve => peer.socket.once('open', resolve))
    const hello = {
      ...{ type: 'hello', versions: [1], code: login.login({ openid: 'o-ming' }) },
      ...{ openid: 'o-evil', appid: 'wx-evil', unionid: 'u-evil', source: 'evil' },
      ...{ caller: { openid: 'o-evil' }, clientIp: '6.6.6.6', endsMs: 1 },
      ...JSON.parse('{"__proto__":{"openid":"o-evil","unionid":"u-evil"}}'),
    } as const
    peer.send(hello as never)
    await peer.next('welcome')
    const evil = { openId: 'o-evil', appId: 'wx-evil', openid: 'o-evil', unionId: 'u-evil' }
    const data = {
      userInfo: evil,
      OPENID: 'o-evil',
      openid: 'o-evil',
      _openid: 'o-evil',
      wxContext: evil,
      ...{ constructor: { prototype: evil }, TCB_SOURCE: 'evil', WX_OPENID: 'o-evil' },
      ...JSON.parse('{"__proto__":{"userInfo":{"openId":"o-evil"},"OPENID":"o-evil"}}'),
    }
    const cloudIDs = { userInfo: 'x', constructor: 'x', toString: 'x', WX_OPENID: 'x' }
    for (const args of [
      { name: 'who', data },
      { name: 'who', data, cloudIDs },
      { name: 'who', cloudIDs },
    ]) {
      const { result } = (await peer.call(1, 'functions.invoke', args)) as {
        result: { context: object; event: object }
      }
      expect(result.context).toEqual({
        ...{ OPENID: 'o-ming', APPID, CLIENTIP: '127.0.0.1' },
        ...{ ENV: 'local', SOURCE: 'wx_client' },
      })
      expect(result.event).toMatchObject({ userInfo: { openId: 'o-ming', appId: APPID } })
      expect(Reflect.get(result.event, 'userInfo')).toEqual({ openId: 'o-ming', appId: APPID })
    }
    for (const key of ['__proto__']) {
      peer.send({
        type: 'call',
        id: 2,
        op: 'functions.invoke',
        args: { name: 'who', cloudIDs: JSON.parse(`{"${key}":"x"}`) },
      })
      expect((await peer.next('error', 2)).error.code).toBe('CLOUDLET_VALUE')
    }
    await host.database.createCollection('notes')
    await peer.call(3, 'database.add', { collection: 'notes', documents: [{ text: 'mine' }] })
    const { data: notes } = await host.database.collection('notes').get()
    expect(notes).toMatchObject([{ text: 'mine', _openid: 'o-ming' }])
    peer.send({
      ...{ type: 'call', id: 4, op: 'functions.invoke' },
      args: { name: 'who', caller: { openid: 'o-evil' } },
    } as never)
    expect((await peer.next('error', 4)).error.code).toBe('CLOUDLET_VALUE')
  })
})
