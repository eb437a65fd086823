import Type, { type Static } from 'typebox'
import { LIMITS } from '../limits.ts'

const closed = { additionalProperties: false }
/** Of an algorithm, a curve, a group. */
export const name = Type.String({ maxLength: 128 })
export const int32 = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
export const uint32 = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })

/** An error of node:crypto or node:zlib, without its stack. */
export const failure = Type.Object({
  name: Type.String(),
  message: Type.String(),
  /** Its own fields: `code`, `reason`, `library`, `function`, `opensslErrorStack`. */
  fields: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Array(Type.String())])),
})
export type Failure = Static<typeof failure>

/** A key as text or DER, `bytes`, or as the fields of a JWK; `role` is what it is to be. */
export const keySpec = Type.Object(
  {
    role: Type.Union([Type.Literal('public'), Type.Literal('private')]),
    format: Type.Union([Type.Literal('pem'), Type.Literal('der'), Type.Literal('jwk')]),
    type: Type.Optional(
      Type.Union([Type.Literal('pkcs1'), Type.Literal('spki'), Type.Literal('pkcs8'), Type.Literal('sec1')]),
    ),
    jwk: Type.Optional(
      Type.Record(Type.String({ maxLength: 16 }), Type.String({ maxLength: LIMITS.cryptoKeyBytes }), {
        maxProperties: 32,
      }),
    ),
  },
  closed,
)
export type KeySpec = Static<typeof keySpec>

export const signing = {
  /** The digest; none for keys that have their own. */
  algorithm: Type.Optional(name),
  key: keySpec,
  padding: Type.Optional(int32),
  saltLength: Type.Optional(int32),
  dsaEncoding: Type.Optional(Type.Union([Type.Literal('der'), Type.Literal('ieee-p1363')])),
  hasContext: Type.Boolean(),
}

export const cipherStep = Type.Union([
  Type.Object({ step: Type.Literal('setAutoPadding'), value: Type.Boolean() }, closed),
  Type.Object({ step: Type.Literal('setAAD'), plaintextLength: Type.Optional(uint32) }, closed),
  Type.Object({ step: Type.Literal('setAuthTag') }, closed),
  Type.Object({ step: Type.Literal('update') }, closed),
  Type.Object({ step: Type.Literal('final') }, closed),
  Type.Object({ step: Type.Literal('getAuthTag') }, closed),
])
export type CipherStep = Static<typeof cipherStep>

export const cipherSetup = Type.Object(
  {
    encrypt: Type.Boolean(),
    algorithm: name,
    hasIv: Type.Boolean(),
    authTagLength: Type.Optional(uint32),
  },
  closed,
)

export const encodedKey = Type.Object(
  {
    format: Type.Union([Type.Literal('pem'), Type.Literal('der')]),
    type: Type.Union([
      Type.Literal('pkcs1'),
      Type.Literal('spki'),
      Type.Literal('pkcs8'),
      Type.Literal('sec1'),
    ]),
    /** With it, the key is encrypted with a passphrase. */
    cipher: Type.Optional(name),
  },
  closed,
)

export const keyDetails = Type.Object({
  modulusLength: Type.Optional(Type.Number()),
  /** In hexadecimal. */
  publicExponent: Type.Optional(Type.String()),
  divisorLength: Type.Optional(Type.Number()),
  namedCurve: Type.Optional(Type.String()),
  hashAlgorithm: Type.Optional(Type.String()),
  mgf1HashAlgorithm: Type.Optional(Type.String()),
  saltLength: Type.Optional(Type.Number()),
})
export type KeyDetails = Static<typeof keyDetails>

/** As X509Certificate has them. */
export const certificateFields = Type.Object({
  subject: Type.Optional(Type.String()),
  subjectAltName: Type.Optional(Type.String()),
  issuer: Type.Optional(Type.String()),
  infoAccess: Type.Optional(Type.String()),
  validFrom: Type.String(),
  validTo: Type.String(),
  fingerprint: Type.String(),
  fingerprint256: Type.String(),
  fingerprint512: Type.String(),
  keyUsage: Type.Optional(Type.Array(Type.String())),
  serialNumber: Type.String(),
  signatureAlgorithm: Type.Optional(Type.String()),
  signatureAlgorithmOid: Type.Optional(Type.String()),
  ca: Type.Boolean(),
  pem: Type.String(),
})
export type CertificateFields = Static<typeof certificateFields>
