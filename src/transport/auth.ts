import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { InvalidOptionError, UnauthenticatedError } from '../errors.ts'
import { FIELD_CHARS, type LoginToken } from '../protocol/frames.ts'
import type { Caller } from '../types.ts'
import { isLoopbackHost } from './loopback.ts'

/** What a client's hello says, and where it came from. Only `remoteAddress` and `headers` were not chosen freely by the client. */
export interface AuthenticateRequest {
  readonly token?: string
  /** What `getLoginCode` of the client gave. */
  readonly code?: string
  readonly openid?: string
  readonly appid?: string
  /** Of the WebSocket handshake. */
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string
}

/** A caller, and until when and with which token it is one. */
export interface Login {
  readonly caller: Caller
  /** Sent to the client, which says hello with this token from then on. Text of at most 8192 characters. */
  readonly login?: LoginToken
  /** When the session ends, in milliseconds since the Unix epoch. What runs then may still be answered. */
  readonly endsMs?: number
  /**
   * Calls the listener when the session must end at once, or before it returns if the login was revoked meanwhile; what it
   * returns takes the listener off again.
   */
  readonly onRevoked?: (listener: () => void) => () => void
}

/**
 * Decides who a session's caller is; the session keeps it to its end. Throw or reject with an
 * UnauthenticatedError to refuse: its message is sent to the client, that of any other error is not.
 */
export interface Authenticate {
  (request: AuthenticateRequest): Caller | Login | Promise<Caller | Login>
  /** The caller is whoever the client says. The door then serves only this machine unless told otherwise. */
  readonly isDevelopmentOnly?: boolean
}

export interface DevelopmentAuthenticatorOptions {
  /** appid of every caller. Default: what the client asks for. */
  readonly appid?: string
  /** Web pages that may connect, as origins (`https://my.test:8080`). Default: pages served from this machine. */
  readonly allowedOrigins?: readonly string[]
}

/**
 * For development: the client chooses its openid and no token is needed. Pages from elsewhere are refused,
 * or any site a developer visits could use the back end on their machine.
 */
export function developmentAuthenticator(options: DevelopmentAuthenticatorOptions = {}): Authenticate {
  const { appid, allowedOrigins } = options
  const authenticate = (request: AuthenticateRequest): Caller => {
    checkOrigin(request.headers.origin, allowedOrigins)
    const openid = requireIdentity('openid', request.openid)
    const askedAppid = request.appid === undefined ? undefined : requireIdentity('appid', request.appid)
    const callerAppid = appid ?? askedAppid
    return callerAppid === undefined ? { openid } : { openid, appid: callerAppid }
  }
  return Object.assign(authenticate, { isDevelopmentOnly: true })
}

/**
 * Callers by secret token: a map, read again at each hello so that deleting a token revokes it, or a
 * function that returns undefined for a token it doesn't know.
 *
 * The map is compared whole and in constant time, at a few microseconds per token; use the function
 * form for many thousands.
 */
export function tokenAuthenticator(
  tokens: ReadonlyMap<string, Caller> | ((token: string) => Caller | undefined | Promise<Caller | undefined>),
): Authenticate {
  const find = typeof tokens === 'function' ? tokens : (token: string) => findCaller(tokens, token)
  return async ({ token }) => {
    if (token === undefined || token === '') {
      throw new UnauthenticatedError('This host wants a token. Pass { token } to createCloud.')
    }
    const caller = await find(token)
    if (caller === undefined) throw new UnauthenticatedError('The token was not accepted.')
    return caller
  }
}

export const CALLER_FIELDS = Object.freeze(['openid', 'appid', 'unionid', 'source', 'clientIp'] as const)

/** Longest field of a caller, in UTF-16 units. */
export const CALLER_FIELD_CHARS = 256

/** What the authenticator answered, checked and copied. @throws {InvalidOptionError} that names the field at fault. */
export function readLogin(value: Caller | Login): Login {
  if (typeof value !== 'object' || value === null || !('caller' in value)) {
    return { caller: readCaller('authenticate', value) }
  }
  const { login, endsMs, onRevoked } = value
  if (login !== undefined) checkToken(login)
  if (endsMs !== undefined && !Number.isFinite(endsMs)) {
    throw new InvalidOptionError(
      'authenticate.endsMs',
      'endsMs must be a time in milliseconds since the Unix epoch.',
    )
  }
  if (onRevoked !== undefined && typeof onRevoked !== 'function') {
    throw new InvalidOptionError(
      'authenticate.onRevoked',
      'onRevoked must be a function that takes a listener.',
    )
  }
  return {
    caller: readCaller('authenticate', value.caller),
    ...(login === undefined ? {} : { login: { token: login.token, expiresMs: login.expiresMs } }),
    ...(endsMs === undefined ? {} : { endsMs }),
    ...(onRevoked === undefined ? {} : { onRevoked }),
  }
}

function checkToken(login: LoginToken): void {
  const { token, expiresMs } = login
  const isToken = typeof token === 'string' && token !== '' && token.length <= FIELD_CHARS.token
  if (isToken && Number.isSafeInteger(expiresMs) && expiresMs >= 0) return
  throw new InvalidOptionError(
    'authenticate.login',
    `login must be { token, expiresMs }: text of 1 to ${FIELD_CHARS.token} characters, and whole milliseconds since the Unix epoch.`,
  )
}

/**
 * A caller's known fields, checked and copied. `option` is where it was given.
 *
 * @throws {InvalidOptionError} for a caller that is no object, or a field that is no text, empty, longer than
 * CALLER_FIELD_CHARS or has control characters.
 */
export function readCaller(option: string, value: unknown): Caller {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidOptionError(option, `${option} must give a caller object, e.g. { openid }.`)
  }
  const caller: { -readonly [field in keyof Caller]: Caller[field] } = {}
  for (const name of CALLER_FIELDS) {
    const field: unknown = Reflect.get(value, name)
    if (field === undefined) continue
    if (typeof field !== 'string' || field.length > CALLER_FIELD_CHARS || !/^\P{Cc}+$/u.test(field)) {
      throw new InvalidOptionError(
        `${option}.${name}`,
        `${option} gave a caller whose ${name} is not text of 1 to ${CALLER_FIELD_CHARS} characters, none of them a control character.`,
      )
    }
    caller[name] = field
  }
  return caller
}

/** No early exit, so that the time taken says nothing about which token came close. */
function findCaller(tokens: ReadonlyMap<string, Caller>, token: string): Caller | undefined {
  const digest = sha256(token)
  let found: Caller | undefined
  for (const [known, caller] of tokens) {
    if (timingSafeEqual(sha256(known), digest)) found = caller
  }
  return found
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function requireIdentity(name: 'openid' | 'appid', value: string | undefined): string {
  if (value === undefined || !/^[\w.@:-]{1,128}$/.test(value)) {
    throw new UnauthenticatedError(
      `The development login needs an ${name} of 1 to 128 letters, digits or _ - . @ :. ` +
        `Pass { ${name} } to createCloud.`,
    )
  }
  return value
}

function checkOrigin(origin: string | undefined, allowed: readonly string[] | undefined): void {
  if (origin === undefined) return
  if (allowed?.includes(origin)) return
  if (allowed === undefined && URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname)) return
  throw new UnauthenticatedError(
    `The development login doesn't serve pages of ${JSON.stringify(origin.slice(0, 200))}. ` +
      'List the origin in developmentAuthenticator({ allowedOrigins }).',
  )
}
