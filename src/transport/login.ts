import { OverloadedError, UnauthenticatedError } from '../errors.ts'
import type { HelloFrame } from '../protocol/frames.ts'
import { type AuthenticateRequest, type Login, readLogin } from './auth.ts'
import type { ResolvedDoorOptions } from './door-options.ts'

/** Where a session comes from, as its handshake showed it. */
export interface SessionOrigin extends Pick<AuthenticateRequest, 'headers' | 'remoteAddress'> {
  /** The peer is on this machine, as far as can be seen. */
  readonly isLocal: boolean
}

/**
 * Asks the authenticator who a hello comes from.
 *
 * @throws {UnauthenticatedError} when it refuses, takes too long, or fails; only its own
 * UnauthenticatedError's words are passed on, a fault in it is the embedder's to read.
 */
export async function login(
  hello: HelloFrame,
  origin: SessionOrigin,
  options: ResolvedDoorOptions,
): Promise<Login> {
  const { authenticate, exposeDevelopmentAuthenticator, onInternalError } = options
  if (authenticate.isDevelopmentOnly && !origin.isLocal && !exposeDevelopmentAuthenticator) {
    throw new UnauthenticatedError(
      'The development login serves only clients on its own machine. ' +
        'Use tokenAuthenticator on the host, or set exposeDevelopmentAuthenticator there.',
    )
  }
  try {
    const given = await withTimeout(options, async () => authenticate(toRequest(hello, origin)))
    const read = readLogin(given)
    return { ...read, caller: Object.freeze({ clientIp: origin.remoteAddress, ...read.caller }) }
  } catch (error) {
    if (error instanceof UnauthenticatedError || error instanceof OverloadedError) throw error
    onInternalError(error)
    // The authenticator failed; that says nothing about the login.
    throw new UnauthenticatedError('The login was refused.', { retryable: true })
  }
}

function toRequest({ token, code, openid, appid }: HelloFrame, origin: SessionOrigin): AuthenticateRequest {
  return {
    headers: origin.headers,
    remoteAddress: origin.remoteAddress,
    ...(token === undefined ? {} : { token }),
    ...(code === undefined ? {} : { code }),
    ...(openid === undefined ? {} : { openid }),
    ...(appid === undefined ? {} : { appid }),
  }
}

async function withTimeout<Result>(
  { authenticateTimeoutMs }: ResolvedDoorOptions,
  run: () => Promise<Result>,
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const message = `The login was not decided within ${authenticateTimeoutMs} ms.`
  const error = new UnauthenticatedError(message, { retryable: true })
  const timer = setTimeout(reject, authenticateTimeoutMs, error)
  try {
    return await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}
