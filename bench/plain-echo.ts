import { once } from 'node:events'
import { Packr } from 'msgpackr'
import { WebSocket, WebSocketServer } from 'ws'

/** A server that unpacks each message with msgpackr and packs the answer. Where it listens. */
export async function servePlainEcho(): Promise<{ readonly server: WebSocketServer; readonly url: string }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  server.on('connection', socket =>
    socket.on('message', data => {
      const { id, args }: Question = PACKR.unpack(toBuffer(data))
      const answer: Answer = { type: 'result', id, result: { result: args.data, requestId: REQUEST_ID } }
      socket.send(PACKR.pack(answer))
    }),
  )
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The echo server has no port.')
  return { server, url: `ws://127.0.0.1:${address.port}` }
}

/**
 * The floor of a call over the network: one client of a plain echo server. Nothing is checked, nobody is anybody, and
 * nothing runs.
 */
export class PlainEcho implements Disposable {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', data => {
      const answer: Answer = PACKR.unpack(toBuffer(data))
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }

  static async connect(url: string): Promise<PlainEcho> {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    await once(socket, 'open')
    return new PlainEcho(socket)
  }

  /** What was sent, as it came back. */
  async roundTrip(data: unknown): Promise<unknown> {
    const id = ++this.#lastId
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.set(id, resolve)
    const question: Question = { type: 'call', id, op: 'functions.invoke', args: { name: 'hello', data } }
    this.#socket.send(PACKR.pack(question))
    return (await promise).result.result
  }

  [Symbol.dispose](): void {
    this.#socket.terminate()
  }
}

/** A call as cloudlet's own protocol has it, so that as many bytes travel. */
interface Question {
  readonly type: 'call'
  readonly id: number
  readonly op: string
  readonly args: { readonly name: string; readonly data: unknown }
}

interface Answer {
  readonly type: 'result'
  readonly id: number
  readonly result: { readonly result: unknown; readonly requestId: string }
}

const PACKR = new Packr({ useRecords: false })
const REQUEST_ID = '00000000-0000-4000-8000-000000000000'

function toBuffer(data: WebSocket.RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  throw new TypeError('ws gives messages as one Buffer unless told otherwise.')
}
