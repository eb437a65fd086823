import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../src/index.ts'
import { InvocationNetwork } from '../../src/network/invocation-network.ts'
import { Network } from '../../src/network/network.ts'
import { type HostNetworkOptions, resolveNetwork } from '../../src/network-options.ts'
import { startNameServer } from './name-server.ts'
import { fixture, listen, SERVER_TLS, serveTcp, serveTls } from './servers.ts'

function open({ dnsServers, ...options }: HostNetworkOptions = {}): InvocationNetwork {
  const policy = resolveNetwork({ private: true, ...options }, {})
  const network = new InvocationNetwork(new Network(dnsServers), policy, undefined)
  onTestFinished(() => network.end())
  return network
}

async function readAll(network: InvocationNetwork, id: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (;;) {
    const { content, isEnd } = await network.read(id)
    if (content !== undefined) {
      expect(content.byteLength).toBeLessThanOrEqual(LIMITS.networkChunkBytes)
      chunks.push(content)
    }
    if (isEnd) return Buffer.concat(chunks)
  }
}

const LOOKUP = { family: 0, hints: 0, order: 'verbatim' } as const

describe('a connection', () => {
  test('carries bytes both ways, and each end is said', async () => {
    await using server = await serveTcp(socket => socket.pipe(socket))
    const network = open()
    const { socket, ...ends } = await network.connect('127.0.0.1', server.port, {})
    expect(ends).toMatchObject({
      localAddress: '127.0.0.1',
      remoteAddress: '127.0.0.1',
      remotePort: server.port,
    })
    await network.write(socket, Buffer.from('hello'))
    expect(await network.read(socket)).toEqual({ content: Buffer.from('hello') })
    await network.write(socket, Buffer.alloc(1e6, 7))
    await network.endWriting(socket)
    const rest = await readAll(network, socket)
    expect(rest.equals(Buffer.alloc(1e6, 7))).toBe(true)
    expect(await network.read(socket)).toEqual({ isEnd: true })
  })

  test('takes no more from its peer than is asked for', async () => {
    let sentBytes = 0
    await using server = await serveTcp(socket => {
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (socket.write(chunk)) sentBytes += chunk.length
        sentBytes += chunk.length
        socket.once('drain', more)
      }
      more()
    })
    const network = open()
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    await network.read(socket)
    await sleep(200)
    const before = sentBytes
    await sleep(200)
    expect(sentBytes).toBe(before)
    // What the system buffers for both ends.
    expect(before).toBeLessThan(16 * 1024 * 1024)
    for (let index = 0; index < 500; index++) await network.read(socket)
    await expect.poll(() => sentBytes).toBeGreaterThan(before)
  })

  test('that is refused, reset or closed says so as Node does', async () => {
    await using gone = await serveTcp(() => {})
    await gone[Symbol.asyncDispose]()
    const network = open()
    await expect(network.connect('127.0.0.1', gone.port, {})).rejects.toMatchObject({
      code: 'CLOUDLET_NETWORK',
      reason: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${gone.port}`,
      fields: { syscall: 'connect' },
    })
    await using server = await serveTcp(socket => socket.once('data', () => socket.resetAndDestroy()))
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const read = network.read(socket)
    await network.write(socket, Buffer.from('x'))
    await expect(read).rejects.toMatchObject({ reason: 'ECONNRESET', message: 'read ECONNRESET' })
    network.close(socket)
    await expect(network.read(socket)).rejects.toMatchObject({ reason: 'EBADF' })
    network.close(socket)
  })

  test('has one read at a time', async () => {
    await using server = await serveTcp(() => {})
    const network = open()
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const first = network.read(socket)
    await expect(network.read(socket)).rejects.toThrow('Another read of this socket is waiting.')
    network.close(socket)
    expect(await first).toEqual({ isEnd: true })
  })

  test('is closed when the invocation ends, one that is coming about too', async () => {
    const closed: Promise<unknown>[] = []
    await using server = await serveTcp(
      socket => closed.push(once(socket.resume(), 'close')) && socket.on('end', () => socket.end()),
    )
    const shared = new Network()
    const network = new InvocationNetwork(shared, resolveNetwork({ private: true }, {}), undefined)
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const read = network.read(socket)
    const late = network.connect('127.0.0.1', server.port, {})
    network.end()
    expect(await read).toEqual({ isEnd: true })
    await expect(late).rejects.toMatchObject({ reason: 'ECONNABORTED' })
    expect(shared.connectionCount).toBe(0)
    await expect.poll(() => closed.length).toBe(2)
    await Promise.all(closed)
  })

  test('that is given up with its invocation', async () => {
    const aborter = new AbortController()
    const shared = new Network()
    const network = new InvocationNetwork(shared, resolveNetwork({}, {}), aborter.signal)
    // An address of the documentation's range leads nowhere.
    const policy = resolveNetwork({ allow: ['192.0.2.1'] }, {})
    const nowhere = new InvocationNetwork(shared, policy, aborter.signal).connect('192.0.2.1', 80, {})
    aborter.abort()
    await expect(nowhere).rejects.toMatchObject({ code: 'CLOUDLET_NETWORK' })
    expect(shared.connectionCount).toBe(0)
    network.end()
  })
})

describe('limits', () => {
  test('connections of an invocation: at the limit and one over', async () => {
    await using server = await serveTcp(() => {})
    const network = open({ maxConnections: 2 })
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    await network.connect('127.0.0.1', server.port, {})
    await expect(network.connect('127.0.0.1', server.port, {})).rejects.toMatchObject({
      code: 'CLOUDLET_OVERLOADED',
      message: expect.stringContaining('has 2 connections open (network.maxConnections)'),
    })
    network.close(socket)
    await network.connect('127.0.0.1', server.port, {})
  })

  test('connections of the host: at the limit and one over', async () => {
    await using server = await serveTcp(() => {})
    const shared = new Network()
    shared.connectionCount = LIMITS.networkConnections - 1
    const network = new InvocationNetwork(shared, resolveNetwork({ private: true }, {}), undefined)
    await network.connect('127.0.0.1', server.port, {})
    await expect(network.connect('127.0.0.1', server.port, {})).rejects.toThrow(
      'The host has 2048 connections of functions open.',
    )
    network.end()
    expect(shared.connectionCount).toBe(LIMITS.networkConnections - 1)
  })

  test('bytes received: at the limit and one over', async () => {
    const size = 1024 * 1024
    for (const extra of [0, 1]) {
      await using server = await serveTcp(socket => socket.end(Buffer.alloc(size + extra)))
      const network = open({ maxReceivedMb: 1 })
      const { socket } = await network.connect('127.0.0.1', server.port, {})
      const all = readAll(network, socket)
      if (extra === 0) expect((await all).byteLength).toBe(size)
      else {
        await expect(all).rejects.toThrow(
          'The invocation has received more than 1048576 bytes (network.maxReceivedMb). The host sets the limit.',
        )
        await expect(network.read(socket)).rejects.toMatchObject({ reason: 'EBADF' })
      }
    }
  })

  test('the time a handshake takes', async () => {
    await using server = await serveTcp(() => {})
    const network = open({ connectTimeoutMs: 100 })
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    await expect(network.secure(socket, { isVerified: true })).rejects.toMatchObject({ reason: 'ETIMEDOUT' })
    await expect(network.read(socket)).rejects.toMatchObject({ reason: 'EBADF' })
  })

  test('the time a connection takes', async () => {
    // A process that stands still answers until its backlog is full.
    const listener =
      "require('net').createServer().listen(0, '127.0.0.1', 1, function () { console.log(this.address().port) })"
    const child = spawn(process.execPath, ['--eval', listener], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = await once(child.stdout, 'data')
    child.kill('SIGSTOP')
    const network = open({ connectTimeoutMs: 300 })
    const connectAll = async (): Promise<void> => {
      for (let index = 0; index < 10; index++) await network.connect('127.0.0.1', Number(line), {})
    }
    await expect(connectAll()).rejects.toMatchObject({
      reason: 'ETIMEDOUT',
      message: `connect ETIMEDOUT 127.0.0.1:${Number(line)}`,
    })
  })
})

describe('TLS', () => {
  test('a verified connection, with what it agreed on', async () => {
    await using server = await serveTls(socket => socket.pipe(socket), { ALPNProtocols: ['h9', 'echo'] })
    const network = open()
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const { certificates, ...secured } = await network.secure(socket, {
      isVerified: true,
      servername: 'localhost',
      ca: [fixture('ca.pem')],
      alpnProtocols: ['echo'],
    })
    expect(secured).toMatchObject({
      protocol: 'TLSv1.3',
      alpnProtocol: 'echo',
      authorizationError: null,
      isSessionReused: false,
    })
    expect(certificates[0]?.fields).toMatchObject({
      subject: { CN: 'localhost' },
      subjectaltname: 'DNS:localhost, DNS:*.example.test, IP Address:127.0.0.1',
    })
    await network.write(socket, Buffer.from('secret'))
    expect(Buffer.from((await readUntilContent(network, socket)) as Uint8Array).toString()).toBe('secret')
  })

  test.each([
    [{ isVerified: true }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [{ isVerified: true, ca: ['nonsense'] }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [{ isVerified: true, cert: ['nonsense'] }, 'ERR_OSSL_PEM_NO_START_LINE'],
    [{ isVerified: true, ciphers: 'NONSENSE' }, 'ERR_SSL_NO_CIPHER_MATCH'],
    [{ isVerified: true, maxVersion: 'TLSv1.1' }, 'ERR_SSL_NO_PROTOCOLS_AVAILABLE'],
    [
      { isVerified: true, key: ['-----BEGIN ENCRYPTED PRIVATE KEY-----'] },
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    ],
  ])('%j fails with %s and closes the connection', async (options, reason) => {
    await using server = await serveTls(() => {})
    const network = open()
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const failed = await network.secure(socket, { servername: 'localhost', ...options }).catch(error => error)
    expect(failed).toMatchObject({ code: 'CLOUDLET_NETWORK', reason })
    expect(failed.message).not.toMatch(/\.\.\/|[0-9A-F]{12}:/)
    await expect(network.write(socket, Buffer.from('x'))).rejects.toMatchObject({ reason: 'EBADF' })
  })

  test('a certificate nobody vouches for is told, where that is not asked to end it', async () => {
    await using server = await serveTls(() => {})
    const network = open()
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const { authorizationError } = await network.secure(socket, { isVerified: false })
    expect(authorizationError).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  test('a certificate of its own', async () => {
    await using server = await serveTls(
      socket => socket.end(String(socket.getPeerCertificate().subject?.CN)),
      {
        requestCert: true,
        rejectUnauthorized: true,
        ca: fixture('ca.pem'),
      },
    )
    const network = open()
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    const ca = [fixture('ca.pem')]
    const own = { cert: [fixture('client.pem')], key: [fixture('client-key.pem')] }
    await network.secure(socket, { isVerified: true, ca, ...own })
    expect((await readAll(network, socket)).toString()).toBe('client')
  })

  test('a session that is come back with', async () => {
    await using server = await serveTls(socket => socket.end('hello'))
    const network = open()
    const options = { isVerified: true, ca: [fixture('ca.pem')], servername: 'localhost' }
    const first = await network.connect('127.0.0.1', server.port, {})
    await network.secure(first.socket, options)
    let session: Uint8Array | undefined
    for (let isEnd: boolean | undefined; !isEnd; ) {
      const result = await network.read(first.socket)
      session = result.session ?? session
      isEnd = result.isEnd
    }
    if (session === undefined) throw new Error('no session came')
    const second = await network.connect('127.0.0.1', server.port, {})
    const { isSessionReused } = await network.secure(second.socket, { ...options, session })
    expect(isSessionReused).toBe(true)
  })

  test('STARTTLS: a plain connection goes on in TLS while a read waits, and TLS may go on in TLS', async () => {
    await using server = await listen(
      createServer(socket => {
        socket.write('plain')
        socket.once('data', () => {
          socket.write('go')
          const outer = new TLSSocket(socket, { isServer: true, ...SERVER_TLS })
          outer.once('data', data => {
            outer.write(`outer ${data}`)
            outer.once('data', () => {
              outer.write('go on')
              const inner = new TLSSocket(outer as Socket, { isServer: true, ...SERVER_TLS })
              inner.on('data', more => inner.end(`inner ${more}`))
              inner.on('error', () => {})
            })
          })
          outer.on('error', () => {})
        })
      }),
    )
    const network = open()
    const trust = { isVerified: true, ca: [fixture('ca.pem')], servername: 'localhost' }
    const { socket } = await network.connect('127.0.0.1', server.port, {})
    expect(Buffer.from((await network.read(socket)).content ?? []).toString()).toBe('plain')
    await network.write(socket, Buffer.from('STARTTLS'))
    expect(String(await readUntilContent(network, socket))).toBe('go')
    const waiting = network.read(socket)
    await network.secure(socket, trust)
    expect(await waiting).toEqual({})
    await network.write(socket, Buffer.from('one'))
    expect(String(await readUntilContent(network, socket))).toBe('outer one')
    await network.write(socket, Buffer.from('again'))
    expect(String(await readUntilContent(network, socket))).toBe('go on')
    await network.secure(socket, trust)
    await network.write(socket, Buffer.from('two'))
    expect((await readAll(network, socket)).toString()).toBe('inner two')
  })
})

describe('names', () => {
  test('the system knows localhost, and what it does not know', async () => {
    const network = open()
    expect(await network.lookup('localhost', LOOKUP)).toContainEqual({ address: '127.0.0.1', family: 4 })
    expect(await network.lookup('127.0.0.1', LOOKUP)).toEqual([{ address: '127.0.0.1', family: 4 }])
    await expect(network.lookup('a b', LOOKUP)).rejects.toMatchObject({
      reason: 'ENOTFOUND',
      message: 'getaddrinfo ENOTFOUND a b',
      fields: { syscall: 'getaddrinfo', hostname: 'a b' },
    })
  })

  test('answers of name servers: addresses, other records, and none', async () => {
    await using server = await startNameServer((name, type) => {
      if (name !== 'a.test') return undefined
      if (type === 'A') return [{ type: 'A', name, ttl: 7, data: '8.8.8.8' }]
      if (type === 'AAAA') return [{ type: 'AAAA', name, ttl: 7, data: '2606:4700::1' }]
      if (type === 'MX') return [{ type: 'MX', name, data: { preference: 5, exchange: 'mail.a.test' } }]
      if (type === 'TXT') return [{ type: 'TXT', name, data: 'hello' }]
      return []
    })
    const network = open({ dnsServers: [server.address] })
    const both = [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]
    expect(await network.lookup('a.test', LOOKUP)).toEqual(both)
    expect(await network.lookup('A.TEST.', { ...LOOKUP, order: 'ipv6first' })).toEqual(both.toReversed())
    expect(await network.lookup('a.test', { ...LOOKUP, family: 6 })).toEqual([both[1]])
    expect(await network.resolve('a.test', 'A')).toEqual([{ address: '8.8.8.8', ttl: 7 }])
    expect(await network.resolve('a.test', 'MX')).toMatchObject([{ priority: 5, exchange: 'mail.a.test' }])
    expect(await network.resolve('a.test', 'TXT')).toEqual([['hello']])
    await expect(network.resolve('b.test', 'A')).rejects.toMatchObject({ reason: 'ENOTFOUND' })
    await expect(network.lookup('b.test', LOOKUP)).rejects.toMatchObject({ reason: 'ENOTFOUND' })
  })

  test('who asks the same at the same time is answered at once', async () => {
    await using server = await startNameServer((name, type) =>
      type === 'A' ? [{ type: 'A', name, data: '8.8.8.8' }] : [],
    )
    const network = open({ dnsServers: [server.address] })
    const answers = await Promise.all(Array.from({ length: 50 }, () => network.lookup('a.test', LOOKUP)))
    expect(new Set(answers.map(([found]) => found?.address))).toEqual(new Set(['8.8.8.8']))
    expect(server.asked.toSorted()).toEqual(['A a.test', 'AAAA a.test'])
    await network.lookup('a.test', LOOKUP)
    expect(server.asked).toHaveLength(4)
  })

  test('a name that leads to a blocked address is refused, or loses that address', async () => {
    await using server = await startNameServer((name, type) => {
      const addresses = name === 'inside.test' ? ['10.0.0.1', '169.254.169.254'] : ['10.0.0.1', '8.8.8.8']
      return type === 'A' ? addresses.map(data => ({ type: 'A', name, data })) : []
    })
    const network = open({ private: false, dnsServers: [server.address] })
    await expect(network.lookup('inside.test', LOOKUP)).rejects.toMatchObject({
      code: 'CLOUDLET_CAPABILITY_DENIED',
      message: expect.stringContaining('"inside.test" at 10.0.0.1, which is a private address'),
    })
    expect(await network.lookup('mixed.test', LOOKUP)).toEqual([{ address: '8.8.8.8', family: 4 }])
    await expect(network.connect('10.0.0.1', 80, {})).rejects.toThrow('"mixed.test" at 10.0.0.1:80')
  })

  test('a name in the list opens the address it led to, for as long as that is known', async () => {
    await using tcp = await serveTcp(() => {})
    await using server = await startNameServer((name, type) =>
      type === 'A' ? [{ type: 'A', name, data: '127.0.0.1' }] : [],
    )
    const allow = [`listed.test:${tcp.port}`]
    const network = open({ allow, dnsServers: [server.address] })
    await expect(network.connect('127.0.0.1', tcp.port, {})).rejects.toThrow(
      /not in the function's allow list/,
    )
    await expect(network.lookup('other.test', LOOKUP)).rejects.toThrow('may not ask for "other.test"')
    await expect(network.lookup('listed.test\0.evil.test', LOOKUP)).rejects.toMatchObject({
      reason: 'ENOTFOUND',
    })
    await expect(network.resolve('other.test', 'TXT')).rejects.toThrow('may not ask for "other.test"')
    expect(server.asked).toEqual([])
    await network.lookup('listed.test', LOOKUP)
    await network.connect('127.0.0.1', tcp.port, {})
    await expect(network.connect('127.0.0.1', 1, {})).rejects.toThrow('"listed.test" at 127.0.0.1:1')
    // Of another invocation it is not known.
    await expect(open({ allow }).connect('127.0.0.1', tcp.port, {})).rejects.toThrow(/allow list/)
    // Records lead there as well.
    const byRecord = open({ allow, dnsServers: [server.address] })
    await byRecord.resolve('listed.test', 'A')
    await byRecord.connect('127.0.0.1', tcp.port, {})
  })
})

async function readUntilContent(network: InvocationNetwork, id: number): Promise<Uint8Array | undefined> {
  for (;;) {
    const { content, isEnd } = await network.read(id)
    if (content !== undefined || isEnd) return content === undefined ? undefined : Buffer.from(content)
  }
}
