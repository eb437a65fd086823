/** Opens a server, has another process connect to it, and prints what an idle connection takes here. Started by sessions.ts. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FunctionHost } from 'cloudlet'
import { WebSocketServer } from 'ws'
import { answerParent } from './child.ts'
import { helloSource } from './functions.ts'

/** Kilobytes of resident memory each further connection added. */
export interface SessionFootprint {
  readonly addedKb: number
}

/** Opened before the first reading, so that what a process pays once is not in the difference. */
const FIRST_COUNT = 200
const SETTLE_MS = 1500

const [kind, count] = process.argv.slice(2)
const sessionCount = Number(count)
if (kind === 'bare') {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  await report(`ws://127.0.0.1:${address.port}`)
  for (const socket of server.clients) socket.terminate()
  server.close()
} else {
  await using host = new FunctionHost()
  await host.deploy('hello', { files: { 'index.js': helloSource(0) } })
  const { url } = await host.listen({ port: 0 })
  await report(url)
}

async function report(url: string): Promise<void> {
  const clients = fork(fileURLToPath(new URL('./sessions-clients-process.ts', import.meta.url)), [
    String(kind),
    url,
  ])
  await open(clients, FIRST_COUNT)
  const beforeBytes = await readBytes()
  await open(clients, sessionCount)
  const footprint: SessionFootprint = { addedKb: ((await readBytes()) - beforeBytes) / sessionCount / 1024 }
  answerParent(footprint)
  clients.send({ count: 0 })
  await once(clients, 'exit')
}

/** Resolves when so many more are connected, and welcomed where there is a welcome. */
async function open(clients: ChildProcess, moreCount: number): Promise<void> {
  clients.send({ count: moreCount })
  await once(clients, 'message')
}

async function readBytes(): Promise<number> {
  await sleep(SETTLE_MS)
  globalThis.gc?.()
  globalThis.gc?.()
  await sleep(SETTLE_MS)
  return process.memoryUsage.rss()
}
