import type { KeySpec } from '../protocol/calls-shapes.ts'
import { writeRawKey } from './crypto-der.ts'
import { openDer, openPem } from './crypto-encrypted-key.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { notOffered } from './not-offered.ts'
import type { Realm } from './realm.ts'

/** A key as Node's modules hand it to the binding. */
export interface KeyInput {
  readonly data: unknown
  readonly format: number | undefined
  /** A number for an encoding, of a raw key its kind. */
  readonly type: unknown
  readonly passphrase: View | null | undefined
  readonly namedCurve: string | null | undefined
}

const DER = 0
const PEM = 1
const JWK = 2
const RAW_PUBLIC = 3
const RAW_SEED = 5
const ENCODINGS = ['pkcs1', 'pkcs8', 'spki', 'sec1'] as const
const JWK_FIELDS = [
  'kty',
  'crv',
  'alg',
  'n',
  'e',
  'd',
  'p',
  'q',
  'dp',
  'dq',
  'qi',
  'x',
  'y',
  'pub',
  'priv',
] as const

/** Reads what programs give as keys into what the host's ops take. */
export function makeKeyReader(realm: Realm, host: CryptoHost) {
  return (role: KeySpec['role'], input: KeyInput): { spec: KeySpec; bytes: Uint8Array } => {
    const { data, format, namedCurve, passphrase, type } = input
    if (format === JWK) return { spec: { role, format: 'jwk', jwk: jwkOf(data) }, bytes: new Uint8Array() }
    if (format === DER || format === PEM || format === undefined) {
      const bytes = host.bytes(data as View)
      const encoding = typeof type === 'number' ? ENCODINGS[type] : undefined
      const opened = passphrase == null ? undefined : open(realm, host, bytes, format, host.bytes(passphrase))
      if (opened !== undefined) return { spec: { role, format: 'der', type: opened.type }, bytes: opened.der }
      return {
        spec: {
          role,
          format: format === DER ? 'der' : 'pem',
          ...(encoding !== undefined && { type: encoding }),
        },
        bytes,
      }
    }
    if (format === RAW_SEED) throw notOffered('a key by its seed', 'give it as PKCS#8')
    if (format > RAW_SEED) throw notOffered('a key by its URL', 'read the file and give its text')
    const raw = writeRawKey(
      host,
      String(type),
      namedCurve ?? undefined,
      host.bytes(data as View),
      format === RAW_PUBLIC,
    )
    if (raw === undefined)
      throw Object.assign(new Error('Invalid key data'), { code: 'ERR_INVALID_ARG_VALUE' })
    return { spec: { role, format: 'der', type: raw.type }, bytes: raw.der }
  }
}

function open(
  realm: Realm,
  host: CryptoHost,
  bytes: Uint8Array,
  format: number | undefined,
  passphrase: Uint8Array,
) {
  if (format === DER) return openDer(host, bytes, passphrase)
  const { Buffer } = realm.load('buffer')
  return openPem(host, host.text(bytes, 'utf8'), passphrase, text => host.copy(Buffer.from(text, 'base64')))
}

function jwkOf(data: unknown): Record<string, string> {
  const jwk: Record<string, string> = {}
  for (let index = 0; index < JWK_FIELDS.length; index++) {
    const field = JWK_FIELDS[index] as string
    const value = (data as Record<string, unknown>)[field]
    if (typeof value === 'string') jwk[field] = value
  }
  return jwk
}
