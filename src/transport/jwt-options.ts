import { InvalidOptionError } from '../errors.ts'
import { checkKnownOptions } from '../known-options.ts'
import type { Caller } from '../types.ts'
import { requireInteger } from './integer-option.ts'

/** What a verified token says: registered claims such as `sub`, `iss`, `exp`, and whatever else its issuer put in. */
export type JwtClaims = Readonly<Record<string, unknown>>

/** A public key as a JSON Web Key: `{ kty, kid?, alg?, … }`. */
export type PublicJwk = Readonly<Record<string, unknown>>

/** One of `secret`, `jwksUrl` and `keys` says who may sign. */
export interface JwtAuthenticatorOptions {
  /** Shared with the issuer, for HS256: at least 32 bytes, as they are or as UTF-8 text. */
  readonly secret?: string | Uint8Array
  /** Where the issuer publishes its public keys: `https://`, or `http://` on this machine. */
  readonly jwksUrl?: string
  /** Those keys themselves, 1 to 100. */
  readonly keys?: readonly PublicJwk[]
  /** The `iss` or one of those that a token must have. Default: any. */
  readonly issuer?: string | readonly string[]
  /** The `aud` or one of those that a token must have. Default: any. */
  readonly audience?: string | readonly string[]
  /** Those that are believed. Default: HS256 with a secret, else EdDSA, Ed25519, ES256, ES384, ES512, PS256 and RS256. */
  readonly algorithms?: readonly string[]
  /**
   * Whether a token must say when it ends (`exp`).
   * @default true
   */
  readonly requiresExpiry?: boolean
  /**
   * Milliseconds the issuer's clock may differ from the host's.
   * @default 5000
   */
  readonly clockToleranceMs?: number
  /** Milliseconds a token may be old by its `iat`, which it must then have. Default: any. */
  readonly maxTokenAgeMs?: number
  /**
   * Milliseconds keys of `jwksUrl` are kept, how long an unknown key makes for no new request after one, and what a
   * request may take.
   * @default 600000
   */
  readonly jwksCacheMs?: number
  /** @default 30000 */
  readonly jwksCooldownMs?: number
  /** @default 5000 */
  readonly jwksTimeoutMs?: number
  /**
   * Verified tokens that are remembered, each for jwksCacheMs and its own life at most.
   * @default 10000
   */
  readonly maxCachedTokens?: number
  /**
   * Who the bearer of a token is; undefined refuses it. Asked at each login.
   * Default: `sub` is the openid, and the claims `appid` and `unionid` are what they are called.
   */
  readonly toCaller?: (claims: JwtClaims) => Caller | undefined | Promise<Caller | undefined>
  /** Hears that the keys of `jwksUrl` could not be had. @default process.emitWarning */
  readonly onWarning?: (message: string) => void
}

export const JWT_DEFAULTS = Object.freeze({
  requiresExpiry: true,
  clockToleranceMs: 5000,
  jwksCacheMs: 600_000,
  jwksCooldownMs: 30_000,
  jwksTimeoutMs: 5000,
  maxCachedTokens: 10_000,
})

export type ResolvedJwtOptions = Omit<JwtAuthenticatorOptions, keyof typeof JWT_DEFAULTS | 'algorithms'> &
  Required<Pick<JwtAuthenticatorOptions, keyof typeof JWT_DEFAULTS | 'algorithms'>>

const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512']
const KEY_ALGORITHMS = [
  ...['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512'],
  ...['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
]
const DEFAULT_KEY_ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'RS256']
const SECRET_BYTES_MIN = 32
const KEYS_MAX = 100
const DAY_MS = 24 * 3_600_000

const RANGES = {
  clockToleranceMs: [0, 600_000],
  jwksCacheMs: [1000, DAY_MS],
  jwksCooldownMs: [0, DAY_MS],
  jwksTimeoutMs: [1, 60_000],
  maxCachedTokens: [1, 1_000_000],
} as const
const SOURCES = ['secret', 'jwksUrl', 'keys'] as const
const OTHERS = ['issuer', 'audience', 'algorithms', 'maxTokenAgeMs', 'toCaller', 'onWarning']

