import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Scope } from '../../src/capabilities/capability.ts'
import { Ending } from '../../src/capabilities/ending.ts'
import { HeavyWork } from '../../src/capabilities/heavy-work.ts'
import { LIMITS } from '../../src/limits.ts'

const scopeOf = (ending = new Ending()): Scope =>
  ({
    kind: 'function',
    caller: {},
    depth: 0,
    signal: undefined,
    place: undefined,
    ending,
  }) as unknown as Scope

test('so many run at once', async () => {
  const heavy = new HeavyWork()
  let running = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++running)
    await delay(5)
    running--
  }
  await Promise.all(Array.from({ length: 10 }, () => heavy.run(scopeOf(), work)))
  expect(most).toBe(LIMITS.heavyWorkPlaces)
})

test('those who ask take turns', async () => {
  const heavy = new HeavyWork(1)
  const order: string[] = []
  const [greedy, modest] = [scopeOf(), scopeOf()]
  const work = (name: string) => async () => {
    order.push(name)
    await delay(1)
  }
  const all = [1, 2, 3, 4, 5].map(n => heavy.run(greedy, work(`greedy ${n}`)))
  all.push(heavy.run(modest, work('modest')))
  await Promise.all(all)
  expect(order.indexOf('modest')).toBe(2)
})

test('who has gone waits no longer, and one that fails gives its place back', async () => {
  const heavy = new HeavyWork(1)
  const gone = new Ending()
  const first = heavy.run(scopeOf(), async () => {
    await delay(10)
    throw new Error('no prime found')
  })
  const second = heavy.run(scopeOf(gone), async () => 'never')
  gone.run()
  await expect(second).rejects.toMatchObject({ code: 'CLOUDLET_CANCELLED' })
  await expect(first).rejects.toThrow('no prime found')
  expect(await heavy.run(scopeOf(), async () => 'ran')).toBe('ran')
  const late = heavy.run(scopeOf(), () => new Promise(resolve => setTimeout(resolve, 10)))
  await expect(heavy.run(scopeOf(gone), async () => 'never')).rejects.toMatchObject({
    code: 'CLOUDLET_CANCELLED',
  })
  await late
})

test('no more than the limit wait', async () => {
  const heavy = new HeavyWork(1)
  let free = (): void => {}
  const first = heavy.run(
    scopeOf(),
    () =>
      new Promise<void>(resolve => {
        free = resolve
      }),
  )
  const waiting = Array.from({ length: LIMITS.heavyWorkWaiting }, () => heavy.run(scopeOf(), async () => 1))
  await expect(heavy.run(scopeOf(), async () => 1)).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
  free()
  await first
  expect((await Promise.all(waiting)).length).toBe(LIMITS.heavyWorkWaiting)
})
