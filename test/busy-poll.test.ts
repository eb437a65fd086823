import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { BusyPoll } from '../src/busy-poll.ts'

const LONG_MS = 60_000

/** A wait that counts how often it was looked at. */
class Wait {
  mayWait = true
  lookCount = 0
  readonly poll: BusyPoll

  constructor(longestMs: number) {
    const mayWait = (): boolean => {
      this.lookCount++
      return this.mayWait
    }
    this.poll = new BusyPoll({ mayWait, longestMs })
  }

  /** Looks in some turns of the loop. */
  async looks(): Promise<number> {
    const before = this.lookCount
    for (let count = 0; count < 5; count++) await turn()
    return this.lookCount - before
  }
}

describe('BusyPoll', () => {
  test('looks in each turn of the loop until what is due has come', async () => {
    const wait = new Wait(LONG_MS)
    wait.poll.expect()
    expect(await wait.looks()).toBeGreaterThanOrEqual(4)
    wait.poll.meet()
    await turn()
    expect(await wait.looks()).toBe(0)
  })

  test('goes on while more is due', async () => {
    const wait = new Wait(LONG_MS)
    wait.poll.expect()
    wait.poll.meet(false)
    expect(await wait.looks()).toBeGreaterThanOrEqual(4)
    wait.poll.meet()
  })

  test('gives up in time', async () => {
    const wait = new Wait(1)
    wait.poll.expect()
    const untilMs = performance.now() + 2
    while (performance.now() < untilMs);
    await turn()
    await turn()
    expect(await wait.looks()).toBe(0)
  })

  test('gives up when others need the core, and begins nothing then', async () => {
    const wait = new Wait(LONG_MS)
    wait.poll.expect()
    expect(await wait.looks()).toBeGreaterThanOrEqual(4)
    wait.mayWait = false
    await turn()
    await turn()
    expect(await wait.looks()).toBe(0)
    wait.poll.expect()
    await turn()
    expect(await wait.looks()).toBe(0)
  })

  test('leaves out waits after two in vain, and none after one that was not', async () => {
    const wait = new Wait(0)
    const isBegun = async (end = (): void => {}): Promise<boolean> => {
      wait.lookCount = 0
      wait.poll.expect()
      end()
      await turn()
      await turn()
      // Asked once at the beginning; again only by who waits.
      return wait.lookCount > 1
    }
    const meet = (): void => wait.poll.meet()
    const begun: boolean[] = []
    for (let count = 0; count < 7; count++) begun.push(await isBegun())
    expect(begun).toEqual([true, true, false, true, false, false, false])
    expect(wait.poll.isPrompt).toBe(false)
    expect(await isBegun(meet)).toBe(true)
    expect(wait.poll.isPrompt).toBe(true)
    expect([await isBegun(meet), await isBegun(meet)]).toEqual([true, true])
  })
})
