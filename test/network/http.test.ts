import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { deploy } from './function.ts'
import { fixture, listen, type Running, SERVER_TLS, serveTcp } from './servers.ts'

/** A function's own helper: sends a request, and answers with what came. */
const SEND = `
const send = (options, body) => new Promise((resolve, reject) => {
  const client = require(options.protocol === 'https:' ? 'https' : 'http')
  const request = client.request(options, response => {
    const chunks = []
    response.on('data', chunk => chunks.push(chunk)).on('error', reject).on('end', () => resolve({
      status: response.statusCode, message: response.statusMessage, headers: response.headers,
      trailers: response.trailers, text: Buffer.concat(chunks).toString(), reused: request.reusedSocket,
    }))
  }).on('error', reject)
  request.end(body)
})
`

async function serve(listener: RequestListener): Promise<Running> {
  return listen(createServer(listener))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('http', () => {
  test('sends a request with a body and gets the answer', async () => {
    await using server = await serve(async (request, response) => {
      response.writeHead(201, 'Made', { 'x-answer': 'é', 'set-cookie': ['a=1', 'b=2'] })
      response.end(JSON.stringify({ body: await textOf(request), ...request.headers, url: request.url }))
    })
    const { call } = await deploy(`${SEND}
      return send({ host: 'localhost', port: event.port, path: '/a?b=c', method: 'PUT', headers: { 'X-One': 'eins' } }, 'héllo')
    `)
    const result = (await call({ port: server.port })) as { text: string }
    expect(result).toMatchObject({
      status: 201,
      message: 'Made',
      headers: { 'x-answer': 'é', 'set-cookie': ['a=1', 'b=2'] },
    })
    expect(JSON.parse(result.text)).toMatchObject({
      body: 'héllo',
      url: '/a?b=c',
      'x-one': 'eins',
      host: `localhost:${server.port}`,
      'content-length': '6',
    })
  })

  test.each([
    ['HEAD', 200, { 'content-length': '5' }, ''],
    ['GET', 204, {}, ''],
    ['GET', 304, { 'content-length': '5' }, ''],
    ['GET', 200, { 'content-length': '0' }, ''],
    ['DELETE', 200, { 'transfer-encoding': 'chunked' }, 'a body'],
  ] as const)('%s with %i and %j', async (method, status, headers, body) => {
    await using server = await serve((_request, response) => {
      response.writeHead(status, headers)
      response.end(body)
    })
    const { call } = await deploy(`${SEND}
      const agent = new (require('http').Agent)({ keepAlive: true })
      const options = { port: event.port, method: '${method}', agent }
      const [first, second] = [await send(options), await send(options)]
      return [first.status, first.text, second.status, second.text, second.reused]
    `)
    expect(await call({ port: server.port })).toEqual([status, body, status, body, true])
  })

  test('streams chunks both ways, with trailers', async () => {
    await using server = await serve((request, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      let sum = 0
      request.on('data', chunk => {
        sum += chunk.length
        response.write(`got ${chunk.length};`)
      })
      request.on('end', () => {
        response.addTrailers({ 'x-sum': String(sum) })
        response.end()
      })
    })
    const { call } = await deploy(`
      const request = require('http').request({ port: event.port, method: 'POST' })
      const responded = require('events').once(request, 'response')
      for (let size = 1; size <= 3; size++) {
        request.write('x'.repeat(size))
        await new Promise(resolve => setTimeout(resolve, 30))
      }
      request.end()
      const [response] = await responded
      let text = ''
      for await (const chunk of response) text += chunk
      return [text, response.trailers, response.complete]
    `)
    expect(await call({ port: server.port })).toEqual(['got 1;got 2;got 3;', { 'x-sum': '6' }, true])
  })

  test('waits for 100 Continue', async () => {
    const server = createServer()
    server.on('checkContinue', async (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue()
      response.end(await textOf(request))
    })
    await using running = await listen(server)
    const { call } = await deploy(`
      const seen = []
      const request = require('http').request({ port: event.port, method: 'POST', headers: { expect: '100-continue' } })
      request.flushHeaders()
      request.on('continue', () => { seen.push('continue'); request.end('body') })
      request.on('information', ({ statusCode }) => seen.push(statusCode))
      const [response] = await require('events').once(request, 'response')
      for await (const chunk of response) seen.push(String(chunk))
      return seen
    `)
    expect(await call({ port: running.port })).toEqual(['continue', 100, 'body'])
  })

  test('keeps connections within an invocation, and none beyond it', async () => {
    const ports = new Set<number | undefined>()
    await using server = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('x')
    })
    const { call } = await deploy(`${SEND}
      const reused = []
      for (let index = 0; index < 3; index++) reused.push((await send({ port: event.port })).reused)
      return reused
    `)
    expect(await call({ port: server.port })).toEqual([false, true, true])
    expect(ports.size).toBe(1)
    // The instance is warm, and its agent begins anew.
    expect(await call({ port: server.port })).toEqual([false, true, true])
    expect(ports.size).toBe(2)
  })

  test('many requests at once', async () => {
    await using server = await serve(async (request, response) => {
      await sleep(5)
      response.end(request.url)
    })
    const { call } = await deploy(`${SEND}
      const agent = new (require('http').Agent)({ keepAlive: true, maxSockets: 20 })
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => send({ port: event.port, path: '/' + index, agent })))
      return answers.every(({ text }, index) => text === '/' + index)
    `)
    expect(await call({ port: server.port })).toBe(true)
  })

  test('uploads and downloads large bodies in flat memory', async () => {
    let receivedBytes = 0
    await using server = await serve((request, response) => {
      request.on('data', chunk => {
        receivedBytes += chunk.length
        if (!response.write(chunk)) {
          request.pause()
          response.once('drain', () => request.resume())
        }
      })
      request.on('end', () => response.end())
    })
    const { call } = await deploy(
      `
      const { Readable } = require('stream')
      const { pipeline } = require('stream/promises')
      const request = require('http').request({ port: event.port, method: 'POST' })
      const chunk = Buffer.alloc(65536, 7)
      const sent = pipeline(Readable.from((function* () { for (let index = 0; index < event.chunks; index++) yield chunk })()), request)
      const [response] = await require('events').once(request, 'response')
      let size = 0
      for await (const piece of response) size += piece.length
      await sent
      return size
    `,
      {},
      { memoryMb: 48 },
    )
    const size = 1024 * 65_536
    expect(await call({ port: server.port, chunks: 1024 })).toBe(size)
    expect(receivedBytes).toBe(size)
  })

  test('follows redirects where the function does, as in Node', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/there') response.end('there')
      else response.writeHead(302, { location: '/there' }).end()
    })
    const { call } = await deploy(`${SEND}
      const first = await send({ port: event.port })
      return [first.status, first.headers.location, (await send({ port: event.port, path: first.headers.location })).text]
    `)
    expect(await call({ port: server.port })).toEqual([302, '/there', 'there'])
  })

  test('upgrades', async () => {
    const server = createServer()
    server.on('upgrade', (_request, socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst')
      socket.write(head)
      socket.pipe(socket)
    })
    await using running = await listen(server)
    const { call } = await deploy(`
      const request = require('http').request({ port: event.port, headers: { connection: 'upgrade', upgrade: 'echo' } }).end()
      const [response, socket, head] = await require('events').once(request, 'upgrade')
      const seen = [response.statusCode, String(head)]
      socket.write('hello')
      seen.push(String((await require('events').once(socket, 'data'))[0]))
      socket.destroy()
      return seen
    `)
    const result = (await call({ port: running.port })) as unknown[]
    expect(result[0]).toBe(101)
    expect(result.slice(1).join('')).toBe('firsthello')
  })

  test('times out and is aborted', async () => {
    await using server = await serve(() => {})
    const { call } = await deploy(`
      const { once } = require('events')
      const http = require('http')
      const slow = http.get({ port: event.port, timeout: 50 })
      await once(slow, 'timeout')
      slow.destroy(new Error('too slow'))
      const [first] = await once(slow, 'error')
      const aborter = new AbortController()
      const other = http.get({ port: event.port, signal: aborter.signal })
      setTimeout(() => aborter.abort(), 20)
      const [second] = await once(other, 'error')
      return [first.message, second.name, second.code]
    `)
    expect(await call({ port: server.port })).toEqual(['too slow', 'AbortError', 'ABORT_ERR'])
  })

  test('tells of a connection that ends before its time', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/at-once') request.socket.destroy()
      else {
        response.writeHead(200, { 'content-length': '10' })
        response.write('12345')
        setTimeout(() => request.socket.destroy(), 20)
      }
    })
    const { call } = await deploy(`${SEND}
      const fail = path => send({ port: event.port, path }).catch(({ code, message }) => ({ code, message }))
      return [await fail('/at-once'), await fail('/later')]
    `)
    expect(await call({ port: server.port })).toEqual([
      { code: 'ECONNRESET', message: 'socket hang up' },
      { code: 'ECONNRESET', message: 'aborted' },
    ])
  })
})

