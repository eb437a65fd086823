import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { Cell } from '../../src/cells/cell.ts'
import { Fleet } from '../../src/cells/fleet.ts'
import type { PoolKey } from '../../src/isolate/pool-key.ts'

/** As much of a cell as a fleet knows of. */
class Standin {
  isReady = false
  isGoing = false
  isEnded = false
  owner: PoolKey | undefined
  readonly stock = { giveUpLater: () => undefined }

  giveTo(key: PoolKey): void {
    this.owner = key
  }
}

let fleet: Fleet
afterEach(() => fleet.close())

const key = { name: 'f' } as PoolKey
const LONG_MS = 900

/** With one shared cell and a spare, both ready. */
async function openFleet(): Promise<{ started: Standin[]; makeReady: (cell: Standin) => void }> {
  const started: Standin[] = []
  const launch = (): Cell => {
    const cell = new Standin()
    started.push(cell)
    return cell as unknown as Cell
  }
  fleet = new Fleet({ count: 1, launch, onOwn: () => undefined, onRoom: () => undefined })
  const makeReady = (cell: Standin): void => {
    cell.isReady = true
    fleet.onReady(cell as unknown as Cell)
  }
  fleet.fill()
  makeReady(started[0] as Standin)
  await expect.poll(() => started.length).toBe(2)
  makeReady(started[1] as Standin)
  return { started, makeReady }
}

test('a spare is started for the one that is taken, unless a function waits for its own cell to start', async () => {
  const { started, makeReady } = await openFleet()
  expect(fleet.ownOf(key)).toBe(started[1])
  await expect.poll(() => started.length).toBe(3)
  makeReady(started[2] as Standin)
  // That one goes to a function, and the next, which has to be started for another, is to be ready first.
  expect(fleet.ownOf({ ...key })).toBe(started[2])
  const own = fleet.ownOf({ ...key })
  expect(own).toBe(started[3])
  await sleep(LONG_MS)
  expect(started.length).toBe(4)
  makeReady(started[3] as Standin)
  await expect.poll(() => started.length).toBe(5)
})

test('nor while the cell of a function that can’t be ended is still there', async () => {
  const { started } = await openFleet()
  const own = started[1] as Standin
  fleet.ownOf(key)
  own.isGoing = true
  fleet.retire(own as unknown as Cell)
  await sleep(LONG_MS)
  expect(started.length).toBe(2)
  own.isEnded = true
  await expect.poll(() => started.length).toBe(3)
})

test('but not for ever, and at once if somebody waits for it', { timeout: 20_000 }, async () => {
  const { started } = await openFleet()
  const own = started[1] as Standin
  fleet.ownOf(key)
  own.isGoing = true
  await sleep(LONG_MS)
  expect(started.length).toBe(2)
  const spare = fleet.nextSpare()
  await expect.poll(() => started.length).toBe(3)
  expect(await spare).toBe(started[2])
  // The same once more, with nobody who waits.
  fleet.ownOf({ ...key })
  await expect.poll(() => started.length, { timeout: 10_000 }).toBe(4)
})
