import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { jsonOf } from './standin.ts'
import { openWechat } from './wechat-host.ts'

const FOLDER = fileURLToPath(new URL('../../examples/openapi/cloudfunctions', import.meta.url))

test('the example asks WeChat', async () => {
  await using wechat = await openWechat([
    request => {
      if (request.path === '/wxa/getwxacodeunlimit')
        return { headers: { 'content-type': 'image/png' }, body: Buffer.from('png') }
      if (request.path === '/wxa/msg_sec_check')
        return { body: { errcode: 0, result: { suggest: 'pass', label: 100 } } }
      if (jsonOf(request)['touser'] === 'shy')
        return { body: { errcode: 43101, errmsg: 'user refuse to accept the msg' } }
      return { body: { errcode: 0, errmsg: 'ok' } }
    },
  ])
  const { host } = wechat
  await host.database.createCollection('posts')
  expect((await host.deployDirectory(FOLDER)).failed).toEqual([])
  const publish = async (openid: string) =>
    (await host.invoke('publish', { text: 'Tea' }, { caller: { openid } })).result
  expect(await publish('ming')).toEqual({ isPublished: true, isTold: true })
  expect(jsonOf(wechat.asked())).toEqual({
    touser: 'ming',
    template_id: 'published',
    page: 'pages/posts/posts',
    data: { thing1: { value: 'Tea' } },
  })
  expect(await publish('shy')).toEqual({ isPublished: true, isTold: false })
  const { result } = await host.invoke('invitation', { room: 7 })
  const { content } = await host.storage.download(result as { fileID: string })
  expect(Buffer.from(content).toString()).toBe('png')
  expect(jsonOf(wechat.asked())).toEqual({ scene: 'room=7', page: 'pages/room/room', check_path: false })
})

test('and without WeChat it says what is missing', async () => {
  await using host = new FunctionHost()
  await host.deployDirectory(FOLDER)
  await expect(host.invoke('invitation', { room: 7 })).rejects.toMatchObject({
    guest: { fields: { errCode: -604100 } },
    message: expect.stringContaining('wechatHandlers.openapi'),
  })
})
