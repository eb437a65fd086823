import { Resolver } from 'node:dns'
import { InvalidOptionError } from './errors.ts'
import { checkKnownOptions } from './known-options.ts'
import { LIMITS } from './limits.ts'
import type { NetworkPolicy } from './network/policy.ts'
import { type Rule, readRule } from './network/rule.ts'
import { checkRanges } from './option-ranges.ts'

/** What functions may do with the network: of one function at deploy, of all others on the host. */
export interface NetworkOptions {
  /**
   * Where they may connect: `'api.example.com'`, `'*.example.com:443'`, `'*'`, `'10.0.0.5:6379'`, `'10.0.0.0/8'`,
   * `'[fd00::/8]'`. Omitted: to every public address. A name covers the public addresses it leads to; an address or
   * range that is named is open whatever it is.
   */
  readonly allow?: readonly string[]
  /**
   * Whether private addresses, loopback and this machine's own are open as public ones are. Link-local addresses,
   * the clouds' metadata addresses and what is no host's are not even then.
   * @default false
   */
  readonly private?: boolean
  /** Connections one invocation may have open at once. @default 200 */
  readonly maxConnections?: number
  /** Time a connection may take to come about, and a TLS handshake again, in milliseconds. @default 10000 */
  readonly connectTimeoutMs?: number
  /** Megabytes one invocation may receive in all. What it sends counts as `maxHostCallMb`. @default 512 */
  readonly maxReceivedMb?: number
}

/** And what only the host has a say in. */
export interface HostNetworkOptions extends NetworkOptions {
  /**
   * Name servers asked instead of the system's resolver, each an address with a port or without. The system's host
   * file and search domains then don't count.
   */
  readonly dnsServers?: readonly string[]
}

export const NETWORK_DEFAULTS = Object.freeze({
  private: false,
  maxConnections: 200,
  connectTimeoutMs: 10_000,
  maxReceivedMb: 512,
})

const RANGES = {
  maxConnections: [1, LIMITS.networkConnections],
  connectTimeoutMs: [1, 900_000],
  maxReceivedMb: [1, 1_048_576],
} as const

const KNOWN = ['allow', ...Object.keys(NETWORK_DEFAULTS)]

/**
 * The policy of one function: what its own options don't say, the host's do.
 *
 * @throws {InvalidOptionError} for an unknown option, a wrong type, a number out of range, an entry of `allow` that is none.
 */
export function resolveNetwork(given: NetworkOptions, host: NetworkOptions): NetworkPolicy {
  checkNetwork(given)
  const defined = Object.entries(given).filter(([, value]) => value !== undefined)
  const options = { ...NETWORK_DEFAULTS, ...host, ...Object.fromEntries(defined) } as NetworkOptions &
    typeof NETWORK_DEFAULTS
  return {
    rules: options.allow === undefined ? undefined : options.allow.map(readEntry),
    isPrivateOpen: options.private,
    maxConnections: options.maxConnections,
    connectTimeoutMs: options.connectTimeoutMs,
    maxReceivedBytes: options.maxReceivedMb * 1024 * 1024,
  }
}

/** @throws {InvalidOptionError} as `resolveNetwork`; also for a name server that is no address. */
export function checkHostNetwork(options: HostNetworkOptions): void {
  checkKnownOptions('network', options, [...KNOWN, 'dnsServers'])
  const { dnsServers, ...given } = options
  checkNetwork(given)
  if (dnsServers !== undefined && !isServerList(dnsServers)) {
    throw new InvalidOptionError(
      'network.dnsServers',
      "network.dnsServers must be a list of addresses: ['10.0.0.2', '[fd00::2]:53'].",
    )
  }
}

function checkNetwork(given: NetworkOptions): void {
  checkKnownOptions('network', given, KNOWN)
  const { allow } = given
  if (allow !== undefined) {
    if (!Array.isArray(allow) || allow.length > LIMITS.networkRules) {
      throw new InvalidOptionError(
        'network.allow',
        `network.allow must be a list of at most ${LIMITS.networkRules} hosts: ['api.example.com', '*.example.org:443'].`,
      )
    }
    for (const entry of allow) readEntry(entry)
  }
  if (given.private !== undefined && typeof given.private !== 'boolean') {
    throw new InvalidOptionError('network.private', 'network.private must be true or false.')
  }
  checkRanges('network.', given, RANGES)
}

function readEntry(entry: unknown): Rule {
  return readRule(entry, 'network.allow')
}

function isServerList(value: unknown): boolean {
  try {
    new Resolver().setServers(value as string[])
    return true
  } catch {
    return false
  }
}
