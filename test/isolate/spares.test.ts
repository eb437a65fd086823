import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import type { GuestIsolate } from '../../src/isolate/guest-isolate.ts'
import { LocalIsolates } from '../../src/isolate/local-isolates.ts'
import type { IsolateKind } from '../../src/isolate/pool-key.ts'
import { RUNTIME_KINDS } from '../../src/isolate/runtime-kind.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'
import { Spares } from '../../src/isolate/spares.ts'

const plain: IsolateKind = { memoryMb: 16, runtime: 'plain', nodeNames: [] }
const sdk: IsolateKind = { memoryMb: 16, runtime: 'sdk', nodeNames: [] }

let spares: Spares
const isolates = new LocalIsolates()
const taken: GuestIsolate[] = []
beforeAll(async () => {
  for (const kind of RUNTIME_KINDS) await prepareSnapshot(kind)
})
afterEach(() => {
  spares.close()
  for (const isolate of taken.splice(0)) isolate.dispose()
})

function openSpares(max: number): Spares {
  spares = new Spares({
    max,
    hasRoom: () => true,
    source: isolates,
    onFailure: error => expect.unreachable(String(error)),
  })
  return spares
}

function take(kind: IsolateKind): GuestIsolate | undefined {
  const blank = spares.take({ ...kind, name: 'f', program: { source: '' }, concurrency: 1 })
  if (blank !== undefined) taken.push(blank)
  return blank
}

const haveCome = (count: number): Promise<void> => expect.poll(() => spares.count).toBe(count)

test('one is made of the kind that is expected, and one more for each start', async () => {
  openSpares(4).expect(plain)
  await haveCome(1)
  expect(take(plain)).toMatchObject(plain)
  await haveCome(2)
  expect(take({ memoryMb: 32, runtime: 'plain', nodeNames: [] })).toBeUndefined()
})

test('one with the SDK serves a function without, and not the other way round', async () => {
  openSpares(4).expect(sdk)
  await haveCome(1)
  expect(take(plain)).toMatchObject(sdk)
  await haveCome(2)
  expect(take(sdk)).toBeUndefined()
})

test('while functions of both kinds start, those that are made serve both', async () => {
  openSpares(2).expect(plain)
  await haveCome(1)
  expect(take(sdk)).toBeUndefined()
  expect(take(plain)).toMatchObject(plain)
  await haveCome(2)
  expect(take(plain)).toMatchObject(sdk)
})

test('of functions deployed together, one with the SDK decides', async () => {
  openSpares(1).expect(plain)
  spares.expect(sdk)
  spares.expect(plain)
  await haveCome(1)
  expect(take(plain)).toMatchObject(sdk)
})

test('what does not serve makes room for what does', async () => {
  openSpares(1).expect(plain)
  await haveCome(1)
  expect(take(sdk)).toBeUndefined()
  await expect.poll(() => take(sdk)?.runtime).toBe('sdk')
})

test('a function that requires the SDK without naming it gets it all the same', async () => {
  openSpares(0)
  await using host = new FunctionHost()
  await host.deploy('hidden', {
    files: {
      'index.js': `const cloud = require(['wx', 'server', 'sdk'].join('-'))
        cloud.init()
        exports.main = async () => typeof cloud.database().command.aggregate.sum`,
    },
  })
  expect((await host.invoke('hidden')).result).toBe('function')
})

test('Node’s library is evaluated ahead for a function that names parts of it, and serves no other', async () => {
  const node: IsolateKind = { ...plain, nodeNames: ['Buffer', 'stream'] }
  openSpares(4).expect(node)
  await haveCome(1)
  const blank = take({ ...plain, nodeNames: ['stream'] })
  expect(blank).toMatchObject(node)
  expect(take(plain)).toBeUndefined()
  const without = isolates.make(plain)
  taken.push(without)
  const usedBytes = async (isolate?: GuestIsolate): Promise<number> =>
    (await isolate?.measureHeap()) ?? expect.unreachable()
  expect(await usedBytes(blank)).toBeGreaterThan((await usedBytes(without)) + 500_000)
})

test('of snapshots with Node’s library, one that has more serves a function that needs less', async () => {
  const node: IsolateKind = { ...plain, runtime: 'node', nodeNames: ['Buffer'] }
  const network: IsolateKind = { ...plain, runtime: 'network', nodeNames: ['https'] }
  openSpares(4).expect(node)
  await haveCome(1)
  expect(take(network)).toBeUndefined()
  await expect.poll(() => take(node)?.runtime).toBe('network')
  expect(take(plain)).toBeUndefined()
})

test('none is made while those who lost theirs need new ones', async () => {
  class RushedIsolates extends LocalIsolates {
    isInNeed = true
    override get isRushed(): boolean {
      return this.isInNeed
    }
  }
  const source = new RushedIsolates()
  spares = new Spares({
    max: 4,
    hasRoom: () => true,
    source,
    onFailure: error => expect.unreachable(`${error}`),
  })
  spares.expect(plain)
  await sleep(200)
  expect(spares.size).toBe(0)
  source.isInNeed = false
  await haveCome(1)
})
