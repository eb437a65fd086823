import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Leaving } from '../../src/cells/leaving.ts'
import type { RemoteIsolate } from '../../src/cells/remote-isolate.ts'
import type { PoolKey } from '../../src/isolate/pool-key.ts'

const key = { name: 'f' } as PoolKey
const isolate = { id: 1, key } as RemoteIsolate

test('a thread is not taken for stuck while nobody is there to say that it is done', async () => {
  let isSilent = true
  const wedged: PoolKey[] = []
  // Without a process nothing is known of its CPU time: the clock alone counts.
  const leaving = new Leaving(
    () => undefined,
    () => (isSilent ? 0 : performance.now()),
    stuck => wedged.push(stuck),
  )
  leaving.add(isolate)
  await sleep(1000)
  expect(wedged).toEqual([])
  isSilent = false
  await expect.poll(() => wedged, { timeout: 5000 }).toEqual([key])
})

test('nor one that says so in time', async () => {
  const wedged: PoolKey[] = []
  const leaving = new Leaving(
    () => undefined,
    () => performance.now(),
    stuck => wedged.push(stuck),
  )
  leaving.add(isolate)
  expect(leaving.hasAnyOf(key)).toBe(true)
  leaving.delete(isolate)
  await sleep(600)
  expect(wedged).toEqual([])
})
