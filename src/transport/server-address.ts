import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { Server as TlsServer } from 'node:tls'
import { InvalidOptionError } from '../errors.ts'

/** @throws {InvalidOptionError} while the server doesn't listen on a port. */
export function portOf(server: Server | SecureServer): number {
  return addressOf(server).port
}

/**
 * `ws://…` or `http://…` of a path on a server, with the s of a TLS server.
 *
 * @throws {InvalidOptionError} while the server doesn't listen on a port.
 */
export function urlOf(server: Server | SecureServer, scheme: 'ws' | 'http', path: string): string {
  const { address, port } = addressOf(server)
  // A wildcard is no address to connect to.
  const name = address === '0.0.0.0' || address === '::' ? 'localhost' : address
  const host = name.includes(':') ? `[${name}]` : name
  return `${scheme}${server instanceof TlsServer ? 's' : ''}://${host}:${port}${path}`
}

function addressOf(server: Server | SecureServer): { address: string; port: number } {
  const address = server.address()
  if (typeof address !== 'object' || address === null) {
    throw new InvalidOptionError(
      'server',
      'The server of this door does not listen on a port, so it has no url.',
    )
  }
  return address
}
