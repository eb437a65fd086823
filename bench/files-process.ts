/** The servers of files.ts: a host with a door, and a plain ws server that takes and gives files. */
import { createReadStream, createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FunctionHost } from 'cloudlet'
import { type WebSocket, WebSocketServer } from 'ws'

/** Where they are. */
export interface FileServers {
  readonly url: string
  readonly plainUrl: string
}

/** Resident memory, in kilobytes. `peakKb` since it was asked for last. */
export interface MemoryPeak {
  readonly nowKb: number
  readonly peakKb: number
}

const [directory = ''] = process.argv.slice(2)
const host = new FunctionHost({ dataDirectory: join(directory, 'data') })
const { url } = await host.listen({ port: 0 })
const plain = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
plain.on('connection', (socket, { url: path }) => {
  const file = join(directory, 'plain')
  if (path === '/up') take(socket, file)
  else void give(socket, file)
})
plain.on('listening', () => {
  const address = plain.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  const servers: FileServers = { url, plainUrl: `ws://127.0.0.1:${address.port}` }
  process.send?.(servers)
})
process.on('message', message => {
  if (message === 'close') process.exit()
  globalThis.gc?.()
  const peak: MemoryPeak = { peakKb: readKb('VmHWM'), nowKb: readKb('VmRSS') }
  // Linux then counts anew.
  writeFileSync('/proc/self/clear_refs', '5')
  process.send?.(peak)
})

/** Writes what comes into a file; an empty message ends it, and is answered when the file is written. */
function take(socket: WebSocket, file: string): void {
  const output = createWriteStream(file)
  socket.on('message', (data: Buffer) => {
    if (data.length === 0) {
      output.end(() => socket.send('written'))
    } else if (!output.write(data)) {
      socket.pause()
      output.once('drain', () => socket.resume())
    }
  })
}

async function give(socket: WebSocket, file: string): Promise<void> {
  const sink = new Writable({ write: (chunk, _encoding, done) => socket.send(chunk, done) })
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), sink)
  socket.close()
}

function readKb(field: string): number {
  const [, value] =
    new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(value)
}
