import { InvalidOptionError } from '../errors.ts'
import type { HttpExchange } from './http-exchange.ts'
import { requireInteger } from './integer-option.ts'

/** Which web pages may read what the HTTP door answers. Without it the door allows none. */
export interface CorsOptions {
  /** Their origins, e.g. `['https://shop.example']`, or `'*'` for every page. */
  readonly origins: readonly string[] | '*'
  /** Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: readonly string[]
  /** Headers a page may send. Default: Authorization, Content-Type, Range and the conditional ones. */
  readonly headers?: readonly string[]
  /** Whether a page may send cookies along. Not with `'*'`. Default: false. */
  readonly credentials?: boolean
  /** Seconds a browser may keep the answer to a preflight, at most 86400. Default: 600. */
  readonly maxAgeSeconds?: number
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const HEADERS: readonly string[] = [
  'Authorization',
  'Content-Type',
  'Range',
  'If-Match',
  'If-None-Match',
  'If-Modified-Since',
  'If-Range',
]
/** What pages may read beside what browsers show them anyway. */
const EXPOSED = 'Accept-Ranges, Content-Disposition, Content-Range, ETag, Retry-After'
const MAX_AGE_SECONDS = 86_400
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,64}$/

/** The rules of one door for requests of web pages (the Fetch standard's CORS protocol). */
export class Cors {
  readonly #origins: ReadonlySet<string> | '*'
  readonly #methods: string
  readonly #headers: string
  readonly #hasCredentials: boolean
  readonly #maxAgeSeconds: number

  /** @throws {InvalidOptionError} that names the rule at fault. */
  constructor(options: CorsOptions) {
    if (typeof options !== 'object' || options === null) {
      throw new InvalidOptionError('cors', "cors must be an object, e.g. { origins: ['https://my.test'] }.")
    }
    const { origins, methods = METHODS, headers = HEADERS, credentials = false, maxAgeSeconds } = options
    for (const name of Object.keys(options)) {
      if (!RULES.includes(name)) {
        throw new InvalidOptionError(`cors.${name}`, `cors has no "${name}". It has ${RULES.join(', ')}.`)
      }
    }
    this.#origins = origins === '*' ? '*' : new Set(requireList('origins', origins, isOrigin, ORIGIN_HINT))
    this.#methods = requireList('methods', methods, isToken, 'names of methods').join(', ')
    this.#headers = requireList('headers', headers, isToken, 'names of headers').join(', ')
    if (typeof credentials !== 'boolean') {
      throw new InvalidOptionError('cors.credentials', 'cors.credentials must be true or false.')
    }
    if (credentials && origins === '*') {
      throw new InvalidOptionError(
        'cors.credentials',
        "cors.credentials can't be true with origins '*': any page could act for its visitor. List the origins.",
      )
    }
    this.#hasCredentials = credentials
    this.#maxAgeSeconds = requireInteger('cors.maxAgeSeconds', maxAgeSeconds ?? 600, 0, MAX_AGE_SECONDS)
  }

  /** Sets what the answer says to browsers. True if that was all: a preflight has been answered. */
  apply(exchange: HttpExchange): boolean {
    const { request, response } = exchange
    const { origin } = request.headers
    // Also without an origin: a cache must not give that answer to a page.
    if (this.#origins !== '*') response.setHeader('Vary', 'Origin')
    if (origin === undefined) return false
    const isPreflight =
      exchange.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
    if (this.#origins !== '*' && !this.#origins.has(origin)) {
      if (isPreflight) exchange.sendMessage(403, 'Pages of this origin may not use this door.')
      return isPreflight
    }
    response.setHeader('Access-Control-Allow-Origin', this.#origins === '*' ? '*' : origin)
    if (this.#hasCredentials) response.setHeader('Access-Control-Allow-Credentials', 'true')
    if (!isPreflight) {
      response.setHeader('Access-Control-Expose-Headers', EXPOSED)
      return false
    }
    exchange.send(
      204,
      {
        'Access-Control-Allow-Methods': this.#methods,
        'Access-Control-Allow-Headers': this.#headers,
        'Access-Control-Max-Age': this.#maxAgeSeconds,
      },
      '',
    )
    return true
  }
}

const RULES: readonly string[] = ['origins', 'methods', 'headers', 'credentials', 'maxAgeSeconds']
const ORIGIN_HINT = 'origins such as "https://shop.example", with neither path nor slash, or be \'*\''

function requireList(
  name: string,
  given: unknown,
  isGood: (item: string) => boolean,
  hint: string,
): readonly string[] {
  const bad: unknown = Array.isArray(given)
    ? given.find(item => typeof item !== 'string' || !isGood(item))
    : given
  if (Array.isArray(given) && bad === undefined && given.length <= MAX_ITEMS) return given
  const what = Array.isArray(given) && bad === undefined ? `${given.length} items` : JSON.stringify(bad)
  throw new InvalidOptionError(
    `cors.${name}`,
    `cors.${name} must be a list of at most ${MAX_ITEMS} ${hint}; ${what} is not.`,
  )
}

const MAX_ITEMS = 1000

function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** As browsers write it; `null` is the origin of anyone who wants it. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !text.includes('*')
}
