/** A mini-program on a host that wants WeChat's login: `wx.login()` is all it takes, and nobody has to write it. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStandin } from '../wechat/standin.ts'
import { APPID, SECRET, StandinLogin, seal, watermark } from '../wechat/standin-login.ts'
import { openProgram, type Program } from './open-program.ts'

const USER = { openid: 'o-phone', unionid: 'u-phone' }

async function openLoggedIn(options = ''): Promise<Program & { login: StandinLogin }> {
  const login = new StandinLogin()
  const standin = await openStandin(login.route)
  onTestFinished(() => standin[Symbol.asyncDispose]())
  const program = await openProgram(options, {
    wechat: { appid: APPID, secret: SECRET, apiUrl: standin.url },
    onWarning: () => {},
  })
  program.wx.giveCode = () => login.login(USER)
  return { ...program, login }
}

const OPENID = "return (await wx.cloud.callFunction({ name: 'echo' })).result.openid"

test('the first call logs in, and a new connection uses the token that came of it', async () => {
  const { run, wx, proxy } = await openLoggedIn()
  expect(wx.loginCount).toBe(0)
  expect(await run(OPENID)).toBe('o-phone')
  proxy.cut()
  await expect.poll(() => run('return wx.cloud.status')).toBe('idle')
  expect(await run(OPENID)).toBe('o-phone')
  expect(wx.loginCount).toBe(1)
  expect(proxy.connectionCount).toBe(2)
})

test('a code that WeChat refuses is told of, and the next call tries another', async () => {
  const { run, wx, login } = await openLoggedIn()
  wx.giveCode = () => 'never-issued'
  expect(await run(OPENID)).toMatchObject({
    failure: { errCode: -401001, errMsg: expect.stringContaining('cloud.callFunction:fail') },
  })
  wx.giveCode = () => login.login(USER)
  expect(await run(OPENID)).toBe('o-phone')
})

test('a program with a getLoginCode of its own is asked for that', async () => {
  const { run, wx, login } = await openLoggedIn(
    'getLoginCode: function () { return Promise.resolve(wx.giveCode()) }',
  )
  wx.giveCode = () => login.login({ openid: 'o-own' })
  expect(await run(OPENID)).toBe('o-own')
  expect(wx.loginCount).toBe(0)
})

test('a CloudID of encrypted data is opened by the host, with the key of the login', async () => {
  const { run, login } = await openLoggedIn()
  await run(OPENID)
  const content = { phoneNumber: '138', watermark: watermark() }
  const { encryptedData, iv } = seal(content, login.sessionKeyOf('o-phone'))
  const answer = await run(`
    var id = wx.cloud.CloudID({ encryptedData: '${encryptedData}', iv: '${iv}' })
    return (await wx.cloud.callFunction({ name: 'echo', data: { phone: id, n: 1 } })).result.event`)
  expect(answer).toMatchObject({
    n: 1,
    phone: { cloudID: expect.stringMatching(/^cloudlet1\./), data: content },
  })
})

describe('the next launch', () => {
  const keyOf = ({ proxy }: Program): string => `cloudlet:login:${proxy.url}`

  test('uses the token of the one before, as long as wx.checkSession knows the session', async () => {
    const first = await openLoggedIn()
    expect(await first.run(OPENID)).toBe('o-phone')
    expect([...first.wx.kept.keys()]).toEqual([keyOf(first)])
    expect(first.wx.checkCount).toBe(0)
    const second = await first.relaunch()
    expect(await second.run(OPENID)).toBe('o-phone')
    second.proxy.cut()
    expect(await second.run(OPENID)).toBe('o-phone')
    expect([second.wx.loginCount, second.wx.checkCount]).toEqual([0, 1])
    second.wx.hasSession = false
    const third = await second.relaunch()
    const [before] = [...third.wx.kept.values()]
    expect(await third.run(OPENID)).toBe('o-phone')
    expect([third.wx.loginCount, third.wx.checkCount]).toEqual([1, 1])
    expect([...third.wx.kept.values()]).not.toEqual([before])
  })

  test('logs in anew where the host refuses the token, and keeps that of the new login', async () => {
    const first = await openLoggedIn()
    await first.run(OPENID)
    const [before] = [...first.wx.kept.values()]
    await first.host.wechat?.revoke('o-phone')
    const second = await first.relaunch()
    expect(await second.run(OPENID)).toBe('o-phone')
    expect(second.wx.loginCount).toBe(1)
    expect([...second.wx.kept.values()]).not.toEqual([before])
    const third = await second.relaunch()
    expect(await third.run(OPENID)).toBe('o-phone')
    expect(third.wx.loginCount).toBe(0)
  })

  test('has none of a token that was refused, when no new login came of it', async () => {
    const first = await openLoggedIn()
    await first.run(OPENID)
    await first.host.wechat?.revoke('o-phone')
    first.wx.giveCode = () => 'never-issued'
    const second = await first.relaunch()
    expect(await second.run(OPENID)).toMatchObject({ failure: { errCode: -401001 } })
    expect(second.wx.kept.size).toBe(0)
  })

  test.each([
    'null',
    '"text"',
    '5',
    '{}',
    '{"token":"","expiresMs":9e15}',
    '{"token":5,"expiresMs":9e15}',
    `{"token":"${'x'.repeat(8193)}","expiresMs":9e15}`,
    '{"token":"a"}',
    '{"token":"a","expiresMs":"never"}',
    '{"token":"a","expiresMs":1}',
    '{"token":"forged","expiresMs":9e15}',
    'not json',
  ])('is not kept from its login by what stands in the storage: %.60s', async text => {
    const program = await openLoggedIn()
    program.wx.hasSession = true
    program.wx.kept.set(keyOf(program), text)
    expect(await program.run(OPENID)).toBe('o-phone')
    expect(program.wx.loginCount).toBe(1)
  })

  test('logs in where the storage was full', async () => {
    const first = await openLoggedIn()
    first.wx.isFull = true
    expect(await first.run(OPENID)).toBe('o-phone')
    expect(first.wx.kept.size).toBe(0)
    const second = await first.relaunch()
    expect(await second.run(OPENID)).toBe('o-phone')
    expect(second.wx.loginCount).toBe(1)
  })

  test('logs in where wx.checkSession never answers', async () => {
    const first = await openLoggedIn('connectTimeoutMs: 500')
    await first.run(OPENID)
    const second = await first.relaunch()
    second.wx.checkSession = () => {}
    await expect.poll(() => second.run(OPENID), { timeout: 10_000 }).toBe('o-phone')
    expect(second.wx.loginCount).toBe(1)
  })

  test.each(['getLoginCode: function () { return Promise.resolve(wx.giveCode()) }', "token: 'none'"])(
    'finds nothing of a program with %s',
    async options => {
      const { run, wx } = await openLoggedIn(options)
      expect(await run(OPENID)).toBe('o-phone')
      expect(wx.kept.size).toBe(0)
    },
  )
})
