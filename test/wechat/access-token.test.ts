import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { AccessToken } from '../../src/wechat/access-token.ts'
import { WechatApi } from '../../src/wechat/api.ts'
import { jsonOf, openStandin, type Route } from './standin.ts'
import { CREDENTIALS, issueTokens } from './standin-token.ts'

async function opened(
  endpoint: 'stable_token' | 'token' = 'stable_token',
  secret: string = CREDENTIALS.secret,
) {
  const issuer = issueTokens()
  const answer: Route = () => ({ body: { errcode: 0, errmsg: 'ok' } })
  const standin = await openStandin(issuer.route, issuer.guard, answer)
  const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
  const warnings: string[] = []
  const token = new AccessToken({
    api,
    appid: CREDENTIALS.appid,
    secret,
    endpoint,
    onWarning: message => warnings.push(message),
  })
  /** Asks an API; the token it was asked with. */
  const ask = (signal?: AbortSignal): Promise<string> =>
    token.use(async text => {
      await api.post('/wxa/x', { access_token: text }, {})
      return text
    }, signal)
  const paths = (): string[] => standin.requests.map(({ path }) => path)
  return {
    issuer,
    standin,
    ask,
    paths,
    warnings,
    [Symbol.asyncDispose]: () => standin[Symbol.asyncDispose](),
  }
}

const TOKEN = '/cgi-bin/stable_token'

describe.each(['stable_token', 'token'] as const)('%s', endpoint => {
  test('is asked for once, by however many need it at the same time', async () => {
    await using run = await opened(endpoint)
    const tokens = await Promise.all(Array.from({ length: 20 }, () => run.ask()))
    expect(new Set(tokens)).toEqual(new Set([run.issuer.current]))
    await run.ask()
    expect(run.paths().filter(path => path === `/cgi-bin/${endpoint}`)).toHaveLength(1)
  })

  test('one that WeChat refuses is replaced, and the call made again, once', async () => {
    await using run = await opened(endpoint)
    const first = await run.ask()
    run.issuer.replace()
    const tokens = await Promise.all([run.ask(), run.ask(), run.ask()])
    expect(new Set(tokens)).toEqual(new Set([run.issuer.current]))
    expect(tokens[0]).not.toBe(first)
    expect(run.paths().filter(path => path === `/cgi-bin/${endpoint}`)).toHaveLength(2)
  })
})

test('one that is refused although it was just given is replaced by force', async () => {
  const issuer = issueTokens()
  const refused = issuer.current
  await using standin = await openStandin(issuer.route, ({ query }) => ({
    body:
      query.get('access_token') === refused
        ? { errcode: 42001, errmsg: 'access_token expired' }
        : { errcode: 0, errmsg: 'ok' },
  }))
  const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
  const token = new AccessToken({ api, ...CREDENTIALS, endpoint: 'stable_token', onWarning: () => {} })
  const used = await token.use(async text => {
    await api.post('/wxa/x', { access_token: text }, {})
    return text
  })
  expect(used).toBe('token-2')
  const asked = standin.requests.filter(({ path }) => path === TOKEN)
  expect(asked.map(request => jsonOf(request)['force_refresh'])).toEqual([false, false, true])
})

test('other refusals are not tried again, nor a second one of the token', async () => {
  await using standin = await openStandin(issueTokens().route, ({ path }) => ({
    body: path.endsWith('busy')
      ? { errcode: 45009, errmsg: 'quota' }
      : { errcode: 40014, errmsg: 'bad token' },
  }))
  const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
  const token = new AccessToken({ api, ...CREDENTIALS, endpoint: 'stable_token', onWarning: () => {} })
  const asked = (path: string): number => standin.requests.filter(request => request.path === path).length
  await expect(token.use(text => api.post('/busy', { access_token: text }, {}))).rejects.toMatchObject({
    errCode: 45009,
  })
  expect(asked('/busy')).toBe(1)
  await expect(token.use(text => api.post('/bad', { access_token: text }, {}))).rejects.toMatchObject({
    errCode: 40014,
  })
  expect(asked('/bad')).toBe(2)
})

