import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { FunctionHost } from '../../src/index.ts'
import { listen } from './servers.ts'

const folder = new URL('../../node_modules/ws/', import.meta.url)

test('the package ws talks to a server, with and without compression', async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } })
  sockets.on('connection', socket =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  await using running = await listen(server)
  const names = readdirSync(new URL('lib/', folder)).map(name => `lib/${name}`)
  const files = Object.fromEntries(
    ['package.json', 'index.js', ...names].map(name => [
      `node_modules/ws/${name}`,
      readFileSync(new URL(name, folder), 'utf8'),
    ]),
  )
  const host = new FunctionHost({ network: { private: true } })
  onTestFinished(() => host.close())
  await host.deploy('f', {
    files: {
      ...files,
      'index.js': `
        const WebSocket = require('ws')
        const { once } = require('events')
        exports.main = async ({ port }) => {
          const seen = []
          for (const perMessageDeflate of [true, false]) {
            const socket = new WebSocket('ws://localhost:' + port, { perMessageDeflate })
            await once(socket, 'open')
            socket.send('x'.repeat(1e5))
            const [text] = await once(socket, 'message')
            socket.ping()
            await once(socket, 'pong')
            socket.close(1000)
            const [code] = await once(socket, 'close')
            seen.push([socket.extensions, text.length, code])
          }
          return seen
        }`,
    },
  })
  expect((await host.invoke('f', { port: running.port })).result).toEqual([
    ['permessage-deflate', 1e5, 1000],
    ['', 1e5, 1000],
  ])
})
