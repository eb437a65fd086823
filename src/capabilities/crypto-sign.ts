import {
  type KeyObject,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto'
import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs } from '../protocol/calls.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { readKey } from './crypto-keys.ts'
import type { HeavyWork } from './heavy-work.ts'
import { attempt, attemptSync } from './native-failure.ts'

const RSA = { privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt }

export function signHandlers(heavy: HeavyWork): Handlers<'crypto.sign' | 'crypto.verify' | 'crypto.rsa'> {
  return {
    'crypto.sign': async (args, scope) => {
      const [bytes, data, context] = splitBytes('crypto.sign', args, 3) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      requireSize('crypto.sign.context', context, LIMITS.cryptoPartBytes)
      return attempt(async () => {
        const key = withOptions(args, readKey(args.key, bytes), context)
        const work = () =>
          new Promise<Buffer>((resolve, reject) => {
            sign(args.algorithm, data, key, (error, result) => (error ? reject(error) : resolve(result)))
          })
        return { content: await heavy.run(scope, work) }
      })
    },
    'crypto.verify': async (args, scope) => {
      const [bytes, data, context, signature] = splitBytes('crypto.verify', args, 4) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      requireSize('crypto.verify.context', context, LIMITS.cryptoPartBytes)
      requireSize('crypto.verify.signature', signature, LIMITS.cryptoPartBytes)
      return attempt(async () => {
        const key = withOptions(args, readKey(args.key, bytes), context)
        const work = () =>
          new Promise<boolean>((resolve, reject) => {
            verify(args.algorithm, data, key, signature, (error, result) =>
              error ? reject(error) : resolve(result),
            )
          })
        return { valid: await heavy.run(scope, work) }
      })
    },
    'crypto.rsa': async args => {
      const [bytes, data, label] = splitBytes('crypto.rsa', args, 3) as [Uint8Array, Uint8Array, Uint8Array]
      requireSize('crypto.rsa.data', data, LIMITS.cryptoPartBytes)
      requireSize('crypto.rsa.label', label, LIMITS.cryptoPartBytes)
      const { action, hasLabel, oaepHash, padding } = args
      return attemptSync(() => {
        const key = readKey(args.key, bytes)
        requireShort(key)
        const options = {
          key,
          padding,
          ...(oaepHash !== undefined && { oaepHash }),
          ...(hasLabel && { oaepLabel: label }),
        }
        return { content: RSA[action](options as never, data) }
      })
    },
  }
}

function withOptions(
  { dsaEncoding, hasContext, padding, saltLength }: OpArgs<'crypto.sign'>,
  key: KeyObject,
  context: Uint8Array,
) {
  return {
    key,
    ...(padding !== undefined && { padding }),
    // Without one Node takes the longest for PSS, in signing and in verifying; so it does here.
    ...(saltLength !== undefined && { saltLength }),
    ...(dsaEncoding !== undefined && { dsaEncoding }),
    ...(hasContext && { context }),
  }
}

/** These have no form that works in Node's pool. */
function requireShort(key: KeyObject): void {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits <= LIMITS.cryptoRsaEncryptBits) return
  throw new ValueError(
    'key',
    `The key has ${bits} bits; with RSA's encryption the limit is ${LIMITS.cryptoRsaEncryptBits} (cryptoRsaEncryptBits).`,
  )
}
