import type { Socket } from 'node:net'
import {
  type ConnectionOptions,
  connect,
  DEFAULT_CIPHERS,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls'
import { NetworkError } from '../errors.ts'
import { toNetworkError } from './failure.ts'

/** What of Node's `tls.connect` a function may say. Texts are PEM. */
export interface SecureOptions {
  readonly servername?: string | undefined
  /** Whether a certificate that can't be trusted ends the handshake. Names in it are the guest's to check. */
  readonly isVerified: boolean
  readonly alpnProtocols?: readonly string[] | undefined
  readonly ca?: readonly string[] | undefined
  readonly cert?: readonly string[] | undefined
  readonly key?: readonly string[] | undefined
  readonly crl?: readonly string[] | undefined
  readonly ciphers?: string | undefined
  readonly sigalgs?: string | undefined
  readonly ecdhCurve?: string | undefined
  readonly minVersion?: string | undefined
  readonly maxVersion?: string | undefined
  readonly secureOptions?: number | undefined
  readonly session?: Uint8Array | undefined
}

/** What came of a handshake. Bytes are base64. */
export interface Secured {
  readonly protocol: string | null
  readonly cipher: object
  readonly alpnProtocol: string | false
  /** Why the certificate can't be trusted, where that didn't end the handshake: OpenSSL's name for it. */
  readonly authorizationError: string | null
  readonly isSessionReused: boolean
  readonly ephemeralKey: object
  /** The peer's chain, its own first; fields as Node has them, and their raw DER. Empty in a resumed session. */
  readonly certificates: PeerCertificate[]
  readonly session?: string
}

export interface PeerCertificate {
  readonly fields: Readonly<Record<string, unknown>>
  readonly raw: string
  readonly pubkey?: string
}

/**
 * Diffie-Hellman by numbers that the server chooses: up to 10,000 bits, with which the host's thread would compute for
 * most of a second. Servers without elliptic curves are rare.
 */
const EXCLUDED = '!kDHE'

/** Begins a handshake over a connected socket. @throws {NetworkError} for options that OpenSSL doesn't take. */
export function startTls(
  socket: Socket,
  options: SecureOptions,
  onSession: (session: Uint8Array) => void,
): TLSSocket {
  if (options.key?.some(text => /ENCRYPTED/.test(text))) {
    // How long decrypting takes is for the writer of the key to say, and nothing could stop it.
    throw new NetworkError(
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      'An encrypted key is not taken: decrypt it first.',
      {},
    )
  }
  const { isVerified, alpnProtocols, ...rest } = options
  const defined = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  try {
    const tlsSocket = connect({
      ...(defined as ConnectionOptions),
      ...(alpnProtocols === undefined ? {} : { ALPNProtocols: [...alpnProtocols] }),
      ciphers: `${options.ciphers ?? DEFAULT_CIPHERS}:${EXCLUDED}`,
      socket,
      rejectUnauthorized: isVerified,
      checkServerIdentity: () => undefined,
    })
    return tlsSocket.on('session', onSession)
  } catch (error) {
    socket.destroy()
    throw toNetworkError(error)
  }
}

export function describeSecured(socket: TLSSocket): Secured {
  const { authorizationError } = socket
  const session = socket.getSession()
  return {
    protocol: socket.getProtocol(),
    cipher: socket.getCipher(),
    alpnProtocol: socket.alpnProtocol ?? false,
    authorizationError: authorizationError ? String(authorizationError) : null,
    isSessionReused: socket.isSessionReused(),
    ephemeralKey: socket.getEphemeralKeyInfo() ?? {},
    certificates: chainOf(socket.getPeerCertificate(true)),
    ...(session === undefined ? {} : { session: session.toString('base64') }),
  }
}

function chainOf(leaf: DetailedPeerCertificate): PeerCertificate[] {
  const chain: PeerCertificate[] = []
  const seen = new Set<object>()
  for (
    let certificate: DetailedPeerCertificate | undefined = leaf;
    certificate?.raw !== undefined && !seen.has(certificate);
    certificate = certificate.issuerCertificate
  ) {
    seen.add(certificate)
    const { raw, pubkey, issuerCertificate: _, ...fields } = certificate
    chain.push({
      fields,
      raw: raw.toString('base64'),
      ...(pubkey === undefined ? {} : { pubkey: pubkey.toString('base64') }),
    })
  }
  return chain
}
