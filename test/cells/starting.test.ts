/** Cells that don't come up: said where it can be told, and tried again after longer and longer pauses. */
import { afterEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { isAlive, until, WatchedHost } from './watched-host.ts'

const RETURN_1 = 'exports.main = () => 1'

let watched: WatchedHost | undefined
afterEach(async () => {
  await watched?.host.close()
  watched = undefined
})

test('a launcher that is not in PATH is refused by the constructor', () => {
  const cells = { launcher: ['no-such-command-anywhere', 'x'] }
  expect(() => new FunctionHost({ isolation: 'process', cells })).toThrow(
    expect.objectContaining({
      code: 'CLOUDLET_INVALID_OPTION',
      message: expect.stringContaining('no "no-such-command-anywhere" in PATH'),
    }),
  )
})

describe.each([
  ['ends at once', ['false'], 'exit code 1'],
  ['can’t be run', ['/no/such/file'], 'exit code 127'],
])('a launcher that %s', (_, launcher, how) => {
  test('fails deployments, degrades health, and leaves time between attempts', async () => {
    watched = new WatchedHost({ cells: { launcher } })
    const { host } = watched
    const seen = new Set<number>()
    const timer = setInterval(() => {
      for (const { pid } of host.stats().cells) seen.add(pid)
    }, 1)
    const problem = `Cells can't be started: the last one ended with ${how}.`
    await expect(watched.deploy('f', RETURN_1)).rejects.toMatchObject({
      name: 'OverloadedError',
      retryable: true,
      message: `${problem} Retry later.`,
    })
    expect(host.health).toEqual({ isHealthy: false, status: 'degraded', reasons: [problem] })
    await new Promise(resolve => setTimeout(resolve, 1500))
    clearInterval(timer)
    // After 0, 0.1, 0.3, 0.7 and 1.5 seconds; never all the time.
    expect(seen.size).toBeGreaterThan(1)
    expect(seen.size).toBeLessThan(8)
    await expect(watched.deploy('f', RETURN_1)).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    await host.close()
    expect(host.stats().cells).toEqual([])
  })
})

test('a launcher that stays in between is no hindrance to the end of a cell', async () => {
  // A shell with something left to do does not become what it starts.
  watched = new WatchedHost({ cells: { launcher: ['sh', '-c', '"$@"; true', 'sh'] } })
  await watched.deploy('f', RETURN_1)
  const { pid } = await watched.cell()
  expect(await watched.ask('f')).toEqual({ result: 1 })
  await watched.cell('spare')
  await watched.kill({ ...(await watched.cell()) })
  expect(isAlive(pid)).toBe(false)
  expect(await watched.ask('f')).toEqual({ result: 1 })
  await watched.host.close()
  expect(watched.host.stats().cells).toEqual([])
})

test('a cell that comes up ends the trouble', async () => {
  watched = new WatchedHost()
  await watched.deploy('f', RETURN_1)
  const { host } = watched
  for (let round = 0; round < 2; round++) {
    // The spare that is just starting.
    const spare = await until(() => watched?.cells('spare').find(({ isReady }) => !isReady))
    await watched.kill(spare)
    expect(host.health.reasons).toEqual(["Cells can't be started: the last one ended with SIGSEGV."])
    expect(await watched.ask('f')).toEqual({ result: 1 })
  }
  await watched.cell('spare')
  expect(host.health).toEqual({ isHealthy: true, status: 'ok', reasons: [] })
})

test('a cell that ends before it is up is not the doing of those who wait for it', async () => {
  watched = new WatchedHost()
  await watched.deploy('f', RETURN_1)
  const shared = await watched.cell('shared')
  await watched.kill(await watched.cell('spare'))
  await watched.kill(shared)
  const [starting] = watched.cells('shared')
  expect(starting).toMatchObject({ isReady: false })
  const call = watched.ask('f')
  if (starting !== undefined) await watched.kill(starting)
  // The next is not tried at once.
  expect([
    { result: 1 },
    expect.objectContaining({ code: 'CLOUDLET_OVERLOADED', retryable: true }),
  ]).toContainEqual(await call)
  expect(watched.warnings.join()).not.toMatch(/strike|apart/)
  // Nothing of an instance that was being made is left.
  expect(watched.host.stats().instances.busyCount).toBe(0)
  await watched.cell('shared')
  expect(await watched.ask('f')).toEqual({ result: 1 })
})
