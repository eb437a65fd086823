import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A connection that sends what it is told, which no HTTP client would. It ends with the test. */
export function connectRaw(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

/** Sends lines as they are, the end of the headers included, and reads until the door hangs up. */
export async function sendRaw(port: number, lines: readonly string[], body = ''): Promise<string> {
  const socket = connectRaw(port)
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  return text(socket)
}
