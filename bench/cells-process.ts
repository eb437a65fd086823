/** Makes warm functions in cells and prints what each added to them, and what a cell takes without. Started by cells.ts. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionHost } from 'cloudlet'
import { answerParent } from './child.ts'
import { checkHello, EVENT, helloSource } from './functions.ts'
import { readProportionalKb } from './process-tree.ts'

/** Kilobytes of resident memory, with pages that several processes share counted in parts. */
export interface CellFootprint {
  readonly addedKb: number
  readonly emptyKb: number
  /** Of a Node process that runs nothing. */
  readonly bareKb: number
}

const FIRST_COUNT = 10
const MEMORY_BUDGET_MB = 65_536
const SETTLE_MS = 500

const functionCount = Number(process.argv[2])
await using host = new FunctionHost({
  isolation: 'process',
  memoryBudgetMb: MEMORY_BUDGET_MB,
  cells: { instancesPerCell: FIRST_COUNT + functionCount, memoryMb: MEMORY_BUDGET_MB },
})
const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
for (let number = 0; number < FIRST_COUNT; number++) await addFunction(number)
await sleep(SETTLE_MS)
const emptyKb = sum(host.stats().cells.filter(({ role }) => role === 'spare'))
const bareKb = readProportionalKb(bare.pid ?? 0)
bare.kill()
const beforeKb = sum(host.stats().cells)
for (let number = 0; number < functionCount; number++) await addFunction(FIRST_COUNT + number)
await sleep(SETTLE_MS)
const footprint: CellFootprint = {
  addedKb: (sum(host.stats().cells) - beforeKb) / functionCount,
  emptyKb,
  bareKb,
}
answerParent(footprint)

async function addFunction(number: number): Promise<void> {
  await host.deploy(`hello-${number}`, { files: { 'index.js': helloSource(number) } })
  checkHello(await host.invoke(`hello-${number}`, EVENT), 'cold')
}

function sum(cells: readonly { readonly pid: number }[]): number {
  return cells.reduce((kb, { pid }) => kb + readProportionalKb(pid), 0)
}
