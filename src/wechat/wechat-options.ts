import { InvalidOptionError } from '../errors.ts'
import { checkKnownOptions } from '../known-options.ts'
import { checkRanges } from '../option-ranges.ts'
import { type ResolvedPayOptions, resolvePayOptions, type WechatPayOptions } from './pay-options.ts'

/** The mini-program whose users log in, and how WeChat's servers are reached for it. */
export interface WechatOptions {
  /** Of the mini-program; also the host's `appid` unless that is given. */
  readonly appid: string
  /** Its AppSecret. Stays on the host: in no message, no log and no file. */
  readonly secret: string
  /**
   * Base of WeChat's API.
   * @default 'https://api.weixin.qq.com'
   */
  readonly apiUrl?: string
  /**
   * Milliseconds one request to it has.
   * @default 5000
   */
  readonly timeoutMs?: number
  /**
   * Milliseconds a login lasts after it was last used, and in all.
   * @default 604800000
   */
  readonly sessionMs?: number
  /** @default 2592000000 */
  readonly maxSessionMs?: number
  /**
   * Logins open at once for one user; one more ends one without an open session, the one not used for longest.
   * @default 10
   */
  readonly maxSessionsPerUser?: number
  /**
   * Codes taken in one minute, in all and from one address; one more is refused with `CLOUDLET_OVERLOADED`. Clients
   * of this machine, a proxy among them, count in all only.
   * @default 1000
   */
  readonly maxLoginsPerMinute?: number
  /** @default 60 */
  readonly maxLoginsPerMinuteOfAddress?: number
  /**
   * Where the access token comes from: `stable_token` gives all who ask the same one, `token` a new one that ends the last.
   * @default 'stable_token'
   */
  readonly tokenEndpoint?: 'stable_token' | 'token'
  /** A merchant, for `cloud.cloudPay`. */
  readonly pay?: WechatPayOptions
}

/** Every default, once. */
export const WECHAT_DEFAULTS = Object.freeze({
  apiUrl: 'https://api.weixin.qq.com',
  timeoutMs: 5000,
  sessionMs: 7 * 24 * 3_600_000,
  maxSessionMs: 30 * 24 * 3_600_000,
  maxSessionsPerUser: 10,
  maxLoginsPerMinute: 1000,
  maxLoginsPerMinuteOfAddress: 60,
  tokenEndpoint: 'stable_token',
})

export type ResolvedWechatOptions = Readonly<
  Required<Omit<WechatOptions, 'pay'>> & { pay?: ResolvedPayOptions }
>

/** Whole numbers and their ranges, both ends included. */
const RANGES = {
  timeoutMs: [1, 600_000],
  sessionMs: [1000, 366 * 24 * 3_600_000],
  maxSessionMs: [1000, 366 * 24 * 3_600_000],
  maxSessionsPerUser: [1, 1000],
  maxLoginsPerMinute: [1, 1_000_000],
  maxLoginsPerMinuteOfAddress: [1, 1_000_000],
} as const

/** @throws {InvalidOptionError} that names the option at fault, and never repeats the secret. */
export function resolveWechatOptions(given: WechatOptions): ResolvedWechatOptions {
  checkKnownOptions('wechat', given, ['appid', 'secret', 'pay', ...Object.keys(WECHAT_DEFAULTS)])
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const pay = given.pay === undefined ? {} : { pay: resolvePayOptions(given.pay) }
  const options = { ...WECHAT_DEFAULTS, ...defined, ...pay } as ResolvedWechatOptions
  checkText('appid', options.appid, /^[\w.@:-]{1,128}$/, '1 to 128 letters, digits or _ - . @ :')
  checkText('secret', options.secret, /^[\x21-\x7e]{1,256}$/, '1 to 256 visible ASCII characters')
  checkRanges('wechat.', options, RANGES)
  if (!['stable_token', 'token'].includes(options.tokenEndpoint)) {
    throw new InvalidOptionError('wechat.tokenEndpoint', 'wechat.tokenEndpoint is "stable_token" or "token".')
  }
  checkUrl(options.apiUrl)
  return Object.freeze(options)
}

function checkText(name: 'appid' | 'secret', value: unknown, form: RegExp, words: string): void {
  if (typeof value === 'string' && form.test(value)) return
  throw new InvalidOptionError(`wechat.${name}`, `wechat.${name} must be text of ${words}.`)
}

/** The secret travels to it: only this machine may be reached without TLS. */
function checkUrl(value: unknown): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '')
  if (isPlain && (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal))) return
  throw new InvalidOptionError(
    'wechat.apiUrl',
    'wechat.apiUrl must look like "https://api.weixin.qq.com"; http:// only for this machine, for the secret goes there.',
  )
}
