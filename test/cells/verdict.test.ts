/** Whom it is believed that a cell's memory was not theirs. */
import { expect, test } from 'vitest'
import { Blame, STRIKE_WINDOW_MS } from '../../src/cells/blame.ts'
import type { RemoteIsolate } from '../../src/cells/remote-isolate.ts'
import { type Ending, judge } from '../../src/cells/verdict.ts'
import type { PoolKey } from '../../src/isolate/pool-key.ts'

const keyOf = (name: string): PoolKey => ({ name }) as PoolKey
/** A function that runs, and what its process had of memory before. */
const running = (key: PoolKey, homeBytes: number): RemoteIsolate =>
  ({ key, homeBytes, isOnMainThread: false, isEntered: true, enteredAt: 1 }) as RemoteIsolate
const overfull: Omit<Ending, 'entered'> = {
  isReady: true,
  owner: undefined,
  waiting: [],
  wedged: new Set(),
  isHung: false,
  isOverfull: true,
  isForeign: false,
  isCutShort: false,
  rssBytes: 1000,
  wasCompiling: false,
}
const [old, recent] = [keyOf('old'), keyOf('recent')]

test('who began when most of the memory was in use is not suspected, but who ran since before', () => {
  const isolates = [running(old, 749), running(recent, 751)]
  const { suspects, culprits, partOf } = judge({ ...overfull, entered: isolates }, () => true)
  expect([...suspects]).toEqual([old])
  expect([...culprits]).toEqual([])
  expect(isolates.map(partOf)).toEqual(['suspect', 'innocent'])
})

test('when all began then, the first of them is; and all are if they began together, or it is not believed', () => {
  const late = [running(old, 900), running(recent, 901)]
  expect([...judge({ ...overfull, entered: late }, () => true).suspects]).toEqual([old])
  const together = [running(old, 900), running(recent, 900)]
  expect([...judge({ ...overfull, entered: together }, () => true).suspects]).toEqual([old, recent])
  const both = [running(old, 0), running(recent, 900)]
  expect([...judge({ ...overfull, entered: both }, () => false).suspects]).toEqual([old, recent])
})

test('of a cell that ended for another reason all who ran are suspected', () => {
  const isolates = [running(old, 0), running(recent, 900)]
  const { suspects } = judge({ ...overfull, isOverfull: false, entered: isolates }, () => true)
  expect([...suspects]).toEqual([old, recent])
})

test('a function is believed three times in ten minutes', () => {
  let nowMs = 0
  const blame = new Blame(() => nowMs)
  const believed = (): boolean => blame.excuse(old)
  expect([believed(), believed(), believed(), believed()]).toEqual([true, true, true, false])
  nowMs = STRIKE_WINDOW_MS + 1
  expect(believed()).toBe(true)
})
