import type { Socket } from 'node:net'
import { type RawData, WebSocket } from 'ws'
import type { OpenSocket } from './socket.ts'

/** A WebSocket of Node's. Of what is sent in one turn of the event loop the first goes out at once, the rest in one write. */
export const openNodeSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url, { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false })
  const turn = new WriteTurn()
  let fault = ''
  socket.on('upgrade', response => turn.open(response.socket))
  socket.on('open', () => events.onOpen())
  socket.on('message', (data, isBinary) => {
    const bytes = toBytes(data)
    events.onMessage(isBinary ? bytes : String(bytes))
  })
  // 'close' follows every 'error', without its reason.
  socket.on('error', error => {
    fault = error.message
  })
  socket.on('close', (code, reason) => events.onClose(code, reason.length > 0 ? reason.toString() : fault))
  return {
    send: message => {
      if (socket.readyState !== WebSocket.OPEN) return
      turn.write()
      socket.send(message)
    },
    close: (code, reason) => socket.close(code, reason),
  }
}

/** One turn after the other. Not told by ticks: a program may send from where there are none, such as behind an isolate. */
class WriteTurn {
  #socket: Socket | undefined
  #hasWritten = false
  #isCorked = false

  open(socket: Socket): void {
    this.#socket = socket
  }

  /** Something is about to be written. */
  write(): void {
    if (!this.#hasWritten) {
      this.#hasWritten = true
      setImmediate(() => this.#end())
    } else if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket?.cork()
    }
  }

  #end(): void {
    this.#hasWritten = false
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#socket?.uncork()
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

/** More than any door's frame limit is likely to be; a bound on what a false door can make a client hold. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024