describe('what is no HTTP', () => {
  test.each([
    ['nonsense\r\n\r\n', 'HPE_INVALID_CONSTANT'],
    ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n', 'HPE_LF_EXPECTED'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'HPE_UNEXPECTED_CONTENT_LENGTH'],
    ['HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH'],
    ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n', 'HPE_STRICT'],
  ])('%j: %s', async (answer, code) => {
    await using server = await serveTcp(socket => socket.once('data', () => socket.write(answer)))
    const { call } = await deploy(`${SEND}
      return send({ port: event.port }).catch(({ code, message }) => ({ code, message }))
    `)
    expect(await call({ port: server.port })).toEqual({
      code,
      message: expect.stringMatching(/^Parse Error: /),
    })
  })

  test.each(['/', '/trailers', '/chunks'])('nor are they counted beyond their end: %s', async path => {
    await using server = await serveTcp(socket =>
      socket.on('data', request => {
        const body = 'x'.repeat(40_000)
        const chunk = `9c40\r\n${body}\r\n`
        const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
        if (request.includes('/trailers'))
          socket.write(`${chunked}${chunk}0\r\nT: ${'t'.repeat(17_000)}\r\n\r\n`)
        else if (request.includes('/chunks')) socket.write(`${chunked}${chunk}0\r\n\r\n`)
        else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${body}`)
      }),
    )
    const { call } = await deploy(`${SEND}
      const options = { port: event.port, path: event.path, agent: new (require('http').Agent)({ keepAlive: true }) }
      const ask = () => send(options).then(({ text, reused }) => [text.length, reused], ({ code }) => code)
      return [await ask(), await ask()]
    `)
    expect(await call({ port: server.port, path })).toEqual(
      path === '/trailers'
        ? ['HPE_HEADER_OVERFLOW', 'HPE_HEADER_OVERFLOW']
        : [
            [40_000, false],
            [40_000, true],
          ],
    )
  })

  test('headers of 16 KB are well, and no more', async () => {
    await using server = await serveTcp(socket =>
      socket.once('data', request => {
        const size = Number(/\/(\d+)/.exec(String(request))?.[1])
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ${'x'.repeat(size)}\r\n\r\n`)
      }),
    )
    const { call } = await deploy(`${SEND}
      const ask = size => send({ port: event.port, path: '/' + size, agent: false }).then(({ status }) => status, ({ code }) => code)
      return [await ask(16000), await ask(17000)]
    `)
    expect(await call({ port: server.port })).toEqual([200, 'HPE_HEADER_OVERFLOW'])
  })
})

