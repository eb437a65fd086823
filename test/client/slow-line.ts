import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

const SLICE_BYTES = 16 * 1024

/** A way to a door on which what comes from the door takes its time. Closes with the test. */
export class SlowLine {
  readonly url: string
  /** Bytes that came to clients. */
  receivedBytes = 0

  private constructor(port: number) {
    this.url = `ws://127.0.0.1:${port}`
  }

  static async open(doorPort: number, bytesPerSecond: number): Promise<SlowLine> {
    const sockets = new Set<Socket>()
    const server = createServer(client => {
      const onward = connect(doorPort, '127.0.0.1')
      for (const socket of [client, onward]) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          client.destroy()
          onward.destroy()
        })
      }
      client.pipe(onward)
      onward.pipe(line.#slowed(bytesPerSecond)).pipe(client)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the line has no port')
    const line = new SlowLine(address.port)
    return line
  }

  #slowed(bytesPerSecond: number): Transform {
    const line = this
    return new Transform({
      async transform(data: Buffer, _encoding, done) {
        for (let start = 0; start < data.length; start += SLICE_BYTES) {
          const slice = data.subarray(start, start + SLICE_BYTES)
          await setTimeout((slice.length / bytesPerSecond) * 1000)
          line.receivedBytes += slice.length
          this.push(slice)
        }
        done()
      },
    })
  }
}
