import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { FunctionHost, type HostNetworkOptions, type NetworkOptions } from '../../src/index.ts'
import type { OpName } from '../../src/protocol/calls.ts'
import { NETWORK_OPS } from '../../src/protocol/calls-network.ts'
import { startNameServer } from './name-server.ts'
import { listen, serveTcp } from './servers.ts'

const ASK = `exports.main = ({ url }) => new Promise(resolve => {
  require('http').get(url, response => { response.resume(); resolve(response.statusCode) })
    .on('error', ({ code, message, permission, resource }) => resolve({ code, message, permission, resource }))
})`

async function ask(
  url: string,
  host: HostNetworkOptions | undefined,
  own: NetworkOptions | undefined,
): Promise<unknown> {
  const functions = new FunctionHost(host === undefined ? {} : { network: host })
  onTestFinished(() => functions.close())
  await functions.deploy('f', { files: { 'index.js': ASK } }, own === undefined ? {} : { network: own })
  return (await functions.invoke('f', { url })).result
}

describe('a function', () => {
  test('reaches nothing of this machine unless it is opened', async () => {
    await using server = await listen(createServer((_request, response) => response.end()))
    const url = `http://localhost:${server.port}`
    expect(await ask(url, undefined, undefined)).toEqual({
      code: 'ERR_ACCESS_DENIED',
      message: expect.stringMatching(
        /^This function may not connect to "localhost" at (?:127\.0\.0\.1|\[::1\]), which is a loopback address\. The host opens it at deploy: .*private: true/,
      ),
      permission: 'Net',
      resource: 'localhost',
    })
    expect(await ask(url, { private: true }, undefined)).toBe(200)
    expect(await ask(url, { private: true }, { private: false })).toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect(await ask(url, undefined, { private: true })).toBe(200)
    const byAddress = `http://127.0.0.1:${server.port}`
    expect(await ask(byAddress, undefined, { allow: [`127.0.0.1:${server.port}`] })).toBe(200)
    expect(await ask(byAddress, undefined, { allow: ['127.0.0.1:1'] })).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      resource: `127.0.0.1:${server.port}`,
    })
  })

  test('reaches what a list names, by the names it has there', async () => {
    await using server = await listen(createServer((_request, response) => response.end()))
    await using names = await startNameServer((name, type) =>
      type === 'A' ? [{ type: 'A', name, data: '127.0.0.1' }] : [],
    )
    const host = { private: true, dnsServers: [names.address], allow: [`*.good.test:${server.port}`] }
    expect(await ask(`http://api.good.test:${server.port}`, host, undefined)).toBe(200)
    expect(await ask(`http://bad.test:${server.port}`, host, undefined)).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      message: expect.stringContaining('may not ask for "bad.test"'),
    })
    expect(await ask(`http://127.0.0.1:${server.port}`, host, undefined)).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
    })
    // The name is looked up, and the port is another's.
    const closed = server.port === 1 ? 2 : 1
    expect(await ask(`http://api.good.test:${closed}`, host, undefined)).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      message: expect.stringContaining(`"api.good.test" at 127.0.0.1:${closed}`),
    })
    expect(names.asked).not.toContain('A bad.test')
  })

  test('has no network without the capability', async () => {
    const host = new FunctionHost({ network: { private: true } })
    onTestFinished(() => host.close())
    await host.deploy('f', { files: { 'index.js': ASK } }, { capabilities: ['database'] })
    expect((await host.invoke('f', { url: 'http://localhost:1' })).result).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      message: expect.stringContaining('This function may not use network.lookup.'),
    })
  })

  test('is told of its limits by the errors of what it does', async () => {
    await using server = await serveTcp(socket =>
      socket.on('data', data => String(data) === 'give' && socket.write(Buffer.alloc(2 * 1024 * 1024))),
    )
    const host = new FunctionHost({
      maxHostCallMb: 1,
      network: { private: true, maxConnections: 2, maxReceivedMb: 1 },
    })
    onTestFinished(() => host.close())
    await host.deploy('f', {
      files: {
        'index.js': `
          const net = require('net')
          const { once } = require('events')
          const fail = async (socket, act) => { act(socket); return once(socket, 'error').then(([{ code, message }]) => ({ code, message })) }
          exports.main = async ({ port }) => {
            const first = net.connect(port, '127.0.0.1')
            await once(first, 'connect')
            const received = await fail(first, socket => socket.resume().write('give'))
            const [second, third] = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')]
            await Promise.all([once(second, 'connect'), once(third, 'connect')])
            const connected = await fail(net.connect(port, '127.0.0.1'), () => {})
            const sent = await fail(second, socket => socket.write(Buffer.alloc(2e6)))
            return { received, connected, sent }
          }`,
      },
    })
    expect((await host.invoke('f', { port: server.port })).result).toEqual({
      received: { code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining('(network.maxReceivedMb)') },
      connected: {
        code: 'CLOUDLET_OVERLOADED',
        message: expect.stringContaining('(network.maxConnections)'),
      },
      sent: { code: 'CLOUDLET_VALUE', message: expect.stringContaining('(maxHostCallMb)') },
    })
  })

  test('is deployed only with options that are some', async () => {
    const host = new FunctionHost()
    onTestFinished(() => host.close())
    const source = { files: { 'index.js': ASK } }
    const options = { network: { allow: ['http://a.b'] } }
    await expect(host.deploy('f', source, options)).rejects.toMatchObject({ option: 'network.allow' })
    await expect(host.deployDirectory('examples', options)).rejects.toMatchObject({ option: 'network.allow' })
    for (const network of [{ allow: [''] }, { dnsServers: ['localhost'] }, { dnsServers: '8.8.8.8' }, 7]) {
      expect(() => new FunctionHost({ network: network as HostNetworkOptions })).toThrow(
        expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION' }),
      )
    }
    const own = { network: { dnsServers: ['8.8.8.8'] } as NetworkOptions }
    await expect(host.deploy('f', source, own)).rejects.toMatchObject({ option: 'dnsServers' })
  })
})

test.each(Object.keys(NETWORK_OPS))('no client may ask for %s', async op => {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  const door = await host.listen({ port: 0 })
  const cloud = createCloud({ url: door.url, openid: 'o-1' })
  onTestFinished(() => cloud.close())
  await expect(cloud.call(op as OpName, {} as never)).rejects.toMatchObject({
    code: 'CLOUDLET_CAPABILITY_DENIED',
  })
})
