import { createHmac, timingSafeEqual } from 'node:crypto'
import { InvalidOptionError } from '../errors.ts'
import { type CloudPath, isCloudPath, quote } from './cloud-path.ts'

/** Longest validity of a URL, and its default, in seconds: one day. */
export const URL_AGE_SECONDS_MAX = 86_400

export type SignedUrlCheck =
  | { readonly kind: 'valid'; readonly path: CloudPath; readonly expiresMs: number }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'expired' }

/** Signs URLs of the form `<base>/storage/<percent-encoded path>?sign=<hex>&t=<expiry in Unix seconds>`, and checks them. */
export class UrlSigner {
  readonly #key: Uint8Array
  readonly #now: () => number

  /** @param now The clock, in milliseconds since the Unix epoch. */
  constructor(key: Uint8Array, now: () => number) {
    this.#key = key
    this.#now = now
  }

  /**
   * @param base Where the HTTP door answers, e.g. `http://127.0.0.1:7780`; may end in a folder.
   * @throws {InvalidOptionError} when the base is no http or https URL.
   */
  sign(base: string, path: CloudPath, maxAgeSeconds: number): string {
    const expiresAt = Math.floor(this.#now() / 1000) + maxAgeSeconds
    const encodedPath = path.split('/').map(encodeURIComponent).join('/')
    return `${checkBase(base)}/storage/${encodedPath}?sign=${this.#signatureOf(path, expiresAt)}&t=${expiresAt}`
  }

  /**
   * Whether the URL was signed here and is still valid.
   *
   * @param encodedPath What follows `/storage/`, still percent-encoded.
   */
  check(encodedPath: string, query: URLSearchParams): SignedUrlCheck {
    const path = decodePath(encodedPath)
    const [sign = '', ...moreSigns] = query.getAll('sign')
    const [expiry = '', ...moreExpiries] = query.getAll('t')
    if (path === undefined || moreSigns.length > 0 || moreExpiries.length > 0) return { kind: 'invalid' }
    if (!/^[1-9]\d{0,11}$/.test(expiry) || !/^[0-9a-f]{64}$/.test(sign)) return { kind: 'invalid' }
    const expected = this.#signatureOf(path, Number(expiry))
    if (!timingSafeEqual(Buffer.from(sign), Buffer.from(expected))) return { kind: 'invalid' }
    const expiresMs = Number(expiry) * 1000
    return this.#now() < expiresMs ? { kind: 'valid', path, expiresMs } : { kind: 'expired' }
  }

  #signatureOf(path: CloudPath, expiresAt: number): string {
    return createHmac('sha256', this.#key).update(`${expiresAt}\n${path}`).digest('hex')
  }
}

function decodePath(encodedPath: string): CloudPath | undefined {
  let path: string
  try {
    path = decodeURIComponent(encodedPath)
  } catch {
    // Malformed escapes: no URL signed here has them.
    return undefined
  }
  return isCloudPath(path) ? path : undefined
}

function checkBase(base: string): string {
  const url = URL.parse(base)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new InvalidOptionError(
      'publicUrl',
      `publicUrl ${quote(base)} is not an http or https URL without query. Give the address clients reach the host at, e.g. "https://api.example.com".`,
    )
  }
  return url.href.replace(/[/?#]+$/, '')
}
