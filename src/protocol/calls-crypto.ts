import Type, { type TProperties } from 'typebox'
import { LIMITS } from '../limits.ts'
import {
  certificateFields,
  cipherSetup,
  cipherStep,
  encodedKey,
  failure,
  int32,
  keyDetails,
  keySpec,
  name,
  signing,
  uint32,
} from './calls-shapes.ts'

/*
 * What functions ask of the host's OpenSSL. Several byte strings travel as one `content`, one behind the other, with
 * their lengths in `sizes`; each op names them in order as `bytes: …`. What node:crypto throws for the function's
 * arguments is no refusal but a result, `failure`, from which the guest makes the same error again.
 */

const closed = { additionalProperties: false }
const content = Type.Unsafe<Uint8Array>(Type.Unknown())
const size = Type.Integer({ minimum: 0, maximum: LIMITS.fileBytes })
const sizes = Type.Array(size, { maxItems: 64 })
const outputSize = Type.Integer({ minimum: 0, maximum: LIMITS.cryptoOutputBytes })
const handleId = Type.String({ minLength: 1, maxLength: 64 })

const outcome = { failure: Type.Optional(failure), content: Type.Optional(content) }
const outcomes = { ...outcome, sizes: Type.Optional(Type.Array(Type.Number())) }

function op<Args extends TProperties, Result extends TProperties>(args: Args, result: Result) {
  return { capability: 'runtime', args: Type.Object(args, closed), result: Type.Object(result) } as const
}

/** An op with bytes in its arguments. */
function bytesOp<Args extends TProperties, Result extends TProperties>(args: Args, result: Result) {
  return op({ ...args, sizes, content }, result)
}

