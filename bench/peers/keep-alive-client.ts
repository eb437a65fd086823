import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/**
 * Posts JSON over HTTP/1.1 to a server on this machine, on connections that are kept: as little client as possible,
 * since a general one takes longer than most of what is measured.
 */
export class KeepAliveClient {
  readonly #port: number
  readonly #idle: Connection[] = []
  readonly #all: Connection[] = []

  constructor(port: number) {
    this.#port = port
  }

  /** @throws {Error} for a status other than 200, and for an answer it doesn't understand. */
  async post(headers: Readonly<Record<string, string>>, body: object): Promise<unknown> {
    const text = JSON.stringify(body)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const request =
      `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${lines.join('')}` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
    return JSON.parse(await this.#ask(request))
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  async #ask(request: string): Promise<string> {
    const kept = this.#idle.pop()
    if (kept === undefined) return this.#askOn(await this.#open(), request)
    try {
      return await this.#askOn(kept, request)
    } catch (error) {
      // A server closes what was idle for long, also while we are writing to it.
      if (!(error instanceof ClosedError)) throw error
      return this.#askOn(await this.#open(), request)
    }
  }

  async #askOn(connection: Connection, request: string): Promise<string> {
    const answer = await connection.ask(request)
    this.#idle.push(connection)
    return answer
  }

  async #open(): Promise<Connection> {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay()
    await once(socket, 'connect')
    const connection = new Connection(socket)
    this.#all.push(connection)
    return connection
  }
}

class ClosedError extends Error {
  override readonly name = 'ClosedError'
}

/** One question at a time. */
class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<string> | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#receive(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)))
    socket.on('error', error => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new ClosedError('The server closed the connection.')))
  }

  /** @throws {ClosedError} when there is no answer because the server closed it. */
  ask(request: string): Promise<string> {
    if (!this.#socket.writable)
      return Promise.reject(new ClosedError('The server has closed the connection.'))
    this.#waiting = Promise.withResolvers()
    this.#socket.write(request)
    return this.#waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = this.#received.indexOf(END_OF_HEAD)
    if (headEnd < 0) return
    const head = this.#received.toString('latin1', 0, headEnd)
    const rest = this.#received.subarray(headEnd + END_OF_HEAD.length)
    const body = readBody(head, rest)
    if (body === undefined) return
    this.#received = Buffer.alloc(0)
    if (head.startsWith('HTTP/1.1 200')) this.#waiting?.resolve(body)
    else this.#waiting?.reject(new Error(`The server answered ${head.split('\r\n')[0]}: ${body}`))
  }
}

/** Undefined while some of it is missing. */
function readBody(head: string, rest: Buffer): string | undefined {
  const [, length] = /^content-length: *(\d+)/im.exec(head) ?? []
  if (length !== undefined) {
    const byteCount = Number(length)
    return rest.length < byteCount ? undefined : rest.toString('utf8', 0, byteCount)
  }
  return joinChunks(rest)
}

/** Undefined while the last one is missing. */
function joinChunks(rest: Buffer): string | undefined {
  const chunks: Buffer[] = []
  for (let start = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', start)
    if (lineEnd < 0) return undefined
    const byteCount = Number.parseInt(rest.toString('latin1', start, lineEnd), 16)
    if (byteCount === 0) return Buffer.concat(chunks).toString('utf8')
    const chunkStart = lineEnd + 2
    start = chunkStart + byteCount + 2
    if (rest.length < start) return undefined
    chunks.push(rest.subarray(chunkStart, chunkStart + byteCount))
  }
}
