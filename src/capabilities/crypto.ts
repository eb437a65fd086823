import { Certificate, getCiphers, getCurves, getHashes, randomBytes } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import type { CRYPTO_OPS } from '../protocol/calls-crypto.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { certificateHandlers } from './crypto-certificate.ts'
import { cipherHandlers } from './crypto-cipher.ts'
import { deriveHandlers } from './crypto-derive.ts'
import { exchangeHandlers } from './crypto-exchange.ts'
import { generateHandlers } from './crypto-generate.ts'
import { hashHandlers } from './crypto-hash.ts'
import { keyHandlers } from './crypto-keys.ts'
import { signHandlers } from './crypto-sign.ts'
import type { HeavyWork } from './heavy-work.ts'
import { attemptSync } from './native-failure.ts'
import type { OpenHandles } from './open-handles.ts'

/**
 * The host's OpenSSL as functions reach it, through node:crypto. Keys are data of the call they come with; nothing of
 * them stays. Whatever takes longer than some milliseconds goes to Node's pool or is done in slices; `long` has the
 * turns of what takes seconds, `brief` of what takes milliseconds.
 */
export function cryptoHandlers(
  open: OpenHandles,
  long: HeavyWork,
  brief: HeavyWork,
): Handlers<keyof typeof CRYPTO_OPS> {
  return {
    'crypto.names': async () => ({ hashes: getHashes(), ciphers: getCiphers(), curves: getCurves() }),
    'crypto.random': async ({ size }) => ({ content: randomBytes(size) }),
    'crypto.spkac': async args => {
      const [spkac] = splitBytes('crypto.spkac', args, 1) as [Uint8Array]
      requireSize('crypto.spkac', spkac, LIMITS.cryptoKeyBytes)
      return attemptSync(() => {
        if (args.action === 'verify') return { valid: Certificate.verifySpkac(spkac) }
        const read = args.action === 'publicKey' ? Certificate.exportPublicKey : Certificate.exportChallenge
        return { content: Buffer.from(read(spkac as Buffer)) }
      })
    },
    ...certificateHandlers,
    ...hashHandlers(open),
    ...cipherHandlers(open),
    ...keyHandlers,
    ...signHandlers(brief),
    ...generateHandlers(long, brief),
    ...deriveHandlers(long, brief),
    ...exchangeHandlers(brief),
  }
}
