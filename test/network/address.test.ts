import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { readAddress, readRange } from '../../src/network/address.ts'

describe('an address is', () => {
  test.each([
    ['8.8.8.8', 'public'],
    ['1.0.0.0', 'public'],
    ['172.15.255.255', 'public'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['9.255.255.255', 'public'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['11.0.0.0', 'public'],
    ['192.167.255.255', 'public'],
    ['192.168.0.0', 'private'],
    ['192.168.255.255', 'private'],
    ['192.169.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['100.64.0.0', 'private'],
    ['100.127.255.255', 'private'],
    ['100.128.0.0', 'public'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'metadata'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['126.255.255.255', 'public'],
    ['128.0.0.1', 'public'],
    ['169.253.255.255', 'public'],
    ['169.254.0.0', 'link-local'],
    ['169.254.169.254', 'link-local'],
    ['169.255.0.0', 'public'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['223.255.255.255', 'public'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['198.51.100.1', 'reserved'],
    ['203.0.113.1', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::2', 'reserved'],
    ['::127.0.0.1', 'reserved'],
    ['::8.8.8.8', 'reserved'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'private'],
    ['fc00::1', 'private'],
    ['fdff::1', 'private'],
    ['fd00:ec2::254', 'metadata'],
    ['ff02::1', 'multicast'],
    ['100::1', 'reserved'],
    ['1fff::1', 'reserved'],
    ['2000::1', 'public'],
    ['2606:4700:4700::1111', 'public'],
    ['3ffe::1', 'public'],
    ['4000::1', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['2001::1', 'reserved'],
    ['2002:7f00:1::1', 'reserved'],
    ['2002:808:808::1', 'reserved'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', 'link-local'],
    ['64:ff9b::6464:64c8', 'metadata'],
    ['64:ff9b:1::8.8.8.8', 'reserved'],
    ['::ffff:0:127.0.0.1', 'reserved'],
  ])('%s: %s', (text, kind) => {
    expect(readAddress(text)?.kind).toBe(kind)
  })

  test.each([
    ['::ffff:127.0.0.1', '127.0.0.1', 'loopback'],
    ['::FFFF:7f00:1', '127.0.0.1', 'loopback'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', '169.254.169.254', 'link-local'],
    ['::ffff:10.0.0.1', '10.0.0.1', 'private'],
    ['::ffff:8.8.8.8', '8.8.8.8', 'public'],
  ])('%s, mapped: %s', (text, mapped, kind) => {
    expect(readAddress(text)).toEqual({ text: mapped, family: 4, kind })
  })

  test.each(
    Object.values(networkInterfaces())
      .flatMap(addresses => addresses ?? [])
      .filter(({ internal, address }) => !internal && !address.includes('%'))
      .map(({ address }) => address),
  )("%s: this machine's own", address => {
    expect(readAddress(address)?.kind).toBe('own')
  })
})

test.each([
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '017700000001',
  '0177.0.0.1',
  '127.1',
  '127.0.1',
  '127.0.0.01',
  '127.0.0.1 ',
  '1.2.3.4.5',
  'localhost',
  'fe80::1%eth0',
  '[::1]',
  '::1/128',
  '::ffff:127.1',
  '127.0.0.1\0.example.com',
  '１２７.0.0.1',
  '',
])('%j is no address: only the system reads it as one', text => {
  expect(readAddress(text)).toBeUndefined()
})

test.each([
  ['10.0.0.0/8', '10.255.0.1', '11.0.0.1'],
  ['10.0.0.5', '10.0.0.5', '10.0.0.6'],
  ['0.0.0.0/0', '8.8.8.8', '::1'],
  ['fd00::/8', 'fdff::1', 'fe00::1'],
  ['::1', '::1', '::2'],
  ['192.168.1.128/25', '192.168.1.128', '192.168.1.127'],
])('the range %s has %s and not %s', (text, inside, outside) => {
  const range = readRange(text)
  const has = (address: string) => range?.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
  expect([has(inside), has(outside)]).toEqual([true, false])
})

test.each(['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/-1', 'a.b/8', '10.0.0/8'])(
  '%s is no range',
  text => {
    expect(readRange(text)).toBeUndefined()
  },
)
