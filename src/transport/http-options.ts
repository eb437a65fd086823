import { InvalidOptionError } from '../errors.ts'
import type { AccessEvent } from './http-access-event.ts'
import { Cors, type CorsOptions } from './http-cors.ts'
import { type HttpPathSetting, type HttpPathTarget, resolveHttpPaths } from './http-paths.ts'
import { requireInteger } from './integer-option.ts'
import { MAX_DELAY_MS } from './wait.ts'

/** A request for a function that a path is mapped to. Nobody has logged in for it. */
export interface AccessCall {
  readonly functionName: string
  readonly event: AccessEvent
  readonly clientIp: string
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

/** What a door needs to let functions be reached by plain HTTP requests. */
export interface HttpAccess {
  /** Paths that functions declare themselves. They count for doors without `httpPaths`. */
  readonly declaredPaths: () => ReadonlyMap<string, HttpPathTarget>
  /** Runs the function. A CloudletError it rejects with is told by its code only; any other becomes an InternalError. */
  readonly call: (call: AccessCall) => Promise<{ readonly result: unknown; readonly requestId: string }>
}

export interface HttpOptions {
  /** Without it no path leads to a function. */
  readonly access?: HttpAccess
  /**
   * Functions that anyone may call by HTTP, by the path they answer below the door's own:
   * `{ '/hello': 'sum' }`. The longest path that a request's begins with wins. Omitted: what functions declare by
   * "http" in their config.json; `{}`: none.
   */
  readonly httpPaths?: Readonly<Record<string, HttpPathSetting>>
  /** Which web pages may read what HTTP requests are answered. Omitted: none. */
  readonly cors?: CorsOptions
  /**
   * Body of one HTTP request, in bytes; one over it is answered with 413.
   * @default 6291456
   */
  readonly maxBodyBytes?: number
  /**
   * Bytes that bodies and answers of all HTTP requests may hold at once; beyond them requests get 503.
   * @default 67108864
   */
  readonly maxHttpBytes?: number
  /**
   * Bytes that files may hold in memory while they are sent: each as many as it has, and 1.25 MiB at most; beyond them
   * requests for files get 503.
   * @default 268435456
   */
  readonly maxHttpFileBytes?: number
  /**
   * HTTP requests answered at once, `/healthz` not counted; one more gets 503.
   * @default 1000
   */
  readonly maxHttpRequests?: number
  /**
   * The part of `maxHttpRequests`, `maxHttpBytes` and `maxHttpFileBytes` that requests from one address may have, above 0 and up to 1; more
   * get 429. Those of this machine have all: behind a proxy on it everyone has its address. For a proxy on another
   * machine, 1.
   * @default 0.5
   */
  readonly httpAddressShare?: number
  /**
   * Milliseconds the body of an HTTP request may take to come; a slower one is answered with 408.
   * @default 20000
   */
  readonly bodyTimeoutMs?: number
  /**
   * Milliseconds an HTTP client may take nothing of its answer, or less than 64 KiB of one that is longer, before it is
   * cut off.
   * @default 60000
   */
  readonly stallTimeoutMs?: number
}

export type ResolvedHttpOptions = Required<Omit<HttpOptions, 'access' | 'httpPaths' | 'cors'>> & {
  readonly access: HttpAccess | undefined
  readonly httpPaths: ReadonlyMap<string, HttpPathTarget> | undefined
  readonly cors: Cors | undefined
}

const DEFAULTS = Object.freeze({
  maxBodyBytes: 6 * 1024 * 1024,
  maxHttpBytes: 64 * 1024 * 1024,
  maxHttpFileBytes: 256 * 1024 * 1024,
  maxHttpRequests: 1000,
  httpAddressShare: 0.5,
  bodyTimeoutMs: 20_000,
  stallTimeoutMs: 60_000,
})

/** What may be set of the HTTP part. */
export const HTTP_OPTION_NAMES: readonly string[] = [...Object.keys(DEFAULTS), 'httpPaths', 'cors']

/** @throws {InvalidOptionError} that names the option at fault. */
export function resolveHttpOptions(options: HttpOptions): ResolvedHttpOptions {
  const { access, httpPaths, cors } = options
  const integer = (name: keyof typeof DEFAULTS, min: number, max: number): number =>
    requireInteger(name, options[name] ?? DEFAULTS[name], min, max)
  return {
    access,
    httpPaths: httpPaths === undefined ? undefined : resolveHttpPaths(httpPaths),
    cors: cors === undefined ? undefined : new Cors(cors),
    maxBodyBytes: integer('maxBodyBytes', 0, 1024 * 1024 * 1024),
    maxHttpBytes: integer('maxHttpBytes', 1024, Number.MAX_SAFE_INTEGER),
    maxHttpFileBytes: integer('maxHttpFileBytes', 4 * 1024 * 1024, Number.MAX_SAFE_INTEGER),
    maxHttpRequests: integer('maxHttpRequests', 1, 1_000_000),
    httpAddressShare: requireShare(options.httpAddressShare ?? DEFAULTS.httpAddressShare),
    bodyTimeoutMs: integer('bodyTimeoutMs', 1, MAX_DELAY_MS),
    stallTimeoutMs: integer('stallTimeoutMs', 1, MAX_DELAY_MS),
  }
}

function requireShare(share: number): number {
  if (typeof share === 'number' && share > 0 && share <= 1) return share
  throw new InvalidOptionError(
    'httpAddressShare',
    `httpAddressShare must be a number above 0 and up to 1, not ${String(share)}.`,
  )
}
