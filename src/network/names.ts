import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { NetworkError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { toNetworkError } from './failure.ts'
import { Turns } from './turns.ts'

export const RECORD_TYPES = [
  'A',
  'AAAA',
  'ANY',
  'CAA',
  'CNAME',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'TLSA',
  'TXT',
] as const
export type RecordType = (typeof RECORD_TYPES)[number]

export interface LookupOptions {
  readonly family: 0 | 4 | 6
  /** As `dns.lookup` has it. */
  readonly hints: number
  readonly order: 'verbatim' | 'ipv4first' | 'ipv6first'
}

/** Time a name server has for its answer, and how often it is asked. */
const SERVER_TIMEOUT_MS = 3000
const SERVER_TRIES = 2

/**
 * The host's resolver: the system's, or name servers the embedder names. The system's takes a thread of libuv's small
 * pool for as long as it pleases, so only a few of its lookups run at once and the files of others go on.
 */
export class Names {
  readonly #resolver = new Resolver({ timeout: SERVER_TIMEOUT_MS, tries: SERVER_TRIES })
  readonly #hasServers: boolean
  readonly #turns = new Turns(LIMITS.networkLookups)
  /** Lookups under way: who asks the same meanwhile gets the same answer. */
  readonly #underWay = new Map<string, Promise<LookupAddress[]>>()
  /** And those that wait for their turn, of each who asks. */
  readonly #waiting = new WeakMap<object, Map<string, Promise<LookupAddress[]>>>()

  /** `servers`: addresses, each with a port or without. @throws what Node throws for one that is none. */
  constructor(servers: readonly string[] | undefined) {
    this.#hasServers = servers !== undefined
    if (servers !== undefined) this.#resolver.setServers(servers)
  }

  /**
   * Addresses of a host, as the system gives them: files and search domains included. `asker`: who takes turns with
   * others at the system's resolver, and is over with `signal`.
   *
   * @throws {NetworkError}
   */
  lookup(
    hostname: string,
    options: LookupOptions,
    asker: object,
    signal: AbortSignal | undefined,
  ): Promise<LookupAddress[]> {
    const { family, hints, order } = options
    const key = `${hostname} ${family} ${hints} ${order}`
    const ask = () => shared(this.#underWay, key, () => this.#lookup(hostname, options))
    if (this.#hasServers || this.#underWay.has(key)) return ask()
    const waiting = this.#waiting.get(asker) ?? new Map<string, Promise<LookupAddress[]>>()
    this.#waiting.set(asker, waiting)
    return shared(waiting, key, async () => {
      await this.#turns.take(asker, signal)
      try {
        return await ask()
      } finally {
        this.#turns.give(asker)
      }
    })
  }

  async #lookup(hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
    if (this.#hasServers) return this.#ask(hostname, options)
    try {
      return await lookup(hostname, { ...options, all: true })
    } catch (error) {
      throw toNetworkError(error)
    }
  }

  /** Records as Node's `dns.resolve` gives them; addresses with their `ttl`. @throws {NetworkError} */
  async resolve(hostname: string, type: RecordType): Promise<unknown> {
    try {
      switch (type) {
        case 'A':
          return await this.#resolver.resolve4(hostname, { ttl: true })
        case 'AAAA':
          return await this.#resolver.resolve6(hostname, { ttl: true })
        default:
          return await this.#resolver.resolve(hostname, type)
      }
    } catch (error) {
      throw toNetworkError(error)
    }
  }

  /** Names of an address. @throws {NetworkError} */
  async reverse(address: string): Promise<string[]> {
    try {
      return await this.#resolver.reverse(address)
    } catch (error) {
      throw toNetworkError(error)
    }
  }

  async #ask(hostname: string, { family, order }: LookupOptions): Promise<LookupAddress[]> {
    const families = [4, 6].filter(one => family === 0 || family === one) as (4 | 6)[]
    if (order === 'ipv6first') families.reverse()
    const answers = await Promise.allSettled(
      families.map(one =>
        one === 4 ? this.#resolver.resolve4(hostname) : this.#resolver.resolve6(hostname),
      ),
    )
    const found = answers.flatMap((answer, index) =>
      answer.status === 'fulfilled'
        ? answer.value.map(address => ({ address, family: families[index] as number }))
        : [],
    )
    if (found.length > 0) return found
    const codes = answers.map(answer => (answer.status === 'rejected' ? answer.reason?.code : undefined))
    // As getaddrinfo tells them: no such name, or no answer for now.
    const code = codes.every(one => one === 'ENOTFOUND' || one === 'ENODATA') ? 'ENOTFOUND' : 'EAI_AGAIN'
    throw new NetworkError(code, `getaddrinfo ${code} ${hostname}`, { syscall: 'getaddrinfo', hostname })
  }
}

/** What is under way by that key, or is begun by `start` and told then. */
function shared<Result>(
  underWay: Map<string, Promise<Result>>,
  key: string,
  start: () => Promise<Result>,
): Promise<Result> {
  const known = underWay.get(key)
  if (known !== undefined) return known
  const answer = start().finally(() => underWay.delete(key))
  underWay.set(key, answer)
  return answer
}
