import { CancelledError, WechatError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

export interface WechatApiOptions {
  /** Base of every path, `https://api.weixin.qq.com`. A path of its own is kept in front. */
  readonly apiUrl: string
  /** How long one request may take with its answer, in milliseconds. */
  readonly timeoutMs: number
}

/** Names and values behind the `?`. Those that are secrets never stand in an error. */
export type WechatQuery = Readonly<Record<string, string>>

/** An object is sent as JSON, a form as multipart, text as XML. */
export type WechatBody = Readonly<Record<string, unknown>> | FormData | string

export interface WechatRequestOptions {
  /** Gives the request up. */
  readonly signal?: AbortSignal | undefined
  /** Stands in errors instead of the path. */
  readonly api?: string
}

/** WeChat answers with fields, or with a file. */
export type WechatReply =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'file'; readonly contentType: string; readonly content: Uint8Array }

/** Query and body fields whose values are never repeated in an error, whatever WeChat's answer says. */
const SECRET_FIELDS = ['access_token', 'secret', 'session_key']
const FIELDS_TYPE = /^(?:application\/json|text\/plain)/i
const PLATFORM_TIMEOUT = -604102
const PLATFORM_FAILURE = -604103
const UNREADABLE = -601001

/**
 * WeChat's HTTP API. Follows no redirect, since credentials are in the query; errors name the API, never the address
 * with its credentials.
 */
export class WechatApi {
  readonly #baseUrl: string
  readonly #timeoutMs: number

  constructor({ apiUrl, timeoutMs }: WechatApiOptions) {
    this.#baseUrl = apiUrl.replace(/\/+$/, '')
    this.#timeoutMs = timeoutMs
  }

  /**
   * The fields of an answer. @throws {WechatError} for an `errcode` that isn't 0, for a file, and for no answer;
   * {CancelledError} when the signal gave it up.
   */
  async get(
    path: string,
    query: WechatQuery,
    options: WechatRequestOptions = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const reply = await this.#send('GET', path, query, undefined, options)
    if (reply.kind === 'fields') return reply.fields
    throw new WechatError(
      options.api ?? path,
      UNREADABLE,
      `a file (${reply.contentType}) where fields were expected`,
    )
  }

  /** Fields, or a file: whatever is no JSON. @throws as `get` does. */
  async request(
    method: 'GET' | 'POST',
    path: string,
    query: WechatQuery,
    body?: WechatBody,
    options: WechatRequestOptions = {},
  ): Promise<WechatReply> {
    return this.#send(method, path, query, body, options)
  }

  /** Fields or a file. @throws as `get` does. */
  async post(
    path: string,
    query: WechatQuery,
    body: WechatBody,
    options: WechatRequestOptions = {},
  ): Promise<WechatReply> {
    return this.#send('POST', path, query, body, options)
  }

  async #send(
    method: string,
    path: string,
    query: WechatQuery,
    body: WechatBody | undefined,
    { signal, api = path }: WechatRequestOptions,
  ): Promise<WechatReply> {
    const search = new URLSearchParams(query).toString()
    const url = `${this.#baseUrl}${path}${search === '' ? '' : `?${search}`}`
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    try {
      const response = await fetch(url, {
        method,
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        ...(body === undefined ? {} : encodeBody(body)),
      })
      const content = await readContent(response, api)
      return readReply(api, response, content, secretsOf(query, body))
    } catch (error) {
      if (error instanceof WechatError) throw error
      if (signal?.aborted === true) throw new CancelledError()
      if (timeout.aborted) {
        throw new WechatError(api, PLATFORM_TIMEOUT, `WeChat did not answer within ${this.#timeoutMs} ms`, {
          retryable: true,
          cause: error,
        })
      }
      throw new WechatError(api, PLATFORM_FAILURE, `WeChat could not be reached (${reasonOf(error)})`, {
        retryable: true,
        cause: error,
      })
    }
  }
}

function encodeBody(body: WechatBody): { body: string | FormData; headers?: Record<string, string> } {
  if (body instanceof FormData) return { body }
  if (typeof body === 'string') return { body, headers: { 'content-type': 'text/xml; charset=utf-8' } }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

async function readContent(response: Response, api: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength
    // Leaving the loop cancels the body, so that the rest isn't sent.
    if (sizeBytes > LIMITS.wechatReplyBytes) {
      throw new WechatError(
        api,
        PLATFORM_FAILURE,
        `the answer is larger than ${LIMITS.wechatReplyBytes} bytes`,
      )
    }
    parts.push(part)
  }
  return Buffer.concat(parts, sizeBytes)
}

function readReply(
  api: string,
  response: Response,
  content: Uint8Array,
  secrets: readonly string[],
): WechatReply {
  const contentType = response.headers.get('content-type') ?? ''
  if (!FIELDS_TYPE.test(contentType)) {
    if (response.ok) return { kind: 'file', contentType, content }
    throw new WechatError(api, PLATFORM_FAILURE, `WeChat answered with HTTP status ${response.status}`, {
      retryable: response.status >= 500,
    })
  }
  const fields = parseFields(content)
  if (fields === undefined) {
    // As the SDK has it: what isn't JSON in plain text is the answer itself.
    if (response.ok && /^text/i.test(contentType)) {
      return { kind: 'fields', fields: { result: new TextDecoder().decode(content) } }
    }
    throw response.ok
      ? new WechatError(api, UNREADABLE, 'the answer is not a JSON object')
      : new WechatError(api, PLATFORM_FAILURE, `WeChat answered with HTTP status ${response.status}`, {
          retryable: response.status >= 500,
        })
  }
  const errCode = Number(fields['errcode'] ?? 0)
  if (errCode === 0 && response.ok) return { kind: 'fields', fields }
  const given = Number.isInteger(errCode) && errCode !== 0 ? errCode : PLATFORM_FAILURE
  const errMsg = hideSecrets(String(fields['errmsg'] ?? `HTTP status ${response.status}`), secrets)
  throw new WechatError(api, given, errMsg, { retryable: given === -1 })
}

function parseFields(content: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content), keepDigits)
    const isFields = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isFields ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** A number with more digits than JavaScript's have, such as the id of a message, stays what it is as text. */
function keepDigits(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return /^-?\d+$/.test(source) ? source : value
}

function secretsOf(query: WechatQuery, body: WechatBody | undefined): string[] {
  const fields = typeof body !== 'object' || body instanceof FormData ? query : { ...body, ...query }
  return SECRET_FIELDS.map(key => fields[key]).filter(
    value => typeof value === 'string' && value !== '',
  ) as string[]
}

function hideSecrets(text: string, secrets: readonly string[]): string {
  // The longest first, since one may be a part of another; and cut afterwards, so that no part of one is left.
  const hidden = secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  return hidden.slice(0, LIMITS.wechatMessageChars)
}

/** Node's code of what failed, such as `ECONNREFUSED`, without the address. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof Error ? cause.name : 'unknown'
}
