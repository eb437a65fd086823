import type { OpArgs, OpResult } from '../protocol/calls.ts'
import { type HostFailure, readFailure } from './host-failure.ts'
import { notOffered } from './not-offered.ts'
import type { Binding, Realm } from './realm.ts'

type RecordType = OpArgs<'network.resolve'>['type']

const ORDERS = ['verbatim', 'ipv4first', 'ipv6first'] as const

/** Node's request of one lookup: with a callback, or with what settles a promise. */
class NameRequest {
  oncomplete: ((error: number | string | null, ...results: unknown[]) => void) | undefined
  callback: ((error: Error) => void) | undefined
  reject: ((error: Error) => void) | undefined
}

interface TimedAddress {
  readonly address: string
  readonly ttl: number
}

/** Names, as the host's resolver knows them. */
export function makeCaresWrapBinding(realm: Realm): Binding {
  const { environment } = realm
  const guard = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      environment.report(error)
    }
  }
  const fail = (request: NameRequest, { code, error }: HostFailure, status: number | string): void =>
    guard(() => {
      if (code !== 'ERR_ACCESS_DENIED') request.oncomplete?.(status)
      else if (request.callback !== undefined) request.callback(error)
      else request.reject?.(error)
    })

  const getaddrinfo = (
    request: NameRequest,
    hostname: string,
    family: 0 | 4 | 6,
    hints: number,
    order: number,
  ): number => {
    const uv = realm.binding('uv')
    environment
      .callHost('network.lookup', { hostname, family, hints, order: ORDERS[order] ?? 'verbatim' })
      .then(
        ({ addresses }) =>
          guard(() =>
            request.oncomplete?.(
              null,
              addresses.map(({ address }) => address),
            ),
          ),
        refused => {
          const failure = readFailure(realm, refused, hostname)
          const status = failure.code === 'ENOTFOUND' ? uv.UV_EAI_NONAME : failure.status
          fail(request, failure, status ?? failure.code)
        },
      )
    return 0
  }

  const query = (request: NameRequest, answer: Promise<readonly unknown[]>, resource: string): number => {
    answer.then(
      results => guard(() => request.oncomplete?.(null, ...results)),
      refused => {
        const failure = readFailure(realm, refused, resource)
        fail(request, failure, failure.code)
      },
    )
    return 0
  }
  const records = async (hostname: string, type: RecordType): Promise<readonly unknown[]> => {
    const { records: found } = await environment.callHost('network.resolve', { hostname, type })
    if (type !== 'A' && type !== 'AAAA') return [found]
    const timed = found as TimedAddress[]
    return [timed.map(({ address }) => address), timed.map(({ ttl }) => ttl)]
  }
  const reverse = async (address: string): Promise<readonly unknown[]> => {
    const { names }: OpResult<'network.reverse'> = await environment.callHost('network.reverse', { address })
    return [names]
  }
  return {
    ...CONSTANTS,
    AddrInfo: NameRequest,
    GetAddrInfoReqWrap: class GetAddrInfoReqWrap extends NameRequest {},
    GetNameInfoReqWrap: class GetNameInfoReqWrap extends NameRequest {},
    QueryReqWrap: class QueryReqWrap extends NameRequest {},
    ChannelWrap: makeChannel(query, records, reverse),
    getaddrinfo,
    getnameinfo: () => {
      throw notOffered('dns.lookupService', 'ask for names with dns.reverse')
    },
    canonicalizeIP: (text: string) => canonicalise(realm, text),
    convertIpv6StringToBuffer: (text: string) => ipv6Bytes(realm, text),
    strerror: (code: unknown) => String(code),
  }
}

/** As c-ares and getaddrinfo have them on Linux. */
const CONSTANTS = {
  AI_ADDRCONFIG: 0x20,
  AI_ALL: 0x10,
  AI_V4MAPPED: 0x8,
  DNS_ORDER_VERBATIM: 0,
  DNS_ORDER_IPV4_FIRST: 1,
  DNS_ORDER_IPV6_FIRST: 2,
} as const

const QUERIES: Readonly<Record<string, RecordType>> = {
  queryA: 'A',
  queryAaaa: 'AAAA',
  queryAny: 'ANY',
  queryCaa: 'CAA',
  queryCname: 'CNAME',
  queryMx: 'MX',
  queryNaptr: 'NAPTR',
  queryNs: 'NS',
  queryPtr: 'PTR',
  querySoa: 'SOA',
  querySrv: 'SRV',
  queryTlsa: 'TLSA',
  queryTxt: 'TXT',
}

function makeChannel(
  query: (request: NameRequest, answer: Promise<readonly unknown[]>, resource: string) => number,
  records: (hostname: string, type: RecordType) => Promise<readonly unknown[]>,
  reverse: (address: string) => Promise<readonly unknown[]>,
): object {
  class ChannelWrap {
    /** The host's, and its own business. */
    getServers(): readonly unknown[] {
      return []
    }

    setServers(): never {
      throw notOffered(
        'dns.setServers',
        "names are asked of the host's resolver. The host may name servers: new FunctionHost({ network: { dnsServers: […] } })",
      )
    }

    setLocalAddress(): void {}
    cancel(): void {}

    getHostByAddr(request: NameRequest, address: string): number {
      return query(request, reverse(address), address)
    }
  }
  for (const [name, type] of Object.entries(QUERIES)) {
    Object.defineProperty(ChannelWrap.prototype, name, {
      value: (request: NameRequest, hostname: string) => query(request, records(hostname, type), hostname),
    })
  }
  return ChannelWrap
}

function canonicalise({ load }: Realm, text: string): string | undefined {
  const family = load('internal/net').isIP(text)
  if (family === 4) return text
  if (family !== 6) return undefined
  const { URL } = load('internal/url')
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}

/** The sixteen bytes of an IPv6 address. */
function ipv6Bytes(realm: Realm, text: string): Uint8Array | undefined {
  const canonical = canonicalise(realm, text)
  if (canonical === undefined) return undefined
  const [head = '', tail] = canonical.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].map(group =>
    Number.parseInt(group, 16),
  )
  return realm.load('buffer').Buffer.from(groups.flatMap(group => [group >> 8, group & 0xff]))
}