export const CRYPTO_OPS = {
  'crypto.names': op(
    {},
    {
      hashes: Type.Array(Type.String()),
      ciphers: Type.Array(Type.String()),
      curves: Type.Array(Type.String()),
    },
  ),
  'crypto.cipherInfo': op(
    {
      nameOrNid: Type.Union([name, uint32]),
      keyLength: Type.Optional(uint32),
      ivLength: Type.Optional(uint32),
    },
    {
      info: Type.Optional(
        Type.Object({
          name: Type.String(),
          nid: Type.Optional(Type.Number()),
          blockSize: Type.Optional(Type.Number()),
          ivLength: Type.Optional(Type.Number()),
          keyLength: Type.Number(),
          mode: Type.String(),
        }),
      ),
    },
  ),
  'crypto.random': op({ size: outputSize }, outcome),
  /** bytes: key of an HMAC (empty otherwise), data. */
  'crypto.hash': bytesOp(
    { algorithm: name, hmac: Type.Boolean(), outputLength: Type.Optional(outputSize) },
    outcome,
  ),
  /** Begins one (`create`; bytes: key, data) or goes on with one (`id`; bytes: data); `end` answers its digest. */
  'crypto.hashStream': bytesOp(
    {
      id: Type.Optional(handleId),
      create: Type.Optional(
        Type.Object(
          { algorithm: name, hmac: Type.Boolean(), outputLength: Type.Optional(outputSize) },
          closed,
        ),
      ),
      end: Type.Boolean(),
    },
    { ...outcome, id: Type.Optional(Type.String()) },
  ),
  /** Another of the same state; `outputLength` is its own. */
  'crypto.hashCopy': op(
    { id: handleId, outputLength: Type.Optional(outputSize) },
    { id: Type.Optional(Type.String()), failure: Type.Optional(failure) },
  ),
  /**
   * Takes steps on a new cipher (`create`; bytes: key, iv, then those of the steps) or on one kept (`id`; bytes: those
   * of the steps), up to the first that fails; `outcomes` are theirs, in order, their bytes are in `content`. `keep`
   * answers an `id` to go on with.
   */
  'crypto.cipher': bytesOp(
    {
      id: Type.Optional(handleId),
      create: Type.Optional(cipherSetup),
      steps: Type.Array(cipherStep, { maxItems: 64 }),
      keep: Type.Boolean(),
    },
    {
      id: Type.Optional(Type.String()),
      /** Of the creation. */
      failure: Type.Optional(failure),
      outcomes: Type.Array(
        Type.Object({ failure: Type.Optional(failure), size: Type.Optional(Type.Number()) }),
      ),
      content: Type.Optional(content),
    },
  ),
  /** bytes: the key. Answers it as DER: PKCS#8 or SPKI. */
  'crypto.importKey': bytesOp(
    { key: keySpec },
    {
      ...outcome,
      type: Type.Optional(Type.String()),
      details: Type.Optional(keyDetails),
    },
  ),
  /** bytes: the key, the passphrase. */
  'crypto.exportKey': bytesOp(
    { key: keySpec, encoding: Type.Union([encodedKey, Type.Literal('jwk')]) },
    { ...outcome, jwk: Type.Optional(Type.Record(Type.String(), Type.String())) },
  ),
  /** bytes: key, data, context. */
  'crypto.sign': bytesOp(signing, outcome),
  /** bytes: key, data, context, signature. */
  'crypto.verify': bytesOp(signing, {
    failure: Type.Optional(failure),
    valid: Type.Optional(Type.Boolean()),
  }),
  /** bytes: key, data, label of OAEP. */
  'crypto.rsa': bytesOp(
    {
      action: Type.Union([
        Type.Literal('publicEncrypt'),
        Type.Literal('publicDecrypt'),
        Type.Literal('privateEncrypt'),
        Type.Literal('privateDecrypt'),
      ]),
      key: keySpec,
      padding: int32,
      oaepHash: Type.Optional(name),
      hasLabel: Type.Boolean(),
    },
    outcome,
  ),
  /** bytes: the prime of `dh`. Answers the pair as DER: SPKI, PKCS#8. */
  'crypto.generateKeyPair': bytesOp(
    {
      type: name,
      modulusLength: Type.Optional(uint32),
      publicExponent: Type.Optional(uint32),
      hashAlgorithm: Type.Optional(name),
      mgf1HashAlgorithm: Type.Optional(name),
      saltLength: Type.Optional(int32),
      divisorLength: Type.Optional(int32),
      namedCurve: Type.Optional(name),
      paramEncoding: Type.Optional(Type.Union([Type.Literal('named'), Type.Literal('explicit')])),
      group: Type.Optional(name),
      primeLength: Type.Optional(int32),
      generator: Type.Optional(int32),
    },
    outcomes,
  ),
  /** bytes: password, salt, of HKDF its info, of Argon2 the secret and associated data. */
  'crypto.derive': bytesOp(
    {
      method: Type.Union([
        Type.Object(
          { name: Type.Literal('pbkdf2'), iterations: Type.Integer({ minimum: 1 }), digest: name },
          closed,
        ),
        Type.Object(
          { name: Type.Literal('scrypt'), N: uint32, r: uint32, p: uint32, maxmem: Type.Integer() },
          closed,
        ),
        Type.Object({ name: Type.Literal('hkdf'), digest: name }, closed),
      ]),
      size: outputSize,
    },
    outcome,
  ),
  /** The shared secret of two keys. bytes: the private one, the public one. */
  'crypto.diffieHellman': bytesOp({ privateKey: keySpec, publicKey: keySpec }, outcome),
  /**
   * Elliptic curves by raw points. bytes: the private key (`generate`: none), the other's public key or the point to
   * convert. Answers: `generate` private and public key; `publicKey` the public key of a private one; `secret` the
   * shared secret; `convert` the point.
   */
  'crypto.ecdh': bytesOp(
    {
      action: Type.Union([
        Type.Literal('generate'),
        Type.Literal('publicKey'),
        Type.Literal('secret'),
        Type.Literal('convert'),
      ]),
      curve: name,
      form: Type.Optional(
        Type.Union([Type.Literal('uncompressed'), Type.Literal('compressed'), Type.Literal('hybrid')]),
      ),
    },
    outcomes,
  ),
  /** bytes: `generate` add and rem (empty: none). Answers a prime, big-endian. */
  'crypto.generatePrime': bytesOp(
    { bits: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }), safe: Type.Boolean() },
    outcome,
  ),
  /** bytes: the candidate, big-endian. */
  'crypto.checkPrime': bytesOp(
    { checks: Type.Integer({ minimum: 0, maximum: LIMITS.cryptoPrimeChecks }) },
    { failure: Type.Optional(failure), prime: Type.Optional(Type.Boolean()) },
  ),
  /** X.509. bytes: the certificate, and a key (DER: PKCS#8 or SPKI) or another certificate. */
  'crypto.certificate': bytesOp(
    {
      action: Type.Union([
        Type.Literal('read'),
        Type.Literal('checkHost'),
        Type.Literal('checkEmail'),
        Type.Literal('checkIP'),
        Type.Literal('checkIssued'),
        Type.Literal('checkPrivateKey'),
        Type.Literal('verify'),
      ]),
      /** The host, address or number to compare with. */
      text: Type.Optional(Type.String({ maxLength: 1024 })),
      options: Type.Optional(
        Type.Object(
          {
            subject: Type.Union([Type.Literal('default'), Type.Literal('always'), Type.Literal('never')]),
            wildcards: Type.Boolean(),
            partialWildcards: Type.Boolean(),
            multiLabelWildcards: Type.Boolean(),
            singleLabelSubdomains: Type.Boolean(),
          },
          closed,
        ),
      ),
    },
    {
      ...outcomes,
      fields: Type.Optional(certificateFields),
      matched: Type.Optional(Type.String()),
      valid: Type.Optional(Type.Boolean()),
    },
  ),
  /** bytes: a signed public key and challenge. */
  'crypto.spkac': bytesOp(
    {
      action: Type.Union([Type.Literal('verify'), Type.Literal('publicKey'), Type.Literal('challenge')]),
    },
    { ...outcome, valid: Type.Optional(Type.Boolean()) },
  ),
} as const
