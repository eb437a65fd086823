import { describe, expect, onTestFinished, test } from 'vitest'
import { Dispatcher } from '../../src/capabilities/dispatch.ts'
import { Ending } from '../../src/capabilities/ending.ts'
import { networkHandlers } from '../../src/capabilities/network.ts'
import { LIMITS } from '../../src/limits.ts'
import { readAddress } from '../../src/network/address.ts'
import { KnownNames } from '../../src/network/known-names.ts'
import { Names } from '../../src/network/names.ts'
import { Network } from '../../src/network/network.ts'
import { resolveNetwork } from '../../src/network-options.ts'
import { deploy } from './function.ts'
import { serveTls } from './servers.ts'

function address(number: number) {
  const read = readAddress(`8.${number >> 16}.${(number >> 8) & 255}.${number & 255}`)
  if (read === undefined) throw new Error('no address')
  return read
}

describe('names an invocation is known to have asked for', () => {
  test('of so many addresses, and the oldest are forgotten', () => {
    const names = new KnownNames()
    for (let index = 0; index < LIMITS.networkKnownAddresses; index++)
      names.add(`n${index}`, [address(index)])
    expect(names.of(address(0))).toEqual(['n0'])
    names.add('one over', [address(LIMITS.networkKnownAddresses)])
    expect(names.of(address(0))).toEqual([])
    expect(names.of(address(1))).toEqual(['n1'])
    expect(names.of(address(LIMITS.networkKnownAddresses))).toEqual(['one over'])
  })

  test('so many of one address, and the oldest are forgotten', () => {
    const names = new KnownNames()
    for (let index = 0; index < LIMITS.networkNamesOfAddress; index++) names.add(`n${index}`, [address(1)])
    expect(names.of(address(1))).toHaveLength(LIMITS.networkNamesOfAddress)
    names.add('one over', [address(1)])
    expect(names.of(address(1))).toHaveLength(LIMITS.networkNamesOfAddress)
    expect(names.of(address(1))).not.toContain('n0')
    expect(names.of(address(1)).at(-1)).toBe('one over')
  })
})

test('the system’s resolver is asked for so many names at once', async () => {
  const names = new Names(undefined)
  const options = { family: 4, hints: 0, order: 'verbatim' } as const
  const running = (): number =>
    process.getActiveResourcesInfo().filter(name => name === 'GetAddrInfoReqWrap').length
  const asked = Array.from({ length: 10 }, (_, index) =>
    names.lookup(`127.0.0.${index + 1}`, options, {}, undefined),
  )
  // An address is told without asking; a name is asked for.
  const lookups = Array.from({ length: 10 }, (_, index) =>
    names
      .lookup(`localhost${'.'.repeat(index % 2)}`, { ...options, hints: index }, {}, undefined)
      .catch(() => []),
  )
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, running())
  }, 0)
  await new Promise<void>(resolve => process.nextTick(resolve))
  most = Math.max(most, running())
  await Promise.all([...asked, ...lookups])
  clearInterval(watch)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(LIMITS.networkLookups)
})

describe('what a handshake is asked with', () => {
  async function secure(options: object): Promise<unknown> {
    await using server = await serveTls(() => {})
    const dispatcher = new Dispatcher({
      handlers: networkHandlers(new Network()) as never,
      onInternalError: (_id, cause) => {
        throw cause
      },
    })
    const ending = new Ending()
    onTestFinished(() => ending.run())
    const scope = {
      kind: 'function',
      caller: {},
      depth: 1,
      cancellation: undefined,
      place: undefined,
      ending,
      network: resolveNetwork({ private: true }, {}),
    } as const
    const rights = { capabilities: new Set(['network'] as const), deniedOps: new Set<never>() }
    const call = (op: string, args: object) => dispatcher.call(op, args, rights, scope)
    const { socket } = (await call('network.connect', { address: '127.0.0.1', port: server.port })) as {
      socket: number
    }
    return await call('network.secure', { socket, isVerified: false, ...options }).then(
      () => 'secured',
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    )
  }

  test('certificates: at the limit and one over', async () => {
    // OpenSSL reads over what is between certificates.
    expect(await secure({ ca: ['x'.repeat(LIMITS.tlsOptionChars)] })).toBe('secured')
    expect(await secure({ ca: ['x'.repeat(LIMITS.tlsOptionChars), 'x'] })).toBe(
      `CLOUDLET_VALUE The certificates of a TLS handshake are ${LIMITS.tlsOptionChars + 1} characters; the limit is ${LIMITS.tlsOptionChars}.`,
    )
    expect(await secure({ ca: ['x'.repeat(LIMITS.tlsOptionChars + 1)] })).toMatch(
      /^CLOUDLET_VALUE network\.secure\.ca/,
    )
  })

  test('a key: at the limit and one over', async () => {
    expect(await secure({ key: ['x'.repeat(LIMITS.tlsKeyChars)] })).toMatch(
      /^CLOUDLET_NETWORK .*(?:DECODER|PEM)/,
    )
    expect(await secure({ key: ['x'.repeat(LIMITS.tlsKeyChars + 1)] })).toMatch(
      /^CLOUDLET_VALUE network\.secure\.key/,
    )
  })

  test('the length of a key: at the limit and one over', async () => {
    // The number alone, as no key has it.
    const key = (bytes: number) => {
      const number = Buffer.concat([Buffer.from([2, 0x82, bytes >> 8, bytes & 255]), Buffer.alloc(bytes, 1)])
      return [
        `-----BEGIN RSA PRIVATE KEY-----\n${number.toString('base64')}\n-----END RSA PRIVATE KEY-----\n`,
      ]
    }
    // A byte for the sign comes before it.
    const bytes = LIMITS.tlsKeyBits / 8 + 1
    expect(await secure({ key: key(bytes) })).toMatch(/^CLOUDLET_NETWORK /)
    expect(await secure({ key: key(bytes + 1) })).toMatch(/^CLOUDLET_VALUE The key has numbers of/)
  })
})

test('a server that wants Diffie-Hellman by numbers of its own is not computed for', async () => {
  // Without a certificate, which would have to be RSA's.
  const only = 'ADH-AES128-GCM-SHA256:@SECLEVEL=0'
  const both = `ADH-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0`
  await using server = await serveTls(() => {}, {
    ciphers: both,
    dhparam: 'auto',
    honorCipherOrder: true,
    maxVersion: 'TLSv1.2',
  })
  const { call } = await deploy(`
    const tls = require('tls')
    const socket = tls.connect({ host: '127.0.0.1', port: event.port, rejectUnauthorized: false, ciphers: event.ciphers })
    return new Promise(resolve => socket.on('secureConnect', () => resolve(socket.getCipher().name)).on('error', ({ message }) => resolve(message)))
  `)
  for (const ciphers of [undefined, 'DEFAULT@SECLEVEL=0', both]) {
    expect(await call({ port: server.port, ciphers })).toBe('ECDHE-ECDSA-AES128-GCM-SHA256')
  }
  expect(await call({ port: server.port, ciphers: only })).toMatch('no cipher match')
})
