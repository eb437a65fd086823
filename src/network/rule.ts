import { domainToASCII } from 'node:url'
import { InvalidOptionError } from '../errors.ts'
import { type Address, readRange } from './address.ts'

/** One entry of `allow`: hosts by name or by address, on one port or on all. */
export interface Rule {
  readonly matchesName: (name: string) => boolean
  readonly matchesAddress: (address: Address) => boolean
  /** Undefined: every port. */
  readonly port: number | undefined
}

const NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads an entry: `api.example.com`, `*.example.com`, `*`, `10.0.0.5`, `10.0.0.0/8`, `[fd00::/8]`; each with `:443` or
 * another port behind it, if only that is meant.
 *
 * @throws {InvalidOptionError} for anything else, naming it.
 */
export function readRule(text: unknown, option: string): Rule {
  if (typeof text !== 'string') throw unreadable(text, option)
  const { host, port } = split(text, option)
  const range = readRange(host)
  if (range !== undefined) {
    return {
      port,
      matchesName: () => false,
      matchesAddress: ({ text: address, family }) => range.check(address, family === 4 ? 'ipv4' : 'ipv6'),
    }
  }
  if (host === '*') return { port, matchesName: () => true, matchesAddress: () => false }
  const isWildcard = host.startsWith('*.')
  const name = normaliseName(isWildcard ? host.slice(2) : host)
  // A name that ends in a number would be read as an address by those who connect to it.
  if (name === undefined || !NAME.test(name) || /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(name))
    throw unreadable(text, option)
  return {
    port,
    matchesName: isWildcard ? asked => asked.endsWith(`.${name}`) : asked => asked === name,
    matchesAddress: () => false,
  }
}

/** Nothing at which a resolver would stop reading, or a reader of URLs. */
const ASKABLE = /^[a-z0-9._-]+$/

/**
 * A host's name in the one form that is compared with rules and asked for: ASCII, small letters, no dot at the end.
 * Undefined for what is no host's name.
 */
export function normaliseName(name: string): string | undefined {
  const isAscii = /^[\0-\x7f]*$/.test(name)
  const ascii = (isAscii ? name : /[\0-,/:-@[-^`{-\x7f]/.test(name) ? '' : domainToASCII(name)).toLowerCase()
  return ASKABLE.test(ascii) ? ascii.replace(/\.$/, '') : undefined
}

function split(text: string, option: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  const plain = /^([^:]+)(?::(\d+))?$/.exec(text)
  const [, host = text, digits] = bracketed ?? plain ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && !(port >= 1 && port <= 65_535)) throw unreadable(text, option)
  return { host, port }
}

function unreadable(text: unknown, option: string): InvalidOptionError {
  const shown = typeof text === 'string' ? `"${text.slice(0, 100)}"` : `A ${typeof text}`
  return new InvalidOptionError(
    option,
    `${shown} is no entry of ${option}: write 'api.example.com', '*.example.com:443', '*', '10.0.0.5:6379', '10.0.0.0/8' or '[fd00::/8]:443'.`,
  )
}
