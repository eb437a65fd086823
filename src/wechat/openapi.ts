import { WechatError } from '../errors.ts'
import type { AccessToken } from './access-token.ts'
import type { WechatApi, WechatReply } from './api.ts'
import type { OpenapiCall, OpenDataCall, VoipSignCall } from './handlers.ts'
import { buildRequest } from './openapi-request.ts'
import { findRoute } from './openapi-table.ts'
import { signVoip } from './voip-sign.ts'

export interface OpenapiOptions {
  readonly api: WechatApi
  readonly appid: string
  readonly accessToken: AccessToken
  /** Of a user who logged in here. */
  readonly sessionKeyOf: (openid: string) => Promise<string | undefined>
}

/** Passes what functions ask on to WeChat's HTTP API, with the credentials of the one mini-program the host has. */
export class Openapi {
  readonly #options: OpenapiOptions

  constructor(options: OpenapiOptions) {
    this.#options = options
  }

  /** @throws {WechatError} with WeChat's own code, or the platform's for an API or appid there isn't. */
  async call(call: OpenapiCall): Promise<WechatReply> {
    const api = `openapi.${call.api}`
    const route = findRoute(call.api)
    if (route === undefined) {
      throw new WechatError(
        api,
        -604100,
        `The host knows no API "${call.api}". Names are those of WeChat's documentation (group.method, docs/wechat.md lists them); a handler of the host, wechatHandlers.openapi, can serve others.`,
      )
    }
    const { appid } = this.#options
    if (call.appid !== undefined && call.appid !== appid) {
      throw new WechatError(
        api,
        -601018,
        `The host has the credentials of "${appid}" only, not of "${call.appid}".`,
      )
    }
    const { query, body } = buildRequest(route, call)
    const { accessToken, api: server } = this.#options
    return accessToken.use(
      token =>
        server.request(route.method, route.path, { ...query, access_token: token }, body, {
          api,
          signal: call.signal,
        }),
      call.signal,
    )
  }

  /** WeChat's answer about ids of its own making. @throws {WechatError} */
  async askOpenData({
    cloudIDs,
    caller,
    functionName,
    signal,
  }: OpenDataCall): Promise<Readonly<Record<string, unknown>>> {
    const params = { openid: requireOpenid('getOpenData', caller.openid), cloudid_list: cloudIDs }
    const asked = { caller, functionName, signal, media: [], appid: undefined }
    const reply = await this.call({ ...asked, api: 'cloudbase.getOpenData', params })
    return reply.kind === 'fields' ? reply.fields : {}
  }

  /** One entry for each id, in order. @throws {WechatError} */
  async getOpenData(call: OpenDataCall): Promise<object[]> {
    const { cloudIDs } = call
    const { data_list: list } = await this.askOpenData(call)
    const found = new Map(Array.isArray(list) ? list.map(readOpenData) : [])
    return cloudIDs.map(cloudID => {
      const data = found.get(cloudID)
      if (data !== undefined) return data
      throw new WechatError(
        'getOpenData',
        -601001,
        `internal svrkit error, empty openData json field for ${cloudID}`,
      )
    })
  }

  /** @throws {WechatError} */
  async signVoip(call: VoipSignCall): Promise<string> {
    const openid = requireOpenid('getVoIPSign', call.caller.openid)
    const sessionKey = await this.#options.sessionKeyOf(openid)
    if (sessionKey !== undefined) return signVoip(this.#options.appid, call, sessionKey)
    const { groupId, timestamp, nonce, ...asker } = call
    const params = { openid, group_id: groupId, timestamp, nonce }
    const reply = await this.call({
      ...asker,
      api: 'cloudbase.getVoIPSign',
      params,
      media: [],
      appid: undefined,
    })
    const signature = reply.kind === 'fields' ? reply.fields['signature'] : undefined
    if (typeof signature === 'string') return signature
    throw new WechatError('getVoIPSign', -601001, 'the answer has no signature')
  }
}

function requireOpenid(api: string, openid: string | undefined): string {
  if (openid !== undefined) return openid
  throw new WechatError(
    api,
    -601002,
    `${api} is for a user of the mini-program, and nobody with an openid called.`,
  )
}

/** `{ cloud_id, json }`, where the text is `{ cloudID, data }`. */
function readOpenData(entry: unknown): [cloudID: unknown, data: object | undefined] {
  const { cloud_id: cloudID, json } = Object(entry) as { cloud_id?: unknown; json?: unknown }
  const data: unknown = typeof json === 'string' ? parse(json) : undefined
  return [cloudID, typeof data === 'object' && data !== null ? data : undefined]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The caller says which id it was.
    return undefined
  }
}
