import { nameType } from './parameters.ts'
import { createFailure } from './wx-errors.ts'

/** Bytes in pieces, as they came. */
export interface FileContent {
  readonly pieces: readonly Uint8Array[]
  readonly sizeBytes: number
}

/**
 * The bytes of `fileContent`: a Buffer or other view, an ArrayBuffer, text, or a readable stream of chunks, which is read
 * to its end: how many there are must be known before they are sent.
 *
 * @throws {WxError} errCode -1 for any other type.
 */
export async function readContent(
  content: unknown,
  encodeText: (text: string) => Uint8Array,
): Promise<FileContent> {
  const bytes = toBytes(content, encodeText)
  if (bytes !== undefined) return { pieces: [bytes], sizeBytes: bytes.byteLength }
  if (isAsyncIterable(content)) return readStream(content, encodeText)
  throw createFailure(
    'server',
    'uploadFile',
    -1,
    `Type of fileContent must be fs.ReadStream instead of ${nameType(content)}`,
  )
}

/** All of it in one. */
export function joinContent(content: FileContent): Uint8Array {
  const [first, ...others] = content.pieces
  if (first !== undefined && others.length === 0) return first
  const [joined = new Uint8Array()] = inChunks(content, content.sizeBytes)
  return joined
}

/** All of it in order, in chunks of as many bytes, but for the last. */
export function* inChunks(
  { pieces, sizeBytes }: FileContent,
  chunkBytes: number,
): Generator<Uint8Array, void> {
  let leftBytes = sizeBytes
  let chunk = new Uint8Array(Math.min(chunkBytes, leftBytes))
  let filledBytes = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      const part = piece.subarray(at, at + chunk.byteLength - filledBytes)
      // A view that grew since it was counted.
      if (part.byteLength === 0) return
      chunk.set(part, filledBytes)
      at += part.byteLength
      filledBytes += part.byteLength
      if (filledBytes < chunk.byteLength) continue
      yield chunk
      leftBytes -= filledBytes
      chunk = new Uint8Array(Math.min(chunkBytes, leftBytes))
      filledBytes = 0
    }
  }
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
): Promise<FileContent> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of stream) {
    const bytes = toBytes(chunk, encodeText)
    if (bytes === undefined) {
      const problem = `fileContent is a stream that gave ${nameType(chunk)}; it must give bytes or text`
      throw createFailure('server', 'uploadFile', -1, problem)
    }
    sizeBytes += bytes.byteLength
    pieces.push(bytes)
  }
  return { pieces, sizeBytes }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, Symbol.asyncIterator) === 'function'
  )
}
