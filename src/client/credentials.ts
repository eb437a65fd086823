import { UnauthenticatedError } from '../errors.ts'
import { FIELD_CHARS, type HelloFrame, type LoginToken, PROTOCOL_VERSIONS } from '../protocol/frames.ts'

/** A token with less to live than this is not worth a connection. */
const LEAST_LIFE_MS = 5000

/** Where the token of a login is kept from one run of a program to the next. */
export interface TokenStore {
  /** The one of an earlier run, if it may still be used. */
  read(): Promise<LoginToken | undefined>
  keep(login: LoginToken): void
  drop(): void
}

/** What a client says hello with: what it was given, until a host gives it a token, or wants the code of a new login. */
export class Credentials {
  readonly #given: Pick<HelloFrame, 'token' | 'openid' | 'appid' | 'client'>
  readonly #getLoginCode: (() => Promise<string>) | undefined
  /** Until it has been read. */
  #unread: TokenStore | undefined
  readonly #store: TokenStore | undefined
  #token: string | undefined
  #expiresMs = Number.POSITIVE_INFINITY

  constructor(
    given: Pick<HelloFrame, 'token' | 'openid' | 'appid' | 'client'>,
    getLoginCode: (() => Promise<string>) | undefined,
    store?: TokenStore,
  ) {
    this.#given = given
    this.#getLoginCode = getLoginCode
    this.#token = given.token
    this.#store = store
    this.#unread = store
  }

  /** @throws {UnauthenticatedError} when there is no login code to be had. */
  async makeHello(): Promise<HelloFrame> {
    const { token: _, ...rest } = this.#given
    await this.#recall()
    const hello = { type: 'hello', versions: PROTOCOL_VERSIONS, ...rest } as const
    const mayUseToken = this.#getLoginCode === undefined || Date.now() < this.#expiresMs - LEAST_LIFE_MS
    const token = mayUseToken ? this.#token : undefined
    if (token !== undefined) return { ...hello, token }
    if (this.#getLoginCode === undefined) return hello
    return { ...hello, code: await readCode(this.#getLoginCode) }
  }

  /** Takes the token a host gave. */
  keep({ token, expiresMs }: LoginToken): void {
    this.#token = token
    this.#expiresMs = expiresMs
    this.#store?.keep({ token, expiresMs })
  }

  /**
   * The host did not accept a hello with this token, or with a code, or no longer does. Whether something else can be
   * said. A token that came meanwhile, over another connection, stays.
   */
  refuse(said: string | undefined): boolean {
    if (this.#getLoginCode === undefined || said === undefined) return false
    if (this.#token === said) {
      this.#token = undefined
      this.#store?.drop()
    }
    return true
  }

  /** Once: should the store never answer, the next hello goes without it. */
  async #recall(): Promise<void> {
    const store = this.#unread
    if (store === undefined) return
    this.#unread = undefined
    const kept = await store.read()
    // Unless a host has given another meanwhile.
    if (kept === undefined || this.#token !== undefined) return
    this.#token = kept.token
    this.#expiresMs = kept.expiresMs
  }
}

async function readCode(getLoginCode: () => Promise<string>): Promise<string> {
  let code: unknown
  try {
    code = await getLoginCode()
  } catch (error) {
    throw new UnauthenticatedError(`getLoginCode failed: ${String(error)}.`, {
      retryable: true,
      cause: error,
    })
  }
  if (typeof code !== 'string' || code === '' || code.length > FIELD_CHARS.code) {
    throw new UnauthenticatedError(
      `getLoginCode must give the code of wx.login(), text of 1 to ${FIELD_CHARS.code} characters.`,
    )
  }
  return code
}
