import { domainToAscii, domainToUnicode } from './domain-name.ts'
import type { Binding, Realm } from './realm.ts'
import { parseUrl, setPart, type UrlPart, type UrlRecord, writeUrl } from './url-record.ts'

/** What a setter changes, by the numbers of internal/url.js. */
const PARTS: readonly (UrlPart | 'href')[] = [
  'protocol',
  'host',
  'hostname',
  'port',
  'username',
  'password',
  'pathname',
  'search',
  'hash',
  'href',
]

/** URL's work. Each call that gives a URL's text leaves in `urlComponents` where its parts are. */
export function makeUrlBinding({ load }: Realm): Binding {
  const urlComponents = new Uint32Array(9)
  const tell = (url: UrlRecord): string => {
    const { href, components } = writeUrl(url)
    urlComponents.set(components)
    return href
  }
  const parse = (input: string, base: string | undefined, throws: boolean): string | undefined => {
    const url = parseUrl(input, base)
    if (url !== undefined) return tell(url)
    if (throws) throw new (load('internal/errors').codes.ERR_INVALID_URL)(input, base)
    return undefined
  }
  return {
    urlComponents,
    parse,
    canParse: (input: string, base?: string) => parseUrl(input, base) !== undefined,
    domainToASCII: domainToAscii,
    domainToUnicode,
    format: (href: string, hasHash: boolean, isUnicode: boolean, hasSearch: boolean, hasAuth: boolean) => {
      const url = parseUrl(href) as UrlRecord
      if (!hasHash) url.fragment = null
      if (isUnicode && typeof url.host === 'string') url.host = domainToUnicode(url.host)
      if (!hasSearch) url.query = null
      if (!hasAuth) {
        url.username = ''
        url.password = ''
      }
      return writeUrl(url).href
    },
    getOrigin: (input: string) => {
      const url = parseUrl(input)
      if (url === undefined) throw new (load('internal/errors').codes.ERR_INVALID_URL)(input)
      return new (load('internal/url').URL)(input).origin
    },
    pathToFileURL: (path: string) => tell(fileUrl(path)),
    update: (href: string, action: number, value: string) => {
      const part = PARTS[action]
      if (part === 'href') return parse(value, undefined, false) ?? false
      const url = parseUrl(href) as UrlRecord
      if (part !== undefined) setPart(url, part, value)
      return tell(url)
    },
  }
}

/** As Node writes it: what a path may hold and a URL may not is escaped, a backslash too. */
function fileUrl(path: string): UrlRecord {
  const escaped = path
    .replace(/%/g, '%25')
    .replace(/\\/g, '%5C')
    .replace(/\n/g, '%0A')
    .replace(/\r/g, '%0D')
    .replace(/\t/g, '%09')
    .replace(/\?/g, '%3F')
    .replace(/#/g, '%23')
  return parseUrl(`file://${escaped}`) as UrlRecord
}
