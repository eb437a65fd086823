import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { KeyDetails, KeySpec } from '../protocol/calls-shapes.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { requireShortFields, requireShortNumbers } from './key-numbers.ts'
import { attemptSync } from './native-failure.ts'

/**
 * A key from what a function gave. Never with a passphrase: how long an encrypted key takes to be opened is written in
 * the key, and would be spent on the host's thread; guests open theirs themselves, by bounded ops.
 *
 * @throws what node:crypto throws for a key that can't be read. {ValueError} for one that is too large.
 */
export function readKey(spec: KeySpec, bytes: Uint8Array): KeyObject {
  requireSize('key', bytes, LIMITS.cryptoKeyBytes)
  if (spec.format === 'jwk') requireShortFields(spec.jwk ?? {}, LIMITS.cryptoKeyBits)
  else requireShortNumbers(spec.format, bytes, LIMITS.cryptoKeyBits)
  const key = spec.role === 'private' ? createPrivateKey(inputOf(spec, bytes)) : publicKey(spec, bytes)
  requireModulus(key)
  return key
}

function publicKey(spec: KeySpec, bytes: Uint8Array): KeyObject {
  // createPublicKey takes a private key too, but of its forms it is told not which.
  if (spec.type === 'pkcs8' || spec.type === 'sec1') {
    return createPublicKey(createPrivateKey(inputOf(spec, bytes)) as never)
  }
  return createPublicKey(inputOf(spec, bytes) as never)
}

function inputOf({ format, type, jwk }: KeySpec, bytes: Uint8Array) {
  if (format === 'jwk') return { format, key: { ...jwk } }
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return type === undefined ? { format, key } : { format, key, type: type as 'pkcs8' }
}

/** Time grows with the third power of a key's length, and with its exponent's. */
function requireModulus(key: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength > LIMITS.cryptoKeyBits) {
    throw new ValueError(
      'key',
      `The key has ${modulusLength} bits; the limit is ${LIMITS.cryptoKeyBits} (cryptoKeyBits).`,
    )
  }
  if (publicExponent >= 2n ** 64n) {
    throw new ValueError('key', 'The public exponent of the key has more than 64 bits.')
  }
  if (key.asymmetricKeyType === 'dh') requireDiffieHellman(key)
}

/** Of such a key Node tells no length; its encoding holds the prime and a number as long. */
function requireDiffieHellman(key: KeyObject): void {
  const encoded =
    key.type === 'private'
      ? key.export({ type: 'pkcs8', format: 'der' })
      : key.export({ type: 'spki', format: 'der' })
  const most = LIMITS.cryptoKeyBits / 4 + 128
  if (encoded.byteLength > most) {
    throw new ValueError('key', `The key is larger than ${LIMITS.cryptoKeyBits} bits (cryptoKeyBits).`)
  }
}

export function derOf(key: KeyObject): Buffer {
  return key.type === 'private'
    ? key.export({ type: 'pkcs8', format: 'der' })
    : key.export({ type: 'spki', format: 'der' })
}

export const keyHandlers: Handlers<'crypto.importKey' | 'crypto.exportKey'> = {
  'crypto.importKey': async args => {
    const [bytes] = splitBytes('crypto.importKey', args, 1) as [Uint8Array]
    return attemptSync(() => {
      const key = readKey(args.key, bytes)
      return { content: derOf(key), type: key.asymmetricKeyType as string, details: detailsOf(key) }
    })
  },
  'crypto.exportKey': async args => {
    const [bytes, passphrase] = splitBytes('crypto.exportKey', args, 2) as [Uint8Array, Uint8Array]
    requireSize('crypto.exportKey.passphrase', passphrase, LIMITS.cryptoKeyBytes)
    const { key: spec, encoding } = args
    return attemptSync(() => {
      const key = readKey(spec, bytes)
      if (encoding === 'jwk') return { jwk: key.export({ format: 'jwk' }) as Record<string, string> }
      const { cipher } = encoding
      const encryption = cipher === undefined ? {} : { cipher, passphrase: Buffer.from(passphrase) }
      const encoded = key.export({ ...encoding, ...encryption } as never) as string | Buffer
      return { content: Buffer.from(encoded) }
    })
  },
}

function detailsOf(key: KeyObject): KeyDetails {
  const { publicExponent, ...details } = key.asymmetricKeyDetails ?? {}
  return publicExponent === undefined ? details : { ...details, publicExponent: publicExponent.toString(16) }
}
