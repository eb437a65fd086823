import { afterEach, beforeEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

async function run(source: string, event = {}): Promise<unknown> {
  await host.deploy('f', { files: { 'index.js': source } })
  return (await host.invoke('f', event)).result
}

test('process.exit ends the invocation, whatever would catch it, and the instance', async () => {
  const source = `let count = 0
    exports.main = async () => {
      count++
      console.log('before')
      try { process.exit(3) } catch { count = 100 } finally { console.log('never') }
      return count
    }`
  await expect(run(source)).rejects.toMatchObject({
    code: 'CLOUDLET_FUNCTION_THREW',
    guest: {
      message: 'process.exit(3) was called: the process exited before the invocation was complete.',
      fields: { exitCode: 3 },
    },
  })
  expect(host.stats().instances.recycledCount).toMatchObject({ exited: 1 })
})

test('what was answered before stands', async () => {
  expect(
    await run('exports.main = (event, context, callback) => { callback(null, 7); process.exit() }'),
  ).toBe(7)
  expect(await run('exports.main = async () => { setTimeout(() => process.exit(1), 1); return 8 }')).toBe(8)
})

test('process.exitCode is taken, and module state does not live on', async () => {
  const source = `let count = 0
    exports.main = ({ exits }) => { count++; process.exitCode = 9; if (exits) process.exit(); return count }`
  expect(await run(source)).toBe(1)
  await expect(host.invoke('f', { exits: true })).rejects.toMatchObject({
    guest: { fields: { exitCode: 9 } },
  })
  expect((await host.invoke('f')).result).toBe(1)
})

test('other invocations of the same crossing run all the same', async () => {
  await host.deploy('f', { files: { 'index.js': 'exports.main = ({ n }) => n === 5 ? process.exit(1) : n' } })
  for (let n = 10; n < 200; n++) await host.invoke('f', { n })
  const settled = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => host.invoke('f', { n })))
  const seen = settled.map(one => (one.status === 'fulfilled' ? one.value.result : one.reason.code))
  expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => (n === 5 ? 'CLOUDLET_FUNCTION_THREW' : n)))
})
