import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

/** What an address is for. Only `public` ones are open to functions by default. */
export type AddressKind =
  | 'public'
  | 'loopback'
  | 'private'
  /** One of this machine's own, whatever else it is. */
  | 'own'
  | 'link-local'
  /** Where a cloud tells its machines their secrets. */
  | 'metadata'
  | 'multicast'
  | 'unspecified'
  | 'reserved'

export interface Address {
  /** In the one form that is checked, remembered and connected to; an IPv4 address mapped into IPv6 is IPv4. */
  readonly text: string
  readonly family: 4 | 6
  readonly kind: AddressKind
}

type Parsed = ReturnType<typeof ipaddr.parse>
type IPv6 = Extract<Parsed, { toIPv4Address: unknown }>

const KIND_OF_RANGE: Readonly<Record<string, AddressKind>> = {
  unicast: 'public',
  loopback: 'loopback',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  deprecatedSiteLocal: 'private',
  linkLocal: 'link-local',
  multicast: 'multicast',
  unspecified: 'unspecified',
}

/** Those outside the link-local range, where the others are: Alibaba, Azure, Oracle; AWS and Google over IPv6. */
const METADATA = new BlockList()
for (const text of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) METADATA.addAddress(text, 'ipv4')
for (const text of ['fd00:ec2::254', 'fd20:ce::254']) METADATA.addAddress(text, 'ipv6')

/** All there is of the public internet in IPv6 (RFC 4291): what is elsewhere is reserved, or IPv4 in disguise. */
const GLOBAL_UNICAST = new BlockList()
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6')

/** Reads an address as `net.isIP` knows it; undefined for any other text, and for one with a zone. */
export function readAddress(text: string): Address | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  const parsed = unmapped(ipaddr.parse(withoutDots(text)))
  const canonical = parsed.toString()
  return { text: canonical, family: parsed.kind() === 'ipv4' ? 4 : 6, kind: kindOf(parsed, canonical) }
}

/** An IPv6 address in hexadecimal throughout: ipaddr.js takes `::1.2.3.4` for a mapped one, which the system doesn't. */
function withoutDots(text: string): string {
  return isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text
}

function kindOf(parsed: Parsed, text: string): AddressKind {
  const family = parsed.kind()
  if (METADATA.check(text, family)) return 'metadata'
  const range = parsed.range()
  const kind = KIND_OF_RANGE[range] ?? 'reserved'
  if (kind !== 'loopback' && isOwn(text)) return 'own'
  if (family === 'ipv4') return kind
  if (range === 'rfc6052') return kindOfTranslated(parsed as IPv6)
  return kind === 'public' && !GLOBAL_UNICAST.check(text, 'ipv6') ? 'reserved' : kind
}

/** Behind a translator (NAT64) every IPv4 address has such a form: it is what the address within is. */
function kindOfTranslated(parsed: IPv6): AddressKind {
  const bytes = parsed.toByteArray()
  const isWellKnownPrefix = bytes.slice(4, 12).every(byte => byte === 0)
  return isWellKnownPrefix ? (readAddress(bytes.slice(12).join('.'))?.kind ?? 'reserved') : 'reserved'
}

function unmapped(parsed: Parsed): Parsed {
  return parsed.kind() === 'ipv6' && (parsed as IPv6).isIPv4MappedAddress()
    ? (parsed as IPv6).toIPv4Address()
    : parsed
}

/** What listens on an address of this machine may be meant for this machine alone, be the address public or not. */
function isOwn(text: string): boolean {
  return Object.values(networkInterfaces()).some(addresses =>
    addresses?.some(({ address }) => address === text),
  )
}

/** A range of addresses as a rule names it: `10.0.0.0/8`, `fd00::/8`, or one address. Undefined for other text. */
export function readRange(text: string): BlockList | undefined {
  const [, start = text, bits] = /^(.+)\/(\d{1,3})$/.exec(text) ?? []
  const address = readAddress(start)
  if (address === undefined) return undefined
  const family = address.family === 4 ? 'ipv4' : 'ipv6'
  const widest = address.family === 4 ? 32 : 128
  if (Number(bits ?? widest) > widest) return undefined
  const range = new BlockList()
  range.addSubnet(address.text, Number(bits ?? widest), family)
  return range
}
