import { rootCertificates } from 'node:tls'
import { CapabilityDeniedError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { InvocationNetwork } from '../network/invocation-network.ts'
import type { Network } from '../network/network.ts'
import type { SecureOptions } from '../network/secure.ts'
import type { OpArgs } from '../protocol/calls.ts'
import type { Handlers, Scope } from './capability.ts'
import type { Ending } from './ending.ts'
import { requireShortNumbers } from './key-numbers.ts'

type NetworkOps = Extract<keyof typeof import('../protocol/calls.ts').OPS, `network.${string}`>

/** Sockets, names and TLS for functions, within their policy. What an invocation has open is closed at its end. */
export function networkHandlers(network: Network): Handlers<NetworkOps> {
  const invocations = new WeakMap<Ending, InvocationNetwork>()
  const of = (scope: Scope): InvocationNetwork => {
    const { ending, network: policy } = scope
    if (ending === undefined || policy === undefined) {
      throw new CapabilityDeniedError('network', 'network', 'Only functions have the network from here.')
    }
    const known = invocations.get(ending)
    if (known !== undefined) return known
    const made = new InvocationNetwork(network, policy, scope.cancellation?.signal)
    invocations.set(ending, made)
    ending.atEnd(() => made.end())
    return made
  }
  return {
    'network.lookup': async ({ hostname, ...options }, scope) => ({
      addresses: await of(scope).lookup(hostname, options),
    }),
    'network.resolve': async ({ hostname, type }, scope) => ({
      records: await of(scope).resolve(hostname, type),
    }),
    'network.reverse': async ({ address }, scope) => ({ names: await of(scope).reverse(address) }),
    'network.connect': ({ address, port, ...settings }, scope) => of(scope).connect(address, port, settings),
    'network.secure': ({ socket, ...options }, scope) => of(scope).secure(socket, readSecure(options)),
    'network.read': async ({ socket }, scope) => {
      const { session, ...rest } = await of(scope).read(socket)
      return session === undefined ? rest : { ...rest, session: Buffer.from(session).toString('base64') }
    },
    'network.write': async ({ socket, content }, scope) => {
      await of(scope).write(socket, content)
      return {}
    },
    'network.end': async ({ socket }, scope) => {
      await of(scope).endWriting(socket)
      return {}
    },
    'network.close': async ({ socket, isReset }, scope) => {
      of(scope).close(socket, isReset)
      return {}
    },
    'network.configure': async ({ socket, ...settings }, scope) => {
      of(scope).configure(socket, settings)
      return {}
    },
    'network.rootCertificates': async () => ({ certificates: [...rootCertificates] }),
  }
}

/** @throws {ValueError} for more text than a handshake may be asked with, and for a key that takes too long to sign with. */
function readSecure({ session, ...options }: Omit<OpArgs<'network.secure'>, 'socket'>): SecureOptions {
  const { ca = [], cert = [], crl = [] } = options
  const chars = [...ca, ...cert, ...crl].reduce((sum, text) => sum + text.length, 0)
  if (chars > LIMITS.tlsOptionChars) {
    throw new ValueError(
      'network.secure',
      `The certificates of a TLS handshake are ${chars} characters; the limit is ${LIMITS.tlsOptionChars}.`,
    )
  }
  // The handshake is made on the host's thread.
  for (const key of options.key ?? []) requireShortNumbers('pem', Buffer.from(key), LIMITS.tlsKeyBits)
  return session === undefined ? options : { ...options, session: Buffer.from(session, 'base64') }
}
