import type { NodeEnvironment } from './environment.ts'

/** What whatwg-url asks of the package tr46, in whose place this file is bundled. */
let host: Pick<NodeEnvironment, 'askHost'> | undefined

const PLAIN = /^[a-z0-9._-]*$/i
const ENCODED = /(?:^|\.)xn--/i

/** Names that are not plain ASCII the host knows, by Unicode's tables. */
export function connectDomains(environment: Pick<NodeEnvironment, 'askHost'>): void {
  host = environment
}

/** A domain as it crosses the wire; '' for one that can't be. */
export function domainToAscii(domain: string): string {
  if (PLAIN.test(domain) && !ENCODED.test(domain)) return domain.toLowerCase()
  return host?.askHost('url.domainToAscii', { domain }).domain ?? ''
}

/** A domain as people read it; '' for one that isn't one. */
export function domainToUnicode(domain: string): string {
  if (PLAIN.test(domain) && !ENCODED.test(domain)) return domain.toLowerCase()
  return host?.askHost('url.domainToUnicode', { domain }).domain ?? ''
}

/** tr46's own name and manner for the first: null for a domain that can't be. */
export function toASCII(domain: string): string | null {
  const ascii = domainToAscii(domain)
  return ascii === '' && domain !== '' ? null : ascii
}
