/** Functions that proved quick, with more calls in flight than cross at once: crossings follow each other without a pause. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

const IN_FLIGHT = 64

/** Always that many calls under way, until so many were made. */
async function flood(callCount: number, call: (n: number) => Promise<void>): Promise<void> {
  let started = 0
  const lane = async (): Promise<void> => {
    for (let n = started++; n < callCount; n = started++) await call(n)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

async function deploy(name: string, source: string): Promise<void> {
  await host.deploy(name, { files: { 'index.js': source } })
}

describe('each answer is its own', () => {
  test.each([
    ['of an async handler', 'async event => event.n'],
    ['of a plain one', 'event => event.n'],
    ['of a callback', '(event, context, callback) => { callback(null, event.n) }'],
    [
      'of a callback that no longer waits for the loop',
      '(event, context, callback) => { setTimeout(() => {}, 9); callback(null, event.n); context.callbackWaitsForEmptyEventLoop = false }',
    ],
    [
      'of a callback that waits for the loop, in a context that throws when it is asked again',
      `(event, context, callback) => {
        let asked = 0
        const get = () => { if (asked++ > 0) throw new Error('odd'); return true }
        Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', { get })
        if (event.n % 50 === 0) setTimeout(() => {}, 1)
        callback(null, event.n)
      }`,
    ],
    ['of context.succeed', '(event, context) => { context.succeed(event.n) }'],
    [
      'of a chain of promises',
      'async event => { for (let i = 0; i < event.n % 9; i++) await null; return event.n }',
    ],
    [
      'of a timer now and then',
      'async event => { if (event.n % 50 === 0) await new Promise(done => setTimeout(done, 1)); return event.n }',
    ],
  ])('%s', async (_, handler) => {
    await deploy('f', `exports.main = ${handler}`)
    await flood(3000, async n => expect((await host.invoke('f', { n })).result).toBe(n))
  })

  test('also of one that has nothing to say', async () => {
    await deploy('f', 'exports.main = event => { if (event.n % 2) return event.n }')
    await flood(2000, async n => expect((await host.invoke('f', { n })).result).toBe(n % 2 ? n : null))
  })

  test('who asks changes from call to call, and is told each time', async () => {
    await deploy(
      'who',
      `const cloud = require('wx-server-sdk')
      cloud.init()
      exports.main = async (event, { environ }) => {
        const { OPENID = null, UNIONID = null } = cloud.getWXContext()
        const seen = [OPENID, UNIONID, process.env.WX_OPENID ?? null, /WX_OPENID=([^;]*)/.exec(environ)?.[1] ?? null]
        if (event.n % 3 === 0) process.env.WX_UNIONID = 'forged'
        if (event.n % 5 === 0) delete process.env.WX_OPENID
        return seen
      }`,
    )
    // The same caller many times over, then others, then nobody.
    const openids = ['a', 'a', 'a', 'b', 'a', undefined, 'c', 'c', undefined]
    await flood(4000, async n => {
      const openid = openids[n % openids.length]
      const unionid = n % 7 === 0 ? 'u' : undefined
      const caller = { ...(openid && { openid }), ...(unionid && { unionid }) }
      const { result } = await host.invoke('who', { n }, { caller })
      expect(result).toEqual([openid ?? null, unionid ?? null, openid ?? null, openid ?? null])
    })
  })
})

test('who asks is never read from a prototype', async () => {
  await deploy(
    'f',
    `exports.main = async ({ isFirst }) => {
      if (isFirst) Object.prototype.variables = { WX_OPENID: 'forged' }
      return process.env.WX_OPENID
    }`,
  )
  await flood(3000, async n => {
    const { result } = await host.invoke('f', { isFirst: n === 0 }, { caller: { openid: 'a' } })
    expect(result).toBe('a')
  })
})

test.each([
  [
    'a result that lets nobody look at it',
    'return new Proxy({}, { getPrototypeOf() { throw new Error("odd") } })',
  ],
  ['variables that nobody can write', 'Object.freeze(process.env); return event.n'],
])('%s fails at once, wherever in a crossing it is', async (_, odd) => {
  await deploy('f', `exports.main = event => { if (event.isOdd) { ${odd} } return event.n }`)
  for (let isOdd = false, wave = 0; wave < 40; wave++) {
    isOdd = wave > 35
    const calls = Array.from({ length: IN_FLIGHT }, (_, n) =>
      host.invoke('f', { n, isOdd: isOdd && n % 3 > 0 }),
    )
    for (const [n, answer] of (await Promise.allSettled(calls)).entries()) {
      if (answer.status === 'fulfilled') expect(answer.value.result).toBe(n)
      else expect(answer.reason).toMatchObject({ code: 'CLOUDLET_FUNCTION_THREW' })
    }
  }
  expect(host.stats().instances.recycledCount).toEqual({})
})

test('one function that is flooded leaves the others their turn', async () => {
  await deploy('flooded', 'exports.main = async event => event.n')
  await deploy('neighbour', 'exports.main = async event => event.n')
  let isOver = false
  let answeredMeanwhile = 0
  const flooding = flood(60_000, async n =>
    expect((await host.invoke('flooded', { n })).result).toBe(n),
  ).then(() => {
    isOver = true
  })
  while (!isOver) {
    await host.invoke('neighbour', {})
    if (!isOver) answeredMeanwhile++
  }
  await flooding
  expect(answeredMeanwhile).toBeGreaterThan(20)
})

test('microtasks without end that one leaves behind are not the next one’s to answer for', async () => {
  await deploy(
    'f',
    `exports.main = async event => {
      if (event.isEndless) (async () => { for (;;) await null })()
      return event.n
    }`,
  )
  await flood(3000, async n => expect((await host.invoke('f', { n })).result).toBe(n))
  for (let n = 0; n < 40; n++) expect((await host.invoke('f', { n, isEndless: n % 5 === 0 })).result).toBe(n)
})

test('a host that was held up takes nobody for stuck', async () => {
  await deploy('f', 'exports.main = async event => event.n')
  const call = async (n: number): Promise<void> => expect((await host.invoke('f', { n })).result).toBe(n)
  await flood(3000, call)
  for (let pause = 0; pause < 5; pause++) {
    const flooding = flood(500, call)
    await new Promise(resolve => setImmediate(resolve))
    const untilMs = performance.now() + 160
    while (performance.now() < untilMs);
    await flooding
  }
  expect(host.stats().instances.recycledCount).toEqual({})
})

test('one of them that waits for the host holds up none of those behind it for good', async () => {
  await host.database.createCollection('notes')
  await deploy(
    'f',
    `const cloud = require('wx-server-sdk')
    cloud.init()
    const notes = cloud.database().collection('notes')
    exports.main = async event => event.n % 40 === 0 ? { n: event.n, total: (await notes.count()).total } : { n: event.n }`,
  )
  await flood(3000, async n => {
    const { result } = await host.invoke('f', { n })
    expect(result).toEqual(n % 40 === 0 ? { n, total: 0 } : { n })
  })
})
