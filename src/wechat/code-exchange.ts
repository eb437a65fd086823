import { createHash } from 'node:crypto'
import { type CloudletError, OverloadedError, UnauthenticatedError, WechatError } from '../errors.ts'
import type { WechatApi } from './api.ts'
import type { WechatUser } from './logins.ts'

export interface CodeExchangeOptions {
  readonly api: WechatApi
  readonly appid: string
  readonly secret: string
  /** Hears what the operator can do something about, each thing once a minute at most. */
  readonly onWarning: (message: string) => void
}

const PATH = '/sns/jscode2session'
/** What `wx.login()` gives has 32 letters and digits. */
const CODE = /^[\x21-\x7e]{1,256}$/
/** Codes that are remembered as used: those of the longest a code is valid for, and twice that. */
const USED_MS = 600_000
const USED_MAX = 50_000
const WARNING_MS = 60_000

/** WeChat's own numbers (its code2Session documentation). */
const BUSY = -1
const WRONG_APPID = 40_013
const WRONG_SECRETS = [40_001, 40_125, 41_002, 41_004]
const FALSE_CODE = 40_029
const USED_CODE = 40_163
const RISKY_USER = 40_226
const TOO_OFTEN = 45_011

/** Trades the codes of `wx.login()` for users at WeChat's servers, each code once. */
export class CodeExchange {
  readonly #options: CodeExchangeOptions
  /** Digests of codes under way and used, oldest first, with the time each came. */
  readonly #used = new Map<string, number>()
  readonly #warnedMs = new Map<string, number>()

  constructor(options: CodeExchangeOptions) {
    this.#options = options
  }

  /**
   * @throws {UnauthenticatedError} for a code that is false, was used or is in use, and for a user WeChat keeps out;
   * retryable, with the same code, when WeChat gave no answer; {OverloadedError} when WeChat is busy or was asked too often.
   */
  async exchange(code: string): Promise<WechatUser> {
    if (!CODE.test(code)) throw new UnauthenticatedError(FALSE_CODE_MESSAGE)
    const digest = createHash('sha256').update(code).digest('base64')
    this.#forgetOld()
    if (this.#used.has(digest)) throw new UnauthenticatedError(USED_CODE_MESSAGE)
    this.#used.set(digest, Date.now())
    try {
      const { api, appid, secret } = this.#options
      const query = { appid, secret, js_code: code, grant_type: 'authorization_code' }
      return readUser(await api.get(PATH, query))
    } catch (error) {
      if (!(error instanceof WechatError)) throw error
      const refusal = this.#toRefusal(error)
      if (refusal.retryable) this.#used.delete(digest)
      throw refusal
    }
  }

  #forgetOld(): void {
    const oldestMs = Date.now() - USED_MS
    for (const [digest, usedMs] of this.#used) {
      if (usedMs >= oldestMs && this.#used.size < USED_MAX) return
      this.#used.delete(digest)
    }
  }

  /** Says to the client what it can do, and to the operator what only they can. */
  #toRefusal(error: WechatError): CloudletError {
    const { errCode, errMsg, retryable } = error
    if (errCode === FALSE_CODE) return new UnauthenticatedError(FALSE_CODE_MESSAGE)
    if (errCode === USED_CODE) return new UnauthenticatedError(USED_CODE_MESSAGE)
    if (errCode === RISKY_USER) return new UnauthenticatedError('WeChat does not let this user log in.')
    if (errCode === BUSY) return new OverloadedError('WeChat is busy. Log in again in a moment.')
    if (errCode === TOO_OFTEN) {
      this.#warn('rate', 'WeChat takes no more logins for now (errcode 45011).')
      return new OverloadedError('WeChat takes no more logins for now. Log in again in a minute.')
    }
    if (retryable) {
      this.#warn('network', `Users can't log in just now: ${errMsg}.`)
      return new UnauthenticatedError('WeChat could not be asked about this login. Try again in a moment.', {
        retryable: true,
      })
    }
    const what =
      errCode === WRONG_APPID
        ? 'it does not know the appid. Set wechat.appid to that of the mini-program'
        : WRONG_SECRETS.includes(errCode)
          ? 'the secret is wrong. Set wechat.secret to the AppSecret of the mini-program, which mp.weixin.qq.com gives out'
          : errMsg
    this.#warn(String(errCode), `WeChat refuses all logins of this host (errcode ${errCode}): ${what}.`)
    return new UnauthenticatedError("The login was refused. The host's log has the reason.")
  }

  #warn(about: string, message: string): void {
    const nowMs = Date.now()
    if (nowMs < (this.#warnedMs.get(about) ?? Number.NEGATIVE_INFINITY) + WARNING_MS) return
    this.#warnedMs.set(about, nowMs)
    this.#options.onWarning(message)
  }
}

const FALSE_CODE_MESSAGE =
  'WeChat did not accept the login code: it is false, or older than five minutes. Get another with wx.login().'
const USED_CODE_MESSAGE = 'The login code was used already. Get another with wx.login().'

/** @throws {WechatError} for an answer of another shape. */
function readUser({
  openid,
  unionid,
  session_key: sessionKey,
}: Readonly<Record<string, unknown>>): WechatUser {
  const isOpenid = typeof openid === 'string' && /^[\w-]{1,128}$/.test(openid)
  const isKey = typeof sessionKey === 'string' && Buffer.from(sessionKey, 'base64').length === KEY_BYTES
  const isUnionid = typeof unionid === 'string' && /^[\w-]{1,128}$/.test(unionid)
  if (isOpenid && isKey && (isUnionid || unionid === undefined || unionid === '')) {
    return isUnionid ? { openid, unionid, sessionKey } : { openid, sessionKey }
  }
  throw new WechatError(PATH, UNREADABLE, 'the answer has no openid and session_key')
}

const KEY_BYTES = 16
const UNREADABLE = -601_001
