import { FIELD_CHARS, type LoginToken } from '../protocol/frames.ts'
import type { TokenStore } from './credentials.ts'
import { promiseOf, type Wx } from './wx.ts'

/**
 * The token of a login in the storage of `wx`, which is the user's own on this phone, for the next launch. It lasts as
 * long as the login of WeChat it came of, which `wx.checkSession` tells.
 */
export class MiniProgramToken implements TokenStore {
  readonly #wx: Wx
  readonly #key: string

  /** @param url The host's. It is one environment, so that the URL tells what the token is for. */
  constructor(wx: Wx, url: string) {
    this.#wx = wx
    this.#key = `cloudlet:login:${url}`
  }

  async read(): Promise<LoginToken | undefined> {
    const kept = this.#read()
    if (kept === undefined) return undefined
    try {
      await promiseOf<unknown>(callbacks => this.#wx.checkSession(callbacks))
      return kept
    } catch {
      // The session has ended: what it was good for is, too.
      this.drop()
      return undefined
    }
  }

  keep({ token, expiresMs }: LoginToken): void {
    try {
      this.#wx.setStorageSync(this.#key, { token, expiresMs })
    } catch {
      // A storage that is full keeps nobody from this login; the next launch logs in anew.
      this.drop()
    }
  }

  drop(): void {
    try {
      this.#wx.removeStorageSync(this.#key)
    } catch {
      // What is left there the host refuses, or `wx.checkSession` does.
    }
  }

  /** Only what `keep` can have put there. */
  #read(): LoginToken | undefined {
    let value: unknown
    try {
      value = this.#wx.getStorageSync(this.#key)
    } catch {
      // As if there were none: the program logs in anew.
      return undefined
    }
    if (typeof value !== 'object' || value === null) return undefined
    const { token, expiresMs } = value as Partial<Record<keyof LoginToken, unknown>>
    const isToken = typeof token === 'string' && token !== '' && token.length <= FIELD_CHARS.token
    return isToken && typeof expiresMs === 'number' ? { token, expiresMs } : undefined
  }
}
