import type { ByteText } from './file-node.ts'
import type { NameCoding } from './own-files.ts'

/** What of Node's Buffer is needed here. */
export interface BufferType {
  from(text: string, encoding: string): NodeBuffer
  from(bytes: ArrayBuffer, offset: number, length: number): NodeBuffer
}

export interface NodeBuffer extends Uint8Array {
  toString(encoding?: string): string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the one that ends a path is meant.
const PLAIN = /^[\x01-\x7f]*$/

/**
 * Paths as programs give them, text or bytes, and as the file system keeps them: one character for each byte, so that
 * any name can be kept, and its length is the one that Linux counts.
 */
export class ByteNames implements NameCoding {
  readonly #buffer: () => BufferType

  constructor(buffer: () => BufferType) {
    this.#buffer = buffer
  }

  encode(path: string | Uint8Array): ByteText {
    if (typeof path !== 'string') return asBuffer(this.#buffer(), path).toString('latin1')
    return PLAIN.test(path) ? path : this.#buffer().from(path, 'utf8').toString('latin1')
  }

  decode(name: ByteText): string | undefined {
    if (PLAIN.test(name)) return name
    const text = this.show(name)
    return this.encode(text) === name ? text : undefined
  }

  /** As text to be read; bytes that are no UTF-8 become replacement characters, as in Node. */
  show(name: ByteText): string {
    return PLAIN.test(name) ? name : this.#buffer().from(name, 'latin1').toString('utf8')
  }

  /** A file's content as text. */
  text(bytes: Uint8Array): string {
    return asBuffer(this.#buffer(), bytes).toString('utf8')
  }

  buffer(bytes: Uint8Array): NodeBuffer {
    return asBuffer(this.#buffer(), bytes)
  }

  bytes(text: string, encoding: unknown): Uint8Array {
    return this.#buffer().from(text, typeof encoding === 'string' ? encoding : 'utf8')
  }

  /** As a program wants it. */
  give(name: ByteText, encoding: unknown): string | Uint8Array {
    if (encoding === undefined || encoding === null || encoding === 'utf8') return this.show(name)
    const bytes = this.#buffer().from(name, 'latin1')
    return encoding === 'buffer' ? bytes : bytes.toString(`${encoding}`)
  }
}

function asBuffer(buffer: BufferType, bytes: Uint8Array): NodeBuffer {
  return buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
}
