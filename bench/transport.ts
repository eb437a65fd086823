/**
 * Measures: callFunction of a warm function through a WebSocket on the loopback, against invoking it in the
 * process; beside them a round trip of a plain ws echo, which is all the network there is.
 * Excludes: connecting and logging in. Client and server share this process and its one event loop.
 * Run with: npm run bench -- transport
 */
import { once } from 'node:events'
import { FunctionHost } from 'cloudlet'
import { createCloud } from 'cloudlet/client'
import { WebSocket, WebSocketServer } from 'ws'
import { checkSum, EVENT, helloSource } from './functions.ts'
import { type Comparison, compare, type Question } from './harness.ts'

const IN_FLIGHT = 64

export const transport: Question = {
  name: 'transport',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    await host.deploy('hello', { files: { 'index.js': helloSource(0) } })
    const { url } = await host.listen({ port: 0 })
    await using cloud = createCloud({ url, openid: 'o-1' })
    await using echo = await PlainEcho.open()
    const contenders: Comparison['contenders'] = [
      { name: 'host.invoke', run: async () => checkSum((await host.invoke('hello', EVENT)).result) },
      {
        name: 'cloudlet/client callFunction',
        run: async () => checkSum((await cloud.callFunction({ name: 'hello', data: EVENT })).result),
      },
      { name: 'plain ws echo', run: () => echo.roundTrip() },
    ]
    return [
      await compare({
        title: 'Transport: one call at a time',
        inFlight: 1,
        rounds: isQuick ? 50 : 250,
        warmUpRounds: 40,
        callsPerRound: 50,
        contenders,
      }),
      await compare({
        title: `Transport: ${IN_FLIGHT} calls in flight on one connection`,
        inFlight: IN_FLIGHT,
        rounds: isQuick ? 10 : 100,
        warmUpRounds: 4,
        callsPerRound: 512,
        contenders,
      }),
    ]
  },
}

/** A server that sends back what it gets, and one client of it. Answers come in the order of the questions. */
class PlainEcho implements AsyncDisposable {
  readonly #server: WebSocketServer
  readonly #socket: WebSocket
  readonly #waiting: (() => void)[] = []

  private constructor(server: WebSocketServer, socket: WebSocket) {
    this.#server = server
    this.#socket = socket
    socket.on('message', () => this.#waiting.shift()?.())
  }

  static async open(): Promise<PlainEcho> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
    server.on('connection', socket => socket.on('message', data => socket.send(data)))
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('The echo server has no port.')
    const socket = new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: false })
    await once(socket, 'open')
    return new PlainEcho(server, socket)
  }

  roundTrip(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    this.#socket.send(MESSAGE)
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** As long as the frame of such a call. */
const MESSAGE = Buffer.alloc(64)
