/** A mini-program on a host that wants WeChat's login: `wx.login()` is all it takes, and nobody has to write it. */
import { expect, onTestFinished, test } from 'vitest'
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
