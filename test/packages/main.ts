/** Tries every package and writes docs/node-compat.md: `npm run packages`. Names as arguments try those alone and write nothing. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { installPackages } from './installation.ts'
import { type Outcome, Trial } from './run.ts'
import { makeDocument, makeRow } from './table.ts'
import { USES } from './uses.ts'
import { World } from './world.ts'

const names = process.argv.slice(2)
await installPackages()
const world = await World.open()
const trial = new Trial(world)
const outcomes: Outcome[] = []
for (const use of USES) {
  if (names.length > 0 && !names.includes(use.name)) continue
  const outcome = await trial.try(use)
  console.log(makeRow(outcome))
  outcomes.push(outcome)
}
await trial.close()
await world.close()
if (names.length === 0) {
  if (outcomes.some(({ state }) => state === 'skipped')) throw new Error('A whole run needs every program.')
  await writeFile(
    fileURLToPath(new URL('../../docs/node-compat.md', import.meta.url)),
    makeDocument(outcomes),
  )
}
