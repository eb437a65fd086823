/** Nothing of a host outlives it, and nothing ends before its time. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { isAlive, until, WatchedHost } from './watched-host.ts'

let watched = new WatchedHost()
afterEach(async () => {
  await watched.host.close()
  watched = new WatchedHost()
})

const SLOW = (answer: string): string =>
  `exports.main = ({ ms }) => new Promise(resolve => setTimeout(resolve, ms, '${answer}'))`

describe('close()', () => {
  test('waits for what runs, and leaves no process', async () => {
    await watched.deploy('slow', SLOW('done'))
    await watched.deploy('bad', 'exports.main = () => { for (;;); }', { timeout: 1 })
    await watched.cell('spare')
    const pids = watched.cells().map(({ pid }) => pid)
    const calls = [watched.ask('slow', { ms: 1500 }), watched.ask('bad')]
    await watched.running(1, 2)
    await watched.host.close()
    expect(await Promise.all(calls)).toMatchObject([{ result: 'done' }, { code: 'CLOUDLET_DEADLINE' }])
    expect(pids.filter(isAlive)).toEqual([])
    expect(watched.cells()).toEqual([])
    expect(watched.warnings).toEqual([])
  })

  test('signals that a terminal sends to all processes of the host do not end its cells', async () => {
    await watched.deploy('slow', SLOW('done'))
    // One that is about to start may still be ended so, which harms nobody.
    await watched.cell('spare')
    const call = watched.ask('slow', { ms: 700 })
    await watched.running(0, 1)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      for (const { pid } of watched.cells()) process.kill(pid, signal)
    expect(await call).toEqual({ result: 'done' })
    expect(watched.warnings).toEqual([])
  })

  test('while cells start, and while one is deployed to them', async () => {
    const deploying = watched.deploy('f', 'exports.main = () => 1')
    await until(() => watched.cells().length > 0)
    const pids = watched.cells().map(({ pid }) => pid)
    const closing = watched.host.close()
    await expect(deploying).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
    await closing
    expect(pids.filter(isAlive)).toEqual([])
  })

  test('of a host that never ran anything starts nothing', async () => {
    expect(watched.cells()).toEqual([])
    await watched.host.close()
    expect(watched.cells()).toEqual([])
  })
})

test('deployed anew while calls run: those end on the old version, later ones get the new', async () => {
  await watched.deploy('f', SLOW('old'))
  const old = [watched.ask('f', { ms: 1500 }), watched.ask('f', { ms: 1500 })]
  await watched.running(0, 2)
  await watched.deploy('f', SLOW('new'))
  expect(await watched.ask('f', { ms: 1 })).toEqual({ result: 'new' })
  expect(await Promise.all(old)).toEqual([{ result: 'old' }, { result: 'old' }])
  await expect.poll(() => watched.host.stats().instances).toMatchObject({ idleCount: 1, busyCount: 0 })
  // Given up in the cell as well: the new one's, and spares.
  const { spareCount } = watched.host.stats().instances
  expect((await watched.cell()).isolateCount).toBeLessThanOrEqual(1 + spareCount + 1)
  expect(watched.warnings).toEqual([])
})

describe('a host that is killed with SIGKILL leaves no cell', () => {
  test.each(['idle', 'own thread', 'main thread'])('%s', async how => {
    const script = fileURLToPath(new URL('host-child.ts', import.meta.url))
    const host = spawn(process.execPath, ['--no-node-snapshot', script, how], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(host.stdout, 'data')) as [Buffer]
    const pids = JSON.parse(line.toString()) as number[]
    expect(pids).toHaveLength(2)
    expect(pids.filter(isAlive)).toEqual(pids)
    host.kill('SIGKILL')
    await once(host, 'exit')
    await until(() => pids.every(pid => !isAlive(pid)))
  })
})
