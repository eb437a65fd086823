import { isUtf8 } from 'node:buffer'
import type { HttpExchange } from './http-exchange.ts'

/** The event of a function that is reached by HTTP, without its requestContext (wxcloud-spec §1.14). */
export interface AccessEvent {
  readonly path: string
  readonly httpMethod: string
  /** By lower-case name; values of a header that came more than once are joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>
  /** Of a parameter that came more than once, the last value. */
  readonly queryStringParameters: Readonly<Record<string, string>>
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[]>>
  readonly body: string
  /** Whether the body is base64, as every body that is not text in UTF-8. */
  readonly isBase64Encoded: boolean
}

/** @param path The path the function is told. */
export function toAccessEvent(exchange: HttpExchange, path: string, body: Buffer): AccessEvent {
  const headers = readHeaders(exchange)
  const query = readQuery(exchange.query)
  const isText = isTextBody(exchange, body)
  return {
    path,
    httpMethod: exchange.method,
    headers: mapValues(headers, (values, name) => values.join(name === 'cookie' ? '; ' : ', ')),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: mapValues(query, values => values.at(-1) ?? ''),
    multiValueQueryStringParameters: Object.fromEntries(query),
    body: isText ? body.toString('utf8') : body.toString('base64'),
    isBase64Encoded: !isText,
  }
}

/**
 * What WeChat's own gateways tell functions and containers of a user's identity. Nobody has vouched for it here, so a
 * function that believes it must not see it.
 */
const IDENTITY_HEADERS = /^x-(?:wx|cloudbase|tcb)-/

function readHeaders({ request }: HttpExchange): Map<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>()
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    if (!IDENTITY_HEADERS.test(name)) headers.set(name, values)
  }
  return headers
}

function readQuery(query: string): Map<string, readonly string[]> {
  const parameters = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) {
    const values = parameters.get(name)
    if (values === undefined) parameters.set(name, [value])
    else values.push(value)
  }
  return parameters
}

function mapValues<Value, Result>(
  entries: ReadonlyMap<string, Value>,
  map: (value: Value, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries([...entries].map(([name, value]) => [name, map(value, name)]))
}

const TEXT_TYPE =
  /^(?:text\/[^;\s]+|application\/(?:json|javascript|ecmascript|xml|x-www-form-urlencoded|graphql|[^;\s]+\+(?:json|xml)))\s*(?:;|$)/i

function isTextBody({ request }: HttpExchange, body: Buffer): boolean {
  const type = request.headers['content-type']
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (body.length === 0) return true
  if (encoding.toLowerCase() !== 'identity' || !isUtf8(body)) return false
  if (type === undefined) return true
  const charset = /;\s*charset="?([^";\s]+)/i.exec(type)?.[1] ?? 'utf-8'
  return TEXT_TYPE.test(type) && /^(?:utf-?8|us-ascii)$/i.test(charset)
}
