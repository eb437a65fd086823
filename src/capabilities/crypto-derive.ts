import { hkdf, pbkdf2, scrypt } from 'node:crypto'
import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs } from '../protocol/calls.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import type { HeavyWork } from './heavy-work.ts'
import { attempt } from './native-failure.ts'

const OP = 'crypto.derive'
/** What PBKDF2 makes in one round of its iterations, with the longest digest; a shorter one costs less each. */
const DIGEST_BYTES = 64
/** Quicker ones don't wait for those that take seconds. */
const QUICK_ITERATIONS = 10_000

type Method = OpArgs<'crypto.derive'>['method']
type Settle = (error: Error | null, derived: Buffer | ArrayBuffer) => void

/** Keys from passwords and from other keys, in Node's pool: `long` has the turns of what takes seconds. */
export function deriveHandlers(long: HeavyWork, brief: HeavyWork): Handlers<'crypto.derive'> {
  return {
    [OP]: async (args, scope) => {
      const { method, size } = args
      const parts = splitBytes(OP, args, method.name === 'hkdf' ? 3 : 2)
      for (const part of parts) requireSize(OP, part, LIMITS.cryptoPartBytes)
      const isQuick = requireWork(method, size)
      const work = () =>
        attempt(async () => {
          const derived = await new Promise<Buffer | ArrayBuffer>((resolve, reject) => {
            start(method, parts, size, (error, result) => (error ? reject(error) : resolve(result)))
          })
          return { content: new Uint8Array(derived) }
        })
      return (isQuick ? brief : long).run(scope, work)
    },
  }
}

/** Whether it takes but a few milliseconds. */
function requireWork(method: Method, size: number): boolean {
  if (method.name === 'hkdf') return true
  if (method.name === 'pbkdf2') {
    const { iterations } = method
    const total = iterations * Math.max(1, Math.ceil(size / DIGEST_BYTES))
    if (total > LIMITS.cryptoIterations) {
      throw tooMuch(`PBKDF2 of ${iterations} iterations for ${size} bytes`, 'cryptoIterations')
    }
    return total <= QUICK_ITERATIONS
  }
  const { maxmem, N, p, r } = method
  // What is over the function's own bound Node refuses before it starts.
  if (128 * N * r > LIMITS.cryptoScryptBytes && 128 * N * r <= maxmem) {
    throw tooMuch(
      `scrypt with N=${N} and r=${r} takes ${128 * N * r} bytes of memory, which`,
      'cryptoScryptBytes',
    )
  }
  if (128 * N * r * p > LIMITS.cryptoScryptBytes * 4) {
    throw tooMuch(`scrypt with N=${N}, r=${r} and p=${p}`, 'cryptoScryptBytes, four times for p')
  }
  return 128 * N * r * p <= 2 ** 20
}

function tooMuch(what: string, limit: string): ValueError {
  return new ValueError('crypto.derive', `${what} is more than the host does for a function (${limit}).`)
}

function start(method: Method, parts: Uint8Array[], size: number, settle: Settle): void {
  const [password, salt, info] = parts as [Uint8Array, Uint8Array, Uint8Array]
  if (method.name === 'pbkdf2') pbkdf2(password, salt, method.iterations, size, method.digest, settle)
  else if (method.name === 'hkdf') hkdf(method.digest, password, salt, info, size, settle)
  else {
    const { N, maxmem, p, r } = method
    scrypt(password, salt, size, { N, r, p, maxmem: Math.min(maxmem, 2 * LIMITS.cryptoScryptBytes) }, settle)
  }
}
