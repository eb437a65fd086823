import { InvalidOptionError } from '../errors.ts'
import { checkKnownOptions } from '../known-options.ts'

/** A merchant of WeChat Pay, for `cloud.cloudPay`. */
export interface WechatPayOptions {
  /** The merchant's number. */
  readonly mchId: string
  /** Its key for version 2 of the API, 32 characters. Stays on the host. */
  readonly key: string
  /** @default 'HMAC-SHA256' */
  readonly signType?: 'MD5' | 'HMAC-SHA256'
  /**
   * Where WeChat Pay tells the outcome of an order; `{functionName}` in it stands for the `functionName` of
   * `unifiedOrder`. Without it the call has to say `notifyUrl`.
   */
  readonly notifyUrl?: string
  /**
   * Base of WeChat Pay's API.
   * @default 'https://api.mch.weixin.qq.com'
   */
  readonly apiUrl?: string
}

export const PAY_DEFAULTS = Object.freeze({
  signType: 'HMAC-SHA256' as const,
  apiUrl: 'https://api.mch.weixin.qq.com',
})

export type ResolvedPayOptions = Readonly<
  Required<Omit<WechatPayOptions, 'notifyUrl'>> & Pick<WechatPayOptions, 'notifyUrl'>
>

/** @throws {InvalidOptionError} that names the option at fault, and never repeats the key. */
export function resolvePayOptions(given: WechatPayOptions): ResolvedPayOptions {
  checkKnownOptions('wechat.pay', given, ['mchId', 'key', 'notifyUrl', ...Object.keys(PAY_DEFAULTS)])
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const options = { ...PAY_DEFAULTS, ...defined } as ResolvedPayOptions
  checkText('mchId', options.mchId, /^\d{1,32}$/, '1 to 32 digits')
  checkText('key', options.key, /^[\x21-\x7e]{32}$/, '32 visible ASCII characters')
  checkText('signType', options.signType, /^(MD5|HMAC-SHA256)$/, 'MD5 or HMAC-SHA256')
  checkText('apiUrl', options.apiUrl, ADDRESS, 'an address with https://; http:// only for this machine')
  if (options.notifyUrl !== undefined) {
    checkText('notifyUrl', options.notifyUrl, /^https?:\/\/[^\s?#]{1,256}$/, 'an address without a query')
  }
  return Object.freeze(options)
}

const ADDRESS = /^(https:\/\/|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$))[^\s?#]*$/

function checkText(name: keyof WechatPayOptions, value: unknown, form: RegExp, words: string): void {
  if (typeof value === 'string' && form.test(value)) return
  throw new InvalidOptionError(`wechat.pay.${name}`, `wechat.pay.${name} must be ${words}.`)
}
