import Type, { type TProperties } from 'typebox'
import { LIMITS } from '../limits.ts'

/** The ops of sockets, names and TLS, for functions alone. A socket is named by a number of its invocation's own. */

const closed = { additionalProperties: false }
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown())
const socket = Type.Integer({ minimum: 1 })
const hostname = Type.String({ minLength: 1, maxLength: 255 })
const address = Type.String({ minLength: 1, maxLength: 64 })
const pem = Type.Array(Type.String({ maxLength: LIMITS.tlsOptionChars }), { maxItems: 1000 })
const short = Type.String({ maxLength: 4096 })
const version = Type.Union([
  Type.Literal('TLSv1'),
  Type.Literal('TLSv1.1'),
  Type.Literal('TLSv1.2'),
  Type.Literal('TLSv1.3'),
])
const settings = {
  noDelay: Type.Optional(Type.Boolean()),
  /** Silence before the first probe, in milliseconds; null: no probes. */
  keepAliveMs: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }), Type.Null()])),
}

function networkOp<Args extends TProperties, Result extends TProperties>(args: Args, result: Result) {
  return { capability: 'network', args: Type.Object(args, closed), result: Type.Object(result) } as const
}

export const NETWORK_OPS = {
  /** As `dns.lookup`: the addresses of a host that the function may connect to. */
  'network.lookup': networkOp(
    {
      hostname,
      family: Type.Union([Type.Literal(0), Type.Literal(4), Type.Literal(6)]),
      hints: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }),
      order: Type.Union([Type.Literal('verbatim'), Type.Literal('ipv4first'), Type.Literal('ipv6first')]),
    },
    {
      addresses: Type.Array(Type.Object({ address, family: Type.Union([Type.Literal(4), Type.Literal(6)]) })),
    },
  ),
  /** Records as Node's `dns.resolve` gives them; addresses with their `ttl`. */
  'network.resolve': networkOp(
    {
      hostname,
      type: Type.Union([
        Type.Literal('A'),
        Type.Literal('AAAA'),
        Type.Literal('ANY'),
        Type.Literal('CAA'),
        Type.Literal('CNAME'),
        Type.Literal('MX'),
        Type.Literal('NAPTR'),
        Type.Literal('NS'),
        Type.Literal('PTR'),
        Type.Literal('SOA'),
        Type.Literal('SRV'),
        Type.Literal('TLSA'),
        Type.Literal('TXT'),
      ]),
    },
    { records: Type.Unknown() },
  ),
  'network.reverse': networkOp({ address }, { names: Type.Array(Type.String()) }),
  /** By address only: names are looked up before. */
  'network.connect': networkOp(
    { address, port: Type.Integer({ minimum: 0, maximum: 65_535 }), ...settings },
    {
      socket,
      localAddress: Type.String(),
      localPort: Type.Number(),
      localFamily: Type.String(),
      remoteAddress: Type.String(),
      remotePort: Type.Number(),
      remoteFamily: Type.String(),
    },
  ),
  /** Goes on in TLS, with the options of `tls.connect`. Names in the certificate are the asker's to check. */
  'network.secure': networkOp(
    {
      socket,
      servername: Type.Optional(hostname),
      /** Whether a certificate that can't be trusted ends the handshake. */
      isVerified: Type.Boolean(),
      alpnProtocols: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 32 }),
      ),
      ca: Type.Optional(pem),
      cert: Type.Optional(pem),
      key: Type.Optional(Type.Array(Type.String({ maxLength: LIMITS.tlsKeyChars }), { maxItems: 8 })),
      crl: Type.Optional(pem),
      ciphers: Type.Optional(short),
      sigalgs: Type.Optional(short),
      ecdhCurve: Type.Optional(short),
      minVersion: Type.Optional(version),
      maxVersion: Type.Optional(version),
      secureOptions: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
      /** A session of an earlier handshake, base64. */
      session: Type.Optional(Type.String({ maxLength: 64 * 1024 })),
    },
    {
      protocol: Type.Union([Type.String(), Type.Null()]),
      cipher: Type.Unknown(),
      alpnProtocol: Type.Union([Type.String(), Type.Literal(false)]),
      /** Why the certificate can't be trusted, where that didn't end the handshake. */
      authorizationError: Type.Union([Type.String(), Type.Null()]),
      isSessionReused: Type.Boolean(),
      ephemeralKey: Type.Unknown(),
      /** The peer's own first, each signed by the next; base64. */
      certificates: Type.Array(
        Type.Object({
          fields: Type.Unsafe<Readonly<Record<string, unknown>>>(Type.Unknown()),
          raw: Type.String(),
          pubkey: Type.Optional(Type.String()),
        }),
      ),
      session: Type.Optional(Type.String()),
    },
  ),
  /** The next bytes, once there are any; nothing at all when it is to be asked again. One at a time. */
  'network.read': networkOp(
    { socket },
    {
      content: Type.Optional(bytes),
      isEnd: Type.Optional(Type.Boolean()),
      session: Type.Optional(Type.String()),
    },
  ),
  /** Answers when the bytes are the system's. */
  'network.write': networkOp({ socket, content: bytes }, {}),
  /** Says the last; the other side may go on. */
  'network.end': networkOp({ socket }, {}),
  /** Of a socket that is closed it is no error. */
  'network.close': networkOp({ socket, isReset: Type.Optional(Type.Boolean()) }, {}),
  'network.configure': networkOp({ socket, ...settings }, {}),
  /** Those Node trusts, PEM. */
  'network.rootCertificates': networkOp({}, { certificates: Type.Array(Type.String()) }),
} as const
