import { LIMITS } from '../limits.ts'
import { nameType } from './parameters.ts'
import { createFailure } from './wx-errors.ts'

/**
 * The bytes of `fileContent`: a Buffer or other view, an ArrayBuffer, text, or a readable stream of chunks.
 *
 * @throws {WxError} errCode -1 for any other type, -403001 above 20 MB.
 */
export async function readContent(
  content: unknown,
  encodeText: (text: string) => Uint8Array,
): Promise<Uint8Array> {
  const bytes = toBytes(content, encodeText)
  if (bytes !== undefined) return requireSize(bytes)
  if (isAsyncIterable(content)) return readStream(content, encodeText)
  throw createFailure(
    'server',
    'uploadFile',
    -1,
    `Type of fileContent must be fs.ReadStream instead of ${nameType(content)}`,
  )
}

/** @throws {WxError} errCode -403001 */
function requireSize(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > LIMITS.fileBytes) throw createTooLarge()
  return bytes
}

function createTooLarge(): Error {
  return createFailure(
    'server',
    'uploadFile',
    -403001,
    `One file may have ${LIMITS.fileBytes / 1_048_576} MB at most.`,
  )
}

function toBytes(content: unknown, encodeText: (text: string) => Uint8Array): Uint8Array | undefined {
  if (typeof content === 'string') return encodeText(content)
  if (content instanceof Uint8Array) return content
  if (content instanceof ArrayBuffer) return new Uint8Array(content)
  if (ArrayBuffer.isView(content)) {
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
  }
  return undefined
}

async function readStream(
  stream: AsyncIterable<unknown>,
  encodeText: (text: string) => Uint8Array,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of stream) {
    const bytes = toBytes(chunk, encodeText)
    if (bytes === undefined) {
      const problem = `fileContent is a stream that gave ${nameType(chunk)}; it must give bytes or text`
      throw createFailure('server', 'uploadFile', -1, problem)
    }
    sizeBytes += bytes.byteLength
    if (sizeBytes > LIMITS.fileBytes) throw createTooLarge()
    chunks.push(bytes)
  }
  return join(chunks, sizeBytes)
}

function join(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const joined = new Uint8Array(sizeBytes)
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.byteLength
  }
  return joined
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, Symbol.asyncIterator) === 'function'
  )
}
