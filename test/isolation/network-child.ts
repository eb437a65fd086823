/**
 * Runs one program that reaches for what the network policy keeps from it, in a process of its own, beside servers it
 * may reach and servers it may not. Prints what became of its attempts, and whatever arrived where nothing may.
 */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { FunctionHost } from '../../src/index.ts'
import { startNameServer } from '../network/name-server.ts'

const program = readFileSync(process.argv[2] as string, 'utf8')
const arrived: string[] = []
const requests: { readonly url: string | undefined; readonly headers: object }[] = []

async function start(server: Server | ReturnType<typeof createTcpServer>, hostname: string): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, hostname, resolve))
  server.unref()
  return (server.address() as AddressInfo).port
}

/** The function may reach this one. `/to?<url>` redirects there. */
const serveOpen: RequestListener = (request, response) => {
  requests.push({ url: request.url, headers: request.headers })
  const [path, target] = (request.url ?? '').split('?to=')
  if (path === '/redirect') {
    const location = Buffer.from(decodeURIComponent(target ?? '')).toString('latin1')
    response.writeHead(302, { location }).end()
  } else response.end('open')
}

const secret = createTcpServer(socket => {
  arrived.push(`a connection to ${socket.localAddress}:${socket.localPort}`)
  socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET')
})
const open = await start(createServer(serveOpen), '127.0.0.1')
const secretPort = await start(secret, '0.0.0.0')

const answers = new Map<string, number>()
await using names = await startNameServer((name, type) => {
  const count = answers.get(name) ?? 0
  if (type === 'A') answers.set(name, count + 1)
  const loopback = { A: '127.0.0.1', AAAA: '::1' }[type]
  switch (name) {
    case 'localhost':
    case 'open.test':
    case 'inside.test':
      return type === 'A' ? [{ type, name, data: '127.0.0.1' }] : []
    case 'mapped.test':
      return type === 'AAAA' ? [{ type, name, data: '::ffff:127.0.0.1' }] : []
    case 'metadata.test':
      return type === 'A' ? [{ type, name, data: '169.254.169.254' }] : []
    case 'zero.test':
      return type === 'A' ? [{ type, name, data: '0.0.0.0' }] : []
    case 'rebinding.test':
      // Public when it is first asked for, and loopback from then on.
      return type === 'A' ? [{ type, name, ttl: 0, data: count === 0 ? '192.88.98.1' : '127.0.0.1' }] : []
    case 'both.test':
      return type === 'A' || type === 'AAAA' ? [{ type, name, data: loopback as string }] : []
    default:
      return undefined
  }
})

await using host = new FunctionHost({
  timeoutMs: 10_000,
  // One address and port of loopback is open: what stands for a public server here.
  network: { allow: [`127.0.0.1:${open}`, '*'], dnsServers: [names.address], connectTimeoutMs: 1000 },
})
await host.deploy('bad', { files: { 'index.js': program } })
const event = { open, secret: secretPort }
const outcomes = await Promise.all(
  (program.startsWith('// twice\n') ? ['owner', 'thief'] : ['alone']).map(role =>
    host.invoke('bad', { ...event, role }).then(
      ({ result }) => result,
      (error: { code?: string; message?: string }) => `${error.code}: ${error.message}`,
    ),
  ),
)
console.log(JSON.stringify({ outcomes: outcomes.flat(), arrived, requests }))
