import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { writeResult } from './result-text.ts'

/** What a function's result becomes over HTTP. */
export interface AccessAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string | Uint8Array
}

/**
 * An object with a `statusCode` is an integration response, `{ isBase64Encoded, statusCode, headers, body }`, and says
 * what is answered; any other object is sent as JSON, text and numbers as text (wxcloud-spec §1.14).
 *
 * @throws {ValueError} for an integration response that is no HTTP answer.
 */
export function toAccessAnswer(result: unknown): AccessAnswer {
  if (isObject(result) && Object.hasOwn(result, 'statusCode')) return readResponse(result)
  return { status: 200, ...toBody(result) }
}

type Body = Omit<AccessAnswer, 'status'>

function toBody(value: unknown): Body {
  if (typeof value === 'object') {
    return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: writeResult(value) }
  }
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body: String(value) }
}

function readResponse(response: Readonly<Record<string, unknown>>): AccessAnswer {
  const { statusCode: status } = response
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw bad('statusCode', `is ${describe(status)}, but must be an integer from 200 to 599`)
  }
  const { headers, body } = readBody(response)
  const own = { ...readHeaders('headers', response), ...readHeaders('multiValueHeaders', response) }
  checkSize(own)
  return { status, headers: { ...headers, ...own }, body: status === 205 ? '' : body }
}

function readBody({ body, isBase64Encoded = false }: Readonly<Record<string, unknown>>): Body {
  if (typeof isBase64Encoded !== 'boolean') {
    throw bad('isBase64Encoded', `is ${describe(isBase64Encoded)}, but must be true or false`)
  }
  if (!isBase64Encoded) return body === undefined || body === null ? toBody('') : toBody(body)
  if (typeof body !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) {
    throw bad('body', 'must be text in base64, as isBase64Encoded says')
  }
  return { headers: { 'content-type': 'application/octet-stream' }, body: Buffer.from(body, 'base64') }
}

/** A connection's own, and what follows from the body: the door sets them. */
const DOORS_OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function readHeaders(
  field: 'headers' | 'multiValueHeaders',
  response: Readonly<Record<string, unknown>>,
): Record<string, string | readonly string[]> {
  const given = response[field] ?? {}
  if (!isObject(given)) throw bad(field, `is ${describe(given)}, but must be an object`)
  const headers: [name: string, value: string | readonly string[]][] = []
  for (const [key, value] of Object.entries(given)) {
    const name = key.toLowerCase()
    if (!/^[\w!#$%&'*+.^`|~-]{1,256}$/.test(name)) {
      throw bad(field, `has ${describe(key)}, which is no name of a header`)
    }
    if (DOORS_OWN.has(name) || value === undefined || value === null) continue
    const values = (Array.isArray(value) ? value : [value]).map(item => readValue(`${field}.${name}`, item))
    headers.push([name, Array.isArray(value) ? values : (values[0] ?? '')])
  }
  return Object.fromEntries(headers)
}

/** What Node would refuse to send later: line breaks above all, which would be further headers. */
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/

function readValue(path: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw bad(path, `is ${describe(value)}, but must be text or a list of texts`)
  }
  const text = String(value)
  if (!FORBIDDEN.test(text)) return text
  throw bad(path, 'has characters that no header can have, line breaks or others; encode them')
}

function checkSize(headers: Readonly<Record<string, string | readonly string[]>>): void {
  let sizeBytes = 0
  let count = 0
  for (const [name, value] of Object.entries(headers)) {
    for (const line of typeof value === 'string' ? [value] : value) {
      // Colon, space and line break.
      sizeBytes += name.length + line.length + 4
      count++
    }
  }
  if (count > LIMITS.httpHeaders || sizeBytes > LIMITS.httpHeaderBytes) {
    throw bad(
      'headers',
      `are ${count} lines of ${sizeBytes} bytes; the limits are ${LIMITS.httpHeaders} and ${LIMITS.httpHeaderBytes}`,
    )
  }
}

function bad(field: string, fault: string): ValueError {
  return new ValueError(`result.${field}`, `The function's response can't be sent: its ${field} ${fault}.`)
}

function describe(value: unknown): string {
  if (isObject(value)) return 'an object'
  return Array.isArray(value) ? 'a list' : (JSON.stringify(value) ?? String(value)).slice(0, 100)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
