/**
 * A plain Node server with cloud functions inside: its own routes stay its own, one of them calls a
 * function, and mini-programs connect under /cloud.
 *
 * Run it from the repository after `npm run build`: npx node --no-node-snapshot examples/embed/server.ts
 */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { FunctionHost, UnauthenticatedError } from 'cloudlet'

// A real server looks these up where its sessions live.
const openids = new Map([['token-of-ming', 'o-ming']])

const host = new FunctionHost({ dataDirectory: '.cloudlet' })
await host.deployDirectory(fileURLToPath(new URL('../guestbook/cloudfunctions', import.meta.url)))

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (request.method !== 'GET' || url.pathname !== '/sum') {
    response.writeHead(404).end('Try /sum?a=1&b=2\n')
    return
  }
  try {
    const event = { a: Number(url.searchParams.get('a')), b: Number(url.searchParams.get('b')) }
    const { result, durationMs } = await host.invoke('sum', event)
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(`${JSON.stringify({ result, durationMs })}\n`)
  } catch (error) {
    console.error(error)
    response.writeHead(500).end('The function failed.\n')
  }
})

const door = host.attach(server, {
  path: '/cloud',
  authenticate: ({ token = '' }) => {
    const openid = openids.get(token)
    if (openid === undefined) throw new UnauthenticatedError('The token was not accepted.')
    return { openid }
  },
})

server.listen(8080, '127.0.0.1', () => {
  console.log(
    `http://127.0.0.1:8080/sum?a=1&b=2, and createCloud({ url: '${door.url}', token: 'token-of-ming' })`,
  )
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    server.close()
    await host.close()
  })
}
