import type { Socket } from 'node:net'
import { type RawData, WebSocket } from 'ws'
import { noteWrite } from '../protocol/message-memory.ts'
import { TurnOutbox } from '../protocol/turn-outbox.ts'
import type { OpenSocket } from './socket.ts'

/** A WebSocket of Node's. */
export const openNodeSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url, { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false })
  let stream: Socket | undefined
  const outbox = new TurnOutbox({
    send: message => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message, noteWrite(message))
    },
    cork: () => stream?.cork(),
    uncork: () => stream?.uncork(),
  })
  let fault = ''
  socket.on('upgrade', response => {
    stream = response.socket
  })
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
      // Not told by ticks: a program may send from where there are none, such as behind an isolate.
      if (outbox.send(message)) setImmediate(() => outbox.endTurn())
    },
    join: maxBytes => outbox.join(maxBytes),
    close: (code, reason) => {
      outbox.flush()
      socket.close(code, reason)
    },
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

/** More than any door's frame limit is likely to be; a bound on what a false door can make a client hold. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024
