import type { IncomingHttpHeaders } from 'node:http'
import { Cancellation } from '../cancellation.ts'
import { ProtocolError, UnauthenticatedError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type HelloFrame, PROTOCOL_VERSIONS } from '../protocol/frames.ts'
import type { Caller } from '../types.ts'
import { refuseHeld } from './byte-budget.ts'
import type { CallerLoad } from './callers.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { readBody } from './http-body.ts'
import type { HttpExchange } from './http-exchange.ts'
import { HttpRefusal, toRefusal } from './http-refusal.ts'
import { type HttpShared, takeTurn } from './http-turn.ts'
import { measureJson } from './json-depth.ts'
import { login } from './login.ts'
import { isLoopbackRequest } from './loopback.ts'
import { writeResult } from './result-text.ts'

/** Names the openid for a development login, which believes it. */
const OPENID_HEADER = 'x-cloudlet-openid'
/** As long as a hello's. */
const MAX_TOKEN_CHARS = 8192

/** `POST /functions/<name>`: calls a function as whoever the request's token stands for, as a session would. */
export class HttpFunctions {
  readonly #options: ResolvedDoorOptions
  readonly #shared: HttpShared

  constructor(options: ResolvedDoorOptions, shared: HttpShared) {
    this.#options = options
    this.#shared = shared
  }

  /** @throws {HttpRefusal | CloudletError} what the request is refused with, or the call failed with. */
  async answer(exchange: HttpExchange, encodedName: string): Promise<void> {
    if (exchange.method !== 'POST') {
      throw new HttpRefusal(405, new ProtocolError('Functions are called by POST.'), { Allow: 'POST' })
    }
    const name = decodeName(encodedName)
    const caller = await this.#login(exchange)
    const { callers, functionTurns } = this.#shared
    const load = callers.find(caller)
    const refusal = callers.addCall(load)
    if (refusal !== undefined) throw toRefusal(refusal, 429)
    try {
      const { signal } = exchange
      const answer = await this.#withEvent(exchange, load, data => {
        const args = { name, data }
        return takeTurn(functionTurns, load, signal, () =>
          this.#options.call({
            op: 'functions.invoke',
            args,
            caller,
            cancellation: new Cancellation(signal),
          }),
        )
      })
      const text = `${writeResult(answer)}\n`
      exchange.hold(Buffer.byteLength(text))
      const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }
      exchange.send(200, headers, text)
    } finally {
      callers.removeCall(load)
    }
  }

  async #login(exchange: HttpExchange): Promise<Caller> {
    const { request } = exchange
    const { headers, socket } = request
    const hello = { type: 'hello', versions: PROTOCOL_VERSIONS, ...this.#readCredentials(headers) } as const
    const remoteAddress = socket.remoteAddress ?? ''
    try {
      const origin = { headers, remoteAddress, isLocal: isLoopbackRequest(request) }
      const { caller } = await login(hello, origin, this.#options)
      return caller
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error
      throw refuseLogin(error, hello.token !== undefined)
    }
  }

  #readCredentials(headers: IncomingHttpHeaders): Pick<HelloFrame, 'token' | 'openid'> {
    const openid = headers[OPENID_HEADER]
    if (openid !== undefined && this.#options.authenticate.isDevelopmentOnly !== true) {
      throw refuseLogin(
        new UnauthenticatedError(
          `This host believes no ${OPENID_HEADER}, which is for the development login. Send Authorization: Bearer <token>.`,
        ),
        false,
      )
    }
    const token = readToken(headers.authorization)
    return {
      ...(token === undefined ? {} : { token }),
      ...(typeof openid === 'string' ? { openid } : {}),
    }
  }

  /** Counts what the event takes for as long as it is in use, together with the calls of sessions. */
  async #withEvent(
    exchange: HttpExchange,
    { incoming }: CallerLoad,
    use: (data: unknown) => Promise<unknown>,
  ): Promise<unknown> {
    checkEncoding(exchange.request.headers)
    const body = await readBody(exchange, this.#options)
    if (body.length === 0) return use({})
    checkType(exchange.request.headers['content-type'])
    const { depth, heldBytes } = measureJson(body)
    checkDepth(depth)
    const refusal = refuseHeld(incoming, heldBytes)
    if (refusal !== undefined) throw refusal
    incoming.add(heldBytes)
    try {
      return await use(parseEvent(body))
    } finally {
      incoming.remove(heldBytes)
    }
  }
}

function decodeName(encodedName: string): string {
  try {
    const name = decodeURIComponent(encodedName)
    if (name !== '' && !name.includes('/')) return name
  } catch {
    // Malformed escapes, which no client writes; refused like every other bad name.
  }
  throw new HttpRefusal(400, new ProtocolError('The path must be /functions/ and one percent-encoded name.'))
}

/** @throws {HttpRefusal} for an Authorization that is no bearer token. */
function readToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  const token = /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
  if (token !== undefined && token.length <= MAX_TOKEN_CHARS) return token
  throw refuseLogin(
    new UnauthenticatedError(
      `Authorization must be "Bearer <token>", the token at most ${MAX_TOKEN_CHARS} characters.`,
    ),
    false,
  )
}

function refuseLogin(error: UnauthenticatedError, hadToken: boolean): HttpRefusal {
  const challenge = hadToken ? 'Bearer realm="cloudlet", error="invalid_token"' : 'Bearer realm="cloudlet"'
  return new HttpRefusal(401, error, { 'WWW-Authenticate': challenge })
}

function checkEncoding(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw new HttpRefusal(415, new ProtocolError('The body must be sent without a Content-Encoding.'))
}

function checkType(type: string | undefined): void {
  if (type !== undefined && /^application\/json\s*(?:;\s*charset="?utf-?8"?\s*)?$/i.test(type)) return
  throw new HttpRefusal(415, new ProtocolError('The body must be application/json in UTF-8.'))
}

function checkDepth(depth: number): void {
  if (depth <= LIMITS.frameDepth) return
  const fault = `The body is nested ${depth} levels deep; the limit is ${LIMITS.frameDepth}.`
  throw new HttpRefusal(422, new ValueError('body', fault))
}

function parseEvent(body: Buffer): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    // Where it broke off would repeat the body; its sender has it.
    throw new HttpRefusal(400, new ValueError('body', 'The body is not JSON in UTF-8.'))
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const error = new ValueError(
    'body',
    'The body must be a JSON object: it becomes the event of the function.',
  )
  throw new HttpRefusal(422, error)
}
