import type { OutgoingHttpHeaders } from 'node:http'
import { CloudletError, ValueError } from '../errors.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { type AccessAnswer, toAccessAnswer } from './http-access-answer.ts'
import { type AccessEvent, toAccessEvent } from './http-access-event.ts'
import { readBody } from './http-body.ts'
import type { HttpExchange } from './http-exchange.ts'
import type { HttpAccess } from './http-options.ts'
import { findHttpPath, type HttpPathMatch } from './http-paths.ts'
import { HttpRefusal, toRefusal } from './http-refusal.ts'
import { type HttpShared, takeTurn } from './http-turn.ts'

/** Functions that paths are mapped to: anyone may call them, and nobody is anyone there. */
export class HttpMapped {
  readonly #options: ResolvedDoorOptions
  readonly #shared: HttpShared

  constructor(options: ResolvedDoorOptions, shared: HttpShared) {
    this.#options = options
    this.#shared = shared
  }

  find(path: string): HttpPathMatch | undefined {
    const { access, httpPaths } = this.#options
    return access === undefined ? undefined : findHttpPath(httpPaths ?? access.declaredPaths(), path)
  }

  /** @throws {HttpRefusal} that tells a stranger no more than they need. */
  async answer(exchange: HttpExchange, match: HttpPathMatch): Promise<void> {
    const { access } = this.#options
    if (access === undefined) return
    const body = await readBody(exchange, this.#options)
    const event = toAccessEvent(exchange, match.path, body)
    const { requestId, result } = await this.#call(access, exchange, match.functionName, event)
    const answer = readAnswer(result, requestId)
    exchange.hold(answer.body.length)
    exchange.send(answer.status, this.#join(exchange, answer.headers), answer.body)
  }

  async #call(
    access: HttpAccess,
    { signal, request }: HttpExchange,
    functionName: string,
    event: AccessEvent,
  ): Promise<{ readonly result: unknown; readonly requestId: string }> {
    try {
      const clientIp = request.socket.remoteAddress ?? ''
      const { callers, functionTurns } = this.#shared
      // Whoever comes from one address waits together. Behind a proxy that is everyone: none is refused for others.
      const load = callers.find({ clientIp })
      return await takeTurn(functionTurns, load, signal, () =>
        access.call({ functionName, event, clientIp, signal }),
      )
    } catch (error) {
      if (error instanceof CloudletError) throw hideCause(error)
      throw error
    }
  }

  /** A door with rules for web pages has the last word on them. */
  #join({ response }: HttpExchange, headers: AccessAnswer['headers']): OutgoingHttpHeaders {
    const joined: OutgoingHttpHeaders = {}
    for (const [name, value] of Object.entries(headers)) {
      if (this.#options.cors !== undefined && name.startsWith('access-control-')) continue
      joined[name] = typeof value === 'string' ? value : [...value]
    }
    const vary = response.getHeader('vary')
    if (vary !== undefined && joined['vary'] !== undefined) joined['vary'] = `${vary}, ${joined['vary']}`
    return joined
  }
}

/** @throws {HttpRefusal} 502, which says what is wrong with the answer: nothing of it but its form. */
function readAnswer(result: unknown, requestId: string): AccessAnswer {
  try {
    return toAccessAnswer(result)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    const { code, message } = error
    throw new HttpRefusal(502, { code, message, retryable: false, requestId })
  }
}

/** What a function throws, and what the host advises its owner to do, is not for everyone. */
function hideCause(error: CloudletError): HttpRefusal {
  const { status, body, headers } = toRefusal(error)
  const { code, retryable, requestId } = body
  const message = MESSAGES[status] ?? 'The function failed. The log of the host has the cause.'
  const id = requestId === undefined ? {} : { requestId }
  return new HttpRefusal(status, { code, message, retryable, ...id }, headers)
}

const MESSAGES: Readonly<Record<number, string>> = {
  404: 'There is nothing here.',
  422: 'The request is too large, or nested too deep.',
  503: 'Too much is going on. Try again soon.',
  504: 'The function took too long.',
}
