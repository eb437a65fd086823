import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { openStandin } from '../wechat/standin.ts'
import { APPID, SECRET, StandinLogin } from '../wechat/standin-login.ts'
import { openProject } from './open-phone.ts'

const WHO = `const cloud = require('wx-server-sdk'); cloud.init()
exports.main = event => ({ openid: cloud.getWXContext().OPENID, double: event.n * 2 })`

/** What a page does that never heard of cloudlet. */
const PAGE = `const db = wx.cloud.database()
Page({
  data: { texts: [] },
  onLoad() {
    this.watcher = db.collection('notes').where({ kind: 'a' }).watch({
      onChange: ({ docs }) => this.setData({ texts: docs.map(({ text }) => text) }),
      onError: error => this.setData({ error: error.errMsg }),
    })
  },
  onUnload() { this.watcher.close() },
  async onAsk() { const { result } = await wx.cloud.callFunction({ name: 'who', data: { n: 21 } }); this.setData(result) },
  onAdd(event) { return db.collection('notes').add({ data: { kind: 'a', text: event.detail.value } }) },
  async onFile() {
    const { fileID } = await wx.cloud.uploadFile({ cloudPath: this.data.openid + '/big.bin', filePath: '/files/big.bin' })
    const { tempFilePath } = await wx.cloud.downloadFile({ fileID })
    const content = wx.getFileSystemManager().readFileSync(tempFilePath, 'utf8')
    this.setData({ length: content.length, end: content.slice(-3) })
  },
})`

test('the build for real mini-programs runs in the simulator, over wx.connectSocket', async () => {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  await host.deploy('who', { files: { 'index.js': WHO } })
  await host.database.createCollection('notes')
  const { url } = await host.listen({
    port: 0,
    authenticate: ({ code = 'nobody' }) => ({ openid: `o-${code}` }),
  })
  const simulator = await openProject({
    'app.js': `wx.cloud = require('cloudlet').createCloud({ url: '${url}' }); App({})`,
    'app.json': '{"pages":["pages/a/a"]}',
    'miniprogram_npm/cloudlet/index.js': await readFile('dist/miniprogram/index.js', 'utf8'),
    'pages/a/a.js': PAGE,
    'files/big.bin': `${'x'.repeat(1_500_000)}end`,
  })
  const users = ['ming', 'hong'].map(code => simulator.addUser({ createLoginCode: () => code }))
  for (const user of users) {
    const page = await user.open()
    await page.trigger('onAsk')
    expect(page.data).toMatchObject({ openid: user === users[0] ? 'o-ming' : 'o-hong', double: 42 })
    await page.trigger('onAdd', { detail: { value: 'noted' } })
    await page.waitFor(({ texts }) => JSON.stringify(texts) === '["noted"]')
    await page.trigger('onFile')
    expect(page.data).toMatchObject({ length: 1_500_003, end: 'end' })
    expect(page.data['error']).toBeUndefined()
  }
  // Watches end first, with their pages; then the sockets.
  for (const user of users) {
    const { cloud } = user.wx
    user.quit()
    await cloud.close()
  }
})

test('its login is kept on the phone for the next launch, until WeChat ends the session', async () => {
  const login = new StandinLogin()
  const standin = await openStandin(login.route)
  const host = new FunctionHost({ wechat: { appid: APPID, secret: SECRET, apiUrl: standin.url } })
  onTestFinished(async () => {
    await host.close()
    await standin[Symbol.asyncDispose]()
  })
  await host.deploy('who', { files: { 'index.js': WHO } })
  const { url } = await host.listen({ port: 0 })
  const simulator = await openProject({
    'app.js': `wx.cloud = require('cloudlet').createCloud({ url: '${url}' }); App({})`,
    'app.json': '{"pages":["pages/a/a"]}',
    'miniprogram_npm/cloudlet/index.js': await readFile('dist/miniprogram/index.js', 'utf8'),
    'pages/a/a.js':
      "Page({ async onAsk() { this.setData((await wx.cloud.callFunction({ name: 'who', data: { n: 1 } })).result) } })",
  })
  let loginCount = 0
  const createLoginCode = (): string => {
    loginCount++
    return login.login({ openid: 'o-ming' })
  }
  const user = simulator.addUser({ createLoginCode })
  const launch = async (): Promise<void> => {
    const page = await user.open()
    await page.trigger('onAsk')
    expect(page.data['openid']).toBe('o-ming')
    const { cloud } = user.wx
    user.quit()
    await cloud.close()
  }
  await launch()
  await launch()
  expect(loginCount).toBe(1)
  user.expireSession()
  await launch()
  expect(loginCount).toBe(2)
  user.wx.clearStorageSync()
  await launch()
  expect(loginCount).toBe(3)
})
