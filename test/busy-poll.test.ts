import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { BusyPoll } from '../src/busy-poll.ts'

const LONG_MS = 60_000

/** A wait that counts how often it was looked at. */
class Wait {
  isDue = true
  lookCount = 0
  readonly poll: BusyPoll

  constructor(longestMs: number) {
    this.poll = new BusyPoll(() => {
      this.lookCount++
      return this.isDue
    }, longestMs)
  }

  /** Whether the loop was kept from sleeping for one more answer. */
  async isAwakeForOneMore(): Promise<boolean> {
    const before = this.lookCount
    this.poll.expect()
    await turn()
    await turn()
    return this.lookCount > before
  }
}

describe('BusyPoll', () => {
  test('looks in each turn of the loop until the answer has come', async () => {
    const wait = new Wait(LONG_MS)
    wait.poll.expect()
    for (let count = 0; count < 5; count++) await turn()
    expect(wait.lookCount).toBeGreaterThanOrEqual(4)
    wait.isDue = false
    await turn()
    await turn()
    const { lookCount } = wait
    for (let count = 0; count < 5; count++) await turn()
    expect(wait.lookCount).toBe(lookCount)
  })

  test('gives up in time', async () => {
    const wait = new Wait(0)
    wait.poll.expect()
    for (let count = 0; count < 5; count++) await turn()
    expect(wait.lookCount).toBe(1)
  })

  test('sleeps through twice as many waits after each that was too long', async () => {
    const wait = new Wait(0)
    const awakeFor: number[] = []
    for (let number = 1; number <= 40; number++) if (await wait.isAwakeForOneMore()) awakeFor.push(number)
    expect(awakeFor).toEqual([1, 3, 7, 15, 31])
  })

  test('comes back to waiting awake when answers come in time again', async () => {
    const wait = new Wait(0)
    for (let number = 1; number <= 15; number++) await wait.isAwakeForOneMore()
    wait.isDue = false
    const awakeFor: number[] = []
    for (let number = 16; number <= 50; number++) if (await wait.isAwakeForOneMore()) awakeFor.push(number)
    expect(awakeFor.slice(0, 7)).toEqual([31, 39, 43, 45, 46, 47, 48])
  })

  test('an answer that led to more counts as one in time', async () => {
    const wait = new Wait(0)
    for (let number = 1; number <= 2; number++) await wait.isAwakeForOneMore()
    wait.poll.expect()
    expect(await wait.isAwakeForOneMore()).toBe(true)
    expect(await wait.isAwakeForOneMore()).toBe(false)
    expect(await wait.isAwakeForOneMore()).toBe(true)
  })
})
