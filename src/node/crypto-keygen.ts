import type { OpArgs } from '../protocol/calls.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { JOB_WEB_CRYPTO, localWork, makeJob, opWork, type Prepare } from './crypto-job.ts'
import { FORMAT_JWK, KEY_PRIVATE, KEY_PUBLIC, KEY_SECRET, KeyHandle } from './crypto-key.ts'
import type { RandomBytes } from './crypto-random.ts'
import type { Binding, Realm } from './realm.ts'

const VARIANT_RSA_PSS = 1
const EXPLICIT_CURVE = 0

type Request = Omit<OpArgs<'crypto.generateKeyPair'>, 'content' | 'sizes'>
/** How Node's modules want the pair: formats, types, cipher, passphrase. */
type Encoding = readonly [
  publicFormat?: number,
  publicType?: number,
  privateFormat?: number,
  privateType?: number,
  cipher?: string,
  passphrase?: View,
]
/** How Web Crypto wants it. */
type WebKeys = readonly [algorithm: object, publicUsages: number, privateUsages: number, extractable: boolean]
/** Makes a CryptoKey; Node's keys module hands its class over. */
export type MakeWebKey = (
  handle: KeyHandle,
  algorithm: object,
  usages: number,
  extractable: boolean,
) => object

/** Jobs that make keys. */
export function makeKeygenBinding(
  realm: Realm,
  host: CryptoHost,
  random: RandomBytes,
  makeWebKey: MakeWebKey,
): Binding {
  const none = new Uint8Array()
  const pair = (mode: number, request: Request, rest: readonly unknown[], prime: Uint8Array = none) =>
    opWork(host, 'crypto.generateKeyPair', { ...request, ...host.join([prime]) }, ({ content, sizes }) => {
      const bytes = content as Uint8Array
      const middle = sizes?.[0] ?? 0
      const publicKey = KeyHandle.of(KEY_PUBLIC, host.copy(host.part(bytes, 0, middle)))
      const privateKey = KeyHandle.of(KEY_PRIVATE, host.copy(host.part(bytes, middle)))
      if (mode !== JOB_WEB_CRYPTO) return encode(publicKey, privateKey, rest as Encoding)
      const [algorithm, publicUsages, privateUsages, extractable] = rest as WebKeys
      return {
        publicKey: makeWebKey(publicKey, algorithm, publicUsages, true),
        privateKey: makeWebKey(privateKey, algorithm, privateUsages, extractable),
      }
    })
  const jobs: Record<string, Prepare> = {
    RsaKeyPairGenJob: (mode, variant: number, modulusLength: number, publicExponent: number, ...rest) => {
      const isPss = variant === VARIANT_RSA_PSS
      const [hashAlgorithm, mgf1HashAlgorithm, saltLength] = isPss ? rest : []
      const request = {
        type: isPss ? 'rsa-pss' : 'rsa',
        modulusLength,
        publicExponent,
        ...(hashAlgorithm !== undefined && { hashAlgorithm }),
        ...(mgf1HashAlgorithm !== undefined && { mgf1HashAlgorithm }),
        ...(saltLength !== undefined && { saltLength }),
      }
      return pair(mode, request, isPss ? rest.slice(3) : rest)
    },
    DsaKeyPairGenJob: (mode, modulusLength: number, divisorLength: number, ...rest) =>
      pair(mode, { type: 'dsa', modulusLength, ...(divisorLength >= 0 && { divisorLength }) }, rest),
    EcKeyPairGenJob: (mode, namedCurve: string, encoding: number | undefined, ...rest) => {
      const paramEncoding = encoding === EXPLICIT_CURVE ? 'explicit' : 'named'
      return pair(mode, { type: 'ec', namedCurve, paramEncoding }, rest)
    },
    NamedKeyPairGenJob: (mode, name: string, ...rest) => pair(mode, { type: name.toLowerCase() }, rest),
    DhKeyPairGenJob: (mode, source: string | number | View, ...rest) => {
      if (typeof source === 'string') return pair(mode, { type: 'dh', group: source }, rest)
      const [generator, ...encoding] = rest as [number, ...unknown[]]
      if (typeof source === 'number')
        return pair(mode, { type: 'dh', primeLength: source, generator }, encoding)
      return pair(mode, { type: 'dh', generator }, encoding, host.bytes(source))
    },
    SecretKeyGenJob: (mode, bits: number, algorithm: object, usages: number, extractable: boolean) =>
      localWork(() => {
        if (mode !== JOB_WEB_CRYPTO) return KeyHandle.of(KEY_SECRET, fresh(random, Math.floor(bits / 8)))
        const bytes = fresh(random, Math.ceil(bits / 8))
        if (bits % 8 !== 0) bytes[bytes.length - 1] = (bytes.at(-1) as number) & (0xff00 >> (bits % 8))
        return makeWebKey(KeyHandle.of(KEY_SECRET, bytes), algorithm, usages, extractable)
      }),
  }
  return Object.fromEntries(Object.entries(jobs).map(([name, prepare]) => [name, makeJob(realm, prepare)]))
}

function fresh(random: RandomBytes, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  random.fill(bytes)
  return bytes
}

function encode(
  publicKey: KeyHandle,
  privateKey: KeyHandle,
  [publicFormat, publicType, privateFormat, privateType, cipher, passphrase]: Encoding,
): readonly [unknown, unknown] {
  return [
    write(publicKey, publicFormat, publicType, undefined, undefined),
    write(privateKey, privateFormat, privateType, cipher, passphrase),
  ]
}

function write(
  key: KeyHandle,
  format: number | undefined,
  type: number | undefined,
  cipher: string | undefined,
  passphrase: View | undefined,
): unknown {
  if (format === undefined) return key
  return format === FORMAT_JWK ? key.exportJwk({}) : key.export(format, type, cipher, passphrase)
}
