import { WechatError } from '../errors.ts'
import type { Caller } from '../types.ts'
import { AccessToken } from './access-token.ts'
import { WechatApi, type WechatReply } from './api.ts'
import { readHandlerReply } from './handler-reply.ts'
import type {
  CloudCallSignCall,
  CloudPayCall,
  OpenapiCall,
  OpenDataCall,
  VoipSignCall,
  WechatHandlers,
} from './handlers.ts'
import { Openapi } from './openapi.ts'
import { findRoute } from './openapi-table.ts'
import { Pay } from './pay.ts'
import type { ResolvedWechatOptions } from './wechat-options.ts'

export interface WechatServicesOptions {
  readonly wechat?: ResolvedWechatOptions | undefined
  readonly wechatHandlers?: WechatHandlers | undefined
  readonly users?: KnownUsers | undefined
  readonly onWarning: (message: string) => void
}

/** Users who logged in here with WeChat. */
export interface KnownUsers {
  sessionKeyOf(openid: string): Promise<string | undefined>
  /** What became of ids made by `wx.cloud.CloudID({ encryptedData, iv })`, one entry for each, in order. */
  openData(cloudIDs: readonly string[], caller: Caller): Promise<readonly object[]>
}

/** How an id begins that is cloudlet's own. */
const OWN_CLOUD_ID = 'cloudlet1.'

/**
 * What functions can ask of WeChat: each first of the embedder's handler, if there is one, and then of WeChat itself,
 * if the host has credentials. With neither it is an API that there isn't, and the error says what to do.
 */
export class WechatServices {
  readonly #handlers: WechatHandlers
  readonly #openapi: Openapi | undefined
  readonly #pay: Pay | undefined
  readonly #users: KnownUsers | undefined

  constructor({ wechat, wechatHandlers = {}, users, onWarning }: WechatServicesOptions) {
    this.#handlers = wechatHandlers
    this.#users = users
    if (wechat === undefined) return
    const { appid, secret, timeoutMs, pay } = wechat
    const api = new WechatApi(wechat)
    const { tokenEndpoint: endpoint } = wechat
    const accessToken = new AccessToken({ api, appid, secret, endpoint, onWarning })
    this.#openapi = new Openapi({
      api,
      appid,
      accessToken,
      sessionKeyOf: async openid => users?.sessionKeyOf(openid),
    })
    if (pay === undefined) return
    this.#pay = new Pay({ api: new WechatApi({ apiUrl: pay.apiUrl, timeoutMs }), appid, pay })
  }

  /** Whether there may be an API of that name: a handler may serve any. */
  knows(api: string): boolean {
    return this.#handlers.openapi !== undefined || findRoute(api) !== undefined
  }

  /** @throws {WechatError} */
  async openapi(call: OpenapiCall): Promise<WechatReply> {
    const api = `openapi.${call.api}`
    const answer = await this.#handlers.openapi?.(call)
    if (answer !== undefined) return readHandlerReply(api, answer)
    if (this.#openapi === undefined) throw unavailable(api, 'wechat: { appid, secret }', 'openapi')
    return this.#openapi.call(call)
  }

  /** @throws {WechatError} */
  async cloudPay(call: CloudPayCall): Promise<WechatReply> {
    const api = `cloudPay.${call.method}`
    const answer = await this.#handlers.cloudPay?.(call)
    if (answer !== undefined) return readHandlerReply(api, answer)
    if (this.#pay === undefined) throw unavailable(api, 'wechat: { pay: { mchId, key } }', 'cloudPay')
    return this.#pay.call(call)
  }

  /** One entry for each id, in order: those made here opened here, the others by WeChat. @throws {WechatError} */
  async getOpenData(call: OpenDataCall): Promise<readonly object[]> {
    const others = call.cloudIDs.filter(cloudID => !cloudID.startsWith(OWN_CLOUD_ID))
    const own = call.cloudIDs.filter(cloudID => cloudID.startsWith(OWN_CLOUD_ID))
    const opened = others.length === 0 ? [] : await this.#openByWechat({ ...call, cloudIDs: others })
    const openedHere = own.length === 0 ? [] : await this.#openHere(own, call.caller)
    const [rest, here] = [opened.values(), openedHere.values()]
    return call.cloudIDs.map(cloudID => {
      const { value } = cloudID.startsWith(OWN_CLOUD_ID) ? here.next() : rest.next()
      return value as object
    })
  }

  /** What WeChat's own servers answer about CloudIDs of theirs. @throws {WechatError} */
  async askOpenData(openid: string, cloudIDs: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const call = { cloudIDs, caller: { openid }, functionName: undefined, signal: undefined }
    const answer = await this.#handlers.getOpenData?.(call)
    if (answer !== undefined) {
      const list = readList(answer, cloudIDs.length)
      return { data_list: cloudIDs.map((cloudID, index) => ({ cloud_id: cloudID, json: list[index] })) }
    }
    if (this.#openapi === undefined)
      throw unavailable('getOpenData', 'wechat: { appid, secret }', 'getOpenData')
    return this.#openapi.askOpenData(call)
  }

  #openHere(cloudIDs: readonly string[], caller: Caller): Promise<readonly object[]> {
    if (this.#users !== undefined) return this.#users.openData(cloudIDs, caller)
    throw new WechatError(
      'getOpenData',
      -601005,
      'No user logs in to this host with WeChat, so it has no key for the id.',
    )
  }

  async #openByWechat(call: OpenDataCall): Promise<readonly object[]> {
    const answer = await this.#handlers.getOpenData?.(call)
    if (answer !== undefined) return readList(answer, call.cloudIDs.length)
    if (this.#openapi === undefined)
      throw unavailable('getOpenData', 'wechat: { appid, secret }', 'getOpenData')
    return this.#openapi.getOpenData(call)
  }

  /** @throws {WechatError} */
  async signVoip(call: VoipSignCall): Promise<string> {
    const answer = await this.#handlers.getVoIPSign?.(call)
    if (answer !== undefined) return readSignature('getVoIPSign', answer)
    if (this.#openapi === undefined)
      throw unavailable('getVoIPSign', 'wechat: { appid, secret }', 'getVoIPSign')
    return this.#openapi.signVoip(call)
  }

  /** Only WeChat's own platform can, and its algorithm is not public. @throws {WechatError} */
  async signCloudCall(call: CloudCallSignCall): Promise<string> {
    const answer = await this.#handlers.getCloudCallSign?.(call)
    if (answer !== undefined) return readSignature('getCloudCallSign', answer)
    throw new WechatError(
      'getCloudCallSign',
      -604100,
      'WeChat signs this on its own platform only, and has not published how. Give the host an answer of your own: new FunctionHost({ wechatHandlers: { getCloudCallSign } }).',
    )
  }
}

function unavailable(api: string, option: string, handler: keyof WechatHandlers): WechatError {
  return new WechatError(
    api,
    -604100,
    `"${api}" is served by WeChat, and this host has no credentials for it. Give it new FunctionHost({ ${option} }), or an answer of your own: wechatHandlers.${handler}.`,
  )
}

function readList(answer: unknown, length: number): readonly object[] {
  const list: unknown = Reflect.get(Object(answer), 'list')
  if (Array.isArray(list) && list.length === length) return list
  throw new TypeError(
    `wechatHandlers.getOpenData must answer with { list } of ${length} objects, one for each id.`,
  )
}

function readSignature(name: keyof WechatHandlers, answer: unknown): string {
  const signature: unknown = Reflect.get(Object(answer), 'signature')
  if (typeof signature === 'string') return signature
  throw new TypeError(`wechatHandlers.${name} must answer with { signature }, a text.`)
}
