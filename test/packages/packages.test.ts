import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describePackage } from './function-folder.ts'
import { installPackages } from './installation.ts'
import { Trial } from './run.ts'
import { makeDocument, makeRow, readRow } from './table.ts'
import { USES } from './uses.ts'
import { World } from './world.ts'

const committed = readFileSync(new URL('../../docs/node-compat.md', import.meta.url), 'utf8')
const INSTALL_MS = 240_000

let world: World
let trial: Trial
beforeAll(async () => {
  await installPackages()
  world = await World.open()
  trial = new Trial(world)
}, INSTALL_MS)
afterAll(async () => {
  await trial?.close()
  await world?.close()
})

test.for(USES)('$name', { timeout: 60_000 }, async (use, context) => {
  const outcome = await trial.try(use)
  if (outcome.state === 'skipped') {
    // The reporter only counts.
    console.warn(`SKIPPED: ${outcome.tried}, since ${outcome.reason}.`)
    context.skip(outcome.reason)
  }
  expect(rowOf(describePackage(use))).toBe(makeRow(outcome))
})

test('docs/node-compat.md is what a run writes', () => {
  const outcomes = USES.map(use => readRow(rowOf(describePackage(use)), use))
  expect(committed).toBe(makeDocument(outcomes))
})

test('at most four of the packages fail', () => {
  const failing = committed.match(/^\| `.*` \| fails \|/gm) ?? []
  expect(USES.length).toBeGreaterThanOrEqual(40)
  expect(failing.length).toBeLessThanOrEqual(4)
})

function rowOf(tried: string): string {
  return committed.split('\n').find(line => line.startsWith(`| \`${tried}\` |`)) ?? `no row of ${tried}`
}
