import { expect, test } from 'vitest'
import { Turns } from '../../src/network/turns.ts'

/** Takes a place and says so. */
function take(turns: Turns, asker: object, name: string, told: string[], signal?: AbortSignal): void {
  turns.take(asker, signal).then(
    () => told.push(name),
    ({ reason }: { reason: string }) => told.push(`${name} ${reason}`),
  )
}
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('nobody has all of the places, and those who wait take turns', async () => {
  const turns = new Turns(3)
  const [greedy, one, two] = [{}, {}, {}]
  const told: string[] = []
  for (let index = 0; index < 5; index++) take(turns, greedy, `greedy ${index}`, told)
  take(turns, one, 'one 0', told)
  take(turns, one, 'one 1', told)
  take(turns, two, 'two 0', told)
  await settled()
  expect(told.splice(0)).toEqual(['greedy 0', 'greedy 1', 'one 0'])
  for (const asker of [one, greedy, greedy, one]) {
    turns.give(asker)
    await settled()
  }
  expect(told).toEqual(['one 1', 'greedy 2', 'two 0', 'greedy 3'])
})

test('who is over waits no longer, and leaves no place taken', async () => {
  const turns = new Turns(2)
  const [bad, good] = [{}, {}]
  const told: string[] = []
  const aborter = new AbortController()
  for (let index = 0; index < 3; index++) take(turns, bad, `bad ${index}`, told, aborter.signal)
  aborter.abort()
  take(turns, bad, 'late', told, aborter.signal)
  await settled()
  expect(told.splice(0)).toEqual(['bad 0', 'late ECANCELLED', 'bad 1 ECANCELLED', 'bad 2 ECANCELLED'])
  take(turns, good, 'good 0', told)
  turns.give(bad)
  await settled()
  take(turns, bad, 'again', told)
  await settled()
  expect(told).toEqual(['good 0', 'again'])
})
