import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { attempt, attemptSync } from './native-failure.ts'
import type { OpenHandles } from './open-handles.ts'
import { inSlices } from './slices.ts'

/** Hashed at once on the host's thread: a quarter of a millisecond with the slower algorithms. */
const SLICE_BYTES = 64 * 1024
/** About what OpenSSL keeps of a hash and an HMAC. */
const HANDLE_BYTES = 2048

/** A hash or HMAC that goes on over several calls. */
class Digesting {
  readonly hash: Hash | Hmac

  constructor(hash: Hash | Hmac) {
    this.hash = hash
  }
}

type Setup = { readonly algorithm: string; readonly hmac: boolean; readonly outputLength?: number }

export function hashHandlers(
  open: OpenHandles,
): Handlers<'crypto.hash' | 'crypto.hashStream' | 'crypto.hashCopy'> {
  return {
    'crypto.hash': async args => {
      const [key, data] = splitBytes('crypto.hash', args, 2) as [Uint8Array, Uint8Array]
      requireSize('crypto.hash.key', key, LIMITS.cryptoPartBytes)
      return attempt(async () => {
        const hash = begin(args, key)
        if (data.byteLength <= SLICE_BYTES) hash.update(data)
        else await inSlices(data, SLICE_BYTES, slice => hash.update(slice))
        return { content: hash.digest() }
      })
    },
    'crypto.hashStream': async (args, scope) => {
      const { create, end } = args
      const parts = splitBytes('crypto.hashStream', args, create === undefined ? 1 : 2)
      const data = parts.at(-1) as Uint8Array
      requireSize(
        'crypto.hashStream.key',
        parts.length === 2 ? (parts[0] as Uint8Array) : NOTHING,
        LIMITS.cryptoPartBytes,
      )
      let id = args.id
      if (create !== undefined) {
        const made = attemptSync(() => ({ hash: begin(create, parts[0] as Uint8Array) }))
        if ('failure' in made) return made
        id = open.open(scope, new Digesting(made.hash), HANDLE_BYTES)
      }
      const { hash } = open.get(scope, id ?? '', Digesting)
      const updated = await attempt(async () => {
        await inSlices(data, SLICE_BYTES, slice => hash.update(slice))
        return end ? { content: hash.digest() } : {}
      })
      if (end && id !== undefined) open.close(scope, id)
      return end || id === undefined ? updated : { ...updated, id }
    },
    'crypto.hashCopy': async ({ id, outputLength }, scope) => {
      const { hash } = open.get(scope, id, Digesting)
      const copied = attemptSync(() => ({
        hash: (hash as Hash).copy(outputLength === undefined ? undefined : { outputLength }),
      }))
      if ('failure' in copied) return copied
      return { id: open.open(scope, new Digesting(copied.hash), HANDLE_BYTES) }
    },
  }
}

const NOTHING = new Uint8Array()

function begin({ algorithm, hmac, outputLength }: Setup, key: Uint8Array): Hash | Hmac {
  if (hmac) return createHmac(algorithm, key)
  return createHash(algorithm, outputLength === undefined ? undefined : { outputLength })
}
