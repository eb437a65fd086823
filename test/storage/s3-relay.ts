import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers a request itself, or says false and lets the server behind answer. */
export type Interception = (request: IncomingMessage, response: ServerResponse) => boolean

/** Stands before a server and answers some of the requests as a service in trouble would. */
export class S3Relay implements AsyncDisposable {
  readonly endpoint: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(target: string, intercept: Interception): Promise<S3Relay> {
    const { hostname: host, port } = new URL(target)
    const server = createServer((incoming, response) => {
      if (intercept(incoming, response)) {
        incoming.resume()
        return
      }
      const { method, url: path, headers } = incoming
      const outgoing = request({ host, port, method, path, headers }, answer => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      incoming.pipe(outgoing)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new S3Relay(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
