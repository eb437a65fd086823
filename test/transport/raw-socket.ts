import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connectRaw } from './raw-http.ts'

/** A WebSocket of which the test writes every byte, and reads none. It ends with the test. */
export async function upgradeRaw(port: number): Promise<Socket> {
  const socket = connectRaw(port)
  socket.on('error', () => undefined)
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await once(socket, 'data')
  socket.resume()
  return socket
}

/** The head of a binary message of so many bytes, masked with zeros: what follows it is the message as it is. */
export function headOf(sizeBytes: number): Buffer {
  const head = Buffer.alloc(14)
  head[0] = 0x82
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(sizeBytes), 2)
  return head
}

/** A pong of 125 bytes that nobody asked for. */
export const PONG = Buffer.concat([Buffer.from([0x8a, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)])

function waitForEither(socket: Socket, ...names: readonly string[]): Promise<void> {
  return new Promise(resolve => {
    for (const name of names) socket.once(name, () => resolve())
  })
}

/** Resolves when the other side has cut the connection, by whatever way. */
export async function waitForCut(socket: Socket): Promise<void> {
  if (!socket.closed) await waitForEither(socket, 'close')
}

/** Writes so many bytes or until the other side has cut the connection; gives how many were taken. */
export async function flood(
  socket: Socket,
  sizeBytes: number,
  block = Buffer.alloc(64 * 1024),
): Promise<number> {
  const before = socket.bytesWritten
  for (let sent = 0; sent < sizeBytes && socket.writable; sent += block.length) {
    if (!socket.write(block)) await waitForEither(socket, 'drain', 'close')
  }
  return socket.bytesWritten - before
}
