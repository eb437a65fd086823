import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Duplex } from 'node:stream'

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** What a door does with an HTTP server, its own or an embedder's. */
export interface ServerHandlers {
  /** Whether a request is the door's to answer. */
  owns(request: IncomingMessage): boolean
  /** Whether an upgrade is the door's to take. */
  ownsUpgrade(request: IncomingMessage): boolean
  readonly onRequest: RequestListener
  readonly onUpgrade: UpgradeListener
}

/**
 * Puts a door before the handlers a server has. What isn't the door's goes on to them untouched;
 * handlers added later see the door's requests too, so they should be added first.
 *
 * @returns undoes it.
 */
export function attachToServer(server: Server | SecureServer, door: ServerHandlers): () => void {
  const others = server.listeners('request')
  const onRequest: RequestListener = (request, response) => {
    if (door.owns(request)) door.onRequest(request, response)
    else for (const other of others) Reflect.apply(other, server, [request, response])
  }
  const onUpgrade: UpgradeListener = (request, socket, head) => {
    if (door.ownsUpgrade(request)) door.onUpgrade(request, socket, head)
    // With no one else to take it, the socket would hang.
    else if (server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404)
  }
  server.removeAllListeners('request')
  server.on('request', onRequest)
  server.on('upgrade', onUpgrade)
  return () => {
    server.off('request', onRequest)
    server.off('upgrade', onUpgrade)
    // They came from this very event.
    for (const other of others) server.on('request', other as RequestListener)
  }
}

const REASONS = Object.freeze({ 404: 'Not Found', 429: 'Too Many Requests', 503: 'Service Unavailable' })

/** Answers an upgrade with a plain HTTP status and hangs up. */
export function refuseUpgrade(socket: Duplex, status: keyof typeof REASONS): void {
  // The peer may hang up first; there is nothing more to tell it then.
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** @returns once the server listens; rejects with the system's error if it can't. */
export async function listenOn(server: Server | SecureServer, port: number, hostname: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, hostname, resolve)
  await promise
  server.off('error', reject)
}

/** Stops listening; resolves when the last connection is gone. */
export function closeServer(server: Server | SecureServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  // Its only error is that the server isn't open, which is what was asked for.
  server.close(() => resolve())
  server.closeIdleConnections()
  return promise
}
