import { ValueError } from '../errors.ts'
import type { WechatBody, WechatQuery } from './api.ts'
import type { OpenapiCall, WechatMedia } from './handlers.ts'
import type { OpenapiRoute } from './openapi-table.ts'

export interface OpenapiRequest {
  readonly query: WechatQuery
  readonly body: WechatBody | undefined
}

/**
 * What goes to WeChat: the parameters of a GET behind the `?`; those of a POST as JSON, or in a form when there are files.
 *
 * @throws {ValueError} for a file where the API takes none.
 */
export function buildRequest(route: OpenapiRoute, call: OpenapiCall): OpenapiRequest {
  for (const { key } of call.media) {
    if (route.media.includes(key)) continue
    const takes = route.media.length === 0 ? 'no file' : `a file as ${route.media.join(', ')} only`
    throw new ValueError(`params.${key}`, `openapi.${call.api} takes ${takes}, not as "${key}".`)
  }
  const query: Record<string, string> = {}
  const rest: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(call.params)) {
    // It is the host's to say. WeChat looks for it in bodies too.
    if (key === 'access_token') continue
    if (route.method === 'GET' || route.query.includes(key)) query[key] = textOf(value)
    else define(rest, key, value)
  }
  if (route.method === 'GET') return { query, body: undefined }
  return { query, body: call.media.length === 0 ? rest : buildForm(rest, call.media) }
}

function buildForm(fields: Readonly<Record<string, unknown>>, media: readonly WechatMedia[]): FormData {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.append(key, textOf(value))
  for (const { key, contentType, fileName, content } of media) {
    form.append(key, new Blob([content as Uint8Array<ArrayBuffer>], { type: contentType }), fileName)
  }
  return form
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}
