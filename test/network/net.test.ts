import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { deploy } from './function.ts'
import { startNameServer } from './name-server.ts'
import { serveTcp } from './servers.ts'

const echo = () => serveTcp(socket => socket.pipe(socket))

describe('a socket of a function', () => {
  test('carries bytes both ways and ends', async () => {
    await using server = await echo()
    const { call } = await deploy(`
      const net = require('net')
      const socket = net.connect(event.port, 'localhost')
      const chunks = []
      const seen = []
      for (const name of ['lookup', 'connect', 'ready', 'end', 'finish']) socket.on(name, () => seen.push(name))
      socket.on('data', chunk => chunks.push(chunk))
      socket.write('héllo ')
      socket.write(Buffer.from([1, 2, 3]))
      socket.write('ff00', 'hex')
      socket.write('é', 'latin1')
      socket.end('!', 'ascii')
      const hadError = await new Promise((resolve, reject) => socket.on('close', resolve).on('error', reject))
      const { bytesRead, bytesWritten } = socket
      return { text: Buffer.concat(chunks).toString('hex'), seen, hadError, bytesRead, bytesWritten }
    `)
    expect(await call({ port: server.port })).toEqual({
      text: Buffer.concat([Buffer.from('héllo '), Buffer.from([1, 2, 3, 0xff, 0, 0xe9, 0x21])]).toString(
        'hex',
      ),
      seen: expect.arrayContaining(['lookup', 'connect', 'ready', 'end', 'finish']),
      hadError: false,
      bytesRead: 14,
      bytesWritten: 14,
    })
  })

  test('tells both ends', async () => {
    let remotePort: number | undefined
    await using server = await serveTcp(socket => {
      remotePort = socket.remotePort
    })
    const { call } = await deploy(`
      const socket = require('net').connect({ host: '127.0.0.1', port: event.port, noDelay: true, keepAlive: true })
      await require('events').once(socket, 'connect')
      const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket
      return { ends: [localAddress, localFamily, remoteAddress, remotePort, remoteFamily], localPort, address: socket.address() }
    `)
    const result = await call({ port: server.port })
    expect(result).toEqual({
      ends: ['127.0.0.1', 'IPv4', '127.0.0.1', server.port, 'IPv4'],
      localPort: remotePort,
      address: { address: '127.0.0.1', family: 'IPv4', port: remotePort },
    })
  })

  test.each([
    ['{ host: "127.0.0.1", port: 1 }', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', -111, 'connect'],
    [
      '{ host: "no such host", port: 1 }',
      'ENOTFOUND',
      'getaddrinfo ENOTFOUND no such host',
      -3008,
      'getaddrinfo',
    ],
    ['{ host: "127.0.0.1", port: 1, localPort: 80 }', 'ENOTSUP', /^bind ENOTSUP/, -95, 'bind'],
  ])('to %s fails as in Node: %s', async (options, code, message, errno, syscall) => {
    const { call } = await deploy(`
      const socket = require('net').connect(${options})
      const [error] = await require('events').once(socket, 'error')
      const { code, message, errno, syscall } = error
      return { code, message, errno, syscall }
    `)
    expect(await call()).toEqual({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      errno,
      syscall,
    })
  })

  test('that its peer resets', async () => {
    await using server = await serveTcp(socket => socket.once('data', () => socket.resetAndDestroy()))
    const { call } = await deploy(`
      const socket = require('net').connect(event.port, '127.0.0.1')
      socket.write('x')
      const [{ code, message, syscall, errno }] = await require('events').once(socket, 'error')
      return { code, message, syscall, errno }
    `)
    expect(await call({ port: server.port })).toEqual({
      code: 'ECONNRESET',
      message: 'read ECONNRESET',
      syscall: 'read',
      errno: -104,
    })
  })

  test('sends and receives megabytes in flat memory, in order', async () => {
    await using server = await echo()
    const { invoke } = await deploy(
      `
      const socket = require('net').connect(event.port, '127.0.0.1')
      const { once } = require('events')
      let received = 0
      socket.on('data', chunk => {
        for (let i = (4096 - received % 4096) % 4096; i < chunk.length; i += 4096) if (chunk[i] !== (((received + i) / 4096 | 0) & 255)) throw new Error('out of order at ' + (received + i))
        received += chunk.length
      })
      const size = 64 * 1024
      for (let sent = 0; sent < event.size; sent += size) {
        const chunk = Buffer.alloc(size)
        for (let i = 0; i < size; i += 4096) chunk[i] = ((sent + i) / 4096 | 0) & 255
        if (!socket.write(chunk)) await once(socket, 'drain')
      }
      socket.end()
      await once(socket, 'close')
      return received
    `,
      {},
      { memoryMb: 48 },
    )
    const size = 64 * 1024 * 1024
    const { result } = await invoke({ port: server.port, size })
    expect(result).toBe(size)
  })

  test('one write of many megabytes arrives whole', async () => {
    let receivedBytes = 0
    await using server = await serveTcp(socket =>
      socket.on('data', chunk => (receivedBytes += chunk.length)).on('end', () => socket.end('thanks')),
    )
    const { call } = await deploy(`
      const socket = require('net').connect(event.port, '127.0.0.1')
      socket.end(Buffer.alloc(30e6, 1))
      const [data] = await require('events').once(socket, 'data')
      return [String(data), socket.bytesWritten]
    `)
    expect(await call({ port: server.port })).toEqual(['thanks', 30e6])
    expect(receivedBytes).toBe(30e6)
  })

  test('takes nothing while it is paused', async () => {
    let sentBytes = 0
    await using server = await serveTcp(socket => {
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        do sentBytes += chunk.length
        while (sentBytes < 128 * 1024 * 1024 && socket.write(chunk))
        socket.once('drain', more)
      }
      more()
    })
    const { call } = await deploy(`
      const socket = require('net').connect(event.port, '127.0.0.1')
      await require('events').once(socket, 'data')
      socket.pause()
      await new Promise(resolve => setTimeout(resolve, 300))
      return socket.bytesRead
    `)
    const bytesRead = (await call({ port: server.port })) as number
    expect(bytesRead).toBeLessThanOrEqual(4 * 65_536)
    // Both systems' buffers.
    expect(sentBytes).toBeLessThan(32 * 1024 * 1024)
  })

  test('into a buffer of its own', async () => {
    await using server = await serveTcp(socket => socket.end('abcdefghij'))
    const { call } = await deploy(`
      const seen = []
      const socket = require('net').connect({
        port: event.port, host: '127.0.0.1',
        onread: { buffer: Buffer.alloc(4), callback: (size, buffer) => { seen.push(buffer.toString('utf8', 0, size)) } },
      })
      await require('events').once(socket, 'end')
      return seen
    `)
    expect(await call({ port: server.port })).toEqual(['abcd', 'efgh', 'ij'])
  })

  test('is given what was sent, and none of the memory around it', async () => {
    await using server = await serveTcp(socket => socket.once('data', data => socket.write(data)))
    const { call } = await deploy(`
      const socket = require('net').connect(event.port, '127.0.0.1')
      socket.write('abc')
      const [data] = await require('events').once(socket, 'data')
      return [String(data), data.buffer.byteLength]
    `)
    expect(await call({ port: server.port })).toEqual(['abc', 3])
  })

  test('times out when nothing comes, and can be aborted', async () => {
    await using server = await serveTcp(() => {})
    const { call } = await deploy(`
      const { once } = require('events')
      const socket = require('net').connect({ port: event.port, host: '127.0.0.1', timeout: 50 })
      await once(socket, 'timeout')
      const aborter = new AbortController()
      const other = require('net').connect({ port: event.port, host: '127.0.0.1', signal: aborter.signal })
      await once(other, 'connect')
      aborter.abort()
      const [error] = await once(other, 'error')
      return [error.name, error.code]
    `)
    expect(await call({ port: server.port })).toEqual(['AbortError', 'ABORT_ERR'])
  })

  test('tries the other address of a name when the first refuses', async () => {
    await using server = await echo()
    await using names = await startNameServer((name, type) =>
      type === 'A' ? [{ type: 'A', name, data: '127.0.0.1' }] : [{ type: 'AAAA', name, data: '::1' }],
    )
    const code = `
      const socket = require('net').connect(event.port, 'two.test')
      const { once } = require('events')
      await once(socket, 'connect')
      return [socket.remoteAddress, socket.autoSelectFamilyAttemptedAddresses]
    `
    const { call } = await deploy(`require('dns').setDefaultResultOrder('ipv6first');${code}`, {
      dnsServers: [names.address],
    })
    expect(await call({ port: server.port })).toEqual([
      '127.0.0.1',
      [`::1:${server.port}`, `127.0.0.1:${server.port}`],
    ])
  })
})

