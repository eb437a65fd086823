import { UnauthenticatedError } from '../errors.ts'
import type { Caller } from '../types.ts'
import { WechatApi } from './api.ts'
import { CodeExchange } from './code-exchange.ts'
import { LoginRate } from './login-rate.ts'
import { Logins, type ProvenLogin } from './logins.ts'
import { type AskWechat, type OpenData, OpenDataReader } from './open-data.ts'
import type { ResolvedWechatOptions } from './wechat-options.ts'

/** What a client says of itself, and where it is; a door's AuthenticateRequest is one. */
export interface WechatLoginRequest {
  readonly token?: string
  readonly code?: string
  readonly remoteAddress: string
}

/** A user of the mini-program who is logged in; a door's Login. */
export interface WechatLogin {
  readonly caller: { readonly openid: string; readonly appid: string; readonly unionid?: string }
  /** A token the client is to use from now on. */
  readonly login?: { readonly token: string; readonly expiresMs: number }
  readonly endsMs: number
  readonly onRevoked: (listener: () => void) => () => void
}

export interface WechatEngineOptions extends ResolvedWechatOptions {
  /** Where logins are kept; without, in memory. */
  readonly directory: string | undefined
  readonly onWarning: (message: string) => void
  readonly askWechat?: AskWechat
}

/**
 * A mini-program's users as WeChat knows them: who logs in, who is logged in, and what WeChat seals for them.
 */
export class Wechat {
  /** Of the mini-program. */
  readonly appid: string
  readonly #exchange: CodeExchange
  readonly #rate: LoginRate
  readonly #logins: Logins
  readonly #openData: OpenDataReader

  constructor(options: WechatEngineOptions) {
    const { appid, apiUrl, timeoutMs, askWechat, maxLoginsPerMinute, maxLoginsPerMinuteOfAddress } = options
    this.appid = appid
    this.#exchange = new CodeExchange({ ...options, api: new WechatApi({ apiUrl, timeoutMs }) })
    this.#rate = new LoginRate(maxLoginsPerMinute, maxLoginsPerMinuteOfAddress)
    this.#logins = new Logins(options)
    this.#openData = new OpenDataReader({
      appid,
      sessionKeysOf: openid => this.#logins.sessionKeysOf(openid),
      ...(askWechat === undefined ? {} : { askWechat }),
    })
  }

  /**
   * The authenticator of doors: takes a token of an earlier login, or the code of `wx.login()`, and trusts nothing else
   * that a client says.
   *
   * @throws {UnauthenticatedError} {OverloadedError}
   */
  readonly authenticate = async ({
    token,
    code,
    remoteAddress,
  }: WechatLoginRequest): Promise<WechatLogin> => {
    if (token !== undefined && token !== '') {
      const proven = await this.#logins.use(token)
      if (proven !== undefined) return this.#welcome(proven)
      if (code === undefined) {
        throw new UnauthenticatedError('The login has ended. Log in again with the code of wx.login().')
      }
    }
    if (code === undefined) {
      throw new UnauthenticatedError(
        'This host wants a WeChat login. Pass { getLoginCode } to createCloud, a function that gives the code of wx.login().',
      )
    }
    this.#rate.take(remoteAddress)
    return this.#welcome(await this.#logins.add(await this.#exchange.exchange(code)))
  }

  /**
   * Logs a user out everywhere: their tokens are worth nothing from now on, and their open sessions end. They may log in
   * anew; an `authenticate` around this one can keep them out. Resolves with the number of logins that ended.
   */
  revoke(openid: string): Promise<number> {
    return this.#logins.revoke(openid)
  }

  /** Ends the login that a token is of, and the sessions open with it. Resolves with false if there is none. */
  revokeToken(token: string): Promise<boolean> {
    return this.#logins.revokeToken(token)
  }

  /**
   * What WeChat sealed for this user, in order: `{ cloudID, data }` or `{ cloudID, errCode, errMsg }`, with -601005 for
   * an id that is none, -601006 for one older than five minutes, -601007 for one of somebody else.
   *
   * @throws {CloudletError} when WeChat must be asked about one of its own ids and can't be.
   */
  openData(cloudIDs: readonly string[], caller: Caller): Promise<OpenData[]> {
    return this.#openData.open(cloudIDs, caller)
  }

  /** The key of a user's newest login: for the host's own use, and never for a client or a function. */
  async sessionKeyOf(openid: string): Promise<string | undefined> {
    const [newest] = await this.#logins.sessionKeysOf(openid)
    return newest
  }

  /** Resolves when what is to be kept is kept. */
  close(): Promise<void> {
    return this.#logins.close()
  }

  #welcome({ openid, unionid, token, endsMs, onRevoked }: ProvenLogin): WechatLogin {
    return {
      caller: { openid, appid: this.appid, ...(unionid === undefined ? {} : { unionid }) },
      ...(token === undefined ? {} : { login: { token, expiresMs: endsMs } }),
      endsMs,
      onRevoked,
    }
  }
}
