import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isAlive, Standin } from './standin-client.ts'

/** Generous: a cell looks for its host four times a second. */
const LONGEST_MS = 10_000

/** Starts the host that is to be killed; tells its cells' process ids. */
async function startHost(stdio: readonly (number | 'ignore')[] = []): Promise<[ChildProcess, number[]]> {
  const script = new URL('./standin-host.ts', import.meta.url).pathname
  const host = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit', ...stdio.slice(3)] })
  const lines = createInterface({ input: host.stdout as NodeJS.ReadableStream })
  const [line] = await once(lines, 'line')
  return [host, JSON.parse(line)]
}

async function survivorsOf(pids: readonly number[]): Promise<number[]> {
  const untilMs = performance.now() + LONGEST_MS
  while (pids.some(isAlive) && performance.now() < untilMs) await sleep(50)
  return pids.filter(isAlive)
}

test('a host that is killed with -9 leaves no cell, hanging ones included', async () => {
  const [host, pids] = await startHost()
  expect(pids.filter(isAlive)).toHaveLength(4)
  host.kill('SIGKILL')
  expect(await survivorsOf(pids)).toEqual([])
})

test('a cell that hangs ends when its channel is closed', async () => {
  const cell = new Standin()
  const { pid } = await cell.ask('facts')
  cell.tell('spin')
  await sleep(600)
  expect(isAlive(pid)).toBe(true)
  expect(await cell.close()).toBe('SIGKILL')
})

test.runIf(process.platform === 'linux')(
  'a descriptor the host was given by its own parent does not reach cells',
  async () => {
    const zero = openSync('/dev/zero', 'r')
    const stdio: (number | 'ignore')[] = Array.from({ length: 41 }, (_, descriptor) =>
      descriptor === 40 ? zero : 'ignore',
    )
    const [host, [pid]] = await startHost(stdio)
    try {
      expect(readlinkSync(`/proc/${host.pid}/fd/40`)).toBe('/dev/zero')
      expect(readlinkSync(`/proc/${pid}/fd/40`)).toBe('/dev/null')
    } finally {
      closeSync(zero)
      host.kill('SIGKILL')
    }
  },
)
