import { CancelledError, OverloadedError, WechatError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { WechatApi } from './api.ts'

export interface AccessTokenOptions {
  readonly api: WechatApi
  readonly appid: string
  readonly secret: string
  /** `stable_token` gives everyone who asks the same token; `token` gives a new one and ends the last. */
  readonly endpoint: 'stable_token' | 'token'
  /** Hears of a refresh that failed while the token still serves. */
  readonly onWarning: (message: string) => void
}

interface Token {
  readonly text: string
  /** On the scale of `performance.now()`. */
  readonly refreshAtMs: number
  readonly expiresAtMs: number
}

/** Asked for again so long before it expires, or half its time before if that is less: WeChat's own overlap. */
const REFRESH_AHEAD_MS = 300_000
const MINUTE_MS = 60_000
/** WeChat's own pause between tokens that are asked for by force. */
const REPLACE_PAUSE_MS = 30_000

/** WeChat's codes for an access token that doesn't serve any more. */
const REFUSED_TOKEN: ReadonlySet<number> = new Set([40001, 40014, 42001])

/**
 * The access token of one mini-program, kept in memory only: it is as good as the AppSecret for two hours, and a new
 * process gets the same one for the asking. Whoever needs it at the same time waits for one request.
 */
export class AccessToken {
  readonly #options: AccessTokenOptions
  #token: Token | undefined
  #fetching: Promise<Token> | undefined
  /** The one WeChat refused last: what it gives instead must be another. */
  #refused: string | undefined
  /** No refusal before this makes another token: what is refused so soon again is hardly refused for its token. */
  #replaceableAtMs = 0
  #failure: { readonly error: unknown; readonly untilMs: number } | undefined
  /** When it was asked for, in the last minute. */
  #fetchedAtMs: number[] = []

  constructor(options: AccessTokenOptions) {
    this.#options = options
  }

  /**
   * Runs `work` with the token; once more with a new one when WeChat doesn't take it, unless that one has replaced a
   * refused one just now. A function that provokes refusals must not make all others wait for ever new tokens.
   *
   * @throws {WechatError} of the token or of `work`; {OverloadedError}; {CancelledError}.
   */
  async use<Result>(
    work: (token: string) => Promise<Result>,
    signal?: AbortSignal | undefined,
  ): Promise<Result> {
    const token = await this.#get(signal)
    try {
      return await work(token)
    } catch (error) {
      if (!(error instanceof WechatError) || !REFUSED_TOKEN.has(error.errCode)) throw error
      if (!this.#invalidate(token)) throw error
      return await work(await this.#get(signal))
    }
  }

  async #get(signal: AbortSignal | undefined): Promise<string> {
    const now = performance.now()
    const token = this.#token
    if (token !== undefined && now < token.refreshAtMs) return token.text
    if (token !== undefined && now < token.expiresAtMs) {
      this.#refreshBehind()
      return token.text
    }
    const fetched = await unlessAborted(this.#fetch(), signal)
    return fetched.text
  }

  /** Whether there is to be another: of one that was replaced meanwhile nothing has to be done. */
  #invalidate(text: string): boolean {
    if (this.#token?.text !== text) return true
    const now = performance.now()
    if (now < this.#replaceableAtMs) return false
    this.#replaceableAtMs = now + REPLACE_PAUSE_MS
    this.#token = undefined
    this.#refused = text
    return true
  }

  /** While the token serves, nobody waits for the next one. */
  #refreshBehind(): void {
    if (this.#fetching !== undefined || this.#isResting()) return
    this.#fetch().catch((error: unknown) => {
      this.#options.onWarning(`WeChat's access token could not be refreshed: ${(error as Error).message}`)
    })
  }

  #isResting(): boolean {
    return this.#failure !== undefined && performance.now() < this.#failure.untilMs
  }

  #fetch(): Promise<Token> {
    // After a failure the next ones get the same answer for a while, so that WeChat isn't asked once per call.
    if (this.#isResting()) return Promise.reject(this.#failure?.error)
    this.#fetching ??= this.#ask().then(
      token => {
        this.#token = token
        this.#failure = undefined
        this.#fetching = undefined
        return token
      },
      (error: unknown) => {
        this.#failure = { error, untilMs: performance.now() + LIMITS.wechatTokenRetryMs }
        this.#fetching = undefined
        throw error
      },
    )
    return this.#fetching
  }

  async #ask(): Promise<Token> {
    const token = await this.#request(false)
    if (token.text !== this.#refused || this.#options.endpoint === 'token') return token
    // It gives the refused one again, so it doesn't know yet that somebody has replaced it.
    return this.#request(true)
  }

  async #request(isForced: boolean): Promise<Token> {
    this.#count()
    const { api, appid, secret, endpoint } = this.#options
    const credentials = { grant_type: 'client_credential', appid, secret }
    const sentAtMs = performance.now()
    const path = `/cgi-bin/${endpoint}`
    const reply =
      endpoint === 'token'
        ? await api.request('GET', path, credentials)
        : await api.post(path, {}, { ...credentials, force_refresh: isForced })
    return readToken(path, reply.kind === 'fields' ? reply.fields : {}, sentAtMs)
  }

  /** @throws {OverloadedError} when it was asked for too often. */
  #count(): void {
    const now = performance.now()
    this.#fetchedAtMs = this.#fetchedAtMs.filter(atMs => atMs > now - MINUTE_MS)
    if (this.#fetchedAtMs.length >= LIMITS.wechatTokenFetches) {
      throw new OverloadedError(
        `WeChat's access token was asked for ${LIMITS.wechatTokenFetches} times in a minute and refused each time. Does another program replace it? Wait, or use the endpoint "stable_token" everywhere.`,
      )
    }
    this.#fetchedAtMs.push(now)
  }
}

function readToken(path: string, fields: object, sentAtMs: number): Token {
  const text: unknown = Reflect.get(fields, 'access_token')
  const seconds: unknown = Reflect.get(fields, 'expires_in')
  if (typeof text !== 'string' || text === '' || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new WechatError(path, -601001, 'the answer has no access token')
  }
  const lifeMs = seconds * 1000
  return {
    text,
    refreshAtMs: sentAtMs + lifeMs - Math.min(REFRESH_AHEAD_MS, lifeMs / 2),
    expiresAtMs: sentAtMs + lifeMs,
  }
}

/** Others may wait for the same request, so giving up leaves it alone. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new CancelledError())
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
