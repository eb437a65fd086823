import type { KeyObject } from 'node:crypto'
import { checkPrime, generateKeyPair, generatePrime } from 'node:crypto'
import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs } from '../protocol/calls.ts'
import { joinBytes, requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { derOf } from './crypto-keys.ts'
import type { HeavyWork } from './heavy-work.ts'
import { attempt } from './native-failure.ts'

type Args = OpArgs<'crypto.generateKeyPair'>
type Ops = 'crypto.generateKeyPair' | 'crypto.generatePrime' | 'crypto.checkPrime'

/** Of these a pair is but a random number and one multiplication. */
const QUICK_TYPES: ReadonlySet<string> = new Set(['ec', 'ed25519', 'ed448', 'x25519', 'x448'])

/** Keys and primes, found in Node's pool. */
export function generateHandlers(long: HeavyWork, brief: HeavyWork): Handlers<Ops> {
  return {
    'crypto.generateKeyPair': async (args, scope) => {
      const [prime] = splitBytes('crypto.generateKeyPair', args, 1) as [Uint8Array]
      requireBits(args, prime)
      const work = () =>
        attempt(async () => {
          const pair = await new Promise<[KeyObject, KeyObject]>((resolve, reject) => {
            generateKeyPair(
              args.type as 'rsa',
              optionsOf(args, prime) as never,
              ((error: Error | null, publicKey: KeyObject, privateKey: KeyObject) =>
                error ? reject(error) : resolve([publicKey, privateKey])) as never,
            )
          })
          return joinBytes(pair.map(derOf))
        })
      return (QUICK_TYPES.has(args.type) ? brief : long).run(scope, work)
    },
    'crypto.generatePrime': async (args, scope) => {
      const [add, rem] = splitBytes('crypto.generatePrime', args, 2) as [Uint8Array, Uint8Array]
      const { bits, safe } = args
      requireAtMost('bits', bits, safe ? LIMITS.cryptoSafePrimeBits : LIMITS.cryptoGenerateBits)
      for (const part of [add, rem]) requireSize('crypto.generatePrime', part, LIMITS.cryptoGenerateBits / 8)
      return long.run(scope, () =>
        attempt(async () => {
          const options = {
            safe,
            ...(add.byteLength > 0 && { add }),
            ...(rem.byteLength > 0 && { rem }),
          }
          const prime = await new Promise<ArrayBuffer>((resolve, reject) => {
            generatePrime(bits, options, (error, result) => (error ? reject(error) : resolve(result)))
          })
          return { content: new Uint8Array(prime) }
        }),
      )
    },
    'crypto.checkPrime': async (args, scope) => {
      const [candidate] = splitBytes('crypto.checkPrime', args, 1) as [Uint8Array]
      requireAtMost('candidate', candidate.byteLength * 8, LIMITS.cryptoGenerateBits)
      return long.run(scope, () =>
        attempt(async () => {
          const prime = await new Promise<boolean>((resolve, reject) => {
            checkPrime(candidate, { checks: args.checks }, (error, result) =>
              error ? reject(error) : resolve(result),
            )
          })
          return { prime }
        }),
      )
    },
  }
}

function requireBits(
  { divisorLength = 0, modulusLength = 0, primeLength = 0, type }: Args,
  prime: Uint8Array,
): void {
  requireAtMost(
    'modulusLength',
    modulusLength,
    type === 'dsa' ? LIMITS.cryptoDsaBits : LIMITS.cryptoGenerateBits,
  )
  requireAtMost('divisorLength', divisorLength, LIMITS.cryptoDsaBits)
  requireAtMost('primeLength', primeLength, LIMITS.cryptoSafePrimeBits)
  requireAtMost('prime', prime.byteLength * 8, LIMITS.cryptoGenerateBits)
}

function requireAtMost(what: string, bits: number, limit: number): void {
  if (bits <= limit) return
  throw new ValueError(
    what,
    `${what} is ${bits} bits; the host generates and checks up to ${limit} for a function.`,
  )
}

function optionsOf({ content: _, sizes: __, type, ...options }: Args, prime: Uint8Array): object | undefined {
  if (type !== 'dh' || options.group !== undefined || options.primeLength !== undefined) return options
  return { ...options, prime: Buffer.from(prime) }
}