describe('an invocation', () => {
  test('that answers by callback is kept while a socket waits, unless it is unref’d', async () => {
    await using server = await serveTcp(socket =>
      socket.once('data', async () => {
        await sleep(100)
        socket.write('late')
      }),
    )
    const { call } = await deploy(`
      exports.main = (event, context, callback) => {
        const socket = require('net').connect(event.port, '127.0.0.1')
        socket.write('x')
        if (event.unref) socket.on('connect', () => setTimeout(() => socket.unref(), 10))
        socket.on('data', data => { callback(null, String(data)); socket.destroy() })
      }
    `)
    expect(await call({ port: server.port })).toBe('late')
    expect(await call({ port: server.port, unref: true })).toBe(null)
  })

  test('is over once it has answered, and its sockets are closed', async () => {
    const closed: Promise<unknown>[] = []
    await using server = await serveTcp(socket => {
      closed.push(once(socket.resume(), 'close'))
      socket.on('end', () => socket.end())
    })
    const { call } = await deploy(`
      const socket = require('net').connect(event.port, '127.0.0.1')
      await require('events').once(socket, 'connect')
      socket.on('data', () => {})
      return 'answered'
    `)
    const startMs = performance.now()
    expect(await call({ port: server.port })).toBe('answered')
    expect(performance.now() - startMs).toBeLessThan(5000)
    expect(closed).toHaveLength(1)
    await closed[0]
  })

  test('learns at its start that sockets of the one before are closed', async () => {
    await using server = await echo()
    const { call } = await deploy(`
      let socket
      const seen = []
      exports.main = async event => {
        if (socket !== undefined) {
          await new Promise(resolve => setTimeout(resolve, 10))
          return { seen, destroyed: socket.destroyed }
        }
        socket = require('net').connect(event.port, '127.0.0.1')
        socket.on('close', hadError => seen.push(hadError)).on('error', error => seen.push(error.message))
        await require('events').once(socket, 'connect')
        socket.on('data', () => {})
        return 'open'
      }
    `)
    expect(await call({ port: server.port })).toBe('open')
    expect(await call({ port: server.port })).toEqual({ seen: [false], destroyed: true })
  })

  test('that runs out of time or is cancelled leaves no connection', async () => {
    const sockets: Socket[] = []
    await using server = await serveTcp(socket => void sockets.push(socket.resume()))
    const code = `
      require('net').connect(event.port, '127.0.0.1').resume()
      await new Promise(() => {})
    `
    const { host, call } = await deploy(code, {}, { timeoutMs: 1000 })
    await expect(call({ port: server.port })).rejects.toMatchObject({ code: 'CLOUDLET_DEADLINE' })
    const aborter = new AbortController()
    const cancelled = host.invoke('f', { port: server.port }, { signal: aborter.signal })
    await expect.poll(() => sockets.length).toBe(2)
    aborter.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CLOUDLET_CANCELLED' })
    await expect.poll(() => sockets.every(socket => socket.readableEnded || socket.destroyed)).toBe(true)
  })
})

