import { makeCertificateBinding } from './crypto-certificate.ts'
import { makeCipherBinding } from './crypto-cipher.ts'
import { makeDeriveBinding } from './crypto-derive.ts'
import { makeDiffieHellmanBinding } from './crypto-diffie-hellman.ts'
import { makeExchangeBinding } from './crypto-exchange.ts'
import { makeHashBinding } from './crypto-hash.ts'
import { CryptoHost, type View } from './crypto-host.ts'
import { makeKeyBinding } from './crypto-key.ts'
import { makeKeyClasses } from './crypto-key-classes.ts'
import { makeKeygenBinding } from './crypto-keygen.ts'
import { CryptoNames } from './crypto-names.ts'
import { makeRandomBinding, RandomBytes } from './crypto-random.ts'
import { makeSignBinding } from './crypto-sign.ts'
import { makeWebCipherBinding } from './crypto-web-cipher.ts'
import { notOffered } from './not-offered.ts'
import type { Binding, Realm } from './realm.ts'

/** Node's numbers for what its modules hand over. */
const CONSTANTS = {
  kCryptoJobAsync: 0,
  kCryptoJobSync: 1,
  kCryptoJobWebCrypto: 2,
  kKeyTypeSecret: 0,
  kKeyTypePublic: 1,
  kKeyTypePrivate: 2,
  kKeyFormatDER: 0,
  kKeyFormatPEM: 1,
  kKeyFormatJWK: 2,
  kKeyFormatRawPublic: 3,
  kKeyFormatRawPrivate: 4,
  kKeyFormatRawSeed: 5,
  kKeyFormatStore: 6,
  kKeyEncodingPKCS1: 0,
  kKeyEncodingPKCS8: 1,
  kKeyEncodingSPKI: 2,
  kKeyEncodingSEC1: 3,
  kWebCryptoKeyFormatRaw: 0,
  kWebCryptoKeyFormatPKCS8: 1,
  kWebCryptoKeyFormatSPKI: 2,
  kWebCryptoKeyFormatJWK: 3,
  kWebCryptoCipherEncrypt: 0,
  kWebCryptoCipherDecrypt: 1,
  kSigEncDER: 0,
  kSigEncP1363: 1,
  kSignJobModeSign: 0,
  kSignJobModeVerify: 1,
  kKeyVariantRSA_SSA_PKCS1_v1_5: 0,
  kKeyVariantRSA_PSS: 1,
  kKeyVariantRSA_OAEP: 2,
  kKeyVariantAES_CTR_128: 0,
  kKeyVariantAES_CTR_192: 1,
  kKeyVariantAES_CTR_256: 2,
  kKeyVariantAES_CBC_128: 3,
  kKeyVariantAES_CBC_192: 4,
  kKeyVariantAES_CBC_256: 5,
  kKeyVariantAES_GCM_128: 6,
  kKeyVariantAES_GCM_192: 7,
  kKeyVariantAES_GCM_256: 8,
  kKeyVariantAES_KW_128: 9,
  kKeyVariantAES_KW_192: 10,
  kKeyVariantAES_KW_256: 11,
  kKeyVariantAES_OCB_128: 12,
  kKeyVariantAES_OCB_192: 13,
  kKeyVariantAES_OCB_256: 14,
  OPENSSL_EC_NAMED_CURVE: 1,
  OPENSSL_EC_EXPLICIT_CURVE: 0,
  X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT: 1,
  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT: 32,
  X509_CHECK_FLAG_NO_WILDCARDS: 2,
  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: 4,
  X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS: 8,
  X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS: 16,
} as const

/** Classes and functions of Node's binding that have no counterpart here; whoever calls one is told. */
const MISSING = [
  'CShakeJob',
  'TurboShakeJob',
  'KangarooTwelveJob',
  'KEMEncapsulateJob',
  'KEMDecapsulateJob',
  'Mac',
  'parsePKCS12',
  'parseX509',
] as const

/** OpenSSL, on the host. */
export function makeCryptoBinding(realm: Realm): Binding {
  const host = new CryptoHost(realm)
  const names = new CryptoNames(host)
  const random = new RandomBytes(host)
  const { binding: keys, readKey } = makeKeyBinding(realm, host)
  const { binding: classes, makeWebKey } = makeKeyClasses(realm)
  const spkac = (action: 'publicKey' | 'challenge') => (signed: View) => {
    const { content } = host.ask('crypto.spkac', { action, ...host.join([host.bytes(signed)]) })
    const bytes = content as Uint8Array
    return bytes.length === 0 ? '' : host.buffer(bytes)
  }
  return {
    ...CONSTANTS,
    ...Object.fromEntries(MISSING.map(name => [name, missing(name)])),
    ...keys,
    ...classes,
    ...makeRandomBinding(realm, host, random),
    ...makeHashBinding(realm, host, names),
    ...makeCipherBinding(realm, host, names, readKey),
    ...makeSignBinding(realm, host, names, readKey),
    ...makeKeygenBinding(realm, host, random, makeWebKey),
    ...makeDeriveBinding(realm, host, names),
    ...makeExchangeBinding(realm, host, names, readKey),
    ...makeCertificateBinding(host),
    ...makeDiffieHellmanBinding(host),
    ...makeWebCipherBinding(realm, host),
    getCurves: () => names.curves,
    getMacs: () => [],
    getCachedMacAliases: () => ({}),
    getPqcKeyTypes: () => [],
    getFipsCrypto: () => 0,
    getFipsCryptoGeneration: () => (names.isEvaluated ? 1 : 0),
    markEvaluated: () => {
      names.isEvaluated = true
    },
    testFipsCrypto: () => false,
    setFipsCrypto: missing('setFips'),
    setEngine: undefined,
    getOpenSSLSecLevelCrypto: () => 1,
    certVerifySpkac: (bytes: View) =>
      host.ask('crypto.spkac', { action: 'verify', ...host.join([host.bytes(bytes)]) }).valid === true,
    certExportPublicKey: spkac('publicKey'),
    certExportChallenge: spkac('challenge'),
  }
}

/** Both a function and a class. */
function missing(name: string): new () => object {
  return function refuse(): never {
    throw notOffered(`crypto.${name}`, 'the host offers what Node 20 has of OpenSSL')
  } as unknown as new () => object
}
