/** What is left of a user when they, or the simulator, are closed. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { openHost } from '../client/open-host.ts'
import { temporaryFile } from '../client/temporary-files.ts'
import { openPhone, openWx } from './open-phone.ts'

describe('a file that wx.cloud downloaded', () => {
  test('is the page’s to remove, and goes with the simulator', async () => {
    const { url } = await openHost()
    const simulator = createSimulator({ url })
    onTestFinished(() => simulator.close())
    const { wx } = simulator.addUser({ openid: 'o-1' })
    const filePath = await temporaryFile('a.txt', 'text')
    const { fileID } = await wx.cloud.uploadFile({ cloudPath: 'a.txt', filePath })
    const manager = wx.getFileSystemManager()
    const download = async (): Promise<string> => (await wx.cloud.downloadFile({ fileID })).tempFilePath
    const [first, second] = [await download(), await download()]
    expect(manager.readFileSync(first, 'utf8')).toBe('text')
    expect(await manager.unlink({ filePath: first })).toEqual({ errMsg: 'unlink:ok' })
    expect([existsSync(first), existsSync(second)]).toEqual([false, true])
    await simulator.close()
    expect(existsSync(second)).toBe(false)
  })
})

test('sockets of a user end with the user, and none begin after', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const user = openWx()
  const closed: string[] = []
  const opened = new Promise<void>(resolve => {
    const task = user.wx.connectSocket({ url })
    task.onOpen(() => resolve())
    task.onClose(() => closed.push('first'))
  })
  await opened
  await user.close()
  await expect.poll(() => closed).toEqual(['first'])
  expect(() => user.wx.connectSocket({ url })).toThrow('the user was closed')
  await expect.poll(() => server.clients.size).toBe(0)
})

test('timers that page code sets after its app has ended never run', async () => {
  const seen: string[] = []
  const waiting = Promise.withResolvers<void>()
  const user = await openPhone({
    'app.json': '{ "pages": ["a/a"] }',
    'a/a.js': `Page({
      async onTap() {
        await wx.waiting
        wx.see(typeof setTimeout(() => wx.see('timeout'), 1), typeof setInterval(() => wx.see('interval'), 1))
      },
    })`,
  })
  Object.assign(user.wx, { waiting: waiting.promise, see: (...what: string[]) => seen.push(...what) })
  const page = await user.open()
  page.trigger('onTap')
  user.quit()
  waiting.resolve()
  await setTimeout(30)
  expect(seen).toEqual(['number', 'number'])
})
