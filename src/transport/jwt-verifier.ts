import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { InvalidOptionError, UnauthenticatedError } from '../errors.ts'
import type { JwtClaims, ResolvedJwtOptions } from './jwt-options.ts'

/** Bytes of a set of keys: more than a hundred of them have. */
const KEY_SET_BYTES_MAX = 1024 * 1024
/** How long an issuer that gave no keys is left alone. */
const RETRY_MS = 2000

/** Checks signatures and registered claims. */
export class JwtVerifier {
  readonly #options: ResolvedJwtOptions
  readonly #rules: JWTVerifyOptions
  readonly #key: Uint8Array | undefined
  readonly #findKey: JWTVerifyGetKey | undefined
  #failedMs = Number.NEGATIVE_INFINITY

  /** @throws {InvalidOptionError} for keys that are none. */
  constructor(options: ResolvedJwtOptions) {
    const { secret, algorithms, issuer, audience, clockToleranceMs, maxTokenAgeMs, requiresExpiry } = options
    this.#options = options
    this.#rules = {
      algorithms: [...algorithms],
      clockTolerance: clockToleranceMs / 1000,
      ...(issuer === undefined ? {} : { issuer: listOf(issuer) }),
      ...(audience === undefined ? {} : { audience: listOf(audience) }),
      ...(maxTokenAgeMs === undefined ? {} : { maxTokenAge: maxTokenAgeMs / 1000 }),
      requiredClaims: requiresExpiry ? ['exp'] : [],
    }
    this.#key = secret === undefined ? undefined : Buffer.from(secret as string)
    this.#findKey = secret === undefined ? this.#makeKeyFinder() : undefined
  }

  /** @throws {UnauthenticatedError} whose message repeats nothing of the token or of what was expected. */
  async verify(token: string): Promise<JwtClaims> {
    const key = this.#key ?? this.#findKey
    if (key === undefined) throw new TypeError('A verifier has a key or a way to one.')
    try {
      const { payload } = await jwtVerify(token, key, this.#rules)
      return payload
    } catch (error) {
      throw toRefusal(error)
    }
  }

  #makeKeyFinder(): JWTVerifyGetKey {
    const { keys, jwksUrl, jwksCacheMs, jwksCooldownMs, jwksTimeoutMs } = this.#options
    if (jwksUrl === undefined) return localKeys(keys ?? [])
    const remote = createRemoteJWKSet(new URL(jwksUrl), {
      cacheMaxAge: jwksCacheMs,
      cooldownDuration: jwksCooldownMs,
      timeoutDuration: jwksTimeoutMs,
      [customFetch]: (url, init) => this.#fetchKeys(url, init),
    })
    return (header, input) => remote(header, input)
  }

  async #fetchKeys(url: string, init: RequestInit): Promise<Response> {
    if (Date.now() < this.#failedMs + RETRY_MS) throw new KeysUnavailable()
    try {
      const response = await fetch(url, init)
      if (response.status !== 200) throw new Error(`it answered with HTTP status ${response.status}`)
      const content = await readKeySet(response)
      createLocalJWKSet(JSON.parse(content))
      return new Response(content)
    } catch (error) {
      this.#failedMs = Date.now()
      const { jwksTimeoutMs, onWarning = (message: string) => process.emitWarning(message) } = this.#options
      const isLate = error instanceof Error && error.name === 'TimeoutError'
      const reason = isLate ? `no answer came within ${jwksTimeoutMs} ms` : reasonOf(error)
      onWarning(`No keys could be had from ${url}: ${reason}. Nobody new can log in with a token until then.`)
      throw new KeysUnavailable({ cause: error })
    }
  }
}

class KeysUnavailable extends Error {
  constructor(options: { cause?: unknown } = {}) {
    super('The keys can not be had.', options)
  }
}

function localKeys(keys: NonNullable<ResolvedJwtOptions['keys']>): JWTVerifyGetKey {
  try {
    return createLocalJWKSet({ keys: keys.map(key => ({ ...key })) as { kty: string }[] })
  } catch (error) {
    throw new InvalidOptionError('keys', `keys can't be read: ${String(error)}.`)
  }
}

async function readKeySet(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength
    if (sizeBytes > KEY_SET_BYTES_MAX) throw new Error(`it is larger than ${KEY_SET_BYTES_MAX} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

/** Says what the client can do about it, and nothing else. */
function toRefusal(error: unknown): unknown {
  if (error instanceof KeysUnavailable || error instanceof errors.JWKSTimeout) {
    return new UnauthenticatedError('The token can not be checked just now. Try again in a moment.', {
      retryable: true,
      cause: error,
    })
  }
  // A fault of the keys the host was given, or a fault here: not the client's to hear.
  if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKInvalid) return error
  if (error instanceof errors.JWTExpired) {
    return new UnauthenticatedError('The token has expired. Get a new one and connect again.')
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' || error.claim === 'iat') {
      return new UnauthenticatedError(
        `The token was not accepted because of its "${error.claim}": it is not valid yet, or says nothing of it. Compare the clocks of its issuer and this host.`,
      )
    }
    const claim = ['iss', 'aud', 'exp'].includes(error.claim) ? ` because of its "${error.claim}"` : ''
    return new UnauthenticatedError(
      `The token was not accepted${claim}. Get one that is meant for this host.`,
    )
  }
  return new UnauthenticatedError('The token was not accepted. Get a new one and connect again.')
}

function listOf(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? [value] : [...value]
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
