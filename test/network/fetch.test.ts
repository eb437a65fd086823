import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { deploy } from './function.ts'
import { listen, type Running } from './servers.ts'

async function serve(listener: RequestListener): Promise<Running> {
  return listen(createServer(listener))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('fetch', () => {
  test('sends JSON and reads JSON', async () => {
    await using server = await serve(async (request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          method: request.method,
          type: request.headers['content-type'],
          ...JSON.parse(String(await bodyOf(request))),
        }),
      )
    })
    const { call } = await deploy(`
      const response = await fetch(new URL('http://localhost:' + event.port), {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ n: 1 }),
      })
      return [response.ok, response.status, response.headers.get('Content-Type'), await response.json()]
    `)
    expect(await call({ port: server.port })).toEqual([
      true,
      200,
      'application/json',
      { method: 'POST', type: 'application/json', n: 1 },
    ])
  })

  test('follows redirects, or not, as it is told', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/there') response.end(`${request.method} ${request.headers.authorization}`)
      else response.writeHead(request.url === '/307' ? 307 : 302, { location: '/there' }).end()
    })
    const { call } = await deploy(`
      const base = 'http://localhost:' + event.port
      const followed = await fetch(base + '/302', { method: 'POST', body: 'x', headers: { authorization: 'a' } })
      const kept = await fetch(base + '/307', { method: 'POST', body: 'x' })
      const manual = await fetch(base, { redirect: 'manual' })
      const refused = await fetch(base, { redirect: 'error' }).catch(error => error)
      return [followed.url.endsWith('/there'), followed.redirected, await followed.text(), await kept.text(), manual.status, refused.name]
    `)
    expect(await call({ port: server.port })).toEqual([
      true,
      true,
      'GET a',
      'POST undefined',
      302,
      'TypeError',
    ])
  })

  test('unpacks what is packed', async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'))
    })
    const { call } = await deploy(`return (await fetch('http://localhost:' + event.port)).text()`)
    expect(await call({ port: server.port })).toBe('unpacked')
  })

  test('sends forms, with files', async () => {
    await using server = await serve(async (request, response) => {
      response.end(String(await bodyOf(request)))
    })
    const { call } = await deploy(`
      const form = new FormData()
      form.append('name', 'value')
      form.append('file', new Blob(['contents']), 'a.txt')
      const multipart = await fetch('http://localhost:' + event.port, { method: 'POST', body: form })
      const encoded = await fetch('http://localhost:' + event.port, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) })
      return [await multipart.text(), await encoded.text()]
    `)
    const [multipart, encoded] = (await call({ port: server.port })) as [string, string]
    expect(multipart).toMatch(
      /name="name"\r\n\r\nvalue\r\n.*filename="a.txt"\r\nContent-Type: application\/octet-stream\r\n\r\ncontents/s,
    )
    expect(encoded).toBe('a=b+c')
  })

  test('streams both ways with back-pressure, in flat memory', async () => {
    await using server = await serve((request, response) => {
      request.pipe(response)
    })
    const { call } = await deploy(
      `
      let sent = 0
      const body = new ReadableStream({
        pull(controller) {
          if (sent === event.chunks) controller.close()
          else { controller.enqueue(new Uint8Array(65536)); sent++ }
        },
      }, { highWaterMark: 0 })
      const response = await fetch('http://localhost:' + event.port, { method: 'POST', body, duplex: 'half' })
      let size = 0, ahead = 0
      for await (const chunk of response.body) {
        size += chunk.length
        ahead = Math.max(ahead, sent * 65536 - size)
      }
      return [size, ahead < 24 * 1024 * 1024]
    `,
      {},
      { memoryMb: 64 },
    )
    expect(await call({ port: server.port, chunks: 512 })).toEqual([512 * 65_536, true])
  })

  test('is aborted, before the answer and within it', async () => {
    let closed = 0
    await using server = await serve((request, response) => {
      request.socket.on('close', () => closed++)
      if (request.url === '/body') response.write('begun')
    })
    const { call } = await deploy(`
      const base = 'http://localhost:' + event.port
      const first = await fetch(base, { signal: AbortSignal.timeout(1000) }).catch(error => error.name)
      const aborter = new AbortController()
      const response = await fetch(base + '/body', { signal: aborter.signal })
      setTimeout(() => aborter.abort(), 50)
      const second = await response.text().catch(error => error.name)
      const third = await fetch(base, { signal: AbortSignal.abort() }).catch(error => error.name)
      return [first, second, third]
    `)
    expect(await call({ port: server.port })).toEqual(['TimeoutError', 'AbortError', 'AbortError'])
    await expect.poll(() => closed).toBe(2)
  })

  test('fails as in Node', async () => {
    const { call } = await deploy(`
      const tell = error => [error.name, error.message, error.cause && error.cause.code]
      return [
        await fetch('http://127.0.0.1:' + event.closed).catch(tell),
        await fetch('http://no-such-host.invalid').catch(tell),
        await fetch('ftp://127.0.0.1').catch(tell),
        await fetch('not a url').catch(tell),
      ]
    `)
    await using closed = await serve(() => {})
    await closed[Symbol.asyncDispose]()
    expect(await call({ closed: closed.port })).toEqual([
      ['TypeError', 'fetch failed', 'ECONNREFUSED'],
      ['TypeError', 'fetch failed', expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN)$/)],
      ['TypeError', 'fetch failed', null],
      ['TypeError', 'Failed to parse URL from not a url', 'ERR_INVALID_URL'],
    ])
  })

  test('sends many requests at once, within the connections an invocation may have', async () => {
    await using server = await serve((request, response) => response.end(request.url))
    const { call } = await deploy(`
      const paths = Array.from({ length: 150 }, (_, index) => '/' + index)
      const texts = await Promise.all(paths.map(path => fetch('http://localhost:' + event.port + path).then(response => response.text())))
      return texts.every((text, index) => text === paths[index])
    `)
    expect(await call({ port: server.port })).toBe(true)
  })
})

describe('WebSocket', () => {
  test('the global one talks to a server', async () => {
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    )
    await using running = await listen(server)
    const { call } = await deploy(`
      const socket = new WebSocket('ws://localhost:' + event.port, 'chat')
      socket.binaryType = 'arraybuffer'
      const next = type => new Promise((resolve, reject) => {
        socket.addEventListener(type, resolve, { once: true })
        socket.addEventListener('error', () => reject(new Error('failed')), { once: true })
      })
      await next('open')
      socket.send('hello')
      const text = (await next('message')).data
      socket.send(new Uint8Array([1, 2, 3]))
      const bytes = [...new Uint8Array((await next('message')).data)]
      socket.close(1000, 'done')
      const { code, wasClean } = await next('close')
      return { text, bytes, code, wasClean }
    `)
    expect(await call({ port: running.port })).toEqual({
      text: 'hello',
      bytes: [1, 2, 3],
      code: 1000,
      wasClean: true,
    })
  })
})
