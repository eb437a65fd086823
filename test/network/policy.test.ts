import { describe, expect, test } from 'vitest'
import { type Address, readAddress } from '../../src/network/address.ts'
import { denyAddress, isOpen, requireName } from '../../src/network/policy.ts'
import { type NetworkOptions, resolveNetwork } from '../../src/network-options.ts'

function address(text: string): Address {
  const read = readAddress(text)
  if (read === undefined) throw new Error(`${text} is no address`)
  return read
}

function decide(
  options: NetworkOptions,
  text: string,
  port: number | undefined,
  ...names: string[]
): boolean {
  return isOpen(resolveNetwork(options, {}), address(text), port, names)
}

describe('without a list', () => {
  test.each([
    ['8.8.8.8', true, true],
    ['127.0.0.1', false, true],
    ['10.1.2.3', false, true],
    ['fd00::1', false, true],
    ['64:ff9b::10.0.0.1', false, true],
    ['169.254.169.254', false, false],
    ['100.100.100.200', false, false],
    ['224.0.0.1', false, false],
    ['0.0.0.0', false, false],
    ['::', false, false],
    ['255.255.255.255', false, false],
    ['2002:7f00:1::', false, false],
  ])('%s is open: %s; with private: %s', (text, byDefault, withPrivate) => {
    expect(decide({}, text, 80)).toBe(byDefault)
    expect(decide({ private: true }, text, 80)).toBe(withPrivate)
  })
})

describe('with a list', () => {
  const allow = ['api.example.com', '*.example.org:443', '10.0.0.0/8:6379', '[fd00::5]:80']

  test.each([
    ['8.8.8.8', 80, [], false],
    ['8.8.8.8', 80, ['api.example.com'], true],
    ['8.8.8.8', 443, ['a.example.org'], true],
    ['8.8.8.8', 443, ['a.b.example.org'], true],
    ['8.8.8.8', 80, ['a.example.org'], false],
    ['8.8.8.8', 443, ['example.org'], false],
    ['8.8.8.8', 443, ['badexample.org'], false],
    ['8.8.8.8', 443, ['example.org.evil.com'], false],
    ['8.8.8.8', 443, ['xapi.example.com'], false],
    ['10.1.1.1', 6379, [], true],
    ['10.1.1.1', 6380, [], false],
    ['::ffff:10.1.1.1', 6379, [], true],
    ['11.0.0.1', 6379, [], false],
    ['fd00::5', 80, [], true],
    ['fd00::6', 80, [], false],
    ['10.1.1.1', 80, ['api.example.com'], false],
    ['127.0.0.1', 80, ['api.example.com'], false],
  ])('%s port %i as %j: %s', (text, port, names, expected) => {
    expect(decide({ allow }, text, port, ...names)).toBe(expected)
  })

  test('a name that leads to a private address needs private: true, and metadata its own entry', () => {
    expect(decide({ allow, private: true }, '10.1.1.1', 80, 'api.example.com')).toBe(true)
    expect(decide({ allow, private: true }, '10.1.1.1', 80)).toBe(false)
    expect(decide({ allow, private: true }, '169.254.169.254', 80, 'api.example.com')).toBe(false)
    expect(decide({ allow: ['169.254.169.254'] }, '169.254.169.254', 80)).toBe(true)
  })

  test('* is every name on every public address; an empty list nothing at all', () => {
    expect(decide({ allow: ['*:443'] }, '8.8.8.8', 443, 'a.com')).toBe(true)
    expect(decide({ allow: ['*:443'] }, '8.8.8.8', 443)).toBe(false)
    expect(decide({ allow: ['*:443'] }, '127.0.0.1', 443, 'a.com')).toBe(false)
    expect(decide({ allow: [] }, '8.8.8.8', 443, 'a.com')).toBe(false)
  })

  test('a name may be asked for if an entry covers it on some port', () => {
    const policy = resolveNetwork({ allow }, {})
    expect(() => requireName(policy, 'network.lookup', 'a.example.org')).not.toThrow()
    expect(() => requireName(policy, 'network.lookup', 'evil.com')).toThrow(
      `This function may not ask for "evil.com": it is not in the function's allow list. The host sets it at deploy: deploy(name, source, { network: { allow: ['evil.com', …] } }).`,
    )
  })
})

