import { describe, expect, test } from 'vitest'
import { OverloadedError } from '../../src/errors.ts'
import { LoginRate } from '../../src/wechat/login-rate.ts'

/** How many of so many are taken. */
function countTaken(rate: LoginRate, addresses: readonly string[]): number {
  return addresses.filter(address => {
    try {
      rate.take(address)
      return true
    } catch (error) {
      expect(error).toBeInstanceOf(OverloadedError)
      return false
    }
  }).length
}

const repeat = (address: string, count: number): string[] => Array<string>(count).fill(address)

describe('the rate of logins', () => {
  test('of one address is bounded, and the others keep theirs', () => {
    const rate = new LoginRate(1000, 5)
    expect(countTaken(rate, repeat('203.0.113.7', 5))).toBe(5)
    expect(countTaken(rate, repeat('203.0.113.7', 100))).toBe(0)
    expect(countTaken(rate, repeat('203.0.113.8', 6))).toBe(5)
  })

  test('of all is bounded, and refused ones of one address use nothing of it up', () => {
    const rate = new LoginRate(10, 5)
    expect(countTaken(rate, repeat('203.0.113.7', 100))).toBe(5)
    const addresses = Array.from({ length: 20 }, (_, index) => `198.51.100.${index}`)
    expect(countTaken(rate, addresses)).toBe(5)
    expect(() => rate.take('198.51.100.200')).toThrow('on this host')
  })

  test.each([
    ['IPv4 in IPv6', ['::ffff:203.0.113.7', '203.0.113.7'], true],
    ['one network of IPv6', ['2001:db8::1', '2001:db8:0:0:ffff::1', '2001:DB8::'], true],
    ['a scope', ['fe80::1%eth0', 'fe80::2%eth0'], true],
    ['two networks of IPv6', ['2001:db8::1', '2001:db8:0:1::1'], false],
    ['two of IPv4', ['203.0.113.7', '203.0.113.8'], false],
    ['what is no address', ['', ''], true],
  ])('counts %s: %j together: %s', (_, addresses, isOne) => {
    expect(countTaken(new LoginRate(1000, 1), addresses)).toBe(isOne ? 1 : addresses.length)
  })

  test('of this machine is that of all', () => {
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
      expect(countTaken(new LoginRate(20, 1), repeat(address, 30))).toBe(20)
    }
  })

  test('comes back with time', async () => {
    const rate = new LoginRate(1000, 600)
    expect(countTaken(rate, repeat('203.0.113.7', 700))).toBeGreaterThanOrEqual(600)
    await new Promise(resolve => setTimeout(resolve, 250))
    expect(countTaken(rate, repeat('203.0.113.7', 1))).toBe(1)
  })

  test('knows ten thousand addresses and forgets the one heard of least lately', () => {
    const rate = new LoginRate(1_000_000, 1)
    rate.take('203.0.113.1')
    rate.take('203.0.113.2')
    const others = Array.from({ length: 9999 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
    expect(countTaken(rate, others)).toBe(9999)
    // Of the 10,001 the first is forgotten, and the second, refused, is not.
    expect(countTaken(rate, ['203.0.113.2'])).toBe(0)
    expect(countTaken(rate, ['203.0.113.1'])).toBe(1)
  })
})
