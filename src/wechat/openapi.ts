import { WechatError } from '../errors.ts'
import type { Caller } from '../types.ts'
import type { AccessToken } from './access-token.ts'
import type { WechatApi, WechatReply } from './api.ts'
import type { OpenapiCall, OpenDataCall, VoipSignCall, WechatFields } from './handlers.ts'
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

  /** The answer of `/wxa/getopendata`. @throws {WechatError} */
  async askOpenData({ openid, cloudIDs }: OpenDataCall): Promise<WechatFields> {
    const params = { openid, cloudid_list: cloudIDs }
    const asked = {
      caller: { openid },
      functionName: undefined,
      signal: undefined,
      media: [],
      appid: undefined,
    }
    const reply = await this.call({ ...asked, api: 'cloudbase.getOpenData', params })
    return reply.kind === 'fields' ? reply.fields : {}
  }

  /** @throws {WechatError} */
  async signVoip(call: VoipSignCall): Promise<string> {
    const openid = requireOpenid('getVoIPSign', call.caller)
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

/** @throws {WechatError} */
export function requireOpenid(api: string, { openid }: Caller): string {
  if (openid !== undefined) return openid
  throw new WechatError(
    api,
    -601002,
    `${api} is for a user of the mini-program, and nobody with an openid called.`,
  )
}
