import { InvalidOptionError } from '../errors.ts'
import { checkKnownOptions } from '../known-options.ts'
import type { Caller } from '../types.ts'

/** Who asks: the function, on whose behalf, and a signal that it gave up. */
export interface WechatAsker {
  readonly caller: Caller
  readonly functionName: string | undefined
  readonly signal: AbortSignal | undefined
}

/** A file that goes to WeChat. */
export interface WechatMedia {
  /** The parameter it is the value of, such as `media`. */
  readonly key: string
  readonly contentType: string
  readonly fileName: string
  readonly content: Uint8Array
}

/** `cloud.openapi.<group>.<method>(params)`, as WeChat's HTTP API would be asked: keys in snake_case. */
export interface OpenapiCall extends WechatAsker {
  /** `security.msgSecCheck` */
  readonly api: string
  readonly params: Readonly<Record<string, unknown>>
  readonly media: readonly WechatMedia[]
  /** Of `cloud.openapi({ appid })`. */
  readonly appid: string | undefined
}

/** `cloud.cloudPay.<method>(params)`, keys in snake_case. */
export interface CloudPayCall extends WechatAsker {
  /** `unifiedOrder` */
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  readonly appid: string | undefined
}

/** Of `cloud.getOpenData`, or of CloudIDs in a call of a mini-program: those ids that WeChat has made. */
export interface OpenDataCall {
  /** The user they are of. */
  readonly openid: string
  readonly cloudIDs: readonly string[]
}

export interface VoipSignCall extends WechatAsker {
  readonly groupId: string
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly nonce: string
}

export interface CloudCallSignCall extends WechatAsker {
  readonly parameterList: readonly unknown[]
}

/** Fields in WeChat's own form, `errcode` and `errmsg` among them when it is a refusal. */
export type WechatFields = Readonly<Record<string, unknown>>

export interface WechatFile {
  readonly contentType: string
  readonly content: Uint8Array
}

/** `undefined` leaves the call to what the host does without a handler. */
type Answer<Reply> = Reply | undefined | Promise<Reply | undefined>

/**
 * The embedder's own answers to what functions ask of WeChat, for tests, other servers, or what only WeChat's platform
 * has. What a handler throws is a WechatError for the function to see, or a fault of the host.
 */
export interface WechatHandlers {
  readonly openapi?: (call: OpenapiCall) => Answer<WechatFields | WechatFile>
  readonly cloudPay?: (call: CloudPayCall) => Answer<WechatFields>
  /** One entry for each id, in order: `{ cloudID, data }`. */
  readonly getOpenData?: (call: OpenDataCall) => Answer<{ readonly list: readonly object[] }>
  readonly getVoIPSign?: (call: VoipSignCall) => Answer<{ readonly signature: string }>
  readonly getCloudCallSign?: (call: CloudCallSignCall) => Answer<{ readonly signature: string }>
}

const NAMES = ['openapi', 'cloudPay', 'getOpenData', 'getVoIPSign', 'getCloudCallSign'] as const

/** @throws {InvalidOptionError} for another name, and for what is no function. */
export function checkWechatHandlers(given: WechatHandlers): void {
  checkKnownOptions('wechatHandlers', given, NAMES)
  for (const name of NAMES) {
    if (given[name] === undefined || typeof given[name] === 'function') continue
    throw new InvalidOptionError(`wechatHandlers.${name}`, `wechatHandlers.${name} must be a function.`)
  }
}
