/** Loads functions on one peer and prints the kilobytes that each added. Started by peers.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { answerParent } from './child.ts'
import { checkSum, EVENT, helloSource } from './functions.ts'
import { PEERS } from './peer-list.ts'
import type { LoadedFunction } from './peers/peer.ts'
import { readTreeMemoryKb } from './process-tree.ts'

/** Loaded before the first reading, so that what all functions share is not in the difference. */
const FIRST_COUNT = 2
const SETTLE_MS = 500

const [name] = process.argv.slice(2)
const peer = PEERS.find(candidate => candidate.name === name)
if (peer === undefined) throw new RangeError(`There is no peer "${name}".`)
const runtime = await peer.start()
const loaded: LoadedFunction[] = []

for (let number = 0; number < FIRST_COUNT; number++) await add(number)
const beforeKb = await readKb()
for (let number = 0; number < peer.densityCount; number++) await add(FIRST_COUNT + number)
answerParent(((await readKb()) - beforeKb) / peer.densityCount)
for (const each of loaded) await each.unload()
await runtime.close()

async function add(number: number): Promise<void> {
  await runtime.deploy(`hello-${number}`, helloSource(number))
  const each = await runtime.load(`hello-${number}`)
  checkSum(await each.call(EVENT))
  loaded.push(each)
}

/** What is held once garbage, and isolates that have ended, are gone. */
async function readKb(): Promise<number> {
  globalThis.gc?.()
  await sleep(SETTLE_MS)
  return readTreeMemoryKb()
}
