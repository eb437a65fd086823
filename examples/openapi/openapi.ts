/** Functions that ask WeChat, on a machine without a mini-program: the host answers in WeChat's place. */
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { FunctionHost, type OpenapiCall, type WechatFields, type WechatFile } from 'cloudlet'

const folder = fileURLToPath(new URL('cloudfunctions/', import.meta.url))

/** What WeChat would say: fields in its own spelling, an `errcode` when it refuses, or a file. */
function answer({ api, params }: OpenapiCall): WechatFields | WechatFile | undefined {
  switch (api) {
    case 'security.msgSecCheck':
      return { errcode: 0, result: { suggest: /casino/i.test(String(params['content'])) ? 'risky' : 'pass' } }
    case 'subscribeMessage.send':
      return params['touser'] === 'shy' ? { errcode: 43101, errmsg: 'user refuse to accept the msg' } : {}
    case 'wxacode.getUnlimited':
      return { contentType: 'image/png', content: Buffer.from(`a code for ${String(params['scene'])}`) }
    default:
      return undefined
  }
}

export async function playOpenapi(print: (text: string) => void): Promise<void> {
  await using host = new FunctionHost({ wechatHandlers: { openapi: answer } })
  await host.database.createCollection('posts')
  const { failed } = await host.deployDirectory(folder)
  assert.deepEqual(failed, [])

  const publish = async (openid: string, text: string): Promise<unknown> =>
    (await host.invoke('publish', { text }, { caller: { openid } })).result
  const outcomes = [
    await publish('ming', 'Tea at five'),
    await publish('shy', 'Tea at six'),
    await publish('ming', 'Best casino'),
  ]
  print(`Published, published silently, refused: ${JSON.stringify(outcomes)}`)
  assert.deepEqual(outcomes, [
    { isPublished: true, isTold: true },
    { isPublished: true, isTold: false },
    { isPublished: false, suggest: 'risky' },
  ])

  const { result } = await host.invoke('invitation', { room: 7 })
  const { fileID } = result as { fileID: string }
  const { content } = await host.storage.download({ fileID })
  print(`An invitation: ${fileID} holds "${Buffer.from(content).toString()}"`)
  assert.equal(Buffer.from(content).toString(), 'a code for room=7')
}

if (import.meta.main) await playOpenapi(console.log)
