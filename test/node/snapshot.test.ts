import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { namesLeft, type RuntimeKind, runtimeFor } from '../../src/isolate/runtime-kind.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'

type Clocks = Record<'uptimeMs' | 'nowMs' | 'originMs' | 'osUptimeMs' | 'hrtimeMs', number> &
  Record<'bornMs' | 'changedMs', number[]>

/** A function whose files name some module gets the snapshot that has it; what it runs is `main`. */
const naming = (names: readonly string[], main: string): string =>
  `${names.map(name => `require('${name}')`).join('; ')}; exports.main = ${main}`

let host: FunctionHost
/** When every snapshot was there. */
let madeMs: number
beforeAll(async () => {
  for (const kind of ['node', 'network'] as const) await prepareSnapshot(kind)
  madeMs = Date.now()
  host = new FunctionHost({ spareIsolates: 0 })
  // Of what was frozen when they were made, the clock would be behind by this.
  await sleep(1100)
})
afterAll(() => host.close())

async function run(source: string): Promise<unknown> {
  await host.deploy('f', { files: { 'index.js': source } })
  return (await host.invoke('f')).result
}

describe('which snapshot a function gets', () => {
  const cases: readonly (readonly [namesSdk: boolean, nodeNames: readonly string[], kind: RuntimeKind])[] = [
    [false, [], 'plain'],
    [true, [], 'sdk'],
    [false, ['Buffer'], 'node'],
    [true, ['Buffer', 'path'], 'node'],
    [false, ['dns'], 'node'],
    [false, ['Buffer', 'crypto'], 'network'],
    [true, ['https'], 'network'],
  ]
  test.each(cases)('SDK: %s, Node: %j', (namesSdk, nodeNames, kind) => {
    expect(runtimeFor(namesSdk, nodeNames)).toBe(kind)
  })

  test('what isn’t in it is still to be evaluated', () => {
    expect(namesLeft('plain', ['Buffer', 'https'])).toEqual(['Buffer', 'https'])
    expect(namesLeft('node', ['Buffer', 'https'])).toEqual(['https'])
    expect(namesLeft('network', ['Buffer', 'dns', 'https'])).toEqual(['dns'])
  })
})

describe.each([['node', ['buffer']] as const, ['network', ['crypto', 'fs', 'https']] as const])(
  '%s',
  (_, names) => {
    test('a snapshot holds no time: a function’s clocks begin with it', async () => {
      const result = await run(
        naming(
          names,
          `() => {
          const { statSync } = require('f' + 's')
          return { uptimeMs: process.uptime() * 1000, nowMs: performance.now(), originMs: performance.timeOrigin,
            osUptimeMs: require('os').uptime() * 1000, bornMs: ['/', '/var', '/tmp'].map(path => statSync(path).birthtimeMs),
            changedMs: ['/', '/var', '/tmp'].map(path => statSync(path).mtimeMs), hrtimeMs: process.hrtime()[0] * 1000 }
        }`,
        ),
      )
      const { uptimeMs, nowMs, originMs, osUptimeMs, bornMs, changedMs, hrtimeMs } = result as Clocks
      for (const ms of [uptimeMs, nowMs, hrtimeMs]) {
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThan(1000)
      }
      expect(osUptimeMs).toBeLessThanOrEqual(2000)
      for (const ms of [originMs, ...bornMs, ...changedMs]) {
        expect(ms).toBeGreaterThan(madeMs + 1000)
        expect(ms).toBeLessThanOrEqual(Date.now())
      }
    })

    test('a snapshot holds no chance: each isolate has its own', async () => {
      const source = naming(
        names,
        `() => [Math.random(), require('crypto').randomUUID(), require('crypto').randomBytes(8).toString('hex'),
        crypto.getRandomValues(new Uint32Array(2)).join()]`,
      )
      const [first, second] = [(await run(source)) as unknown[], (await run(source)) as unknown[]]
      for (const [index, value] of first.entries()) expect(value).not.toEqual(second[index])
    })

    test('a function has its own environment, and what V8 has not while a snapshot is made', async () => {
      const main = `(event, context) => {
      const { types, inspect } = require('util')
      const shared = new SharedArrayBuffer(8)
      return [process.env.OWN, require('os').tmpdir(), types.isSharedArrayBuffer(shared), Buffer.from(shared).length,
        inspect(shared).split(' ')[0], typeof WebAssembly.compile, typeof FinalizationRegistry,
        new Intl.NumberFormat('en').format(1000), structuredClone({ at: new Date(5) }).at.getTime()]
    }`
      await host.deploy('own', {
        files: {
          'index.js': naming(names, main),
          'config.json': JSON.stringify({ envVariables: { OWN: 'mine', TMPDIR: '/tmp/own' } }),
        },
      })
      const { result } = await host.invoke('own')
      expect(result).toEqual([
        'mine',
        '/tmp/own',
        true,
        8,
        'SharedArrayBuffer',
        'function',
        'function',
        '1,000',
        5,
      ])
    })

    test('nothing of how a snapshot is made is left to see', async () => {
      const main = `() => Reflect.ownKeys(globalThis).map(String).sort()`
      expect(await run(naming(names, main))).toEqual(await run(`exports.main = ${main}`))
    })

    test('what is not in it is evaluated when it is asked for', async () => {
      const main = `async () => {
      const load = name => require(['node', name].join(':'))
      const dns = load('dns')
      const { Readable } = load('stream')
      const parts = []
      for await (const part of Readable.from(['a', 'b'])) parts.push(part)
      return [typeof dns.lookup, parts, typeof load('readline').createInterface, new Headers({ a: '1' }).get('a')]
    }`
      expect(await run(naming(names, main))).toEqual(['function', ['a', 'b'], 'function', '1'])
    })

    test('an error of Node’s has its code, class and words, made when it is first thrown', async () => {
      const main = `() => {
      const of = call => { try { call() } catch (error) { return [error.name, error.code, error.message, error instanceof TypeError] } }
      return [of(() => Buffer.from(1)), of(() => new URL('x')), of(() => require('path').join(1)), of(() => Buffer.alloc(-1))]
    }`
      const ours = await run(naming(names, main))
      expect(ours).toEqual(
        new Function('require', `return (${main})()`)((name: string) => process.getBuiltinModule(name)),
      )
    })
  },
)
