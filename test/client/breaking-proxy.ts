import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a door that can break: connections are cut, refused, or go silent. Closes with the test. */
export class BreakingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Where new connections lead. */
  doorPort: number
  /** Connections made so far, refused ones too. */
  connectionCount = 0
  /** Pieces that clients sent through it. */
  sentCount = 0
  isRefusing = false
  /** What goes this way is lost. */
  losing: 'to-door' | 'to-client' | undefined

  private constructor(doorPort: number) {
    this.doorPort = doorPort
    this.#server = createServer(socket => this.#accept(socket))
  }

  static async open(doorPort: number): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(doorPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    onTestFinished(() => {
      proxy.cut()
      proxy.#server.close()
    })
    return proxy
  }

  get url(): string {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')
    return `ws://127.0.0.1:${address.port}`
  }

  /** Cuts every connection, without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Connections stay, and nothing comes through them any more; new ones do work. */
  silence(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  #accept(socket: Socket): void {
    this.connectionCount++
    if (this.isRefusing) {
      socket.destroy()
      return
    }
    const onward = connect(this.doorPort, '127.0.0.1')
    socket.on('data', () => this.sentCount++)
    for (const [from, to, way] of [
      [socket, onward, 'to-door'],
      [onward, socket, 'to-client'],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', data => {
        if (this.losing !== way) to.write(data)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}