test('is refreshed before it expires, and nobody waits for that', async () => {
  await using run = await opened()
  run.issuer.lifeSeconds = 1
  await run.ask()
  await delay(600)
  const before = run.paths().filter(path => path === TOKEN).length
  expect(before).toBe(1)
  expect(await run.ask()).toBe('token-1')
  await expect.poll(() => run.paths().filter(path => path === TOKEN).length).toBe(2)
})

test('a refresh that fails is a warning while the old one serves, and an error afterwards', async () => {
  await using run = await opened()
  run.issuer.lifeSeconds = 1
  await run.ask()
  run.issuer.refusal = { errcode: -1, errmsg: 'system error' }
  await delay(600)
  await run.ask()
  await run.ask()
  await expect.poll(() => run.warnings).toHaveLength(1)
  expect(run.warnings[0]).toContain('could not be refreshed')
  expect(run.warnings[0]).not.toContain(CREDENTIALS.secret)
  await delay(500)
  await expect(run.ask()).rejects.toMatchObject({ errCode: -1 })
  expect(run.paths().filter(path => path === TOKEN)).toHaveLength(2)
})

test('a failure stands for a while, so that WeChat is not asked once per call', async () => {
  await using run = await opened('stable_token', 'wrong-secret')
  for (let i = 0; i < 5; i++)
    await expect(run.ask()).rejects.toMatchObject({ errCode: 40125, code: 'CLOUDLET_WECHAT' })
  expect(run.paths()).toEqual([TOKEN])
})

test('it may be asked for so often in a minute, and no more', async () => {
  await using run = await opened()
  run.issuer.lifeSeconds = 0.001
  for (let i = 0; i < LIMITS.wechatTokenFetches; i++) {
    await run.ask()
    await delay(2)
  }
  await expect(run.ask()).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
  expect(run.paths().filter(path => path === TOKEN)).toHaveLength(LIMITS.wechatTokenFetches)
})

test('refusals one after the other replace it once: their cause is hardly the token', async () => {
  const issuer = issueTokens()
  await using standin = await openStandin(issuer.route, ({ path }) => ({
    body: path === '/refuses' ? { errcode: 40001, errmsg: 'no' } : { errcode: 0, errmsg: 'ok' },
  }))
  const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
  const token = new AccessToken({ api, ...CREDENTIALS, endpoint: 'stable_token', onWarning: () => {} })
  const ask = (path: string) => token.use(text => api.post(path, { access_token: text }, {}))
  const asked = (path: string): number => standin.requests.filter(request => request.path === path).length
  await ask('/serves')
  for (let i = 0; i < 20; i++) await expect(ask('/refuses')).rejects.toMatchObject({ errCode: 40001 })
  await ask('/serves')
  // The first, that again, and one by force.
  expect(asked(TOKEN)).toBe(3)
  // Only the first refused call was made again.
  expect(asked('/refuses')).toBe(21)
})

test('one caller may give up while the others go on', async () => {
  await using run = await opened()
  const controller = new AbortController()
  const [gone, stays] = [run.ask(controller.signal), run.ask()]
  controller.abort()
  await expect(gone).rejects.toMatchObject({ code: 'CLOUDLET_CANCELLED' })
  expect(await stays).toBe('token-1')
})

test.each([
  [{ access_token: 'x' }],
  [{ access_token: '', expires_in: 7200 }],
  [{ access_token: 'x', expires_in: 0 }],
  [{ access_token: 'x', expires_in: '7200' }],
])('an answer without a token is an error: %j', async body => {
  await using standin = await openStandin(() => ({ body }))
  const api = new WechatApi({ apiUrl: standin.url, timeoutMs: 5000 })
  const token = new AccessToken({ api, ...CREDENTIALS, endpoint: 'stable_token', onWarning: () => {} })
  await expect(token.use(async () => 'used')).rejects.toMatchObject({ errCode: -601001 })
})
