import { describe, expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { openStandin } from '../wechat/standin.ts'
import { APPID, SECRET, StandinLogin } from '../wechat/standin-login.ts'
import { openProject } from './open-phone.ts'

const WHO = `const cloud = require('wx-server-sdk'); cloud.init()
exports.main = event => ({ openid: cloud.getWXContext().OPENID, event })`

const APP = {
  'app.js': `App({ onLaunch() { wx.cloud.init() } })`,
  'app.json': '{"pages":["pages/a/a"]}',
  'pages/a/a.js': `const db = wx.cloud.database()
    Page({
      data: { notes: [] },
      onLoad() {
        this.watcher = db.collection('notes').where({}).watch({
          onChange: ({ docs }) => this.setData({ notes: docs.map(({ text }) => text) }),
          onError: error => this.setData({ error: error.errMsg }),
        })
        return wx.cloud.callFunction({ name: 'who', data: { openid: 'o-forged' } })
          .then(({ result }) => this.setData({ openid: result.openid }))
      },
      onUnload() { return this.watcher.close() },
      onAdd(event) { return db.collection('notes').add({ data: { text: event.detail.value } }) },
      async onSend() {
        const data = {
          bytes: wx.cloud.CDN(new Uint8Array([104, 105]).buffer),
          file: wx.cloud.CDN({ type: 'filePath', filePath: 'images/a.txt' }),
        }
        const { result } = await wx.cloud.callFunction({ name: 'who', data })
        this.setData({ sent: result.event })
      },
      onUpload() {
        wx.cloud.uploadFile({ cloudPath: 'a.txt', filePath: 'images/a.txt',
          success: ({ fileID }) => this.setData({ fileID }), fail: ({ errMsg }) => this.setData({ errMsg }) })
      },
    })`,
  'images/a.txt': 'of the package',
}

async function openHost(): Promise<Simulator> {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  await host.deploy('who', { files: { 'index.js': WHO } })
  await host.database.createCollection('notes')
  const { url } = await host.listen({ port: 0 })
  return openProject(APP, url)
}

describe('users against one host', () => {
  test('are each who they are, and see what is theirs', async () => {
    const simulator = await openHost()
    const [one, other] = [simulator.addUser({ openid: 'o-1' }), simulator.addUser({ openid: 'o-2' })]
    const [ones, others] = await Promise.all([one.open(), other.open()])
    expect([ones.data['openid'], others.data['openid']]).toEqual(['o-1', 'o-2'])
    await ones.trigger('onAdd', { detail: { value: 'of one' } })
    await others.trigger('onAdd', { detail: { value: 'of the other' } })
    // A new collection is its owners': nobody sees another's.
    await ones.waitFor(({ notes }) => JSON.stringify(notes) === '["of one"]')
    await others.waitFor(({ notes }) => JSON.stringify(notes) === '["of the other"]')
  })

  test('send files of the package and of their own, and read what they fetch', async () => {
    const simulator = await openHost()
    const user = simulator.addUser({ openid: 'o-1' })
    const page = await user.open()
    page.trigger('onUpload')
    const { fileID } = await page.waitFor(data => data['fileID'] ?? data['errMsg'])
    const { tempFilePath } = await user.wx.cloud.downloadFile({ fileID: String(fileID) })
    const files = user.wx.getFileSystemManager()
    expect(files.readFileSync(tempFilePath, 'utf8')).toBe('of the package')
    const own = `${user.wx.env.USER_DATA_PATH}/own.txt`
    files.writeFileSync(own, 'of the user')
    const { errMsg } = await user.wx.cloud.uploadFile({ cloudPath: 'own.txt', filePath: own })
    expect(errMsg).toBe('cloud.uploadFile:ok')
  })

  test('send what is too large for an event beside it', async () => {
    const page = await (await openHost()).addUser({ openid: 'o-1' }).open()
    await page.trigger('onSend')
    const { bytes, file } = page.data['sent'] as { bytes: string; file: string }
    expect(await (await fetch(bytes)).text()).toBe('hi')
    expect(await (await fetch(file)).text()).toBe('of the package')
  })

  test('are refused what the host refuses, in the words of wx.cloud', async () => {
    const simulator = await openHost()
    const user = simulator.addUser({ openid: 'o-1' })
    await expect(user.wx.cloud.callFunction({ name: 'nobody' })).rejects.toMatchObject({ errCode: -501000 })
    await user.close()
    await expect(user.wx.cloud.callFunction({ name: 'who' })).rejects.toThrow(/This client is closed/)
  })

  test('may log in with the codes of wx.login', async () => {
    const host = new FunctionHost()
    onTestFinished(() => host.close())
    await host.deploy('who', { files: { 'index.js': WHO } })
    const { url } = await host.listen({
      port: 0,
      authenticate: ({ code, openid }) => ({ openid: `o-${code}`, unionid: `named-${openid}` }),
    })
    const codes = ['a', 'b']
    const user = (await openProject(APP, url)).addUser({ createLoginCode: () => codes.shift() ?? 'none' })
    expect(await user.wx.login()).toMatchObject({ code: 'a' })
    const { result } = await user.wx.cloud.callFunction({ name: 'who' })
    expect(result).toMatchObject({ openid: 'o-b' })
    expect(codes).toEqual([])
  })

  test('log in at WeChat, as on a phone: by the codes of a stand-in of its servers', async () => {
    const login = new StandinLogin()
    const standin = await openStandin(login.route)
    const host = new FunctionHost({ wechat: { appid: APPID, secret: SECRET, apiUrl: standin.url } })
    onTestFinished(async () => {
      await host.close()
      await standin[Symbol.asyncDispose]()
    })
    await host.deploy('who', { files: { 'index.js': WHO } })
    await host.database.createCollection('notes')
    const { url } = await host.listen({ port: 0 })
    const simulator = await openProject(APP, url)
    const pages = await Promise.all(
      ['o-ming', 'o-hong'].map(openid =>
        simulator.addUser({ createLoginCode: () => login.login({ openid }) }).open(),
      ),
    )
    expect(pages.map(({ data }) => data['openid'])).toEqual(['o-ming', 'o-hong'])
    const stranger = simulator.addUser({ createLoginCode: () => 'no code of WeChat' })
    await expect(stranger.wx.cloud.callFunction({ name: 'who' })).rejects.toMatchObject({ errCode: -401001 })
  })
})
