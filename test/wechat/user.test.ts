import { expect, onTestFinished, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { FunctionHost } from '../../src/index.ts'
import { RawPeer } from '../transport/raw-peer.ts'
import { openStandin } from './standin.ts'
import { APPID, SECRET, StandinLogin, seal, watermark } from './standin-login.ts'

const REGISTER = `const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async event => ({
  openid: cloud.getWXContext().OPENID,
  event,
  again: event.phone && await cloud.getOpenData({ list: [event.phone.cloudID] }),
})`

async function openHost() {
  const login = new StandinLogin()
  const standin = await openStandin(login.route)
  const host = new FunctionHost({ wechat: { appid: APPID, secret: SECRET, apiUrl: standin.url } })
  onTestFinished(async () => {
    await host.close()
    await standin[Symbol.asyncDispose]()
  })
  await host.deploy('register', { files: { 'index.js': REGISTER } })
  return { host, login, door: await host.listen({ port: 0 }) }
}

test('a user logs in and gives a phone number, which the function has opened and can open again', async () => {
  const { login, door } = await openHost()
  const cloud = createCloud({ url: door.url, getLoginCode: async () => login.login({ openid: 'o-ming' }) })
  onTestFinished(() => cloud.close())
  await cloud.callFunction({ name: 'register' })
  const data = { phoneNumber: '+8613800000000', purePhoneNumber: '13800000000', watermark: watermark() }
  const phone = cloud.CloudID(seal(data, login.sessionKeyOf('o-ming')))
  const { result } = await cloud.callFunction({ name: 'register', data: { name: '明', phone } })
  expect(result).toEqual({
    openid: 'o-ming',
    event: {
      name: '明',
      phone: { cloudID: expect.stringMatching(/^cloudlet1\./), data },
      userInfo: { openId: 'o-ming', appId: APPID },
    },
    again: expect.objectContaining({ list: [{ cloudID: expect.any(String), data }] }),
  })
})

test('a user’s token is good for HTTP too, until it is revoked', async () => {
  const { host, login, door } = await openHost()
  const peer = await RawPeer.connect(door.url)
  onTestFinished(() => peer.terminate())
  peer.send({ type: 'hello', versions: [1], code: login.login({ openid: 'o-ming' }) })
  const token = (await peer.next('welcome')).login?.token ?? ''
  const post = (headers: Record<string, string>) =>
    fetch(`${door.httpUrl}/functions/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"userInfo":{"openId":"o-evil"}}',
    })
  const authorized = { authorization: `Bearer ${token}` }
  const answer = await post({ ...authorized, 'x-wx-openid': 'o-evil', 'x-wx-appid': 'wx-evil' })
  expect(answer.status).toBe(200)
  expect(JSON.stringify(await answer.json())).toContain('"openid":"o-ming"')
  expect((await post({})).status).toBe(401)
  expect((await post({ 'x-wx-openid': 'o-ming' })).status).toBe(401)
  await host.wechat?.revoke('o-ming')
  expect((await post(authorized)).status).toBe(401)
})
