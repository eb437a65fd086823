/** Who has a core, and who needs none of those that are counted. */
import { afterEach, expect, test } from 'vitest'
import { Clock } from '../../src/isolate/clock.ts'
import { type Claimant, Cores, type Turn } from '../../src/isolate/cores.ts'

const clock = new Clock()
const turns: Turn[] = []
let cores = new Cores(clock, 1)
afterEach(() => {
  turns.length = 0
  cores = new Cores(clock, 1)
})

/** Keeps what it is given. */
const claimant = (): Claimant => ({ group: {}, enter: turn => turns.push(turn) })

test('who enters beside those that are counted need not wait for them, nor they for him', () => {
  for (let place = 0; place < 3; place++) cores.claim(claimant(), false)
  expect(turns).toHaveLength(3)
  cores.claim(claimant(), false)
  expect(turns).toHaveLength(3)
  for (let entry = 0; entry < 10; entry++) cores.enterBeside(claimant())
  expect(turns).toHaveLength(13)
  expect(cores.runningCount).toBe(13)
  // Their end frees no place, and nobody's place is theirs.
  for (const turn of turns.slice(3)) cores.release(turn)
  expect(turns).toHaveLength(13)
  expect(cores.runningCount).toBe(3)
  cores.release(turns[0] as Turn)
  expect(turns).toHaveLength(14)
})

test('who continues goes before who starts, and every other place is for one who has waited long to start', async () => {
  const told: string[] = []
  const named = (name: string): Claimant => ({
    group: {},
    enter: turn => {
      told.push(name)
      turns.push(turn)
    },
  })
  for (let place = 0; place < 3; place++) cores.claim(claimant(), false)
  const free = (): void => cores.release(turns.shift() as Turn)
  cores.claim(named('starts'), false)
  cores.claim(named('starts next'), false)
  cores.claim(named('continues'), true)
  free()
  expect(told).toEqual(['continues'])
  await new Promise(resolve => setTimeout(resolve, 40))
  // However many continue, as fast as places are freed.
  for (let count = 0; count < 6; count++) cores.claim(named('continues'), true)
  for (let count = 0; count < 4; count++) free()
  expect(told.slice(1)).toEqual(['starts', 'continues', 'starts next', 'continues'])
})