test.each([
  ['require("net").createServer().listen(0)', /^The feature listening sockets is unavailable .*host\.invoke/],
  [
    'require("http").createServer(() => {}).listen(8080, "127.0.0.1")',
    /^The feature listening sockets is unavailable/,
  ],
  ['require("net").connect("/var/run/docker.sock")', /^The feature sockets by path is unavailable/],
  [
    'require("http").get({ socketPath: "/var/run/docker.sock" })',
    /^The feature sockets by path is unavailable/,
  ],
  ['require("http2").connect("https://localhost")', /^The feature http2\.connect is unavailable .*Use https/],
  ['require("dns").setServers(["8.8.8.8"])', /^The feature dns\.setServers is unavailable .*dnsServers/],
])('%s says that it can’t work', async (statement, message) => {
  const { call } = await deploy(`
    try { ${statement} } catch ({ code, message }) { return { code, message } }
    return 'nothing thrown'
  `)
  expect(await call()).toEqual({
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    message: expect.stringMatching(message),
  })
})

test('addresses are told apart and listed as in Node', async () => {
  const code = `
    const { BlockList, SocketAddress, isIP } = require('net')
    const list = new BlockList()
    list.addAddress('1.2.3.4')
    list.addRange('10.0.0.1', '10.0.0.9')
    list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6')
    const { address, port, family } = new SocketAddress({ address: '::1', port: 80, family: 'ipv6' })
    return {
      checks: [list.check('1.2.3.4'), list.check('::ffff:1.2.3.4', 'ipv6'), list.check('10.0.0.9'), list.check('10.0.0.10'),
        list.check('8592:757c:efae:4e45::7', 'ipv6'), list.check('8592:757c:efae:4e46::', 'ipv6')],
      rules: list.rules, address, port, family, kinds: [isIP('::1'), isIP('1.1.1.1'), isIP('x')],
    }`
  const { call } = await deploy(code)
  // The same in Node itself.
  const here = new Function('require', code)(createRequire(import.meta.url))
  expect(await call()).toEqual(here)
})

test('constants of http2 are there for packages that look at them', async () => {
  const { call } = await deploy(
    'const { constants } = require("http2"); return constants.HTTP2_HEADER_STATUS',
  )
  expect(await call()).toBe(':status')
})