/** @throws {InvalidOptionError} that names the option at fault, and never repeats a secret. */
export function resolveJwtOptions(given: JwtAuthenticatorOptions): ResolvedJwtOptions {
  checkKnownOptions('jwtAuthenticator', given, [...SOURCES, ...OTHERS, ...Object.keys(JWT_DEFAULTS)])
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const options: JwtAuthenticatorOptions & typeof JWT_DEFAULTS = { ...JWT_DEFAULTS, ...defined }
  if (SOURCES.filter(name => options[name] !== undefined).length !== 1) {
    throw new InvalidOptionError(
      'secret',
      'jwtAuthenticator needs one of secret, jwksUrl and keys, and no other.',
    )
  }
  if (options.secret !== undefined) checkSecret(options.secret)
  if (options.jwksUrl !== undefined) checkUrl(options.jwksUrl)
  if (options.keys !== undefined) checkKeys(options.keys)
  for (const name of ['issuer', 'audience'] as const) checkTexts(name, options[name])
  for (const [name, [min, max]] of Object.entries(RANGES))
    requireInteger(name, Reflect.get(options, name), min, max)
  const { maxTokenAgeMs, requiresExpiry } = options
  if (maxTokenAgeMs !== undefined) requireInteger('maxTokenAgeMs', maxTokenAgeMs, 1000, 366 * DAY_MS)
  if (typeof requiresExpiry !== 'boolean') {
    throw new InvalidOptionError('requiresExpiry', 'requiresExpiry must be true or false.')
  }
  for (const name of ['toCaller', 'onWarning'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new InvalidOptionError(name, `${name} must be a function.`)
    }
  }
  return Object.freeze({ ...options, algorithms: readAlgorithms(options) })
}

/** A public key must not pass for a secret: the two kinds of algorithms never mix. */
function readAlgorithms({ secret, algorithms }: JwtAuthenticatorOptions): readonly string[] {
  const known = secret === undefined ? KEY_ALGORITHMS : SECRET_ALGORITHMS
  if (algorithms === undefined) return secret === undefined ? DEFAULT_KEY_ALGORITHMS : ['HS256']
  if (Array.isArray(algorithms) && algorithms.length > 0 && algorithms.every(name => known.includes(name))) {
    return [...algorithms]
  }
  throw new InvalidOptionError(
    'algorithms',
    `algorithms must list some of ${known.join(', ')}, which go with ${secret === undefined ? 'public keys' : 'a secret'}.`,
  )
}

function checkSecret(secret: unknown): void {
  const sizeBytes =
    typeof secret === 'string' ? Buffer.byteLength(secret) : secret instanceof Uint8Array ? secret.length : 0
  if (sizeBytes >= SECRET_BYTES_MIN) return
  throw new InvalidOptionError(
    'secret',
    `secret must be at least ${SECRET_BYTES_MIN} bytes, or text of as many: a shorter one can be guessed.`,
  )
}

/** Who can change the keys on their way can log in as anyone. */
function checkUrl(value: unknown): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '')
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return
  throw new InvalidOptionError(
    'jwksUrl',
    'jwksUrl must be an https:// address; http:// only for this machine.',
  )
}

function checkKeys(keys: unknown): void {
  const isPublic = (key: unknown): boolean =>
    typeof key === 'object' &&
    key !== null &&
    !('d' in key) &&
    'kty' in key &&
    ['RSA', 'EC', 'OKP'].includes(String(key.kty))
  if (Array.isArray(keys) && keys.length > 0 && keys.length <= KEYS_MAX && keys.every(isPublic)) return
  throw new InvalidOptionError(
    'keys',
    `keys must be 1 to ${KEYS_MAX} public JSON Web Keys of kty RSA, EC or OKP, without their private part.`,
  )
}

function checkTexts(name: string, value: unknown): void {
  const isText = (text: unknown): boolean => typeof text === 'string' && text !== ''
  if (value === undefined || isText(value)) return
  if (Array.isArray(value) && value.length > 0 && value.every(isText)) return
  throw new InvalidOptionError(name, `${name} must be text, or a list of texts, that are not empty.`)
}
