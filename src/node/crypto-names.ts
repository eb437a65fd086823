import type { OpResult } from '../protocol/calls.ts'
import type { CryptoHost } from './crypto-host.ts'

type CipherInfo = NonNullable<OpResult<'crypto.cipherInfo'>['info']>

const EVERYWHERE = ['chacha20-poly1305', 'shake128', 'shake256', 'sha3-256', 'sha3-384', 'sha3-512']

/** What the host's OpenSSL has, asked once. */
export class CryptoNames {
  readonly #host: CryptoHost
  #names: OpResult<'crypto.names'> | undefined
  #digests: Set<string> | undefined
  readonly #ciphers = new Map<string, CipherInfo | undefined>()

  constructor(host: CryptoHost) {
    this.#host = host
  }

  /**
   * Node's modules look for some names while they are evaluated, ahead of any invocation: they are told of those that
   * every OpenSSL has they could run on. From then on it is another generation, whose names are asked for.
   */
  isEvaluated = false

  get hashes(): string[] {
    return this.isEvaluated ? [...this.#all.hashes] : [...EVERYWHERE]
  }

  get ciphers(): string[] {
    return this.isEvaluated ? [...this.#all.ciphers] : [...EVERYWHERE]
  }

  get curves(): string[] {
    return [...this.#all.curves]
  }

  /** Whether it is sure to be known; one that isn't may be known by another name. */
  hasDigest(name: string): boolean {
    this.#digests ??= new Set(this.#all.hashes.map(hash => hash.toLowerCase()))
    return this.#digests.has(name.toLowerCase())
  }

  hasCurve(name: string): boolean {
    return this.#all.curves.includes(name)
  }

  cipher(name: string): CipherInfo | undefined {
    if (!this.#ciphers.has(name)) this.#ciphers.set(name, this.cipherInfo(name))
    return this.#ciphers.get(name)
  }

  cipherInfo(nameOrNid: string | number, keyLength?: number, ivLength?: number): CipherInfo | undefined {
    if (typeof nameOrNid === 'string' && nameOrNid.length > 128) return undefined
    return this.#host.ask('crypto.cipherInfo', {
      nameOrNid,
      ...(keyLength !== undefined && { keyLength }),
      ...(ivLength !== undefined && { ivLength }),
    }).info
  }

  get #all(): OpResult<'crypto.names'> {
    this.#names ??= this.#host.ask('crypto.names', {})
    return this.#names
  }
}
