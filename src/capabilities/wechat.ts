import { ValueError, WechatError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { EncodedObject } from '../protocol/value.ts'
import type { WechatReply } from '../wechat/api.ts'
import { toCamelCase, toSnakeCase, toSnakeKey } from '../wechat/case.ts'
import type { WechatAsker, WechatMedia } from '../wechat/handlers.ts'
import type { WechatServices } from '../wechat/services.ts'
import type { Handlers, Scope } from './capability.ts'
import { HeavyWork } from './heavy-work.ts'

type WechatOps = Extract<keyof typeof import('../protocol/calls.ts').OPS, `wechat.${string}`>

/** What functions ask of WeChat. Which APIs of `cloud.openapi` a function may use, its config.json says. */
export function wechatHandlers(wechat: WechatServices): Handlers<WechatOps> {
  const requests = new HeavyWork(LIMITS.wechatRequests, 'requests wait for WeChat')
  const files = new FileBytes()
  return {
    'wechat.openapi': async ({ api, params, media, content, convertCase, appid }, scope) => {
      if (wechat.knows(api)) requirePermission(api, scope)
      const call = {
        ...wechatAskerOf(scope),
        api,
        params: convertCase ? toSnakeCase(params) : params,
        media: readMedia(media, content, convertCase),
        appid,
      }
      const reply = await requests.run(scope, () => wechat.openapi(call))
      files.count(reply, scope)
      return writeAnswer(reply, convertCase)
    },
    'wechat.cloudPay': async ({ method, params, appid }, scope) => {
      const call = { ...wechatAskerOf(scope), method, params: toSnakeCase(params), appid }
      const reply = await requests.run(scope, () => wechat.cloudPay(call))
      files.count(reply, scope)
      return writeAnswer(reply, true)
    },
    'wechat.getOpenData': async ({ cloudIDs }, scope) => {
      const list = await requests.run(scope, () => wechat.openData(cloudIDs, scope.caller))
      return { list: list as OpResult<'wechat.getOpenData'>['list'] }
    },
    'wechat.getVoIPSign': async (args, scope) => ({
      signature: await requests.run(scope, () => wechat.signVoip({ ...wechatAskerOf(scope), ...args })),
    }),
    'wechat.getCloudCallSign': async (args, scope) => ({
      signature: await requests.run(scope, () => wechat.signCloudCall({ ...wechatAskerOf(scope), ...args })),
    }),
  }
}

/** Files wait in the host's memory until the thread of an invocation takes them. */
class FileBytes {
  readonly #received = new WeakMap<object, number>()

  /** @throws {ValueError} when an invocation has got too many bytes. */
  count(reply: WechatReply, scope: Scope): void {
    if (reply.kind !== 'file') return
    const asker = scope.ending ?? scope
    const total = (this.#received.get(asker) ?? 0) + reply.content.byteLength
    if (total > LIMITS.wechatFileBytes) {
      throw new ValueError(
        'content',
        `The files this invocation got from WeChat have ${total} bytes together; the limit is ${LIMITS.wechatFileBytes}.`,
      )
    }
    this.#received.set(asker, total)
  }
}

function wechatAskerOf({ caller, functionName, cancellation }: Scope): WechatAsker {
  return { caller, functionName, signal: cancellation?.signal }
}

/** @throws {WechatError} -604101 */
function requirePermission(api: string, { kind, openapi, functionName }: Scope): void {
  if (kind !== 'function' || openapi?.includes(api) === true || openapi?.includes('*') === true) return
  throw new WechatError(
    `openapi.${api}`,
    -604101,
    `system error: error code: -604101. Add "${api}" to permissions.openapi in the config.json of "${functionName}" and deploy it again.`,
  )
}

function readMedia(
  media: OpArgs<'wechat.openapi'>['media'],
  content: Uint8Array,
  convertCase: boolean,
): WechatMedia[] {
  let end = 0
  const files = media.map(({ key, contentType, fileName, sizeBytes }) => {
    const start = end
    end += sizeBytes
    const name = convertCase ? toSnakeKey(key) : key
    return {
      key: name,
      contentType,
      fileName: fileName ?? `${name}.${extensionOf(contentType)}`,
      content: content.subarray(start, end),
    }
  })
  if (end === content.byteLength) return files
  throw new ValueError(
    'wechat.openapi.content',
    `content has ${content.byteLength} bytes, and its media ${end} together.`,
  )
}

/** The SDK names a file that has no name after its type, `png` where that says nothing. */
function extensionOf(contentType: string): string {
  const [, subtype = ''] = /^\w+\/([\w-]+)$/.exec(contentType.trim().toLowerCase()) ?? []
  if (subtype === 'jpeg') return 'jpg'
  return /^[a-z0-9]{2,5}$/.test(subtype) ? subtype : 'png'
}

function writeAnswer(reply: WechatReply, convertCase: boolean): OpResult<'wechat.openapi'> {
  if (reply.kind === 'file') return { fields: {}, contentType: reply.contentType, content: reply.content }
  const { errcode: _, errmsg: __, ...fields } = reply.fields as EncodedObject
  return { fields: convertCase ? toCamelCase(fields) : fields }
}
