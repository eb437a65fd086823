import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Turn, takeTurn } from '../../src/packages/turn.ts'
import { makeTemporary } from './functions.ts'

interface Ask {
  readonly signal?: AbortSignal
  readonly isMade?: () => boolean
  readonly onWait?: () => void
}

function ask(
  file: string,
  { signal, isMade = () => false, onWait = () => {} }: Ask = {},
): Promise<Turn | undefined> {
  return takeTurn({
    file,
    signal: signal ?? new AbortController().signal,
    isMade: async () => isMade(),
    onWait,
  })
}

async function makeFile(): Promise<{ folder: string; file: string }> {
  const folder = await makeTemporary()
  return { folder, file: join(folder, 'x.turn') }
}

describe('turns', () => {
  test('are taken one after the other, and leave nothing', async () => {
    const { folder, file } = await makeFile()
    const log: string[] = []
    const work = async (name: string): Promise<void> => {
      const turn = await ask(file)
      log.push(`${name} begins`)
      await new Promise(resolve => setTimeout(resolve, 30))
      log.push(`${name} ends`)
      await turn?.end()
    }
    await Promise.all(['a', 'b', 'c'].map(work))
    const names = log.filter((_, index) => index % 2 === 0).map(line => line.slice(0, 1))
    expect(log).toEqual(names.flatMap(name => [`${name} begins`, `${name} ends`]))
    expect(readdirSync(folder)).toEqual([])
  })

  test('are given up by who waits when another made it, who is told once that it waits', async () => {
    const { file } = await makeFile()
    const first = await ask(file)
    let isMade = false
    let waits = 0
    const second = ask(file, { isMade: () => isMade, onWait: () => waits++ })
    await new Promise(resolve => setTimeout(resolve, 500))
    isMade = true
    await first?.end()
    expect(await second).toBeUndefined()
    expect(waits).toBe(1)
  })

  test.each([
    ['of a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), id: 'x' }), 0],
    ['that was silent for long', JSON.stringify({ pid: process.pid, host: 'other', id: 'x' }), 21_000],
    ['that was cut off, later', '', 21_000],
  ])('%s are taken over', async (_, token, ageMs) => {
    const { folder, file } = await makeFile()
    writeFileSync(file, token)
    const then = new Date(Date.now() - ageMs)
    utimesSync(file, then, then)
    const turn = await ask(file, { onWait: () => expect.unreachable() })
    await turn?.end()
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['of a process that lives', JSON.stringify({ pid: process.pid, host: hostname(), id: 'x' })],
    ['of another machine', JSON.stringify({ pid: 2 ** 22 + 1, host: 'other', id: 'x' })],
    ['just being written', ''],
  ])('%s are waited for, until the signal', async (_, token) => {
    const { folder, file } = await makeFile()
    writeFileSync(file, token)
    const reason = new Error('enough')
    const waiting = new AbortController()
    await expect(ask(file, { signal: waiting.signal, onWait: () => waiting.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(readdirSync(folder)).toEqual(['x.turn'])
  })
})
