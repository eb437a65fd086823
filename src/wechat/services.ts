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
  WechatFields,
  WechatHandlers,
} from './handlers.ts'
import { INVALID_CLOUD_ID, isOwnForm } from './open-data.ts'
import { Openapi, requireOpenid } from './openapi.ts'
import { findRoute } from './openapi-table.ts'
import { Pay } from './pay.ts'
import type { ResolvedWechatOptions } from './wechat-options.ts'

export interface WechatServicesOptions {
  readonly wechat?: ResolvedWechatOptions | undefined
  readonly wechatHandlers?: WechatHandlers | undefined
  /** Those who logged in here; undefined on a host that nobody logs in to. */
  readonly users: () => KnownUsers | undefined
  readonly onWarning: (message: string) => void
}

/** What the host has of the users of the mini-program. */
export interface KnownUsers {
  sessionKeyOf(openid: string): Promise<string | undefined>
  openData(cloudIDs: readonly string[], caller: Caller): Promise<readonly object[]>
}

/**
 * What functions can ask of WeChat: each first of the embedder's handler, if there is one, and then of WeChat itself,
 * if the host has credentials. With neither it is an API that there isn't, and the error says what to do.
 */
export class WechatServices {
  readonly #handlers: WechatHandlers
  readonly #openapi: Openapi | undefined
  readonly #pay: Pay | undefined
  readonly #users: () => KnownUsers | undefined
  readonly #onWarning: (message: string) => void
  #warnedMs = Number.NEGATIVE_INFINITY

  constructor({ wechat, wechatHandlers = {}, users, onWarning }: WechatServicesOptions) {
    this.#handlers = wechatHandlers
    this.#onWarning = onWarning
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
      sessionKeyOf: async openid => users()?.sessionKeyOf(openid),
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

  /**
   * What WeChat sealed for the caller, in order: `{ cloudID, data }`, or `{ cloudID, errCode, errMsg }` for one that
   * can't be opened.
   *
   * @throws {WechatError} without credentials and a handler, and when WeChat can't be asked.
   */
  async openData(cloudIDs: readonly string[], caller: Caller): Promise<readonly object[]> {
    const users = this.#users()
    if (users !== undefined) return users.openData(cloudIDs, caller)
    const openid = requireOpenid('getOpenData', caller)
    return readList(await this.askOpenData({ openid, cloudIDs }), cloudIDs)
  }

  /**
   * The same for the CloudIDs of an event, where the error of one that can't be opened stands in its place, also when
   * WeChat can't be asked: the rest of the call is none of its affair. On a host that can open none, none is one.
   */
  async openEach(cloudIDs: readonly string[], caller: Caller): Promise<readonly object[]> {
    if (this.#openapi === undefined && this.#handlers.getOpenData === undefined) {
      return cloudIDs.map(cloudID => ({ cloudID, ...INVALID_CLOUD_ID }))
    }
    try {
      return await this.openData(cloudIDs, caller)
    } catch (error) {
      if (!(error instanceof WechatError)) throw error
      this.#warn(error)
      const { errCode, errMsg } = error
      // Those that the host opens by itself it still can.
      const own = this.#users() === undefined ? [] : cloudIDs.filter(isOwnForm)
      const opened = own.length === 0 ? [] : await this.openData(own, caller)
      const found = new Map(own.map((cloudID, index) => [cloudID, opened[index]]))
      return cloudIDs.map(cloudID => found.get(cloudID) ?? { cloudID, errCode, errMsg })
    }
  }

  /** What only the operator can mend, or would want to know: nobody else is told of it. */
  #warn({ errCode, errMsg }: WechatError): void {
    const nowMs = Date.now()
    if (errCode === INVALID_OPENID || nowMs < this.#warnedMs + WARNING_MS) return
    this.#warnedMs = nowMs
    this.#onWarning(`CloudIDs can't be opened: WeChat's getopendata failed with ${errCode}: ${errMsg}.`)
  }

  /** What WeChat says of ids of its own making, in the form of its `/wxa/getopendata`. @throws {WechatError} */
  async askOpenData(call: OpenDataCall): Promise<WechatFields> {
    const answer = await this.#handlers.getOpenData?.(call)
    if (answer !== undefined) return { data_list: readHandlerList(answer, call.cloudIDs) }
    if (this.#openapi === undefined) {
      throw unavailable('getOpenData', 'wechat: { appid, secret }', 'getOpenData')
    }
    return this.#openapi.askOpenData(call)
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

/** WeChat's word for a user of another app: the caller's affair. */
const INVALID_OPENID = 40_003
/** At most one warning in this time. */
const WARNING_MS = 60_000

function unavailable(api: string, option: string, handler: keyof WechatHandlers): WechatError {
  return new WechatError(
    api,
    -604100,
    `"${api}" is served by WeChat, and this host has no credentials for it. Give it new FunctionHost({ ${option} }), or an answer of your own: wechatHandlers.${handler}.`,
  )
}

/** In the order of the ids. */
function readList({ data_list: list }: WechatFields, cloudIDs: readonly string[]): readonly object[] {
  const found = new Map(
    (list as readonly { cloud_id: string; json: object }[]).map(e => [e.cloud_id, e.json]),
  )
  return cloudIDs.map(cloudID => found.get(cloudID) ?? { cloudID, ...INVALID_CLOUD_ID })
}

/** @throws {TypeError} */
function readHandlerList(answer: unknown, cloudIDs: readonly string[]): object[] {
  const list: unknown = Reflect.get(Object(answer), 'list')
  if (Array.isArray(list) && list.length === cloudIDs.length) {
    return cloudIDs.map((cloudID, index) => ({ cloud_id: cloudID, json: list[index] as object }))
  }
  throw new TypeError(
    `wechatHandlers.getOpenData must answer with { list } of ${cloudIDs.length} objects, one for each id.`,
  )
}

function readSignature(name: keyof WechatHandlers, answer: unknown): string {
  const signature: unknown = Reflect.get(Object(answer), 'signature')
  if (typeof signature === 'string') return signature
  throw new TypeError(`wechatHandlers.${name} must answer with { signature }, a text.`)
}
