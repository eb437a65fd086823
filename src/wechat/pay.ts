import { randomBytes, timingSafeEqual } from 'node:crypto'
import { WechatError } from '../errors.ts'
import type { WechatApi, WechatReply } from './api.ts'
import type { CloudPayCall, WechatFields } from './handlers.ts'
import type { ResolvedPayOptions } from './pay-options.ts'
import { signPay } from './pay-sign.ts'
import { readPayXml, writePayXml } from './pay-xml.ts'

/** Those methods of `cloud.cloudPay` that need no certificate of the merchant's. */
const PATHS: Readonly<Record<string, string | undefined>> = {
  unifiedOrder: '/pay/unifiedorder',
  queryOrder: '/pay/orderquery',
  closeOrder: '/pay/closeorder',
  queryRefund: '/pay/refundquery',
  downloadBill: '/pay/downloadbill',
}

/** What the platform takes out of the parameters itself. */
const OF_THE_PLATFORM = [
  'env_id',
  'function_name',
  'sub_mch_id',
  'sub_appid',
  'sub_openid',
  'mch_id',
  'appid',
]

export interface PayOptions {
  /** At WeChat Pay's own server. */
  readonly api: WechatApi
  readonly appid: string
  readonly pay: ResolvedPayOptions
}

/**
 * `cloud.cloudPay` over WeChat Pay's API, version 2, for the one merchant the host has the key of. The platform does
 * this with keys of its own, as a service provider; here the merchant signs for itself.
 */
export class Pay {
  readonly #options: PayOptions

  constructor(options: PayOptions) {
    this.#options = options
  }

  /**
   * The fields of the answer, a refusal in `return_code` and `result_code` among them, as on the platform; or a bill.
   *
   * @throws {WechatError}
   */
  async call(call: CloudPayCall): Promise<WechatReply> {
    const api = `cloudPay.${call.method}`
    const path = Object.hasOwn(PATHS, call.method) ? PATHS[call.method] : undefined
    if (path === undefined) {
      throw new WechatError(
        api,
        -604100,
        `The host passes on ${Object.keys(PATHS).join(', ')}. What needs the merchant's certificate, such as refund, is for a handler of the host: wechatHandlers.cloudPay.`,
      )
    }
    this.#refuseOthers(api, call)
    const fields = this.#sign(this.#fieldsOf(api, call))
    const reply = await this.#options.api.post(path, {}, writePayXml(fields), { api, signal: call.signal })
    const text = reply.kind === 'file' ? reply.content : Buffer.from(String(reply.fields['result'] ?? ''))
    const answer = readPayXml(new TextDecoder().decode(text.subarray(0, MAX_XML_BYTES)))
    if (answer !== undefined) return { kind: 'fields', fields: this.#check(api, call.method, answer) }
    if (call.method !== 'downloadBill') throw new WechatError(api, -601001, 'the answer is not XML')
    if (call.params['tar_type'] === 'GZIP')
      return { kind: 'file', contentType: 'application/gzip', content: text }
    return { kind: 'fields', fields: { data: new TextDecoder().decode(text) } }
  }

  /** Programs name their merchant as the platform's sub-merchant. */
  #refuseOthers(api: string, { params, appid }: CloudPayCall): void {
    const { appid: own, pay } = this.#options
    const named = [
      ['appid', appid ?? params['sub_appid'] ?? own, own],
      ['merchant', String(params['sub_mch_id'] ?? pay.mchId), pay.mchId],
    ]
    for (const [what, given, held] of named) {
      if (given === held) continue
      throw new WechatError(
        api,
        -601018,
        `The host has the key of ${what} "${held}" only, not of "${String(given)}".`,
      )
    }
  }

  #fieldsOf(api: string, call: CloudPayCall): Record<string, string> {
    const { appid, pay } = this.#options
    const fields: Record<string, string> = {
      appid,
      mch_id: pay.mchId,
      nonce_str: randomBytes(16).toString('hex'),
    }
    if (call.method === 'unifiedOrder') Object.assign(fields, this.#orderDefaults(api, call))
    for (const [key, value] of Object.entries(call.params)) {
      if (value === null || value === '' || OF_THE_PLATFORM.includes(key)) continue
      fields[key] = typeof value === 'object' ? JSON.stringify(value) : String(value)
    }
    return fields
  }

  /** What the platform knows without being told. */
  #orderDefaults(api: string, { params, caller }: CloudPayCall): Record<string, string> {
    const openid = params['sub_openid'] ?? caller.openid
    const notifyUrl = this.#options.pay.notifyUrl?.replaceAll(
      '{functionName}',
      encodeURIComponent(String(params['function_name'] ?? '')),
    )
    if (notifyUrl === undefined && params['notify_url'] === undefined) {
      throw new WechatError(
        api,
        -601002,
        'Where WeChat Pay tells the outcome is missing: wechat.pay.notifyUrl of the host, or notifyUrl of the call.',
      )
    }
    return {
      trade_type: 'JSAPI',
      spbill_create_ip: caller.clientIp ?? '127.0.0.1',
      ...(notifyUrl !== undefined && { notify_url: notifyUrl }),
      ...(typeof openid === 'string' && { openid }),
    }
  }

  #sign(fields: Readonly<Record<string, string>>): Record<string, string> {
    const { sign: _, ...rest } = fields
    const signed = { ...rest, sign_type: this.#options.pay.signType }
    return { ...signed, sign: this.#signatureOf(signed) }
  }

  #signatureOf(fields: Readonly<Record<string, string>>): string {
    const { key, signType } = this.#options.pay
    return signPay(fields, key, signType)
  }

  /** @throws {WechatError} for an answer that somebody else has signed. */
  #check(api: string, method: string, answer: Record<string, string>): WechatFields {
    if (answer['return_code'] !== 'SUCCESS') return answer
    const given = Buffer.from(answer['sign'] ?? '')
    const expected = Buffer.from(this.#signatureOf(answer))
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new WechatError(api, -601001, 'the answer is not signed with the merchant’s key')
    }
    const { prepay_id: prepayId } = answer
    if (method !== 'unifiedOrder' || prepayId === undefined) return answer
    return { ...answer, payment: this.#paymentOf(prepayId) }
  }

  /** What `wx.requestPayment` is called with. */
  #paymentOf(prepayId: string): WechatFields {
    const fields = {
      appId: this.#options.appid,
      timeStamp: String(Math.floor(Date.now() / 1000)),
      nonceStr: randomBytes(16).toString('hex'),
      package: `prepay_id=${prepayId}`,
      signType: this.#options.pay.signType,
    }
    return { ...fields, paySign: this.#signatureOf(fields) }
  }
}

/** An answer that isn't a bill is some hundreds of bytes. */
const MAX_XML_BYTES = 65_536
