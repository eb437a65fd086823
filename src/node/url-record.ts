/// <reference path="./whatwg-url.d.ts" />
import * as machine from 'whatwg-url/lib/url-state-machine.js'

/** Ada's numbers for schemes, by which Node tells them apart. */
const SCHEMES: Readonly<Record<string, number>> = { http: 0, https: 2, ws: 3, ftp: 4, wss: 5, file: 6 }
const NOT_SPECIAL = 1
/** A part that isn't there: the largest 32-bit number. */
const OMITTED = 0xffffffff

/** A parsed URL, as whatwg-url keeps it. */
export type UrlRecord = machine.UrlRecord

/** What a setter of URL changes, by Node's numbers. */
export type UrlPart =
  | 'protocol'
  | 'host'
  | 'hostname'
  | 'port'
  | 'username'
  | 'password'
  | 'pathname'
  | 'search'
  | 'hash'

export function parseUrl(input: string, base?: string): UrlRecord | undefined {
  if (base === undefined) return machine.basicURLParse(input) ?? undefined
  const baseURL = machine.basicURLParse(base)
  if (baseURL === null) return undefined
  return machine.basicURLParse(input, { baseURL }) ?? undefined
}

/** The URL's text, and where in it each part begins or ends, in the order of Node's `urlComponents`. */
export function writeUrl(url: UrlRecord): { href: string; components: readonly number[] } {
  const protocolEnd = url.scheme.length + 1
  let usernameEnd = protocolEnd
  let hostStart = protocolEnd
  let hostEnd = protocolEnd
  if (url.host !== null) {
    usernameEnd = protocolEnd + 2 + url.username.length
    const hasPassword = url.password !== ''
    hostStart = usernameEnd + (hasPassword ? 1 + url.password.length : 0)
    const hasCredentials = hasPassword || url.username !== ''
    hostEnd = hostStart + (hasCredentials ? 1 : 0) + machine.serializeHost(url.host).length
  }
  const href = machine.serializeURL(url)
  const portLength = url.host !== null && url.port !== null ? 1 + String(url.port).length : 0
  const path = machine.serializePath(url)
  // Without a host, a path that begins with two slashes is written behind "/.".
  const isGuarded =
    url.host === null && typeof url.path !== 'string' && url.path.length > 1 && url.path[0] === ''
  const pathStart = hostEnd + portLength + (isGuarded ? 2 : 0)
  const searchStart = pathStart + path.length
  const hashStart = searchStart + (url.query === null ? 0 : 1 + url.query.length)
  const components = [
    protocolEnd,
    usernameEnd,
    hostStart,
    hostEnd,
    url.port ?? OMITTED,
    pathStart,
    url.query === null ? OMITTED : searchStart,
    url.fragment === null ? OMITTED : hashStart,
    SCHEMES[url.scheme] ?? NOT_SPECIAL,
  ]
  return { href, components }
}

/** As the URL Standard's setters do, in place. What can't be set is left as it was. */
export function setPart(url: UrlRecord, part: UrlPart, value: string): void {
  switch (part) {
    case 'protocol':
      machine.basicURLParse(`${value}:`, { url, stateOverride: 'scheme start' })
      return
    case 'username':
      if (!machine.cannotHaveAUsernamePasswordPort(url)) machine.setTheUsername(url, value)
      return
    case 'password':
      if (!machine.cannotHaveAUsernamePasswordPort(url)) machine.setThePassword(url, value)
      return
    case 'host':
    case 'hostname':
      if (!machine.hasAnOpaquePath(url)) machine.basicURLParse(value, { url, stateOverride: part })
      return
    case 'port':
      if (machine.cannotHaveAUsernamePasswordPort(url)) return
      if (value === '') url.port = null
      else machine.basicURLParse(value, { url, stateOverride: 'port' })
      return
    case 'pathname':
      if (machine.hasAnOpaquePath(url)) return
      url.path = []
      machine.basicURLParse(value, { url, stateOverride: 'path start' })
      return
    case 'search':
      setQuery(url, value)
      return
    case 'hash':
      setFragment(url, value)
      return
    default:
      part satisfies never
  }
}

function setQuery(url: UrlRecord, value: string): void {
  if (value === '') {
    url.query = null
    return
  }
  url.query = ''
  machine.basicURLParse(value[0] === '?' ? value.slice(1) : value, { url, stateOverride: 'query' })
}

function setFragment(url: UrlRecord, value: string): void {
  if (value === '') {
    url.fragment = null
    return
  }
  url.fragment = ''
  machine.basicURLParse(value[0] === '#' ? value.slice(1) : value, { url, stateOverride: 'fragment' })
}
