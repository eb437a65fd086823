import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { deploy } from './function.ts'
import { fixture, listen, SERVER_TLS } from './servers.ts'

test('request is there without being installed, as on the platform', async () => {
  await using server = await listen(
    createServer((request, response) => {
      if (request.url === '/redirect') {
        response.writeHead(302, { location: '/json', 'set-cookie': 'seen=yes' }).end()
        return
      }
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        response.end(gzipSync(JSON.stringify({ url: request.url, body, cookie: request.headers.cookie })))
      })
    }),
  )
  const { call } = await deploy(`
    const request = require('request')
    const ask = options => new Promise((resolve, reject) => request(options, (error, response, body) => error ? reject(error) : resolve([response.statusCode, body])))
    const base = 'http://localhost:' + event.port
    return [
      await ask({ url: base + '/json', qs: { a: 1 }, json: true, gzip: true }),
      await ask({ url: base + '/form', method: 'POST', form: { b: 2 }, json: true, gzip: true }),
      await ask({ url: base + '/redirect', jar: true, json: true, gzip: true }),
      await new Promise(resolve => request.get('http://127.0.0.1:' + event.closed).on('error', ({ code }) => resolve(code))),
      require.resolve('request'),
    ]
  `)
  await using closed = await listen(createServer())
  await closed[Symbol.asyncDispose]()
  expect(await call({ port: server.port, closed: closed.port })).toEqual([
    [200, { url: '/json?a=1', body: '' }],
    [200, { url: '/form', body: 'b=2' }],
    [200, { url: '/json', body: '', cookie: 'seen=yes' }],
    'ECONNREFUSED',
    'cloudlet:request',
  ])
})

test('it speaks https, and checks whom it speaks to', async () => {
  await using server = await listen(
    createSecureServer(SERVER_TLS, (_request, response) => response.end('secret')),
  )
  const { call } = await deploy(`
    const request = require('request')
    const ask = options => new Promise(resolve => request({ url: 'https://localhost:' + event.port, ...options }, (error, response, body) => resolve(error ? error.code : body)))
    return [await ask({ ca: event.ca }), await ask({}), await ask({ strictSSL: false, rejectUnauthorized: false })]
  `)
  expect(await call({ port: server.port, ca: fixture('ca.pem') })).toEqual([
    'secret',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'secret',
  ])
})

test('an ES module may import it', async () => {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  await host.deploy('f', {
    files: {
      'index.mjs':
        "import request from 'request'\nexport const main = () => [typeof request, typeof request.post]",
    },
  })
  expect((await host.invoke('f')).result).toEqual(['function', 'function'])
})

test('a function that brings its own has that', async () => {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  await host.deploy('f', {
    files: {
      'index.js': "exports.main = async () => require('request').own",
      'node_modules/request/index.js': 'exports.own = true',
    },
  })
  expect((await host.invoke('f')).result).toBe(true)
})
