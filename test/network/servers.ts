import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { createServer as createTlsServer } from 'node:tls'

const folder = new URL('../fixtures/tls/', import.meta.url)

/** A text of test/fixtures/tls. */
export function fixture(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8')
}

export const SERVER_TLS = { key: fixture('server-key.pem'), cert: fixture('server.pem') }

export interface Running extends AsyncDisposable {
  readonly port: number
}

/** Listens on a free port of loopback; disposing it cuts its connections. */
export async function listen(server: Server, hostname = '127.0.0.1'): Promise<Running> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, hostname)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

export function serveTcp(onSocket: (socket: Socket) => void): Promise<Running> {
  return listen(createServer({ allowHalfOpen: true }, onSocket))
}

export function serveTls(onSocket: (socket: TLSSocket) => void, options: TlsOptions = {}): Promise<Running> {
  const server = createTlsServer({ ...SERVER_TLS, ...options }, onSocket)
  server.on('tlsClientError', () => {})
  return listen(server)
}
