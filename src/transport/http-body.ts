import { ConnectionError, ValueError } from '../errors.ts'
import type { HttpExchange } from './http-exchange.ts'
import { HttpRefusal } from './http-refusal.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly bodyTimeoutMs: number
}

/**
 * Reads a request's body whole. What comes of a refused one is thrown away as it comes, so that the peer hears why.
 *
 * @throws {HttpRefusal} 413 for one too large, 408 for one too slow; {OverloadedError} when the door holds too much;
 * what the request's stream failed with, when the peer is gone.
 */
export async function readBody(
  exchange: HttpExchange,
  { maxBodyBytes, bodyTimeoutMs }: BodyLimits,
): Promise<Buffer> {
  const { request } = exchange
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  const onData = (chunk: Buffer): void => {
    sizeBytes += chunk.byteLength
    try {
      if (sizeBytes > maxBodyBytes) throw tooLarge(maxBodyBytes)
      exchange.hold(chunk.byteLength)
      chunks.push(chunk)
    } catch (error) {
      reject(error)
    }
  }
  const onEnd = (): void => resolve(Buffer.concat(chunks))
  const timer = setTimeout(() => reject(tooSlow(bodyTimeoutMs)), bodyTimeoutMs)
  const onAbort = (): void => reject(exchange.signal.reason)
  exchange.signal.addEventListener('abort', onAbort)
  // It stays: a peer that goes away later is told by the response.
  request.on('error', reject)
  request.on('data', onData)
  request.on('end', onEnd)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    exchange.signal.removeEventListener('abort', onAbort)
    request.off('data', onData)
    request.off('end', onEnd)
    request.resume()
  }
}

function tooLarge(maxBodyBytes: number): HttpRefusal {
  const error = new ValueError('body', `The body is larger than ${maxBodyBytes} bytes, the limit here.`)
  return new HttpRefusal(413, error)
}

function tooSlow(bodyTimeoutMs: number): HttpRefusal {
  const error = new ConnectionError(`The body did not come within ${bodyTimeoutMs} ms.`)
  return new HttpRefusal(408, error, { Connection: 'close' })
}
