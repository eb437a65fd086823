import { createECDH, diffieHellman, ECDH } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import { joinBytes, requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { readKey } from './crypto-keys.ts'
import type { HeavyWork } from './heavy-work.ts'
import { attempt, attemptSync } from './native-failure.ts'

type Args = OpArgs<'crypto.ecdh'>

/** Secrets of two: of key objects in Node's pool, on elliptic curves at once, since they take a millisecond at most. */
export function exchangeHandlers(heavy: HeavyWork): Handlers<'crypto.diffieHellman' | 'crypto.ecdh'> {
  return {
    'crypto.diffieHellman': async (args, scope) => {
      const [mine, theirs] = splitBytes('crypto.diffieHellman', args, 2) as [Uint8Array, Uint8Array]
      return attempt(async () => {
        const keys = {
          privateKey: readKey(args.privateKey, mine),
          publicKey: readKey(args.publicKey, theirs),
        }
        const work = () =>
          new Promise<Buffer>((resolve, reject) => {
            diffieHellman(keys, (error, secret) => (error ? reject(error) : resolve(secret as Buffer)))
          })
        return { content: await heavy.run(scope, work) }
      })
    },
    'crypto.ecdh': async args => {
      const [mine, theirs] = splitBytes('crypto.ecdh', args, 2) as [Uint8Array, Uint8Array]
      requireSize('crypto.ecdh', mine, LIMITS.cryptoKeyBytes)
      requireSize('crypto.ecdh', theirs, LIMITS.cryptoKeyBytes)
      return attemptSync(() => joinBytes(act(args, mine, theirs))) as OpResult<'crypto.ecdh'>
    },
  }
}

function act({ action, curve, form }: Args, mine: Uint8Array, theirs: Uint8Array): Uint8Array[] {
  if (action === 'convert') {
    return [ECDH.convertKey(Buffer.from(theirs), curve, undefined, undefined, form) as Buffer]
  }
  const ecdh = createECDH(curve)
  if (action === 'generate') {
    const publicKey = ecdh.generateKeys()
    return [ecdh.getPrivateKey(), publicKey]
  }
  ecdh.setPrivateKey(mine)
  return [action === 'publicKey' ? ecdh.getPublicKey(null as never, form) : ecdh.computeSecret(theirs)]
}
