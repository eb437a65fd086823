import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { UnauthenticatedError } from '../errors.ts'
import type { Caller } from '../types.ts'
import { type Authenticate, CALLER_FIELD_CHARS, type Login } from './auth.ts'
import {
  type JwtAuthenticatorOptions,
  type JwtClaims,
  type ResolvedJwtOptions,
  resolveJwtOptions,
} from './jwt-options.ts'
import { JwtVerifier } from './jwt-verifier.ts'

/**
 * Callers by JSON Web Token, the `token` of a client: signed with a shared secret (HS256) or by an issuer whose public
 * keys are given or published. A session ends when its token does.
 *
 * @throws {InvalidOptionError} for a bad option.
 */
export function jwtAuthenticator(options: JwtAuthenticatorOptions): Authenticate {
  const resolved = resolveJwtOptions(options)
  const { toCaller = defaultCaller, maxCachedTokens } = resolved
  const verifier = new JwtVerifier(resolved)
  // Verifying takes a third of a millisecond; the tokens themselves are not kept.
  const verified = new LRUCache<string, Verified>({ max: maxCachedTokens })
  return async ({ token }): Promise<Login> => {
    if (token === undefined || token === '') {
      throw new UnauthenticatedError('This host wants a JSON Web Token. Pass { token } to createCloud.')
    }
    const digest = createHash('sha256').update(token).digest('base64')
    let known = verified.get(digest)
    if (known === undefined || Date.now() >= known.forgetMs) {
      known = remember(await verifier.verify(token), resolved)
      verified.set(digest, known)
    }
    const caller = await toCaller(known.claims)
    if (caller === undefined) throw new UnauthenticatedError('The token was not accepted.')
    return known.endsMs === undefined ? { caller } : { caller, endsMs: known.endsMs }
  }
}

interface Verified {
  readonly claims: JwtClaims
  readonly endsMs: number | undefined
  /** When it must be verified again: the key it was signed with may be withdrawn. */
  readonly forgetMs: number
}

function remember(claims: JwtClaims, options: ResolvedJwtOptions): Verified {
  const { clockToleranceMs, maxTokenAgeMs, jwksCacheMs } = options
  const { exp, iat } = claims
  const ends: number[] = []
  if (typeof exp === 'number') ends.push(exp * 1000)
  if (typeof iat === 'number' && maxTokenAgeMs !== undefined) ends.push(iat * 1000 + maxTokenAgeMs)
  const endsMs = ends.length === 0 ? undefined : Math.min(...ends) + clockToleranceMs
  const forgetMs = Math.min(Date.now() + jwksCacheMs, endsMs ?? Number.POSITIVE_INFINITY)
  return { claims: Object.freeze(claims), endsMs, forgetMs }
}

function defaultCaller({ sub, appid, unionid }: JwtClaims): Caller {
  return {
    openid: requireClaim('sub', sub),
    ...(appid === undefined ? {} : { appid: requireClaim('appid', appid) }),
    ...(unionid === undefined ? {} : { unionid: requireClaim('unionid', unionid) }),
  }
}

function requireClaim(name: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= CALLER_FIELD_CHARS && /^\P{Cc}+$/u.test(value))
    return value
  throw new UnauthenticatedError(
    `The token's claim "${name}" must be text of 1 to ${CALLER_FIELD_CHARS} characters, none of them a control character.`,
  )
}