test('a refusal names host, address and what would open it', () => {
  const policy = resolveNetwork({}, {})
  expect(denyAddress('network.connect', policy, address('127.0.0.1'), 80, ['a.com']).message).toBe(
    `This function may not connect to "a.com" at 127.0.0.1:80, which is a loopback address. The host opens it at deploy: deploy(name, source, { network: { private: true } }, or for this one { network: { allow: ['127.0.0.1:80', …] } }).`,
  )
  expect(denyAddress('network.connect', policy, address('169.254.169.254'), 80, []).message).toBe(
    `This function may not connect to 169.254.169.254:80, which is a link-local address. The host opens it at deploy: deploy(name, source, { network: { allow: ['169.254.169.254:80', …] } }).`,
  )
  const listed = resolveNetwork({ allow: ['b.com'] }, {})
  expect(denyAddress('network.connect', listed, address('8.8.8.8'), 80, ['a.com']).message).toBe(
    `This function may not connect to "a.com" at 8.8.8.8:80: it is not in the function's allow list. The host sets it at deploy: deploy(name, source, { network: { allow: ['a.com:80', …] } }).`,
  )
})

describe('options', () => {
  test.each([
    ['a.b.c'],
    ['*.b.c:1'],
    ['*'],
    ['*:65535'],
    ['xn--fiqs8s.cn'],
    ['中国.cn'],
    ['API.Example.COM'],
    ['localhost'],
    ['_dmarc.example.com'],
    ['10.0.0.1'],
    ['[::1]:80'],
    ['::1'],
    ['fd00::/8'],
  ])('%s is an entry', entry => {
    expect(() => resolveNetwork({ allow: [entry] }, {})).not.toThrow()
  })

  test.each([
    ['http://a.b'],
    ['a.b:0'],
    ['a.b:65536'],
    ['a.b:https'],
    ['a b'],
    ['a.*.b'],
    ['*a.b'],
    [''],
    ['.a'],
    ['a..b'],
    ['2130706433'],
    ['0x7f.1'],
    ['127.1'],
    ['10.0.0.0/33'],
    ['a.b/path'],
    ['-a.b'],
    [`${'a'.repeat(64)}.b`],
    [7],
    [null],
  ])('%j is none', entry => {
    expect(() => resolveNetwork({ allow: [entry as string] }, {})).toThrow(/is no entry of network\.allow/)
  })

  test('names are compared in small ASCII letters', () => {
    expect(decide({ allow: ['API.中国.cn'] }, '8.8.8.8', 1, 'api.xn--fiqs8s.cn')).toBe(true)
  })

  test("what a function doesn't say, the host does", () => {
    const policy = resolveNetwork(
      { maxConnections: 2 },
      { private: true, maxConnections: 9, maxReceivedMb: 3 },
    )
    expect(policy).toEqual({
      rules: undefined,
      isPrivateOpen: true,
      maxConnections: 2,
      connectTimeoutMs: 10_000,
      maxReceivedBytes: 3 * 1024 * 1024,
    })
  })

  test.each([
    [{ maxConnections: 0 }, 'network.maxConnections is 0, but must be a whole number from 1 to 2048.'],
    [{ maxConnections: 2049 }, 'network.maxConnections is 2049'],
    [{ connectTimeoutMs: 0 }, 'network.connectTimeoutMs is 0'],
    [{ connectTimeoutMs: 900_001 }, 'network.connectTimeoutMs is 900001'],
    [{ maxReceivedMb: 0.5 }, 'network.maxReceivedMb is 0.5'],
    [{ maxReceivedMb: 1_048_577 }, 'network.maxReceivedMb is 1048577'],
    [{ private: 1 }, 'network.private must be true or false.'],
    [{ allow: 'a.b' }, 'network.allow must be a list of at most 1000 hosts'],
    [{ allow: Array(1001).fill('a.b') }, 'network.allow must be a list of at most 1000 hosts'],
    [{ alow: [] }, '"alow" is not an option.'],
    [[], 'network must be an object, not a list.'],
  ])('%j is refused', (options, message) => {
    expect(() => resolveNetwork(options as NetworkOptions, {})).toThrow(message)
  })

  test('each number at its bounds is taken', () => {
    for (const options of [
      { maxConnections: 1, connectTimeoutMs: 1, maxReceivedMb: 1, allow: [] },
      {
        maxConnections: 2048,
        connectTimeoutMs: 900_000,
        maxReceivedMb: 1_048_576,
        allow: Array(1000).fill('a.b'),
      },
    ]) {
      expect(() => resolveNetwork(options, {})).not.toThrow()
    }
  })
})
