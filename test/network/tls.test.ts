import { createServer } from 'node:net'
import { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { deploy } from './function.ts'
import { fixture, listen, SERVER_TLS, serveTls } from './servers.ts'

const ca = fixture('ca.pem')

test('a TLS socket tells what was agreed on, and whom it talks to', async () => {
  await using server = await serveTls(socket => socket.pipe(socket), { ALPNProtocols: ['other', 'echo'] })
  const { call } = await deploy(`
    const tls = require('tls')
    const { once } = require('events')
    const socket = tls.connect({ host: 'localhost', port: event.port, ca: event.ca, ALPNProtocols: ['echo'], minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect')
    socket.write('hello')
    const [data] = await once(socket, 'data')
    const { subject, issuer, issuerCertificate, raw, pubkey, subjectaltname, fingerprint256 } = socket.getPeerCertificate(true)
    return {
      data: String(data), encrypted: socket.encrypted, authorized: socket.authorized, protocol: socket.getProtocol(),
      alpn: socket.alpnProtocol, cipher: socket.getCipher().version, servername: socket.servername, subject, issuer,
      issuerSubject: issuerCertificate && issuerCertificate.subject, isDer: raw[0] === 0x30 && Buffer.isBuffer(raw), hasKey: Buffer.isBuffer(pubkey), subjectaltname, fingerprint: fingerprint256.length,
      remotePort: socket.remotePort,
    }
  `)
  expect(await call({ port: server.port, ca })).toEqual({
    data: 'hello',
    encrypted: true,
    authorized: true,
    protocol: 'TLSv1.2',
    alpn: 'echo',
    cipher: 'TLSv1.2',
    servername: false,
    subject: { CN: 'localhost' },
    issuer: { CN: 'cloudlet test CA' },
    issuerSubject: { CN: 'cloudlet test CA' },
    isDer: true,
    hasKey: true,
    subjectaltname: 'DNS:localhost, DNS:*.example.test, IP Address:127.0.0.1',
    fingerprint: 95,
    remotePort: server.port,
  })
})

test('a certificate that can’t be trusted is told where the function goes on all the same', async () => {
  await using server = await serveTls(socket => socket.end('x'))
  const { call } = await deploy(`
    const socket = require('tls').connect({ port: event.port, rejectUnauthorized: false })
    await require('events').once(socket, 'secureConnect')
    return [socket.authorized, socket.authorizationError]
  `)
  expect(await call({ port: server.port })).toEqual([false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
})

test('a certificate and key of the function’s own, encrypted or not', async () => {
  await using server = await serveTls(socket => socket.end(String(socket.getPeerCertificate().subject?.CN)), {
    requestCert: true,
    rejectUnauthorized: true,
    ca,
  })
  const { call } = await deploy(`
    const { createPrivateKey } = require('crypto')
    const ask = async key => {
      const socket = require('tls').connect({ host: 'localhost', port: event.port, ca: event.ca, cert: event.cert, ...key })
      return String((await require('events').once(socket, 'data'))[0])
    }
    const encrypted = createPrivateKey(event.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    return [await ask({ key: event.key }), await ask({ key: Buffer.from(event.key) }), await ask({ key: encrypted, passphrase: 'secret' })]
  `)
  const own = { cert: fixture('client.pem'), key: fixture('client-key.pem') }
  expect(await call({ port: server.port, ca, ...own })).toEqual(['client', 'client', 'client'])
})

test('STARTTLS: a socket goes on in TLS, with listeners of the plain one in place', async () => {
  await using server = await listen(
    createServer(socket => {
      socket.write('220 ready\r\n')
      socket.once('data', () => {
        socket.write('220 go ahead\r\n')
        const secure = new TLSSocket(socket, { isServer: true, ...SERVER_TLS })
        secure.on('data', data => secure.end(`secure ${data}`)).on('error', () => {})
      })
    }),
  )
  const { call } = await deploy(`
    const { once } = require('events')
    const plain = require('net').connect(event.port, 'localhost')
    const seen = []
    const listener = data => seen.push(String(data))
    plain.on('data', listener)
    await once(plain, 'data')
    plain.write('STARTTLS\\r\\n')
    await once(plain, 'data')
    plain.removeListener('data', listener)
    const secure = require('tls').connect({ socket: plain, host: 'localhost', ca: event.ca })
    await once(secure, 'secureConnect')
    secure.write('hello')
    seen.push(String((await once(secure, 'data'))[0]))
    await once(secure, 'close')
    return { seen, destroyed: plain.destroyed }
  `)
  expect(await call({ port: server.port, ca })).toEqual({
    seen: ['220 ready\r\n', '220 go ahead\r\n', 'secure hello'],
    destroyed: true,
  })
})

test('a server that ends before the handshake', async () => {
  await using server = await listen(createServer(socket => socket.end()))
  const { call } = await deploy(`
    const socket = require('tls').connect({ host: 'localhost', port: event.port })
    const [{ code, message }] = await require('events').once(socket, 'error')
    return { code, message }
  `)
  expect(await call({ port: server.port })).toEqual({
    code: 'ECONNRESET',
    message: 'Client network socket disconnected before secure TLS connection was established',
  })
})

test('the roots that are trusted can be read and added to', async () => {
  await using server = await serveTls(socket => socket.end('x'))
  const { call } = await deploy(`
    const tls = require('tls')
    const roots = tls.rootCertificates
    const socket = tls.connect({ host: 'localhost', port: event.port, ca: [...roots, event.ca] })
    await require('events').once(socket, 'secureConnect')
    return [roots.length > 100, roots[0].startsWith('-----BEGIN CERTIFICATE-----'), socket.authorized, tls.getCiphers().length > 10]
  `)
  expect(await call({ port: server.port, ca })).toEqual([true, true, true, true])
})

test.each([
  ['tls.createSecureContext({ pfx: Buffer.alloc(1) })', /pfx/],
  ['new tls.TLSSocket(new (require("stream").Duplex)())', /TLS over a stream that is no socket/],
  ['tls.createServer().listen(0)', /listening sockets/],
])('%s says that it can’t work', async (statement, message) => {
  const { call } = await deploy(`
    const tls = require('tls')
    try { ${statement} } catch ({ code, message }) { return { code, message } }
    return 'nothing thrown'
  `)
  expect(await call()).toEqual({
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    message: expect.stringMatching(message),
  })
})
