import { ValueError, WechatError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { WechatReply } from './api.ts'

/**
 * What a handler of the embedder's answered, as if WeChat had.
 *
 * @throws {WechatError} for an `errcode` in it; {TypeError} for what is neither fields nor a file.
 */
export function readHandlerReply(api: string, answer: unknown): WechatReply {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new TypeError(
      `The handler of ${api} must answer with an object, or undefined to leave it to the host.`,
    )
  }
  const { content, contentType } = answer as { content?: unknown; contentType?: unknown }
  if (content instanceof Uint8Array) {
    if (content.byteLength > LIMITS.wechatReplyBytes) {
      throw new ValueError(
        api,
        `The answer is ${content.byteLength} bytes; the limit is ${LIMITS.wechatReplyBytes}.`,
      )
    }
    return { kind: 'file', contentType: String(contentType ?? 'application/octet-stream'), content }
  }
  const fields = JSON.parse(JSON.stringify(answer)) as Record<string, unknown>
  const errCode = Number(fields['errcode'] ?? 0)
  if (errCode !== 0) throw new WechatError(api, errCode, String(fields['errmsg'] ?? ''))
  return { kind: 'fields', fields }
}