describe('https', () => {
  const ca = fixture('ca.pem')

  test('checks the certificate and the name in it', async () => {
    await using server = await listen(
      createSecureServer(SERVER_TLS, (_request, response) => response.end('secret')),
    )
    const { call } = await deploy(`${SEND}
      const https = { protocol: 'https:', port: event.port, ca: event.ca, agent: false }
      const fail = options => send({ ...https, ...options }).catch(({ code, message }) => ({ code, message }))
      return {
        good: (await send({ ...https, host: 'localhost' })).text,
        byAddress: (await send({ ...https, host: '127.0.0.1' })).text,
        unknown: await fail({ host: 'localhost', ca: undefined }),
        otherName: await fail({ host: 'localhost', servername: 'evil.test' }),
        unchecked: (await send({ ...https, host: 'localhost', ca: undefined, rejectUnauthorized: false })).text,
        ownCheck: await fail({ host: 'localhost', checkServerIdentity: () => Object.assign(new Error('not you'), { code: 'NOT_YOU' }) }),
      }
    `)
    expect(await call({ port: server.port, ca })).toEqual({
      good: 'secret',
      byAddress: 'secret',
      unknown: {
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        message: expect.stringMatching(/^unable to verify the first certificate/),
      },
      otherName: {
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        message: expect.stringContaining("Host: evil.test. is not in the cert's altnames"),
      },
      unchecked: 'secret',
      ownCheck: { code: 'NOT_YOU', message: 'not you' },
    })
  })

  test('keeps connections, and comes back to a session on a new one', async () => {
    const server = createSecureServer(SERVER_TLS, (request, response) => {
      response.end(String((request.socket as unknown as { isSessionReused(): boolean }).isSessionReused()))
    })
    await using running = await listen(server)
    const { call } = await deploy(`${SEND}
      const { Agent } = require('https')
      const agent = new Agent({ keepAlive: true, ca: event.ca })
      const options = { protocol: 'https:', host: 'localhost', port: event.port, agent }
      const first = await send(options)
      const second = await send(options)
      await send({ ...options, headers: { connection: 'close' } })
      const third = await send(options)
      return [first.reused, first.text, second.reused, third.reused, third.text]
    `)
    expect(await call({ port: running.port, ca })).toEqual([false, 'false', true, false, 'true'])
  })

  test('nothing is sent before the certificate is checked', async () => {
    const seen: string[] = []
    const server = createSecureServer(SERVER_TLS, (request, response) => {
      seen.push(String(request.headers.authorization))
      response.end()
    })
    await using running = await listen(server)
    const { call } = await deploy(`${SEND}
      const options = { protocol: 'https:', host: 'localhost', servername: 'other.test', port: event.port, ca: event.ca }
      return send({ ...options, headers: { authorization: 'secret' } }).catch(({ code }) => code)
    `)
    expect(await call({ port: running.port, ca })).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    await sleep(50)
    expect(seen).toEqual([])
  })

  test('goes through a proxy with CONNECT', async () => {
    await using secure = await listen(
      createSecureServer(SERVER_TLS, (_request, response) => response.end('through')),
    )
    const proxy = createServer()
    proxy.on('connect', async (_request, socket) => {
      const { connect } = await import('node:net')
      const onward = connect(secure.port, '127.0.0.1')
      await once(onward, 'connect')
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
      onward.pipe(socket).pipe(onward)
    })
    await using running = await listen(proxy)
    const { call } = await deploy(`
      const request = require('http').request({ port: event.proxy, method: 'CONNECT', path: 'localhost:' + event.port }).end()
      const [, socket] = await require('events').once(request, 'connect')
      const secure = require('tls').connect({ socket, servername: 'localhost', ca: event.ca })
      const https = require('https').get({ createConnection: () => secure, host: 'localhost' })
      const [response] = await require('events').once(https, 'response')
      let text = ''
      for await (const chunk of response) text += chunk
      return text
    `)
    expect(await call({ proxy: running.port, port: secure.port, ca })).toBe('through')
  })
})
