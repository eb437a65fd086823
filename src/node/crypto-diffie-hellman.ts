import { readDiffieHellmanKey, writeDiffieHellmanKey } from './crypto-der.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import type { Binding } from './realm.ts'

/** DH_check's flags. */
const NOT_PRIME = 1
const NOT_SAFE_PRIME = 2
/** Tests of primality OpenSSL does by itself. */
const CHECKS = 0

interface Group {
  readonly prime: Uint8Array
  readonly generator: Uint8Array
}

/** The classes over numbers; the computing is done with keys made of the numbers, which the host does in its pool. */
export function makeDiffieHellmanBinding(host: CryptoHost): Binding {
  return { DiffieHellman: makeClass(host, false), DiffieHellmanGroup: makeClass(host, true) }
}

function makeClass(host: CryptoHost, isNamed: boolean): new (...args: never[]) => object {
  return class DiffieHellman {
    readonly #group: Group
    readonly verifyError: number
    #privateKey: Uint8Array | undefined
    #publicKey: Uint8Array | undefined

    constructor(source: string | number | View, generator: number | View = 2) {
      if (isNamed) {
        this.#group = namedGroup(host, String(source))
        this.verifyError = 0
        return
      }
      const generatorBytes =
        typeof generator === 'number' ? numberBytes(host, generator) : host.copy(generator)
      const prime = typeof source === 'number' ? safePrime(host, source) : host.copy(source as View)
      requireNumbers(prime, generatorBytes)
      this.#group = { prime, generator: generatorBytes }
      this.verifyError = typeof source === 'number' ? 0 : verify(host, prime)
    }

    generateKeys(): Uint8Array {
      const { generator, prime } = this.#group
      if (this.#privateKey === undefined) {
        const made = generate(host, { type: 'dh', generator: toNumber(generator) }, prime)
        this.#privateKey = made.privateKey.number
        this.#publicKey = made.publicKey.number
      } else {
        // The generator to the power of the private number, which is a secret shared with it.
        this.#publicKey = this.#secret(this.#privateKey, generator)
      }
      return this.getPublicKey()
    }

    computeSecret(theirs: View): Uint8Array {
      if (this.#privateKey === undefined)
        fail('No private key - did you forget to generate one?', 'ERR_CRYPTO_INVALID_STATE')
      const key = host.bytes(theirs)
      requireKey(host, key, this.#group.prime)
      return host.buffer(this.#secret(this.#privateKey, key))
    }

    getPrime(): Uint8Array {
      return host.buffer(host.copy(this.#group.prime))
    }

    getGenerator(): Uint8Array {
      return host.buffer(host.copy(this.#group.generator))
    }

    getPublicKey(): Uint8Array {
      const key = this.#publicKey
      if (key === undefined)
        fail('No public key - did you forget to generate one?', 'ERR_CRYPTO_INVALID_KEYTYPE')
      return host.buffer(host.copy(key))
    }

    getPrivateKey(): Uint8Array {
      const key = this.#privateKey
      if (key === undefined)
        fail('No private key - did you forget to generate one?', 'ERR_CRYPTO_INVALID_KEYTYPE')
      return host.buffer(host.copy(key))
    }

    setPublicKey(key: View): void {
      this.#publicKey = host.copy(key)
    }

    setPrivateKey(key: View): void {
      this.#privateKey = host.copy(key)
    }

    #secret(mine: Uint8Array, theirs: Uint8Array): Uint8Array {
      const { generator, prime } = this.#group
      const privateKey = writeDiffieHellmanKey(host, { prime, generator, number: mine }, false)
      const publicKey = writeDiffieHellmanKey(host, { prime, generator, number: theirs }, true)
      const { content } = host.ask('crypto.diffieHellman', {
        privateKey: { role: 'private', format: 'der', type: 'pkcs8' },
        publicKey: { role: 'public', format: 'der', type: 'spki' },
        ...host.join([privateKey, publicKey]),
      })
      const secret = content as Uint8Array
      return host.join([new Uint8Array(Math.max(0, prime.length - secret.length)), secret]).content
    }
  }
}

function fail(message: string, code: string): never {
  throw Object.assign(new Error(message), { code })
}

function namedGroup(host: CryptoHost, name: string): Group {
  if (!/^modp(?:[125]|1[4-8])$/i.test(name)) {
    throw Object.assign(new Error('Unknown DH group'), { code: 'ERR_CRYPTO_UNKNOWN_DH_GROUP' })
  }
  return generate(host, { type: 'dh', group: name }, new Uint8Array()).publicKey
}

type Request = { type: 'dh'; group: string } | { type: 'dh'; generator: number }

function generate(host: CryptoHost, request: Request, prime: Uint8Array) {
  const { content, sizes } = host.ask('crypto.generateKeyPair', { ...request, ...host.join([prime]) })
  const bytes = content as Uint8Array
  const middle = sizes?.[0] ?? 0
  const publicKey = readDiffieHellmanKey(host, host.part(bytes, 0, middle), true)
  const privateKey = readDiffieHellmanKey(host, host.part(bytes, middle), false)
  if (publicKey === undefined || privateKey === undefined)
    fail('Unreadable DH key', 'ERR_CRYPTO_OPERATION_FAILED')
  return { publicKey, privateKey }
}

function safePrime(host: CryptoHost, bits: number): Uint8Array {
  if (bits < 2) {
    throw Object.assign(new Error('error:0300007E:digital envelope routines::bits too small'), {
      code: 'ERR_OSSL_BN_BITS_TOO_SMALL',
    })
  }
  const none = new Uint8Array()
  return host.ask('crypto.generatePrime', { bits, safe: true, ...host.join([none, none]) })
    .content as Uint8Array
}

/** A public number is between 1 and the prime less 1, these left out. */
function requireKey(host: CryptoHost, key: Uint8Array, prime: Uint8Array): void {
  const digits = trim(host, key)
  if (digits.length === 0 || (digits.length === 1 && digits[0] === 1)) outOfRange('small')
  const most = trim(host, prime)
  if (digits.length > most.length) outOfRange('large')
  if (digits.length < most.length) return
  for (let index = 0; index < digits.length; index++) {
    const limit = (most[index] as number) - (index === digits.length - 1 ? 1 : 0)
    const digit = digits[index] as number
    if (digit < limit) return
    if (digit > limit) break
  }
  outOfRange('large')
}

function outOfRange(what: 'small' | 'large'): never {
  throw Object.assign(new RangeError(`Supplied key is too ${what}`), { code: 'ERR_CRYPTO_INVALID_KEYLEN' })
}

function trim(host: CryptoHost, bytes: Uint8Array): Uint8Array {
  let start = 0
  while (bytes[start] === 0) start++
  return host.part(bytes, start)
}

function requireNumbers(prime: Uint8Array, generator: Uint8Array): void {
  const isBad = (bytes: Uint8Array): boolean =>
    bytes.length === 0 || (bytes.length === 1 && (bytes[0] as number) < 2)
  if (isBad(generator) || prime.length === 0) fail('Invalid DH parameters', 'ERR_INVALID_ARG_VALUE')
}

/** As much of DH_check as needs no more than tests of primality. */
function verify(host: CryptoHost, prime: Uint8Array): number {
  if (!isPrime(host, prime)) return NOT_PRIME
  return isPrime(host, half(prime)) ? 0 : NOT_SAFE_PRIME
}

function isPrime(host: CryptoHost, bytes: Uint8Array): boolean {
  return host.ask('crypto.checkPrime', { checks: CHECKS, ...host.join([bytes]) }).prime === true
}

/** (n - 1) / 2 of an odd number. */
function half(bytes: Uint8Array): Uint8Array {
  const halved = new Uint8Array(bytes.length)
  let carry = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number
    halved[index] = (byte >> 1) | carry
    carry = (byte & 1) << 7
  }
  return halved
}

function numberBytes(host: CryptoHost, value: number): Uint8Array {
  if (value < 2) fail('Invalid generator', 'ERR_INVALID_ARG_VALUE')
  const bytes = new Uint8Array(4)
  for (let index = 0; index < 4; index++) bytes[index] = (value >>> (24 - index * 8)) & 255
  let start = 0
  while (start < 3 && bytes[start] === 0) start++
  return host.copy(host.part(bytes, start))
}

/** Node makes pairs by generators that are small numbers. */
function toNumber(bytes: Uint8Array): number {
  let value = 0
  for (let index = 0; index < bytes.length; index++) value = value * 256 + (bytes[index] as number)
  if (value > 2 ** 31 - 1) fail('The generator is too large to generate keys with', 'ERR_INVALID_ARG_VALUE')
  return value
}
