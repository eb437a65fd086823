import { HTTPParser as Untyped } from 'http-parser-js'
import type { Binding, Realm } from './realm.ts'

type MessageType = 'REQUEST' | 'RESPONSE'

/** More of the package than its types tell. */
interface Portable {
  state: string
  line: string
  offset: number
  maxHeaderSize: number
  body_bytes: number | null
  initialize(type: MessageType, resource?: object): void
  reinitialize(type: MessageType): void
  execute(chunk: Uint8Array): number | Error
  parseHeader(line: string, headers: string[]): void
  consumeLine(): string | undefined
  BODY_CHUNKHEAD(): void
}

interface PortableConstructor {
  new (type?: MessageType): Portable
  encoding: string
  readonly kOnExecute: number
}

const PortableParser = Untyped as unknown as PortableConstructor

/** Node's own default, `--max-http-header-size`. */
const HEADER_BYTES = 16 * 1024

/** What llhttp says of the faults that the parser here names less exactly, or not at all. */
const REASONS: Readonly<Record<string, string>> = {
  HPE_INVALID_CONSTANT: 'Expected HTTP/, RTSP/ or ICE/',
  HPE_LF_EXPECTED: 'Missing expected LF after header value',
  HPE_UNEXPECTED_CONTENT_LENGTH: "Content-Length can't be present twice",
  HPE_INVALID_CONTENT_LENGTH: 'Invalid character in Content-Length',
  HPE_INVALID_TRANSFER_ENCODING: 'Request has invalid `Transfer-Encoding`',
  HPE_INVALID_CHUNK_SIZE: 'Invalid character in chunk size',
  HPE_INVALID_HEADER_TOKEN: 'Invalid header token',
  HPE_HEADER_OVERFLOW: 'Header overflow',
  HPE_STRICT: 'Expected LF after chunk data',
}

const FAULTS: readonly (readonly [message: string, code: string])[] = [['Expected empty line', 'HPE_STRICT']]

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/

/** The package's parser as Node's library uses llhttp, and stricter. */
class HTTPParser extends PortableParser {
  #maxHeaderBytes = HEADER_BYTES
  #headerBytes = 0

  override initialize(type: MessageType, resource?: object, maxHeaderBytes?: number): void {
    if (type === undefined) return
    super.initialize(type, resource)
    this.#maxHeaderBytes = maxHeaderBytes || HEADER_BYTES
    this.#headerBytes = 0
    // The package counts a body that ends with its chunk among the headers of what comes next.
    this.maxHeaderSize = Number.MAX_SAFE_INTEGER
  }

  /** For the next message on the same connection. */
  override reinitialize(type: MessageType): void {
    this.initialize(type, undefined, this.#maxHeaderBytes)
  }

  override execute(chunk: Uint8Array): number | Error {
    // One that is used again still knows what went wrong before.
    const result = super.execute(chunk as never)
    if (!(result instanceof Error)) return result
    return describe(result, this.offset)
  }

  /** All but bodies comes in lines, those of chunks too; none may be longer than all headers. */
  override consumeLine(): string | undefined {
    const start = this.offset
    const isChunk = this.state === 'BODY_CHUNKHEAD' || this.state === 'BODY_CHUNKEMPTYLINE'
    const line = super.consumeLine()
    if (!isChunk) this.#headerBytes += this.offset - start
    if (this.#headerBytes > this.#maxHeaderBytes || this.line.length > this.#maxHeaderBytes) {
      throw fault('HPE_HEADER_OVERFLOW')
    }
    return line
  }

  override parseHeader(line: string, headers: string[]): void {
    const count = headers.length
    super.parseHeader(line, headers)
    if (headers.length === count) {
      if (count > 0 && /^[ \t]/.test(line)) return
      throw fault('HPE_INVALID_HEADER_TOKEN')
    }
    const [name = '', value = ''] = headers.slice(-2)
    if (!TOKEN.test(name) || value.includes('\0')) throw fault('HPE_INVALID_HEADER_TOKEN')
    if (/^content-length$/i.test(name) && !/^\d{1,15}$/.test(value)) throw fault('HPE_INVALID_CONTENT_LENGTH')
  }

  override BODY_CHUNKHEAD(): void {
    const line = this.consumeLine()
    if (line === undefined) return
    const [, digits] = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line) ?? []
    if (digits === undefined) throw fault('HPE_INVALID_CHUNK_SIZE')
    this.body_bytes = Number.parseInt(digits, 16)
    this.state = this.body_bytes === 0 ? 'BODY_CHUNKTRAILERS' : 'BODY_CHUNK'
  }
}

/** Parses what servers answer, in the function: nothing of it is the host's. */
export function makeHttpParserBinding(realm: Realm): Binding {
  PortableParser.encoding = 'latin1'
  const kinds = {
    REQUEST: 'REQUEST',
    RESPONSE: 'RESPONSE',
    kOnMessageBegin: 0,
    kOnHeaders: 1,
    kOnHeadersComplete: 2,
    kOnBody: 3,
    kOnMessageComplete: 4,
    // Asking for it makes the package call back as Node expects it today.
    kOnExecute: PortableParser.kOnExecute,
    kOnTimeout: 6,
    kLenientNone: 0,
    kLenientHeaderValueRelaxed: 2048,
    kLenientAll: 255,
  }
  for (const [name, value] of Object.entries(kinds)) Object.defineProperty(HTTPParser, name, { value })
  return { ...realm.constants('http_parser'), HTTPParser, ConnectionsList }
}

function fault(code: string): Error {
  return Object.assign(new Error('Parse Error'), { code })
}

/** As llhttp's errors are. */
function describe(error: Error & { code?: string }, bytesParsed: number): Error {
  const code = error.code ?? FAULTS.find(([message]) => message === error.message)?.[1] ?? 'HPE_INTERNAL'
  const reason = REASONS[code] ?? error.message
  return Object.assign(error, { code, reason, bytesParsed, message: `Parse Error: ${reason}` })
}

/** Of servers, of which there are none. */
class ConnectionsList {
  all(): never[] {
    return []
  }

  idle(): never[] {
    return []
  }

  active(): never[] {
    return []
  }

  expired(): never[] {
    return []
  }
}
