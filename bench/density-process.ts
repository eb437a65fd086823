/** Makes warm functions and prints what each added to the process, and what that takes then. Started by density.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionHost } from 'cloudlet'
import { answerParent } from './child.ts'
import { bufferSource, checkHello, checkSum, EVENT, helloSource, MEMORY_MB, nodeSource } from './functions.ts'
import { countMemoryMaps } from './machine.ts'
import { RawFunction } from './raw.ts'

/** Kilobytes of resident memory and memory maps. */
export interface Footprint {
  readonly addedKb: number
  readonly totalKb: number
  /** NaN where the system doesn't tell. */
  readonly addedMaps: number
}

/** Made before the first reading, so that what a process pays once is not in the difference. */
const FIRST_COUNT = 10
const MEMORY_BUDGET_MB = 65_536

const [kind, count] = process.argv.slice(2)
const functionCount = Number(count)
if (kind === 'raw') await measureRaw()
else await measureCloudlet(kind === 'node' ? nodeSource : kind === 'buffer' ? bufferSource : helloSource)

async function measureRaw(): Promise<void> {
  const raws: RawFunction[] = []
  await report(async number => {
    const raw = await RawFunction.load(helloSource(number), MEMORY_MB)
    checkSum(await raw.call(EVENT))
    raws.push(raw)
  })
  for (const raw of raws) raw.dispose()
}

async function measureCloudlet(sourceOf: (number: number) => string): Promise<void> {
  await using host = new FunctionHost({ memoryBudgetMb: MEMORY_BUDGET_MB })
  await report(async number => {
    await host.deploy(`hello-${number}`, { files: { 'index.js': sourceOf(number) } })
    checkHello(await host.invoke(`hello-${number}`, EVENT), 'cold')
  })
  for (let number = 0; number < FIRST_COUNT + functionCount; number++)
    checkHello(await host.invoke(`hello-${number}`, EVENT), 'warm')
}

async function report(addFunction: (number: number) => Promise<void>): Promise<void> {
  for (let number = 0; number < FIRST_COUNT; number++) await addFunction(number)
  const before = await readUse()
  for (let number = 0; number < functionCount; number++) await addFunction(FIRST_COUNT + number)
  const after = await readUse()
  const footprint: Footprint = {
    addedKb: (after.residentKb - before.residentKb) / functionCount,
    totalKb: after.residentKb,
    addedMaps: (after.mapCount - before.mapCount) / functionCount,
  }
  answerParent(footprint)
}

/** What the process holds once garbage, and isolates that have ended, are gone. */
async function readUse(): Promise<{ residentKb: number; mapCount: number }> {
  globalThis.gc?.()
  await sleep(200)
  return { residentKb: process.memoryUsage.rss() / 1024, mapCount: countMemoryMaps() }
}
