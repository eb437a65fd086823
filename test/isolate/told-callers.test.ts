/** Whoever calls is told to the guest only when another called before; nobody is ever taken for another. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import type { Caller } from '../../src/types.ts'
import fc from '../random.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
})
afterEach(() => host.close())

/** Says who asks, in each of the ways there are; may leave work behind, so that what crossed with it is not started. */
const WHO = `const cloud = require('wx-server-sdk')
  cloud.init()
  exports.main = async ({ leaves, meddles, asks }) => {
    const { OPENID, UNIONID } = cloud.getWXContext()
    const who = { openid: OPENID, unionid: UNIONID, told: process.env.WX_OPENID, from: process.env.TCB_SOURCE }
    if (meddles) { process.env.WX_OPENID = 'forged'; process.env.WX_UNIONID = 'forged' }
    if (leaves) setTimeout(() => {}, 2)
    if (asks) await cloud.database().collection('things').get()
    return who
  }`

const CALLERS: readonly Caller[] = [
  {},
  { openid: 'o-1' },
  { openid: 'o-1', unionid: 'u-1' },
  { openid: 'o-2', unionid: 'u-2' },
]

const calls = fc.record({
  caller: fc.constantFrom(...CALLERS),
  leaves: fc.nat({ max: 39 }).map(number => number === 1),
  asks: fc.nat({ max: 39 }).map(number => number === 1),
  meddles: fc.nat({ max: 7 }).map(number => number === 1),
})
const rounds = fc.array(fc.oneof(fc.tuple(calls), fc.array(calls, { minLength: 2, maxLength: 12 })), {
  minLength: 10,
  maxLength: 60,
})

test('callers in any order, alone and together, on one instance', { timeout: 60_000 }, async () => {
  await host.database.createCollection('things')
  await host.deploy('who', { files: { 'index.js': WHO }, config: { concurrency: 1 } })
  const ask = async ({ caller, ...event }: { readonly caller: Caller }): Promise<void> => {
    const { result } = await host.invoke('who', event, { caller })
    const { openid, unionid } = caller
    const who = { openid, unionid, told: openid, from: openid === undefined ? undefined : 'wx_client' }
    expect(result).toEqual(JSON.parse(JSON.stringify(who)))
  }
  const property = fc.asyncProperty(rounds, async made => {
    for (const round of made) await Promise.all(round.map(ask))
  })
  await fc.assert(property, { numRuns: 40 })
  expect(host.stats().instances).toMatchObject({ createdCount: 1 })
})
