import { LIMITS } from '../limits.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { localWork, makeJob, opWork } from './crypto-job.ts'
import type { Binding, Realm } from './realm.ts'

/** Fetched at once, so that small requests cross seldom. */
const POOL_BYTES = 4096

/** Random bytes of the host's generator; each is used once and then forgotten. */
export class RandomBytes {
  readonly #host: CryptoHost
  #pool: Uint8Array = new Uint8Array()
  #used = 0

  constructor(host: CryptoHost) {
    this.#host = host
  }

  fill(target: Uint8Array): void {
    const size = target.length
    if (size > POOL_BYTES / 2) {
      this.#fetchInto(target)
      return
    }
    if (this.#used + size > this.#pool.length) {
      this.#pool = this.#fetch(POOL_BYTES)
      this.#used = 0
    }
    for (let index = 0; index < size; index++) {
      target[index] = this.#pool[this.#used + index] as number
      this.#pool[this.#used + index] = 0
    }
    this.#used += size
  }

  #fetchInto(target: Uint8Array): void {
    for (let at = 0; at < target.length; at += LIMITS.cryptoOutputBytes) {
      const part = this.#host.part(target, at, at + LIMITS.cryptoOutputBytes)
      const random = this.#fetch(part.length)
      for (let index = 0; index < part.length; index++) part[index] = random[index] as number
    }
  }

  #fetch(size: number): Uint8Array {
    return this.#host.ask('crypto.random', { size }).content as Uint8Array
  }
}

export function makeRandomBinding(realm: Realm, host: CryptoHost, random: RandomBytes): Binding {
  const bytesOf = (view: View | undefined): Uint8Array =>
    view === undefined ? new Uint8Array() : host.bytes(view)
  return {
    RandomBytesJob: makeJob(realm, (_mode, view: View, offset: number, size: number) =>
      localWork(() => {
        random.fill(host.part(host.bytes(view), offset, offset + size))
      }),
    ),
    RandomPrimeJob: makeJob(realm, (_mode, bits: number, safe: boolean, add?: View, rem?: View) =>
      opWork(
        host,
        'crypto.generatePrime',
        { bits, safe, ...host.join([bytesOf(add), bytesOf(rem)]) },
        ({ content }) => host.arrayBuffer(content as Uint8Array),
      ),
    ),
    CheckPrimeJob: makeJob(realm, (_mode, candidate: View, checks: number) =>
      opWork(
        host,
        'crypto.checkPrime',
        { checks, ...host.join([host.bytes(candidate)]) },
        ({ prime }) => prime,
      ),
    ),
    secureBuffer: (size: number) => new Uint8Array(size),
    secureHeapUsed: () => undefined,
    timingSafeEqual: (left: View, right: View) => timingSafeEqual(realm, host, left, right),
  }
}

function timingSafeEqual(realm: Realm, host: CryptoHost, left: View, right: View): boolean {
  const { isAnyArrayBuffer, isArrayBufferView } = realm.load('internal/util/types')
  for (const [name, view] of [
    ['buf1', left],
    ['buf2', right],
  ] as const) {
    if (isAnyArrayBuffer(view) || isArrayBufferView(view)) continue
    throw Object.assign(
      new TypeError(
        `The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`,
      ),
      { code: 'ERR_INVALID_ARG_TYPE' },
    )
  }
  const [a, b] = [host.bytes(left), host.bytes(right)]
  if (a.length !== b.length) {
    throw Object.assign(new RangeError('Input buffers must have the same byte length'), {
      code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH',
    })
  }
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= (a[index] as number) ^ (b[index] as number)
  return difference === 0
}
