/** Makes warm functions and prints the kilobytes of resident memory that each added. Started by density.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionHost } from 'cloudlet'
import { checkHello, checkSum, EVENT, helloSource, MEMORY_MB } from './functions.ts'
import { RawFunction } from './raw.ts'

/** Made before the first reading, so that what a process pays once is not in the difference. */
const FIRST_COUNT = 10
const MEMORY_BUDGET_MB = 65_536

const [kind, count] = process.argv.slice(2)
const functionCount = Number(count)
if (kind === 'raw') await measureRaw()
else await measureCloudlet()

async function measureRaw(): Promise<void> {
  const raws: RawFunction[] = []
  await report(async number => {
    const raw = await RawFunction.load(helloSource(number), MEMORY_MB)
    checkSum(await raw.call(EVENT))
    raws.push(raw)
  })
  for (const raw of raws) raw.dispose()
}

async function measureCloudlet(): Promise<void> {
  await using host = new FunctionHost({ memoryBudgetMb: MEMORY_BUDGET_MB })
  await report(async number => {
    await host.deploy(`hello-${number}`, { files: { 'index.js': helloSource(number) } })
    checkHello(await host.invoke(`hello-${number}`, EVENT), 'cold')
  })
}

async function report(addFunction: (number: number) => Promise<void>): Promise<void> {
  for (let number = 0; number < FIRST_COUNT; number++) await addFunction(number)
  const before = await readResidentBytes()
  for (let number = 0; number < functionCount; number++) await addFunction(FIRST_COUNT + number)
  const added = (await readResidentBytes()) - before
  process.stdout.write(String(added / 1024 / functionCount))
}

/** What the process holds once garbage, and isolates that have ended, are gone. */
async function readResidentBytes(): Promise<number> {
  globalThis.gc?.()
  await sleep(200)
  return process.memoryUsage.rss()
}
