import { expect, test } from 'vitest'
import { deploy } from './function.ts'
import { startNameServer } from './name-server.ts'

test('dns.lookup, with callbacks and promises', async () => {
  const { call } = await deploy(`
    const dns = require('dns')
    const { promisify } = require('util')
    return {
      callback: await new Promise((resolve, reject) => dns.lookup('localhost', 4, (error, ...found) => error ? reject(error) : resolve(found))),
      promisified: await promisify(dns.lookup)('localhost', { family: 4 }),
      all: await dns.promises.lookup('127.0.0.1', { all: true }),
      missing: await dns.promises.lookup('a b').catch(({ code, message, errno, syscall, hostname }) => ({ code, message, errno, syscall, hostname })),
    }
  `)
  expect(await call()).toEqual({
    callback: ['127.0.0.1', 4],
    promisified: { address: '127.0.0.1', family: 4 },
    all: [{ address: '127.0.0.1', family: 4 }],
    missing: {
      code: 'ENOTFOUND',
      message: 'getaddrinfo ENOTFOUND a b',
      errno: -3008,
      syscall: 'getaddrinfo',
      hostname: 'a b',
    },
  })
})

test('records of every kind', async () => {
  await using server = await startNameServer((name, type) => {
    if (name === '1.2.3.10.in-addr.arpa') return [{ type: 'PTR', name, data: 'one.test' }]
    if (name !== 'a.test') return undefined
    switch (type) {
      case 'A':
        return [{ type, name, ttl: 9, data: '127.0.0.1' }]
      case 'AAAA':
        return [{ type, name, ttl: 9, data: '::1' }]
      case 'CNAME':
        return [{ type, name, data: 'b.test' }]
      case 'NS':
        return [{ type, name, data: 'ns.test' }]
      case 'MX':
        return [{ type, name, data: { preference: 5, exchange: 'mail.test' } }]
      case 'TXT':
        return [{ type, name, data: ['one', 'two'] }]
      case 'SRV':
        return [{ type, name, data: { priority: 1, weight: 2, port: 3, target: 'srv.test' } }]
      default:
        return []
    }
  })
  const { call } = await deploy(
    `
    const { promises: dns, Resolver } = require('dns')
    return {
      a: await dns.resolve4('a.test'),
      aaaa: await dns.resolve6('a.test', { ttl: true }),
      any: await dns.resolve('a.test', 'A'),
      cname: await dns.resolveCname('a.test'),
      ns: await dns.resolveNs('a.test'),
      mx: await dns.resolveMx('a.test'),
      txt: await dns.resolveTxt('a.test'),
      srv: await dns.resolveSrv('a.test'),
      reverse: await dns.reverse('10.3.2.1'),
      own: await new Promise(resolve => new Resolver().resolve4('a.test', (error, found) => resolve(error || found))),
      missing: await dns.resolve4('b.test').catch(({ code, message, syscall, hostname }) => ({ code, message, syscall, hostname })),
      servers: dns.getServers(),
    }
  `,
    { dnsServers: [server.address] },
  )
  expect(await call()).toEqual({
    a: ['127.0.0.1'],
    aaaa: [{ address: '::1', ttl: 9 }],
    any: ['127.0.0.1'],
    cname: ['b.test'],
    ns: ['ns.test'],
    mx: [expect.objectContaining({ priority: 5, exchange: 'mail.test' })],
    txt: [['one', 'two']],
    srv: [expect.objectContaining({ priority: 1, weight: 2, port: 3, name: 'srv.test' })],
    reverse: ['one.test'],
    own: ['127.0.0.1'],
    missing: { code: 'ENOTFOUND', message: 'queryA ENOTFOUND b.test', syscall: 'queryA', hostname: 'b.test' },
    servers: [],
  })
})
