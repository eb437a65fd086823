/** Whose request is taken next, and what is not taken at all. */
import { describe, expect, test } from 'vitest'
import { type Backlog, type PendingRequest, RequestQueue } from '../../src/database/request-queue.ts'
import { CancelledError, OverloadedError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'

interface Told {
  readonly queue: RequestQueue
  readonly rejected: [string, Error][]
  /** How often it was told that there is room. */
  readonly roomCount: number
  push(
    name: string,
    asker: object,
    more?: Partial<PendingRequest> & { signal?: AbortSignal; backlog?: Backlog },
  ): void
  /** Names in the order they are taken. */
  take(): string[]
  takeRequests(): PendingRequest[]
}

function makeQueue(): Told {
  let roomCount = 0
  const queue = new RequestQueue(() => roomCount++)
  const rejected: [string, Error][] = []
  const takeRequests = () => queue.takeBatch()
  return {
    queue,
    rejected,
    get roomCount() {
      return roomCount
    },
    push: (name, asker, { signal, backlog, ...more } = {}) =>
      queue.push({
        op: 'query',
        args: name,
        by: { asker, signal, backlog },
        resolve: () => {},
        reject: error => rejected.push([name, error]),
        ...more,
      }),
    take: () => takeRequests().map(({ args }) => args),
    takeRequests,
  }
}

const [storm, other, third] = [{ name: 'storm' }, { name: 'other' }, { name: 'third' }]

describe('requests of many askers', () => {
  test('are taken by turns, those of each in their order', () => {
    const { push, queue, take } = makeQueue()
    for (let index = 0; index < 4; index++) push(`storm ${index}`, storm)
    push('other 0', other)
    push('other 1', other)
    push('third 0', third)
    expect(queue.length).toBe(7)
    expect(take()).toEqual(['storm 0', 'other 0', 'third 0', 'storm 1', 'other 1', 'storm 2', 'storm 3'])
    expect(queue.length).toBe(0)
    expect(take()).toEqual([])
  })

  test('that were taken and not run come again before others, whose turn is as before', () => {
    const { push, queue, take, takeRequests } = makeQueue()
    for (let index = 0; index < 3; index++) push(`storm ${index}`, storm)
    push('other 0', other)
    const taken = takeRequests()
    push('third 0', third)
    push('storm 3', storm)
    // The first was run, and its result was large.
    queue.putBack(taken.slice(1))
    expect(queue.length).toBe(5)
    expect(take()).toEqual(['other 0', 'storm 1', 'third 0', 'storm 2', 'storm 3'])
  })

  test('that meet a locked document come again before others', () => {
    const { push, queue, take, takeRequests } = makeQueue()
    push('storm 0', storm)
    for (const request of takeRequests()) queue.lock(request)
    push('storm 1', storm)
    expect([queue.length, queue.lockedCount]).toEqual([1, 1])
    queue.unlock()
    expect([queue.length, queue.lockedCount]).toEqual([2, 0])
    expect(take()).toEqual(['storm 0', 'storm 1'])
  })
})

test('a backup is taken alone, when it is its turn', () => {
  const { push, take } = makeQueue()
  push('other 0', other)
  push('backup', storm, { op: 'backup' })
  push('storm 0', storm)
  push('other 1', other)
  expect(take()).toEqual(['other 0'])
  expect(take()).toEqual(['backup'])
  expect(take()).toEqual(['other 1', 'storm 0'])
})

test('a batch holds so many characters, or one request that has more', () => {
  const { push, takeRequests } = makeQueue()
  const half = 'x'.repeat(LIMITS.databaseMessageChars / 2)
  push(half, storm)
  push(half, storm)
  push('one over', storm)
  push(`${half}${half}x`, storm)
  const counts = [takeRequests(), takeRequests(), takeRequests(), takeRequests()].map(({ length }) => length)
  expect(counts).toEqual([2, 1, 1, 0])
})

test('a batch holds 1024 requests', () => {
  const { push, takeRequests } = makeQueue()
  for (let index = 0; index <= 1024; index++) push('small', storm)
  expect([takeRequests().length, takeRequests().length]).toEqual([1024, 1])
})

test('a batch is about as large as what came of the last, and grows again with each that is done whole', () => {
  const { push, queue, takeRequests } = makeQueue()
  for (let index = 0; index < 5000; index++) push('small', storm)
  const takeAndDo = (doneCount: number): number => {
    const taken = takeRequests()
    const done = Math.min(doneCount, taken.length)
    queue.learn(taken.length, done)
    queue.putBack(taken.slice(done))
    return taken.length
  }
  expect([takeAndDo(3), takeAndDo(1), takeAndDo(9), takeAndDo(9), takeAndDo(9)]).toEqual([1024, 6, 2, 4, 8])
  const sizes = Array.from({ length: 9 }, () => takeAndDo(Number.POSITIVE_INFINITY))
  expect(sizes).toEqual([16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
})

test('as many wait as may, and one more is refused', () => {
  const { push, queue } = makeQueue()
  for (let index = 0; index < LIMITS.databaseQueuedRequests; index++) push('small', storm)
  expect(() => push('one over', other)).toThrow(OverloadedError)
  expect(queue.length).toBe(LIMITS.databaseQueuedRequests)
})

describe('what nobody waits for any more', () => {
  test('is not read, but written', () => {
    const { push, queue, rejected, take } = makeQueue()
    const aborter = new AbortController()
    const { signal } = aborter
    for (const op of ['query', 'add', 'count', 'update', 'aggregate', 'getInTransaction'] as const) {
      push(op, storm, { op, signal })
    }
    push('other', other)
    aborter.abort()
    expect(take()).toEqual(['other', 'add', 'update'])
    expect(queue.length).toBe(0)
    expect(rejected.map(([name]) => name)).toEqual(['query', 'count', 'aggregate', 'getInTransaction'])
    expect(rejected.every(([, error]) => error instanceof CancelledError)).toBe(true)
  })

  test('leaves a batch empty when there is nothing else', () => {
    const { push, queue, take } = makeQueue()
    push('query', storm, { signal: AbortSignal.abort() })
    expect(take()).toEqual([])
    expect(queue.length).toBe(0)
  })
})

describe('an asker who has not taken what was read for him', () => {
  const makeBacklog = (untakenChars: number) => ({ untakenChars, onTaken: undefined as Backlog['onTaken'] })

  test('waits with what may bring more, and nobody else does', () => {
    const told = makeQueue()
    const { push, queue, take } = told
    const backlog = makeBacklog(LIMITS.hostLargeAnswerBytes + 1)
    push('large', storm, { backlog })
    push('behind it', storm, { op: 'add', backlog })
    push('other', other, { backlog: makeBacklog(0) })
    push('third', third)
    expect(take()).toEqual(['other', 'third'])
    expect(take()).toEqual([])
    expect(queue.length).toBe(2)
    backlog.untakenChars--
    backlog.onTaken?.()
    expect(told.roomCount).toBe(1)
    expect(take()).toEqual(['large', 'behind it'])
  })

  test('has writes and small reads done', () => {
    const { push, take } = makeQueue()
    const backlog = makeBacklog(Number.MAX_SAFE_INTEGER)
    for (const op of ['add', 'count', 'getInTransaction', 'aggregate', 'query'] as const)
      push(op, storm, { op, backlog })
    expect(take()).toEqual(['add', 'count', 'getInTransaction'])
  })

  test('has no part in how many may wait: others still can', () => {
    const { push, queue, take } = makeQueue()
    const backlog = makeBacklog(Number.MAX_SAFE_INTEGER)
    for (let index = 0; index < LIMITS.databaseQueuedRequests; index++) push('held', storm, { backlog })
    expect(() => push('other', other)).toThrow(OverloadedError)
    expect(take()).toEqual([])
    for (let index = 0; index < LIMITS.databaseQueuedRequests; index++) push('other', other)
    expect(() => push('one over', other)).toThrow(OverloadedError)
    expect(queue.length).toBe(2 * LIMITS.databaseQueuedRequests)
  })

  test('has what he gave up taken away', () => {
    const { push, queue, rejected, take } = makeQueue()
    push('query', storm, { signal: AbortSignal.abort(), backlog: makeBacklog(Number.MAX_SAFE_INTEGER) })
    expect(take()).toEqual([])
    expect(queue.length).toBe(0)
    expect(rejected).toHaveLength(1)
  })
})
