import { CapabilityDeniedError } from '../errors.ts'
import type { Address, AddressKind } from './address.ts'
import type { Rule } from './rule.ts'

/** What one function may do with the network. */
export interface NetworkPolicy {
  /** Where it may connect. Undefined: to every public address. */
  readonly rules: readonly Rule[] | undefined
  /** Whether names, and with no rules any address, may lead to private addresses and to this machine. */
  readonly isPrivateOpen: boolean
  /** Connections open at once, of one invocation. */
  readonly maxConnections: number
  /** Time a connection may take to come about, and a TLS handshake again, in milliseconds. */
  readonly connectTimeoutMs: number
  /** Bytes one invocation may receive in all. */
  readonly maxReceivedBytes: number
}

/** What `private: true` opens. The others are no place for a function to go, unless an entry names the address. */
const OPENABLE: ReadonlySet<AddressKind> = new Set(['loopback', 'private', 'own'])

const DESCRIPTIONS: Readonly<Record<AddressKind, string>> = {
  public: 'a public address',
  loopback: 'a loopback address',
  private: 'a private address',
  own: "one of this machine's own addresses",
  'link-local': 'a link-local address',
  metadata: "a cloud's metadata address",
  multicast: 'a multicast address',
  unspecified: 'an unspecified address',
  reserved: 'a reserved address',
}

/** @throws {CapabilityDeniedError} for a name that no entry of `allow` covers on any port. */
export function requireName(policy: NetworkPolicy, op: string, name: string): void {
  const { rules } = policy
  if (rules === undefined || rules.some(rule => rule.matchesName(name))) return
  throw denied(op, `This function may not ask for "${name}": ${advise(`'${name}'`)}`)
}

/**
 * Whether a connection to the address may be made, on the port, or on any where none is named.
 *
 * `names`: those the host's own resolver gave this address for, in this invocation.
 */
export function isOpen(
  { rules, isPrivateOpen }: NetworkPolicy,
  address: Address,
  port: number | undefined,
  names: readonly string[],
): boolean {
  const covering = rules?.filter(rule => port === undefined || rule.port === undefined || rule.port === port)
  if (covering?.some(rule => rule.matchesAddress(address))) return true
  if (address.kind !== 'public' && !(isPrivateOpen && OPENABLE.has(address.kind))) return false
  return covering === undefined || covering.some(rule => names.some(name => rule.matchesName(name)))
}

/** Why it is not: names the host, the address and the option that would open it. */
export function denyAddress(
  op: string,
  policy: NetworkPolicy,
  address: Address,
  port: number | undefined,
  names: readonly string[],
): CapabilityDeniedError {
  const bracketed = address.family === 6 ? `[${address.text}]` : address.text
  const place = port === undefined ? bracketed : `${bracketed}:${port}`
  const name = names.at(-1)
  const who = name === undefined ? place : `"${name}" at ${place}`
  const isClosedKind = address.kind !== 'public' && !(policy.isPrivateOpen && OPENABLE.has(address.kind))
  if (!isClosedKind) {
    const entry = name === undefined ? place : port === undefined ? name : `${name}:${port}`
    return denied(op, `This function may not connect to ${who}: ${advise(`'${entry}'`)}`)
  }
  const byOption = OPENABLE.has(address.kind) ? '{ network: { private: true } }, or for this one ' : ''
  return denied(
    op,
    `This function may not connect to ${who}, which is ${DESCRIPTIONS[address.kind]}. The host opens it at deploy: deploy(name, source, ${byOption}{ network: { allow: ['${place}', …] } }).`,
  )
}

function advise(entry: string): string {
  return `it is not in the function's allow list. The host sets it at deploy: deploy(name, source, { network: { allow: [${entry}, …] } }).`
}

function denied(op: string, message: string): CapabilityDeniedError {
  return new CapabilityDeniedError('network', op, message)
}
